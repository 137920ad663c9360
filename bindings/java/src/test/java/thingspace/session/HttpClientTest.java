package thingspace.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.Authenticator;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandler;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Flow;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@link ThingSpaceHttpClient}: what it does with requests, bodies and threads. */
class HttpClientTest {
    private static final String BODY = "{\"accountName\": \"0000123456-00001\"}";
    private static final String EXPIRED = "UnifiedWebService.REQUEST_FAILED.SessionToken.Expired";

    private final Sandbox sandbox = Sandbox.start();
    private final Session session = Session.login(sandbox.options().build());
    private final HttpClient http = ThingSpaceHttpClient.of(session);

    @AfterEach
    void close() {
        session.close();
        sandbox.close();
    }

    private HttpRequest.Builder to(String path) {
        return HttpRequest.newBuilder(URI.create(session.baseUrl() + path));
    }

    private HttpRequest account() {
        return to(Sandbox.ACCOUNT).build();
    }

    private HttpRequest post(HttpRequest.BodyPublisher body) {
        return to(Sandbox.DEVICE_LIST)
                .header("Content-Type", "application/json").POST(body).build();
    }

    /** What the sandbox saw of the last request. */
    private JsonObject lastSent() {
        var log = sandbox.control("GET", "/log", "").getAsJsonArray();
        return log.get(log.size() - 1).getAsJsonObject();
    }

    @Test
    void anExpiryIsMendedAndTheAnswerShowsNoToken() throws Exception {
        sandbox.expire();
        HttpRequest request = account();
        HttpResponse<String> answer = http.send(request, BodyHandlers.ofString());
        assertEquals(200, answer.statusCode());
        assertTrue(answer.body().contains("accountName"), answer.body());
        assertSame(request, answer.request());
        assertFalse(answer.toString().contains(session.token()));
        assertEquals(2, sandbox.counter("login"));
        assertEquals(2, sandbox.counter("api"));
    }

    @Test
    void manyThreadsThatMeetAnExpirySendOneLogin() throws Exception {
        sandbox.expire();
        ExecutorService threads = Executors.newFixedThreadPool(64);
        try {
            var answers = threads.invokeAll(Collections.nCopies(
                    64, () -> http.send(account(), BodyHandlers.ofString()).statusCode()));
            for (var answer : answers) {
                assertEquals(200, answer.get());
            }
        } finally {
            threads.shutdown();
        }
        assertEquals(2, sandbox.counter("login"));
    }

    @Test
    void manyAtOnceThatMeetAnExpirySendOneLogin() {
        sandbox.expire();
        List<CompletableFuture<HttpResponse<String>>> answers = new ArrayList<>();
        for (int n = 0; n < 300; n++) {
            answers.add(http.sendAsync(post(BodyPublishers.ofString(BODY)),
                    BodyHandlers.ofString()));
        }
        for (var answer : answers) {
            assertEquals(200, answer.join().statusCode());
        }
        assertEquals(2, sandbox.counter("login"));
    }

    @Test
    void aRenewalHoldsNoThreadOfTheClient() throws Exception {
        ExecutorService one = Executors.newSingleThreadExecutor();
        try {
            HttpClient inner = HttpClient.newBuilder().executor(one).build();
            HttpClient own = ThingSpaceHttpClient.of(session, inner);
            sandbox.expire();
            sandbox.fault("{\"on\": \"login\", \"fault\": \"hold\"}");
            var waiting = own.sendAsync(account(), BodyHandlers.ofString());
            sandbox.await("held", 1);
            URI elsewhere = URI.create(sandbox.controlUrl() + "/state");
            HttpRequest other = HttpRequest.newBuilder(elsewhere).build();
            assertEquals(200, inner.send(other, BodyHandlers.ofString()).statusCode());
            assertFalse(waiting.isDone());
            sandbox.control("POST", "/release", "{}");
            assertEquals(200, waiting.get().statusCode());
        } finally {
            one.shutdown();
        }
    }

    @Test
    void tokensGoToTheSessionsOriginOnly() {
        HttpRequest elsewhere =
                HttpRequest.newBuilder(URI.create(sandbox.controlUrl() + "/state")).build();
        assertThrows(IllegalArgumentException.class,
                () -> http.send(elsewhere, BodyHandlers.discarding()));
        assertThrows(IllegalArgumentException.class,
                () -> http.sendAsync(elsewhere, BodyHandlers.discarding()));
    }

    @Test
    void anExpiryIsMendedOverHttp2() throws Exception {
        String expired = "{\"errorCode\": \"" + EXPIRED + "\", \"errorMessage\": \"Expired.\"}";
        assertEquals("mine", overHttp2(400, expired));
        assertEquals(3, sandbox.counter("login"));
        // More than is read of an answer: the rest is not waited for.
        assertEquals("mine", overHttp2(401, "x".repeat(1 << 20)));
    }

    /** What a request gets that is refused so at first. */
    private String overHttp2(int refusedStatus, String refusal) throws Exception {
        // The guard counts by the sandbox's port, which no test had before.
        SessionOptions.Builder options = sandbox.options()
                .realm(URI.create(sandbox.baseUrl()).getAuthority());
        try (Http2Front front = new Http2Front(sandbox);
                Session own = Session.login(options.baseUrl(front.baseUrl()).build())) {
            HttpClient client = ThingSpaceHttpClient.of(own);
            HttpRequest request =
                    HttpRequest.newBuilder(URI.create(own.baseUrl() + Sandbox.ACCOUNT)).build();
            front.answer(refusedStatus, refusal);
            front.answer(200, "mine");
            HttpResponse<String> answer = client.send(request, BodyHandlers.ofString());
            assertEquals(HttpClient.Version.HTTP_2, answer.version());
            return answer.body();
        }
    }

    @Test
    void redirectsAreTheProgramsToJudge() throws Exception {
        for (var redirect : List.of(HttpClient.Redirect.NORMAL, HttpClient.Redirect.ALWAYS)) {
            HttpClient follows = HttpClient.newBuilder().followRedirects(redirect).build();
            var e = assertThrows(IllegalArgumentException.class,
                    () -> ThingSpaceHttpClient.of(session, follows));
            assertTrue(e.getMessage().contains("NEVER"), e.getMessage());
        }
        sandbox.fault("{\"on\": \"api\", \"fault\": \"redirect\", \"location\": \""
                + sandbox.controlUrl() + "/state\"}");
        assertEquals(302, http.send(account(), BodyHandlers.discarding()).statusCode());
        assertEquals(HttpClient.Redirect.NEVER, http.followRedirects());
    }

    @Test
    void theRequestsOwnTokensAreReplaced() throws Exception {
        HttpRequest request = to(Sandbox.ACCOUNT)
                .header("authorization", "Basic bWU6bWU=")
                .header("vz-m2m-TOKEN", "mine")
                .header("X-Mine", "stays")
                .build();
        assertEquals(200, http.send(request, BodyHandlers.discarding()).statusCode());
        JsonObject headers = lastSent().getAsJsonObject("headers");
        assertEquals(session.token(), headers.get("vz-m2m-token").getAsString());
        assertEquals("stays", headers.get("x-mine").getAsString());
    }

    @Test
    void bodiesOfKnownLengthAreSentAgain(@TempDir Path folder) throws Exception {
        Path file = Files.writeString(folder.resolve("body.json"), BODY);
        byte[] bytes = BODY.getBytes(StandardCharsets.UTF_8);
        for (HttpRequest.BodyPublisher body : List.of(
                BodyPublishers.ofString(BODY),
                BodyPublishers.ofByteArray(bytes),
                BodyPublishers.ofFile(file))) {
            sandbox.expire();
            assertEquals(200, http.send(post(body), BodyHandlers.discarding()).statusCode());
            assertEquals(BODY.length(), lastSent().get("body_bytes").getAsInt());
        }
    }

    @Test
    void aBodyThatMayBeSpentIsNotSentAgain() throws Exception {
        sandbox.expire();
        InputStream spent = new ByteArrayInputStream(BODY.getBytes(StandardCharsets.UTF_8));
        HttpRequest request = post(BodyPublishers.ofInputStream(() -> spent));
        var e = assertThrows(ThingSpaceException.class,
                () -> http.send(request, BodyHandlers.discarding()));
        assertEquals(Status.SESSION_EXPIRED, e.status());
        assertEquals(EXPIRED, e.code());
        assertTrue(e.isRetryable());
        assertEquals(1, sandbox.counter("api"));
        assertEquals(2, sandbox.counter("login"));
        InputStream fresh = new ByteArrayInputStream(BODY.getBytes(StandardCharsets.UTF_8));
        HttpRequest again = post(BodyPublishers.ofInputStream(() -> fresh));
        assertEquals(200, http.send(again, BodyHandlers.discarding()).statusCode());
        assertEquals(2, sandbox.counter("login"));
    }

    @Test
    void aSuccessIsStreamed() throws Exception {
        sandbox.fault("{\"on\": \"api\", \"fault\": \"endless\"}");
        HttpResponse<InputStream> answer = http.send(account(), BodyHandlers.ofInputStream());
        try (InputStream body = answer.body()) {
            assertEquals(1000, body.readNBytes(1000).length);
        }
    }

    @Test
    void anErrorsBodyComesWholeWhoeverReadsIt() throws Exception {
        String lines = ("x".repeat(99) + "\n").repeat(5000);
        for (String body : List.of("", "short", lines)) {
            sandbox.control("DELETE", "/answers", "");
            JsonObject canned = new JsonObject();
            canned.addProperty("path", "/m2m/v1/sms/history");
            canned.addProperty("status", 404);
            canned.addProperty("body", body);
            sandbox.control("POST", "/answers", canned.toString());
            assertEquals(body, received(BodyHandlers.ofString()));
            assertEquals(body, text(received(BodyHandlers.ofByteArray())));
            assertEquals(body, text(received(BodyHandlers.ofInputStream()).readAllBytes()));
            assertEquals(body.strip(), received(BodyHandlers.ofLines())
                    .collect(Collectors.joining("\n")));
            assertEquals(body, collected(received(BodyHandlers.ofPublisher()), 1));
            assertEquals(body, collected(received(BodyHandlers.ofPublisher()), Long.MAX_VALUE));
            assertEquals(body, received(BodyHandlers.buffering(BodyHandlers.ofString(), 17)));
            assertEquals("x", received(BodyHandlers.replacing("x")));
            ByteArrayOutputStream consumed = new ByteArrayOutputStream();
            received(BodyHandlers.ofByteArrayConsumer(
                    part -> part.ifPresent(consumed::writeBytes)));
            assertEquals(body, text(consumed.toByteArray()));
        }
    }

    private <T> T received(BodyHandler<T> handler) throws Exception {
        HttpResponse<T> answer = http.send(to("/m2m/v1/sms/history").build(), handler);
        assertEquals(404, answer.statusCode());
        return answer.body();
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }

    /** Asks for so many at a time, from another thread. */
    private static String collected(Flow.Publisher<List<ByteBuffer>> body, long demand) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        CompletableFuture<String> whole = new CompletableFuture<>();
        ExecutorService asks = Executors.newSingleThreadExecutor();
        body.subscribe(new Flow.Subscriber<>() {
            private Flow.Subscription source;

            @Override
            public void onSubscribe(Flow.Subscription subscription) {
                source = subscription;
                asks.execute(() -> source.request(demand));
            }

            @Override
            public void onNext(List<ByteBuffer> buffers) {
                for (ByteBuffer buffer : buffers) {
                    byte[] part = new byte[buffer.remaining()];
                    buffer.get(part);
                    bytes.writeBytes(part);
                }
                asks.execute(() -> source.request(demand));
            }

            @Override
            public void onError(Throwable failure) {
                whole.completeExceptionally(failure);
            }

            @Override
            public void onComplete() {
                whole.complete(text(bytes.toByteArray()));
            }
        });
        String text = whole.join();
        asks.shutdown();
        return text;
    }

    @Test
    void aHandlerThatFailsFailsTheRequest() {
        sandbox.fault("{\"on\": \"api\", \"fault\": \"status\", \"status\": 404}");
        BodyHandler<String> fails = info -> {
            throw new IllegalStateException("mine");
        };
        var e = assertThrows(Exception.class, () -> http.send(account(), fails));
        assertTrue(causes(e).anyMatch(cause -> "mine".equals(cause.getMessage())), e.toString());
    }

    private static Stream<Throwable> causes(Throwable e) {
        return Stream.iterate(e, cause -> cause != null, Throwable::getCause);
    }

    @Test
    void aRenewalThatFailsIsTold() {
        sandbox.expire();
        sandbox.control("POST", "/contacts",
                "{\"username\": \"zbeeblebrox\", \"password\": \"another\"}");
        var e = assertThrows(ThingSpaceException.class,
                () -> http.send(account(), BodyHandlers.discarding()));
        assertEquals(Status.CREDENTIALS, e.status());
        var later = assertThrows(CompletionException.class,
                () -> http.sendAsync(account(), BodyHandlers.discarding()).join());
        var blocked = assertInstanceOf(ThingSpaceException.class, later.getCause());
        assertEquals(Status.LOGIN_BLOCKED, blocked.status());
        assertEquals(1, sandbox.counter("login_failed"));
    }

    @Test
    void anInterruptEndsTheWaitForALogin() throws Exception {
        sandbox.expire();
        sandbox.fault("{\"on\": \"login\", \"fault\": \"hold\"}");
        FutureTask<HttpResponse<Void>> task =
                new FutureTask<>(() -> http.send(account(), BodyHandlers.discarding()));
        Thread thread = new Thread(task);
        thread.start();
        sandbox.await("held", 1);
        thread.interrupt();
        var e = assertThrows(ExecutionException.class, task::get);
        assertInstanceOf(InterruptedException.class, e.getCause());
        sandbox.control("POST", "/release", "{}");
        assertEquals(200, http.send(account(), BodyHandlers.discarding()).statusCode());
        assertEquals(2, sandbox.counter("login"));
    }

    @Test
    void aCancelledRequestIsNotSentAgain() throws Exception {
        String expired = session.token();
        sandbox.expire();
        sandbox.fault("{\"on\": \"login\", \"fault\": \"hold\"}");
        CompletableFuture<HttpResponse<Void>> sending =
                http.sendAsync(account(), BodyHandlers.discarding());
        sandbox.await("held", 1);
        assertTrue(sending.cancel(true));
        sandbox.control("POST", "/release", "{}");
        // Waits for that login.
        session.relogin(expired);
        assertEquals(200, http.send(account(), BodyHandlers.discarding()).statusCode());
        assertEquals(2, sandbox.counter("api"));
        assertEquals(2, sandbox.counter("login"));
    }

    @Test
    void cancellingWhatWasMadeOfARequestCancelsIt() {
        sandbox.fault("{\"on\": \"api\", \"fault\": \"hold\"}");
        CompletableFuture<HttpResponse<String>> sending =
                http.sendAsync(account(), BodyHandlers.ofString());
        sandbox.await("held", 1);
        CompletableFuture<Integer> length =
                sending.thenApply(HttpResponse::body).thenApply(String::length);
        assertTrue(length.cancel(true));
        assertTrue(sending.isCancelled());
    }

    @Test
    void anExecutorThatTakesNoMoreKeepsNobodyWaiting() throws Exception {
        ExecutorService threads = Executors.newCachedThreadPool();
        try {
            for (int taken = 0; taken < 30; taken++) {
                AtomicInteger left = new AtomicInteger(taken);
                HttpClient inner = HttpClient.newBuilder().executor(task -> {
                    if (left.getAndDecrement() <= 0) {
                        throw new RejectedExecutionException("full");
                    }
                    threads.execute(task);
                }).build();
                try (Session open = Session.open(sandbox.options().build())) {
                    HttpClient own = ThingSpaceHttpClient.of(open, inner);
                    assertEquals(200, own.sendAsync(account(), BodyHandlers.discarding())
                            .get(1, TimeUnit.MINUTES).statusCode());
                } catch (ExecutionException e) {
                    // That is the client's within, which knows no other way.
                    assertTrue(causes(e).anyMatch(RejectedExecutionException.class::isInstance));
                }
            }
        } finally {
            threads.shutdown();
        }
    }

    @Test
    void aClientWithAnAuthenticatorServesOrIsRefused() throws Exception {
        HttpClient inner = HttpClient.newBuilder().authenticator(new Authenticator() {}).build();
        if (Runtime.version().feature() < 23) {
            var e = assertThrows(IllegalArgumentException.class,
                    () -> ThingSpaceHttpClient.of(session, inner));
            assertTrue(e.getMessage().contains("Authenticator"), e.getMessage());
            return;
        }
        sandbox.expire();
        HttpClient own = ThingSpaceHttpClient.of(session, inner);
        assertEquals(200, own.send(account(), BodyHandlers.discarding()).statusCode());
    }

    @Test
    void itGoesOnAfterAnAnswerThatNeverCame() throws Exception {
        sandbox.fault("{\"on\": \"api\", \"fault\": \"reset_before\", \"times\": 9}");
        assertThrows(IOException.class, () -> http.send(account(), BodyHandlers.discarding()));
        sandbox.control("DELETE", "/faults", "");
        assertEquals(200, http.send(account(), BodyHandlers.discarding()).statusCode());
    }

    @Test
    void aSessionThatSpeaksSoapIsRefused() {
        try (Session soap = Session.open(sandbox.soapOptions().build())) {
            assertThrows(IllegalArgumentException.class, () -> ThingSpaceHttpClient.of(soap));
        }
    }

    @Test
    void aClosedSessionIsSaidToBe() {
        session.close();
        assertThrows(IllegalStateException.class,
                () -> http.send(account(), BodyHandlers.discarding()));
    }
}
