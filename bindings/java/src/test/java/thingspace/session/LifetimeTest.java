package thingspace.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** From login to close: interrupts, closed and forgotten sessions, deadlines. */
class LifetimeTest {
    private static final String HOLD = "{\"on\": \"api\", \"fault\": \"hold\", \"times\": -1}";

    @Test
    void aSessionLogsInServesAndLogsOut() {
        try (Sandbox sandbox = Sandbox.start();
                Session session = Session.login(sandbox.options().build())) {
            assertEquals(36, session.token().length());
            assertSame(session.token(), session.token());
            assertTrue(session.get(Sandbox.ACCOUNT).isSuccess());
            assertEquals(1, session.info().logins());
            assertTrue(session.metrics().contains("tsm_logins_total"));
            session.logout();
            ThingSpaceException e =
                    assertThrows(ThingSpaceException.class, session::token);
            assertEquals(Status.NOT_LOGGED_IN, e.status());
            session.relogin();
            assertEquals(2, sandbox.counter("login"));
        }
    }

    @Test
    void nothingWorksOnAClosedSession() {
        try (Sandbox sandbox = Sandbox.start()) {
            Session session = Session.login(sandbox.options().build());
            Exchange exchange = session.exchange();
            exchange.tokens();
            session.close();
            session.close();
            List<Executable> uses = List.of(
                    session::token, session::apiToken, session::info, session::metrics,
                    session::logout, session::relogin, session::renewApiToken, session::cancel,
                    session::exchange, () -> session.get(Sandbox.ACCOUNT),
                    () -> session.soapCall("S", "O", "<x/>"),
                    () -> session.logLevel(System.Logger.Level.INFO),
                    exchange::tokens, exchange::renew, () -> exchange.answered(200, new byte[0]));
            for (Executable use : uses) {
                IllegalStateException e = assertThrows(IllegalStateException.class, use);
                assertEquals("The session is closed.", e.getMessage());
            }
            exchange.close();
            assertThrows(IllegalStateException.class, exchange::tokens);
            assertTrue(session.toString().contains("closed"));
        }
    }

    @Test
    void closingEndsTheCallsThatAreRunning() throws InterruptedException {
        try (Sandbox sandbox = Sandbox.start()) {
            Session session = Session.login(sandbox.options().build());
            sandbox.fault(HOLD);
            Caller caller = new Caller(() -> session.get(Sandbox.ACCOUNT));
            sandbox.await("held", 1);
            session.close();
            assertEquals(
                    "The session was closed during the call.",
                    ((IllegalStateException) caller.failure()).getMessage());
        }
    }

    @Test
    void cancellingIsForGood() throws InterruptedException {
        try (Sandbox sandbox = Sandbox.start();
                Session session = Session.login(sandbox.options().build())) {
            sandbox.fault(HOLD);
            Caller caller = new Caller(() -> session.get(Sandbox.ACCOUNT));
            sandbox.await("held", 1);
            session.cancel();
            assertEquals(Status.CANCELLED, ((ThingSpaceException) caller.failure()).status());
            ThingSpaceException later = assertThrows(
                    ThingSpaceException.class, () -> session.get(Sandbox.ACCOUNT));
            assertEquals(Status.CANCELLED, later.status());
        }
    }

    @Test
    void anInterruptEndsACallAndNotTheSession() throws InterruptedException {
        try (Sandbox sandbox = Sandbox.start();
                Session session = Session.login(sandbox.options().build())) {
            sandbox.fault(HOLD);
            AtomicBoolean interrupted = new AtomicBoolean();
            Caller caller = new Caller(() -> {
                try {
                    session.get(Sandbox.ACCOUNT);
                } finally {
                    interrupted.set(Thread.currentThread().isInterrupted());
                }
            });
            sandbox.await("held", 1);
            caller.thread.interrupt();
            ThingSpaceException e = (ThingSpaceException) caller.failure();
            assertEquals(Status.CANCELLED, e.status());
            assertTrue(e.getCause() instanceof InterruptedException);
            assertFalse(e.isRetryable());
            assertTrue(interrupted.get());
            sandbox.control("DELETE", "/faults", "");
            assertTrue(session.get(Sandbox.ACCOUNT).isSuccess());
        }
    }

    @Test
    void anInterruptBeforeACallSendsNothing() {
        try (Sandbox sandbox = Sandbox.start();
                Session session = Session.login(sandbox.options().build())) {
            Thread.currentThread().interrupt();
            ThingSpaceException e = assertThrows(
                    ThingSpaceException.class, () -> session.get(Sandbox.ACCOUNT));
            assertTrue(Thread.interrupted());
            assertEquals(Status.CANCELLED, e.status());
            assertEquals(0, sandbox.counter("api"));
        }
    }

    @Test
    void anInterruptedLoginGoesOnForOthers() throws InterruptedException {
        try (Sandbox sandbox = Sandbox.start();
                Session session = Session.open(sandbox.options().build())) {
            sandbox.fault("{\"on\": \"login\", \"fault\": \"hold\"}");
            Caller first = new Caller(session::relogin);
            sandbox.await("held", 1);
            Caller second = new Caller(() -> session.get(Sandbox.ACCOUNT));
            first.thread.interrupt();
            assertEquals(Status.CANCELLED, ((ThingSpaceException) first.failure()).status());
            sandbox.control("POST", "/release", "{}");
            second.join();
            assertEquals(1, sandbox.counter("login"));
            assertEquals(36, session.token().length());
        }
    }

    @Test
    void aCallHasItsOwnDeadline() {
        try (Sandbox sandbox = Sandbox.start();
                Session session = Session.login(sandbox.options().build())) {
            sandbox.fault(HOLD);
            Duration timeout = Duration.ofMillis(50);
            ThingSpaceException e = assertThrows(
                    ThingSpaceException.class,
                    () -> session.request("GET", Sandbox.ACCOUNT, Map.of(), new byte[0], timeout));
            assertEquals(Status.TIMEOUT, e.status());
            assertTrue(e.isRetryable());
        }
    }

    @Test
    void moreCallsThanThreadsWaitNoLongerThanTheyHaveTime() throws InterruptedException {
        try (Sandbox sandbox = Sandbox.start()) {
            Session session = Session.login(sandbox.options().build());
            Caller[] callers = holdEveryThread(sandbox, session);
            ThingSpaceException e = assertThrows(
                    ThingSpaceException.class,
                    () -> session.relogin("another", Duration.ofMillis(20)));
            assertEquals(Status.TIMEOUT, e.status());
            assertTrue(e.getMessage().contains("sent nothing"), e::getMessage);

            Caller waiting = new Caller(() -> session.get(Sandbox.ACCOUNT));
            waiting.awaitWaiting();
            waiting.thread.interrupt();
            assertEquals(Status.CANCELLED, ((ThingSpaceException) waiting.failure()).status());

            Caller late = new Caller(() -> session.get(Sandbox.ACCOUNT));
            late.awaitWaiting();
            session.close();
            assertTrue(late.failure() instanceof IllegalStateException);
            for (Caller caller : callers) {
                assertTrue(caller.failure() instanceof IllegalStateException);
            }
        }
    }

    @Test
    void whatACallWaitedForAThreadCountsAndItsErrorNamesTheWholeTime() throws Exception {
        try (Sandbox sandbox = Sandbox.start()) {
            try (Session session = Session.login(sandbox.options().build())) {
                Caller[] callers = holdEveryThread(sandbox, session);
                Duration half = Duration.ofMillis(500);
                Caller late = new Caller(() -> session.request(
                        "GET", Sandbox.ACCOUNT, Map.of(), new byte[0], half));
                late.awaitWaiting();
                callers[0].thread.interrupt();
                String told = late.failure().getMessage();
                assertTrue(told.contains("call's time is up (0.5 s)"), told);
            }
        }
    }

    private static Caller[] holdEveryThread(Sandbox sandbox, Session session) {
        sandbox.fault(HOLD);
        Caller[] callers = new Caller[Workers.MOST];
        for (int i = 0; i < callers.length; i++) {
            callers[i] = new Caller(() -> session.get(Sandbox.ACCOUNT));
        }
        sandbox.await("held", Workers.MOST);
        return callers;
    }

    @Test
    void aForgottenSessionIsFreed() {
        try (Sandbox sandbox = Sandbox.start()) {
            long handle = forget(sandbox);
            Garbage.collectUntil(() -> isFreed(handle));
        }
    }

    @Test
    void aForgottenExchangeIsFreed() {
        try (Sandbox sandbox = Sandbox.start();
                Session session = Session.login(sandbox.options().build())) {
            long handle = forgetExchange(session);
            Garbage.collectUntil(
                    () -> Functions.tsm_exchange_body_max(handle, 401) == 0);
        }
    }

    private static long forget(Sandbox sandbox) {
        Session session = Session.login(sandbox.options().onEvent(event -> {}).build());
        assertFalse(isFreed(session.nativeHandle()));
        return session.nativeHandle();
    }

    private static long forgetExchange(Session session) {
        Exchange exchange = session.exchange();
        assertTrue(exchange.bodyMax(401) > 0);
        return exchange.nativeHandle();
    }

    private static boolean isFreed(long handle) {
        return Functions.tsm_cancel(handle) == Status.INVALID_HANDLE.number();
    }

    /** A thread in a call, and what came of it. */
    static final class Caller {
        final Thread thread;
        private final AtomicReference<Throwable> failure = new AtomicReference<>();

        Caller(Runnable call) {
            CountDownLatch begun = new CountDownLatch(1);
            thread = new Thread(() -> {
                begun.countDown();
                try {
                    call.run();
                } catch (Throwable e) {
                    failure.set(e);
                }
            });
            thread.start();
            try {
                begun.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }

        /** Until it waits for as long as it has time; or it did, and that is up. */
        void awaitWaiting() {
            Thread.State state = thread.getState();
            while (state != Thread.State.TIMED_WAITING && state != Thread.State.TERMINATED) {
                Thread.onSpinWait();
                state = thread.getState();
            }
        }

        void join() throws InterruptedException {
            thread.join();
            if (failure.get() != null) {
                throw new AssertionError(failure.get());
            }
        }

        Throwable failure() throws InterruptedException {
            thread.join();
            return failure.get();
        }
    }
}
