import com.sun.management.OperatingSystemMXBean;
import java.io.InputStream;
import java.lang.management.ManagementFactory;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import thingspace.session.Session;
import thingspace.session.SessionOptions;
import thingspace.session.ThingSpaceHttpClient;

/**
 * The same POST by Session.post and by a warm HttpClient, in turns; and reading the token. Prints a
 * JSON object a line, for each round and subject wall and processor time of this process per call,
 * in microseconds. TSM_BENCH_ROUNDS, _CALLS, _WARM_UP, _THREADS, _BYTES say how much; TSM_BASE_URL
 * and the other options' variables say where.
 */
public final class Posts {
    private static final int TOKEN_READS = 10_000;
    private static final int PASSING_THREADS = 1000;
    private static final int AT_ONCE = 250;
    private static final int THREADS = setting("THREADS", 1);
    private static final OperatingSystemMXBean SYSTEM =
            (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

    private final Session session = Session.login(SessionOptions.fromEnvironment());
    private final URI url = URI.create(session.baseUrl() + System.getenv("BENCH_PATH"));
    private final byte[] body;

    private Posts(int bytes) {
        String filler = "x".repeat(bytes - 46);
        body = ("{\"accountName\":\"0000123456-00001\",\"filler\":\"" + filler + "\"}")
                .getBytes(StandardCharsets.UTF_8);
    }

    /** What is measured: so many at once are one call. */
    private record Subject(String name, int perCall, Callable<Boolean> once) {}

    public static void main(String[] arguments) throws Exception {
        Posts posts = new Posts(setting("BYTES", 1024));
        HttpClient http = http();
        HttpClient adapted = ThingSpaceHttpClient.of(posts.session, http());
        String apiToken = posts.session.apiToken();
        Subject post = new Subject("Session.post", 1, posts::post);
        Subject token = new Subject("Session.token", TOKEN_READS, posts::readTokens);
        measure(List.of(
                post,
                new Subject("HttpClient", 1, () -> send(http, posts.request()
                        .header("Authorization", "Bearer " + apiToken)
                        .header("VZ-M2M-Token", posts.session.token()))),
                new Subject("ThingSpaceHttpClient", 1, () -> send(adapted, posts.request())),
                token));
        if (setting("AFTER_LOAD", 0) == 1) {
            for (int burst = 0; burst < PASSING_THREADS / AT_ONCE; burst++) {
                together(AT_ONCE, AT_ONCE, post.once());
            }
            measure(List.of(
                    new Subject("Session.post after load", 1, post.once()),
                    new Subject("Session.token after load", TOKEN_READS, token.once())));
        }
        posts.session.close();
    }

    private boolean post() {
        byte[] answer = session.post(System.getenv("BENCH_PATH"), body).ensureSuccess().body();
        return answer.length > 0;
    }

    private boolean readTokens() {
        int letters = 0;
        for (int n = 0; n < TOKEN_READS; n++) {
            letters += session.token().length();
        }
        return letters == 36 * TOKEN_READS;
    }

    private HttpRequest.Builder request() {
        return HttpRequest.newBuilder(url)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofByteArray(body));
    }

    private static boolean send(HttpClient http, HttpRequest.Builder request) throws Exception {
        HttpResponse<byte[]> answer =
                http.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
        return answer.statusCode() == 200 && answer.body().length > 0;
    }

    private static HttpClient http() throws Exception {
        KeyStore trusted = KeyStore.getInstance(KeyStore.getDefaultType());
        trusted.load(null, null);
        try (InputStream file = Files.newInputStream(Path.of(System.getenv("TSM_CA_FILE")))) {
            int n = 0;
            for (Certificate root :
                    CertificateFactory.getInstance("X.509").generateCertificates(file)) {
                trusted.setCertificateEntry("root" + n++, root);
            }
        }
        TrustManagerFactory trust =
                TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(trusted);
        SSLContext tls = SSLContext.getInstance("TLS");
        tls.init(null, trust.getTrustManagers(), null);
        return HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1).sslContext(tls).build();
    }

    private static void measure(List<Subject> subjects) throws Exception {
        int calls = setting("CALLS", 400);
        for (Subject subject : subjects) {
            together(THREADS, setting("WARM_UP", 2000), subject.once());
        }
        for (int round = 0; round < setting("ROUNDS", 25); round++) {
            for (Subject subject : subjects) {
                System.gc();
                long cpu = SYSTEM.getProcessCpuTime();
                long wall = System.nanoTime();
                together(THREADS, calls, subject.once());
                wall = System.nanoTime() - wall;
                cpu = SYSTEM.getProcessCpuTime() - cpu;
                double each = 1e3 * calls * subject.perCall();
                System.out.printf(
                        Locale.ROOT, "{\"name\": \"%s\", \"wall_us\": %f, \"cpu_us\": %f}%n",
                        subject.name(), wall / each, cpu / each);
            }
        }
    }

    /** So many calls, by so many threads. */
    private static void together(int threads, int calls, Callable<Boolean> once)
            throws Exception {
        Callable<Boolean> share = () -> {
            boolean isFine = true;
            for (int n = 0; n < Math.max(1, calls / threads); n++) {
                isFine &= once.call();
            }
            return isFine;
        };
        if (threads == 1) {
            require(share.call());
            return;
        }
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        try {
            List<Callable<Boolean>> shares = new ArrayList<>();
            for (int n = 0; n < threads; n++) {
                shares.add(share);
            }
            for (Future<Boolean> done : pool.invokeAll(shares)) {
                require(done.get());
            }
        } finally {
            pool.shutdown();
        }
    }

    private static void require(boolean isFine) {
        if (!isFine) {
            throw new IllegalStateException("A call failed.");
        }
    }

    private static int setting(String name, int otherwise) {
        String text = System.getenv("TSM_BENCH_" + name);
        return text == null ? otherwise : Integer.parseInt(text);
    }
}
