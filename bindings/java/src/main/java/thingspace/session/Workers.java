package thingspace.session;

import java.lang.ref.Reference;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/**
 * Threads for a session's calls that wait in native code. The thread that asks waits in Java: it
 * can be interrupted, and if it is a virtual one it holds no carrier. A session has at most {@value
 * #MOST} such threads; further calls wait in turn for a place, no longer than they have time. A
 * thread without work ends.
 */
final class Workers {
    /** How many calls of a session are in native code at once. */
    static final int MOST = 256;

    private static final long IDLE_SECONDS = 10;
    private static final AtomicInteger COUNT = new AtomicInteger();

    private final Semaphore places = new Semaphore(MOST, true);
    private final ThreadPoolExecutor threads = new ThreadPoolExecutor(
            0, Integer.MAX_VALUE, IDLE_SECONDS, TimeUnit.SECONDS, new SynchronousQueue<>(),
            Workers::thread);
    private volatile boolean ended;

    /** A call in native code. */
    @FunctionalInterface
    interface Work<R> {
        R run(long call, Scratch scratch) throws Refusal;
    }

    /**
     * Runs a call on a thread of its own and waits for it.
     *
     * @param timeout how long it may take from now
     * @param isOwnTimeout whether the call has that timeout of its own, which the session's
     *     options do not know
     * @param late is given what came after this thread was interrupted
     */
    <R> R run(Duration timeout, boolean isOwnTimeout, Work<R> work, Consumer<R> late)
            throws Refusal {
        long asked = System.nanoTime();
        if (Thread.interrupted()) {
            throw interrupted("Nothing was sent.", new InterruptedException());
        }
        Task<R> task = new Task<>(work, places);
        try {
            boolean waited = false;
            if (!places.tryAcquire()) {
                waited = true;
                if (!places.tryAcquire(left(asked, timeout), TimeUnit.NANOSECONDS)) {
                    throw timedOut(timeout);
                }
            }
            try {
                task.begin(waited || isOwnTimeout, left(asked, timeout));
            } catch (Throwable e) {
                places.release();
                throw e;
            }
        } catch (InterruptedException e) {
            throw interrupted("Nothing was sent.", e);
        }
        try {
            threads.execute(task);
        } catch (RejectedExecutionException e) {
            // It ended meanwhile. The call finds that out at once, and says it.
            task.run();
        }
        return task.await(late);
    }

    /** Nobody waits for a place any more: what still comes finds the session ended. */
    void end() {
        if (!ended) {
            ended = true;
            places.release(Integer.MAX_VALUE / 2);
        }
    }

    /** Ends the threads when they have done what they do now. */
    void close() {
        end();
        threads.shutdown();
    }

    private static long left(long asked, Duration timeout) {
        long all;
        try {
            all = timeout.toNanos();
        } catch (ArithmeticException e) {
            all = Long.MAX_VALUE;
        }
        return Math.max(0, all - (System.nanoTime() - asked));
    }

    private static ThingSpaceException interrupted(String what, InterruptedException e) {
        Thread.currentThread().interrupt();
        return new ThingSpaceException(
                "The calling thread was interrupted. " + what,
                ThingSpaceException.Facts.of(Status.CANCELLED),
                e);
    }

    private static ThingSpaceException timedOut(Duration timeout) {
        return new ThingSpaceException(
                "The call's time is up (" + timeout.toMillis() + " ms): it waited for a thread, of "
                        + "which " + MOST + " calls of this session hold one each, and sent "
                        + "nothing.",
                ThingSpaceException.Facts.of(Status.TIMEOUT),
                null);
    }

    private static Thread thread(Runnable work) {
        Thread thread = new Thread(
                null, work, "thingspace-session-" + COUNT.incrementAndGet(), 0, false);
        thread.setDaemon(true);
        thread.setContextClassLoader(Workers.class.getClassLoader());
        return thread;
    }

    /** A call that has its place. */
    private static final class Task<R> implements Runnable {
        private final Work<R> work;
        private final Semaphore places;
        private final CompletableFuture<R> result = new CompletableFuture<>();
        private long call;

        Task(Work<R> work, Semaphore places) {
            this.work = work;
            this.places = places;
        }

        void begin(boolean hasTimeout, long nanos) {
            call = Functions.tsm_call_new();
            if (hasTimeout) {
                long millis = TimeUnit.NANOSECONDS.toMillis(nanos + 999_999);
                Functions.tsm_call_set_timeout(call, millis);
            }
        }

        @Override
        public void run() {
            R given = null;
            Throwable refusal = null;
            try (Scratch scratch = new Scratch()) {
                given = work.run(call, scratch);
            } catch (Throwable e) {
                refusal = e;
            } finally {
                Functions.tsm_call_free(call);
                places.release();
            }
            if (refusal == null) {
                result.complete(given);
            } else {
                result.completeExceptionally(refusal);
            }
        }

        R await(Consumer<R> late) throws Refusal {
            try {
                return result.get();
            } catch (InterruptedException e) {
                Functions.tsm_call_cancel(call);
                result.thenAccept(late);
                throw interrupted("What was sent may have been acted on.", e);
            } catch (ExecutionException e) {
                throw thrown(e.getCause());
            } finally {
                Reference.reachabilityFence(work);
            }
        }

        private static Refusal thrown(Throwable cause) {
            if (cause instanceof Refusal refusal) {
                return refusal;
            }
            if (cause instanceof RuntimeException exception) {
                throw exception;
            }
            if (cause instanceof Error error) {
                throw error;
            }
            throw new AssertionError(cause);
        }
    }
}
