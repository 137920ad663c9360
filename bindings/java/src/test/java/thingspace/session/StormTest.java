package thingspace.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;

/** Many at once. */
class StormTest {
    @Test
    void threadsThatMeetAnExpirySendOneLogin() throws InterruptedException {
        try (Sandbox sandbox = Sandbox.start();
                Session session = Session.login(sandbox.options().build())) {
            for (int round = 1; round <= 3; round++) {
                sandbox.expire();
                List<LifetimeTest.Caller> callers = new ArrayList<>();
                for (int i = 0; i < 64; i++) {
                    callers.add(new LifetimeTest.Caller(() -> assertEquals(
                            200, session.post(Sandbox.DEVICE_LIST, "{}").status())));
                }
                for (LifetimeTest.Caller caller : callers) {
                    caller.join();
                }
                assertEquals(1 + round, sandbox.counter("login"));
            }
        }
    }

    @Test
    void exchangesThatMeetAnExpiryShareOneRenewalAndOneThread() throws Exception {
        try (Sandbox sandbox = Sandbox.start();
                Session session = Session.login(sandbox.options().build())) {
            sandbox.expire();
            sandbox.fault("{\"on\": \"login\", \"fault\": \"hold\"}");
            List<Exchange> exchanges = new ArrayList<>();
            List<CompletableFuture<Void>> renewals = new ArrayList<>();
            for (int i = 0; i < 1000; i++) {
                Exchange exchange = session.exchange();
                exchanges.add(exchange);
                exchange.tokens().orElseThrow();
                renewals.add(refused(exchange));
            }
            sandbox.await("held", 1);
            assertEquals(1, workers());
            sandbox.control("POST", "/release", "{}");
            for (int i = 0; i < renewals.size(); i++) {
                renewals.get(i).get();
                Optional<RequestTokens> tokens = exchanges.get(i).tokens();
                assertEquals(session.token(), tokens.orElseThrow().sessionToken());
                exchanges.get(i).close();
            }
            assertEquals(2, sandbox.counter("login"));
            countsWaits(session, 999);
        }
    }

    @Test
    void exchangesShareTheFailureOfARenewal() {
        try (Sandbox sandbox = Sandbox.start();
                Session session = Session.login(sandbox.options().build())) {
            sandbox.control(
                    "POST", "/contacts", "{\"username\": \"zbeeblebrox\", \"password\": \"new\"}");
            sandbox.fault("{\"on\": \"login\", \"fault\": \"hold\"}");
            List<CompletableFuture<Void>> renewals = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                Exchange exchange = session.exchange();
                exchange.tokens().orElseThrow();
                renewals.add(refused(exchange));
            }
            sandbox.await("held", 1);
            sandbox.control("POST", "/release", "{}");
            for (CompletableFuture<Void> renewal : renewals) {
                ExecutionException e =
                        Assertions.assertThrows(ExecutionException.class, renewal::get);
                assertEquals(
                        Status.CREDENTIALS, ((ThingSpaceException) e.getCause()).status());
            }
            assertEquals(2, sandbox.counter("login"));
            countsWaits(session, 19);
        }
    }

    @Test
    void aListenerMayWaitForTheRenewalThatItIsToldOf() {
        AtomicReference<Exchange> own = new AtomicReference<>();
        AtomicInteger waited = new AtomicInteger();
        Consumer<SessionEvent> listener = event -> {
            Exchange exchange = own.getAndSet(null);
            if (exchange != null) {
                refused(exchange).join();
                waited.incrementAndGet();
            }
        };
        try (Sandbox sandbox = Sandbox.start();
                Session session = Session.login(sandbox.options().onEvent(listener).build());
                Exchange first = session.exchange();
                Exchange second = session.exchange()) {
            first.tokens().orElseThrow();
            second.tokens().orElseThrow();
            own.set(second);
            sandbox.expire();
            refused(first).join();
            assertEquals(1, waited.get());
            assertEquals(2, sandbox.counter("login"));
        }
    }

    /** Sessions and exchanges made, used and forgotten while the collector never rests. */
    @Test
    void theCollectorTakesNothingThatIsInUse() throws InterruptedException {
        try (Sandbox sandbox = Sandbox.start()) {
            SessionOptions options = sandbox.options().onEvent(event -> {}).build();
            AtomicBoolean done = new AtomicBoolean();
            Thread collector = new Thread(() -> {
                while (!done.get()) {
                    System.gc();
                }
            });
            collector.start();
            List<LifetimeTest.Caller> callers = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                callers.add(new LifetimeTest.Caller(() -> {
                    for (int round = 0; round < 4; round++) {
                        assertEquals(200, Session.login(options).get(Sandbox.ACCOUNT).status());
                        assertEquals(36, Session.login(options).token().length());
                        Exchange exchange = Session.login(options).exchange();
                        assertEquals(
                                36, exchange.tokens().orElseThrow().sessionToken().length());
                    }
                }));
            }
            for (LifetimeTest.Caller caller : callers) {
                assertNull(caller.failure());
            }
            done.set(true);
            collector.join();
        }
    }

    private static CompletableFuture<Void> refused(Exchange exchange) {
        byte[] body = ("{\"errorCode\": \"UnifiedWebService.REQUEST_FAILED.SessionToken.Expired\","
                + " \"errorMessage\": \"\"}").getBytes(java.nio.charset.StandardCharsets.UTF_8);
        Assertions.assertFalse(exchange.answered(400, body));
        return exchange.renewAsync(true);
    }

    private static void countsWaits(Session session, int count) {
        String line = "\ntsm_waits_total{tsm_wait_cause=\"login\"} " + count + "\n";
        assertTrue(session.metrics().contains(line), session::metrics);
    }

    /** How many threads of sessions are in a call. */
    private static long workers() {
        return Thread.getAllStackTraces().entrySet().stream()
                .filter(one -> one.getKey().getName().startsWith("thingspace-session-"))
                .filter(one -> java.util.Arrays.stream(one.getValue())
                        .anyMatch(frame -> frame.getMethodName().equals("tsm_exchange_renew")))
                .count();
    }
}
