package thingspace.session;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.function.Supplier;

/**
 * Renewals that many exchanges may want at once, and nobody waits for in a thread: one of them does
 * it, on one thread of the session's, and the others share its outcome.
 */
final class Renewals {
    private final ConcurrentMap<String, CompletableFuture<Void>> underWay =
            new ConcurrentHashMap<>();

    /**
     * Runs a renewal, unless the same is under way: then each takes what that one got, or its
     * failure. A leader that gave up for want of time is followed by another.
     *
     * @param due what tells one renewal from another
     * @param renew begins it
     * @param waited told when the renewal of another was waited for
     */
    CompletionStage<Void> run(
            String due, Supplier<CompletableFuture<Void>> renew, Runnable waited) {
        CompletableFuture<Void> own = new CompletableFuture<>();
        CompletableFuture<Void> other = underWay.putIfAbsent(due, own);
        if (other != null) {
            // With a new token there this is done at once.
            return other.handle((done, failure) -> {
                boolean another = isOutOfTime(failure);
                if (!another) {
                    waited.run();
                }
                return failure == null || another
                        ? renew.get()
                        : CompletableFuture.<Void>failedFuture(cause(failure));
            }).thenCompose(next -> next);
        }
        try {
            renew.get().whenComplete((done, failure) -> end(due, own, failure));
        } catch (Throwable e) {
            end(due, own, e);
        }
        return own;
    }

    private void end(String due, CompletableFuture<Void> own, Throwable failure) {
        underWay.remove(due, own);
        if (failure == null) {
            own.complete(null);
        } else {
            own.completeExceptionally(cause(failure));
        }
    }

    private static boolean isOutOfTime(Throwable failure) {
        return cause(failure) instanceof Refusal refusal && refusal.status() == Status.TIMEOUT;
    }

    static Throwable cause(Throwable failure) {
        return failure instanceof CompletionException && failure.getCause() != null
                ? failure.getCause()
                : failure;
    }
}
