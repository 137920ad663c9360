package thingspace.session;

import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
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

    /** Calls that nobody waits for in a thread, and that have no place yet. */
    private final Queue<Task<?>> queue = new ConcurrentLinkedQueue<>();

    private final ThreadPoolExecutor threads = new ThreadPoolExecutor(
            0, Integer.MAX_VALUE, IDLE_SECONDS, TimeUnit.SECONDS, new SynchronousQueue<>(),
            Workers::thread);
    private volatile boolean ended;

    /** A call in native code. */
    @FunctionalInterface
    interface Work<R> {
        R run(long call, Scratch scratch) throws Refusal;
    }

    /** How long a call may take from now. */
    static final class Deadline {
        private final long asked = System.nanoTime();
        private final Duration timeout;
        private final boolean isOwn;

        /**
         * Begins now.
         *
         * @param timeout how long
         * @param isOwn whether that is the call's own, which the session's options do not know
         */
        Deadline(Duration timeout, boolean isOwn) {
            this.timeout = timeout;
            this.isOwn = isOwn;
        }

        private long nanosLeft() {
            return Math.max(0, nanos() - (System.nanoTime() - asked));
        }

        /** Rounded up: a short time is not none. */
        private long millis() {
            long nanos = nanos();
            long millis = TimeUnit.NANOSECONDS.toMillis(nanos);
            return TimeUnit.MILLISECONDS.toNanos(millis) < nanos ? millis + 1 : millis;
        }

        private long millisWaited() {
            return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - asked);
        }

        private long nanos() {
            try {
                return timeout.toNanos();
            } catch (ArithmeticException e) {
                return Long.MAX_VALUE;
            }
        }
    }

    /**
     * Runs a call on a thread of its own and waits for it.
     *
     * @param late is given what came after this thread was interrupted
     */
    <R> R run(Deadline deadline, Work<R> work, Consumer<R> late) throws Refusal {
        if (Thread.interrupted()) {
            throw interrupted("Nothing was sent.", new InterruptedException());
        }
        boolean waited = !places.tryAcquire();
        if (waited) {
            try {
                if (!places.tryAcquire(deadline.nanosLeft(), TimeUnit.NANOSECONDS)) {
                    throw timedOut(deadline);
                }
            } catch (InterruptedException e) {
                throw interrupted("Nothing was sent.", e);
            }
        }
        Task<R> task = new Task<>(work, deadline, waited);
        start(task);
        return task.await(late);
    }

    /** Runs a call on a thread of its own; what it throws is the future's. */
    <R> CompletableFuture<R> start(Deadline deadline, Work<R> work) {
        boolean waits = !places.tryAcquire();
        Task<R> task = new Task<>(work, deadline, waits);
        if (waits) {
            queue.add(task);
            startQueued();
        } else {
            start(task);
        }
        return task.result;
    }

    /** Nobody waits for a place any more: what still comes finds the session ended. */
    synchronized void end() {
        if (!ended) {
            ended = true;
            places.release(Integer.MAX_VALUE / 2);
            startQueued();
        }
    }

    /** Ends the threads when they have done what they do now. */
    void close() {
        end();
        threads.shutdown();
    }

    private void startQueued() {
        while (!queue.isEmpty() && places.tryAcquire()) {
            Task<?> next = queue.poll();
            if (next == null) {
                places.release();
            } else {
                start(next);
            }
        }
    }

    /** Starts a call that has its place. */
    private void start(Task<?> task) {
        try {
            threads.execute(task);
        } catch (RejectedExecutionException e) {
            // It ended meanwhile. The call finds that out at once, and says it.
            task.run();
        } catch (Throwable e) {
            Functions.tsm_call_free(task.call);
            places.release();
            throw e;
        }
    }

    private static ThingSpaceException interrupted(String what, InterruptedException e) {
        Thread.currentThread().interrupt();
        return new ThingSpaceException(
                "The calling thread was interrupted. " + what,
                ThingSpaceException.Facts.of(Status.CANCELLED),
                e);
    }

    private static ThingSpaceException timedOut(Deadline deadline) {
        return new ThingSpaceException(
                "The call's time is up (" + deadline.millis() / 1e3 + " s): it waited for a "
                        + "thread, of which " + MOST + " calls of this session hold one each, and "
                        + "sent nothing.",
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

    private final class Task<R> implements Runnable {
        private final Work<R> work;
        private final Deadline deadline;
        private final CompletableFuture<R> result = new CompletableFuture<>();
        private final long call = Functions.tsm_call_new();

        /** Whether it waited for a place. */
        private final boolean waited;

        Task(Work<R> work, Deadline deadline, boolean waited) {
            this.work = work;
            this.deadline = deadline;
            this.waited = waited;
        }

        @Override
        public void run() {
            R given = null;
            Throwable refusal = null;
            try (Scratch scratch = new Scratch()) {
                if (deadline.isOwn) {
                    Functions.tsm_call_set_timeout(call, deadline.millis());
                }
                if (waited) {
                    Functions.tsm_call_set_waited(call, deadline.millisWaited());
                }
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
            startQueued();
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
