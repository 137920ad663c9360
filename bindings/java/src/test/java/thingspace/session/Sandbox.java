package thingspace.session;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/** A ThingSpace of the test's own: one process, ended with the test. */
public final class Sandbox implements AutoCloseable {
    public static final String ACCOUNT = "/m2m/v1/accounts/0000123456-00001";
    public static final String DEVICE_LIST = "/m2m/v1/devices/actions/list";

    // The lockout guard of memory: is the process's and counts by host and port, so a port that
    // comes again would bring an older test's count.
    private static final Set<Integer> USED = new HashSet<>();
    private static final HttpClient HTTP = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .build();

    private final Process process;
    private final JsonObject places;

    private Sandbox(Process process, JsonObject places) {
        this.process = process;
        this.places = places;
    }

    public static Sandbox start() {
        String program = System.getenv().getOrDefault(
                "TSM_SANDBOX", "../../target/debug/thingspace-sandbox");
        try {
            while (true) {
                Process process = new ProcessBuilder(program, "--json", "--exit-with-stdin")
                        .redirectError(ProcessBuilder.Redirect.INHERIT)
                        .start();
                String line = new BufferedReader(new InputStreamReader(
                        process.getInputStream(), StandardCharsets.UTF_8)).readLine();
                JsonObject places = JsonParser.parseString(line).getAsJsonObject();
                Sandbox sandbox = new Sandbox(process, places);
                synchronized (USED) {
                    if (Collections.disjoint(USED, sandbox.ports())) {
                        USED.addAll(sandbox.ports());
                        return sandbox;
                    }
                }
                sandbox.close();
            }
        } catch (IOException e) {
            throw new UncheckedIOException("The sandbox does not start: " + program, e);
        }
    }

    public String baseUrl() {
        return place("base_url");
    }

    public String soapUrl() {
        return place("soap_url");
    }

    public String controlUrl() {
        return place("control_url");
    }

    public String tlsBaseUrl() {
        return place("tls_base_url");
    }

    public String badTlsBaseUrl() {
        return place("bad_tls_base_url");
    }

    public Path caFile() {
        return Path.of(place("ca_file"));
    }

    private List<Integer> ports() {
        return Stream.of(baseUrl(), tlsBaseUrl(), badTlsBaseUrl())
                .map(url -> URI.create(url).getPort())
                .toList();
    }

    private String place(String name) {
        return places.get(name).getAsString();
    }

    /** Options of one who may log in here. */
    public SessionOptions.Builder options() {
        return SessionOptions.builder()
                .baseUrl(baseUrl())
                .username("zbeeblebrox")
                .password("IMgr8")
                .appKey("key")
                .appSecret("secret")
                .store("memory:");
    }

    /** The same for SOAP. */
    public SessionOptions.Builder soapOptions() {
        return SessionOptions.builder()
                .protocol(Protocol.SOAP)
                .soapUrl(soapUrl())
                .username("zbeeblebrox")
                .password("IMgr8")
                .store("memory:");
    }

    /** Asks the control port; it must answer 200. */
    public JsonElement control(String method, String path, String json) {
        HttpRequest request = HttpRequest.newBuilder(URI.create(controlUrl() + path))
                .method(method, HttpRequest.BodyPublishers.ofString(json))
                .build();
        HttpResponse<String> answer;
        try {
            answer = HTTP.send(request, HttpResponse.BodyHandlers.ofString());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
        if (answer.statusCode() != 200) {
            throw new IllegalStateException(method + " " + path + ": " + answer.body());
        }
        return JsonParser.parseString(answer.body());
    }

    public long counter(String name) {
        JsonObject state = control("GET", "/state", "").getAsJsonObject();
        return state.getAsJsonObject("counters").get(name).getAsLong();
    }

    /** Waits until a counter has come so far. */
    public void await(String counter, long atLeast) {
        control("POST", "/await",
                "{\"counter\": \"" + counter + "\", \"at_least\": " + atLeast + "}");
    }

    /** Forgets the live session tokens: their next use is refused as expired. */
    public void expire() {
        control("POST", "/expire", "{\"what\": \"session\"}");
    }

    public void expireApiToken() {
        control("POST", "/expire", "{\"what\": \"api_token\"}");
    }

    /** Queues a fault. */
    public void fault(String json) {
        control("POST", "/faults", json);
    }

    @Override
    public void close() {
        try {
            process.getOutputStream().close();
            process.waitFor();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
