package thingspace.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/** Many more threads than the machine has processors for. */
class VirtualThreadTest {
    @Test
    void aThousandMeetAnExpiryAndOneLoginIsSent() throws Exception {
        try (Sandbox sandbox = Sandbox.start();
                Session session = Session.login(sandbox.options().build());
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            sandbox.expire();
            List<Future<Integer>> answers = new ArrayList<>();
            for (int i = 0; i < 1000; i++) {
                answers.add(threads.submit(() -> session.get(Sandbox.ACCOUNT).status()));
            }
            for (Future<Integer> answer : answers) {
                assertEquals(200, answer.get());
            }
            assertEquals(2, sandbox.counter("login"));
        }
    }

    @Test
    void callsThatWaitHoldNoCarrier() throws Exception {
        try (Sandbox sandbox = Sandbox.start()) {
            Session session = Session.login(sandbox.options().build());
            sandbox.fault("{\"on\": \"api\", \"fault\": \"hold\", \"times\": -1}");
            List<Thread> threads = new ArrayList<>();
            for (int i = 0; i < 1000; i++) {
                threads.add(Thread.startVirtualThread(() -> {
                    try {
                        session.get(Sandbox.ACCOUNT);
                    } catch (IllegalStateException e) {
                        // The session was closed.
                    }
                }));
            }
            sandbox.await("held", Workers.MOST);
            CompletableFuture<String> other = new CompletableFuture<>();
            Thread.startVirtualThread(() -> other.complete(session.token()));
            assertEquals(session.token(), other.get());
            session.close();
            for (Thread thread : threads) {
                thread.join();
            }
        }
    }

    @Test
    void aVirtualThreadIsInterruptedAsAnyOther() throws Exception {
        try (Sandbox sandbox = Sandbox.start();
                Session session = Session.login(sandbox.options().build())) {
            sandbox.fault("{\"on\": \"api\", \"fault\": \"hold\", \"times\": -1}");
            CompletableFuture<ThingSpaceException> thrown = new CompletableFuture<>();
            Thread thread = Thread.startVirtualThread(() -> {
                try {
                    session.get(Sandbox.ACCOUNT);
                } catch (ThingSpaceException e) {
                    assertTrue(Thread.currentThread().isInterrupted());
                    thrown.complete(e);
                }
            });
            sandbox.await("held", 1);
            thread.interrupt();
            assertEquals(Status.CANCELLED, thrown.get().status());
        }
    }
}
