package thingspace.session;

import java.io.ByteArrayOutputStream;
import java.net.http.HttpResponse.BodyHandler;
import java.net.http.HttpResponse.BodySubscriber;
import java.net.http.HttpResponse.BodySubscribers;
import java.net.http.HttpResponse.ResponseInfo;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;

/**
 * The body of an answer that an exchange has judged: the program's, or one that refused a token and
 * is nobody's.
 *
 * @param isFinal whether it is the program's
 * @param body what the program's handler made of it; null otherwise
 * @param leave leaves what was not read of it, for when the client has given this: over HTTP/2 it
 *     would make a failure of the answer before
 */
record Judged<T>(boolean isFinal, T body, Runnable leave) {
    private static <T> Judged<T> programs(T body) {
        return new Judged<>(true, body, () -> {});
    }

    private static <T> Judged<T> refused(Runnable leave) {
        return new Judged<>(false, null, leave);
    }

    /** Judges answers, and hands those that are the program's on to its handler. */
    static <T> BodyHandler<Judged<T>> handler(Exchange exchange, BodyHandler<T> handler) {
        return info -> {
            int most = exchange.bodyMax(info.statusCode());
            if (most > 0) {
                return new Judge<>(exchange, most, info, handler);
            }
            return exchange.answered(info.statusCode(), new byte[0])
                    ? unjudged(handler).apply(info)
                    : BodySubscribers.replacing(refused(() -> {}));
        };
    }

    /** Hands all answers on. */
    static <T> BodyHandler<Judged<T>> unjudged(BodyHandler<T> handler) {
        return info -> BodySubscribers.mapping(handler.apply(info), Judged::programs);
    }

    /**
     * Reads as much of a body as it takes to judge the answer. If that is the program's, its own
     * subscriber gets what was read, then the rest as it comes.
     */
    private static final class Judge<T> implements BodySubscriber<Judged<T>>, Flow.Subscription {
        private final Exchange exchange;
        private final int most;
        private final ResponseInfo info;
        private final BodyHandler<T> handler;
        private final CompletableFuture<Judged<T>> outcome = new CompletableFuture<>();
        private final List<ByteBuffer> read = new ArrayList<>();
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        private Flow.Subscription source;
        private boolean isRefused;

        /** The program's; null until the answer is judged to be. */
        private BodySubscriber<T> target;

        /** Guards what follows: where `read` is on its way to the program's subscriber. */
        private final Object gate = new Object();

        private Way way = Way.WAITS;

        /** What the program's subscriber asked for while it was given `read`. */
        private long demand;

        /** How it ended before the program's subscriber had asked for `read`. */
        private Runnable end;

        private enum Way { WAITS, GOES, HAS_GONE }

        Judge(Exchange exchange, int most, ResponseInfo info, BodyHandler<T> handler) {
            this.exchange = exchange;
            this.most = most;
            this.info = info;
            this.handler = handler;
        }

        @Override
        public CompletionStage<Judged<T>> getBody() {
            return outcome;
        }

        @Override
        public void onSubscribe(Flow.Subscription subscription) {
            source = subscription;
            source.request(1);
        }

        @Override
        public void onNext(List<ByteBuffer> buffers) {
            if (target != null) {
                target.onNext(buffers);
            } else if (!isRefused) {
                read.addAll(buffers);
                buffers.forEach(this::look);
                if (bytes.size() > most) {
                    judge(source::cancel);
                } else {
                    source.request(1);
                }
            }
        }

        private void look(ByteBuffer buffer) {
            byte[] part = new byte[Math.min(buffer.remaining(), most + 1 - bytes.size())];
            buffer.duplicate().get(part);
            bytes.write(part, 0, part.length);
        }

        @Override
        public void onComplete() {
            if (target == null && !isRefused) {
                judge(() -> {});
            }
            end(() -> target.onComplete());
        }

        @Override
        public void onError(Throwable failure) {
            if (target == null) {
                outcome.completeExceptionally(failure);
            }
            end(() -> target.onError(failure));
        }

        private void judge(Runnable leave) {
            try {
                isRefused = !exchange.answered(info.statusCode(), bytes.toByteArray());
                if (isRefused) {
                    outcome.complete(refused(leave));
                    return;
                }
                way = read.isEmpty() ? Way.HAS_GONE : Way.WAITS;
                target = handler.apply(info);
                target.onSubscribe(this);
                target.getBody().whenComplete((body, failure) -> {
                    if (failure == null) {
                        outcome.complete(programs(body));
                    } else {
                        outcome.completeExceptionally(failure);
                    }
                });
            } catch (RuntimeException | Error e) {
                isRefused = true;
                target = null;
                outcome.completeExceptionally(e);
                leave.run();
            }
        }

        /** Ends the program's subscriber, if there is one, when it has got what was read. */
        private void end(Runnable how) {
            if (target == null) {
                return;
            }
            synchronized (gate) {
                if (way != Way.HAS_GONE) {
                    end = how;
                    return;
                }
            }
            how.run();
        }

        /** The program's subscriber wants more: first what was read, then the rest. */
        @Override
        public void request(long n) {
            boolean goesNow;
            synchronized (gate) {
                if (way == Way.GOES) {
                    demand = demand + n < 0 ? Long.MAX_VALUE : demand + n;
                    return;
                }
                goesNow = way == Way.WAITS && n > 0;
                if (goesNow) {
                    way = Way.GOES;
                    demand = n - 1;
                }
            }
            if (goesNow) {
                handOver();
            } else {
                source.request(n);
            }
        }

        private void handOver() {
            target.onNext(List.copyOf(read));
            read.clear();
            Runnable last;
            long more;
            synchronized (gate) {
                way = Way.HAS_GONE;
                last = end;
                more = demand;
            }
            if (last != null) {
                last.run();
            } else if (more > 0) {
                source.request(more);
            }
        }

        @Override
        public void cancel() {
            source.cancel();
        }
    }
}
