package thingspace.session;

import java.lang.ref.Cleaner;
import java.lang.ref.Reference;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * One request that the program sends with an HTTP client of its own, resends included: which tokens
 * go with it, what an answer means, what to renew and whether to send again, by the rules that the
 * session's own requests follow.
 *
 * <pre>{@code
 * try (Exchange exchange = session.exchange(url)) {
 *     while (true) {
 *         Optional<RequestTokens> tokens = exchange.tokens();
 *         if (tokens.isPresent()) {
 *             // Yours: sends the API token as "Authorization: Bearer …" and the session token in
 *             // the header that session.sessionTokenHeader() names.
 *             HttpResponse<byte[]> answer = send(url, tokens.get());
 *             if (exchange.answered(answer.statusCode(), answer.body())) {
 *                 return answer;
 *             }
 *         }
 *         exchange.renew();
 *     }
 * }
 * }</pre>
 *
 * <p>An exchange is for one request and, at any moment, for one thread. Only {@link #renew()} may
 * wait. It renews whatever the option {@code autoRelogin} says. Follow no redirect with the tokens.
 */
public final class Exchange implements AutoCloseable {
    private final Session session;
    private final long handle;
    private final Cleaner.Cleanable cleanable;
    private volatile boolean closed;

    /** The tokens given last: what is due is due in their place. */
    private volatile String given = "";

    Exchange(Session session, long handle) {
        this.session = session;
        this.handle = handle;
        cleanable = Session.CLEANER.register(this, () -> Functions.tsm_exchange_free(handle));
    }

    /**
     * The tokens to send now. It never waits. A request that found no answer, because the network
     * failed, may be sent again with the tokens that this gives then.
     *
     * @return the tokens; none when something must be renewed first, such as an API token whose
     *     time is up: {@link #renew()}, then ask again
     * @throws ThingSpaceException if the session was logged out: {@link Status#NOT_LOGGED_IN}
     * @throws IllegalStateException if the request was answered already, or another thread uses the
     *     exchange
     */
    public Optional<RequestTokens> tokens() {
        Optional<RequestTokens> tokens = now(scratch -> {
            long token = scratch.room(Numbers.TOKEN_MAX);
            long apiToken = scratch.room(Numbers.API_TOKEN_MAX);
            scratch.check(Functions.tsm_exchange_tokens(
                    handle, token, Numbers.TOKEN_MAX, apiToken, Numbers.API_TOKEN_MAX,
                    scratch.out(), scratch.error()));
            return scratch.givenInt() == Numbers.NEXT_SEND
                    ? Optional.of(new RequestTokens(Scratch.read(token), Scratch.read(apiToken)))
                    : Optional.<RequestTokens>empty();
        });
        tokens.ifPresent(now -> given = now.sessionToken() + " " + now.apiToken());
        return tokens;
    }

    /**
     * How many bytes of the body of an answer {@link #answered(int, byte[])} has to see. 0 is none:
     * the body need not be read before the answer is passed on. Of a longer body give it one byte
     * more than this, or all of it: it then says nothing.
     *
     * @param httpStatus the answer's status
     * @return the number of bytes
     */
    public int bodyMax(int httpStatus) {
        requireOpen();
        long most = Functions.tsm_exchange_body_max(handle, httpStatus);
        Reference.reachabilityFence(this);
        return Math.toIntExact(most);
    }

    /**
     * Judges the answer to what was sent with the tokens. It never waits.
     *
     * @param httpStatus the answer's status
     * @param body its body, or as much of it as {@link #bodyMax(int)} asks for
     * @return true: the answer is the program's, be it good or bad, and the exchange is over;
     *     {@link Session#check(int, byte[])} makes an exception of it. False: a token was refused
     *     and another is to be had: {@link #renew()}, then send again
     * @throws IllegalStateException if no request is under way, or another thread uses the exchange
     */
    public boolean answered(int httpStatus, byte[] body) {
        Objects.requireNonNull(body, "body");
        return now(scratch -> {
            scratch.check(Functions.tsm_exchange_answered(
                    handle, httpStatus, scratch.bytes(body), body.length, scratch.out(),
                    scratch.error()));
            return scratch.givenInt() == Numbers.NEXT_DONE;
        });
    }

    /**
     * Does what is due: fetches an API token, renews the one that was refused, or logs in again,
     * once for all who ask. Each token is renewed at most once for a request; one that somebody
     * else has renewed meanwhile is taken as it is. After a failure it may be called again.
     *
     * @throws ThingSpaceException if the renewal did not succeed; {@link Status#LOGIN_BLOCKED} when
     *     the login was not sent
     * @throws IllegalStateException if nothing is due, or another thread uses the exchange
     */
    public void renew() {
        renew(true);
    }

    /**
     * The same as {@link #renew()} for a request whose body may be one that cannot be sent twice.
     *
     * @param canResend false if it cannot: everything that may be at fault is renewed then, and the
     *     refusal itself is thrown, with the token that was refused. Make the request again with a
     *     fresh body
     */
    public void renew(boolean canResend) {
        renew(canResend, Optional.empty());
    }

    /**
     * The same as {@link #renew(boolean)} with a deadline of its own.
     *
     * @param canResend whether the request's body can be sent again
     * @param timeout the longest that the call may take
     */
    public void renew(boolean canResend, Duration timeout) {
        renew(canResend, Optional.of(timeout));
    }

    /**
     * The same as {@link #renew(boolean)} without a thread that waits, for asynchronous clients:
     * however many exchanges wait for the same token, one thread of the session's does. Until it
     * is done the exchange is in use.
     *
     * @param canResend whether the request's body can be sent again
     * @return a future that ends when it is done. What {@link #renew(boolean)} would throw is its
     *     failure; cancelling it changes nothing
     */
    public CompletableFuture<Void> renewAsync(boolean canResend) {
        CompletableFuture<Void> result = new CompletableFuture<>();
        try {
            requireOpen();
            int due = Functions.tsm_exchange_due(handle);
            // What is under way may be waiting for the callback that this is in.
            boolean isShared =
                    canResend && due != Numbers.DUE_NOTHING && !Callbacks.isTelling();
            Runnable waited = due == Numbers.DUE_SESSION_TOKEN ? session.countsWait() : () -> {};
            CompletionStage<Void> done = isShared
                    ? session.renewals().run(
                            due + " " + given, () -> startRenewal(true), waited)
                    : startRenewal(canResend);
            done.whenComplete((nothing, failure) -> {
                if (failure == null) {
                    result.complete(null);
                } else {
                    result.completeExceptionally(asThrown(Renewals.cause(failure)));
                }
            });
        } catch (Throwable e) {
            result.completeExceptionally(e);
        }
        return result;
    }

    /** The library's number of it. */
    long nativeHandle() {
        return handle;
    }

    private CompletableFuture<Void> startRenewal(boolean canResend) {
        return session.start(renewal(canResend));
    }

    private Workers.Work<Void> renewal(boolean canResend) {
        return (call, scratch) -> {
            scratch.check(Functions.tsm_exchange_renew(
                    handle, call, canResend ? 1 : 0, scratch.error()));
            Reference.reachabilityFence(this);
            return null;
        };
    }

    private Throwable asThrown(Throwable failure) {
        if (!(failure instanceof Refusal refusal)) {
            return failure;
        }
        RuntimeException thrown = session.thrown(refusal);
        return thrown instanceof IllegalArgumentException
                ? new IllegalStateException(thrown.getMessage(), thrown)
                : thrown;
    }

    private void renew(boolean canResend, Optional<Duration> timeout) {
        requireOpen();
        try {
            session.call(timeout, renewal(canResend));
        } catch (IllegalArgumentException e) {
            // What has no arguments of its own can only be called at the wrong moment.
            throw new IllegalStateException(e.getMessage(), e);
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /** Ends the exchange. The session is left alone. */
    @Override
    public void close() {
        closed = true;
        cleanable.clean();
    }

    private <R> R now(Session.Direct<R> work) {
        requireOpen();
        try {
            return session.now(work);
        } catch (IllegalArgumentException e) {
            throw new IllegalStateException(e.getMessage(), e);
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("The exchange is closed.");
        }
    }
}
