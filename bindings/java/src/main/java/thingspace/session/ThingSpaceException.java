package thingspace.session;

import java.io.Serial;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * What the platform, the network or the lockout guard had against a call.
 *
 * <p>What the program itself got wrong is no such exception: a bad argument or option is an
 * {@link IllegalArgumentException}, the use of a closed session an {@link IllegalStateException}.
 *
 * <p>The platform's documented test for an expired session, for a session with {@code
 * autoRelogin(false)}:
 *
 * <pre>{@code
 * catch (ThingSpaceException e) {
 *     if (e.code().contains("SessionToken.Expired")) {
 *         session.relogin(e.token().orElseThrow());
 *         // then send the last request again
 *     }
 * }
 * }</pre>
 */
public final class ThingSpaceException extends RuntimeException {
    @Serial private static final long serialVersionUID = 1;

    /** The status of the exception. */
    private final Status status;

    /** The platform's code. */
    private final String code;

    /** The answer's status, or 0. */
    private final int httpStatus;

    /** How long to wait, or -1. */
    private final long retryAfterMillis;

    /** Whether the call may succeed later. */
    private final boolean retryable;

    /** A secret: it goes with no serialised form. */
    private final transient Optional<String> token;

    /** What an error says beside its message. */
    record Facts(
            Status status, String code, int httpStatus, Optional<Duration> retryAfter,
            Optional<String> token, boolean retryable) {
        static Facts of(Status status) {
            return new Facts(status, "", 0, Optional.empty(), Optional.empty(), false);
        }
    }

    /**
     * Makes an exception that holds no more than its status, for a program's tests.
     *
     * @param status the kind of error
     * @param message what happened
     */
    public ThingSpaceException(Status status, String message) {
        this(message, Facts.of(Objects.requireNonNull(status, "status")), null);
    }

    /**
     * Makes an exception as it is when the platform refused a token, for a program's tests.
     *
     * @param status the kind of error
     * @param message what happened
     * @param code the platform's code
     * @param token the token that was refused
     */
    public ThingSpaceException(Status status, String message, String code, String token) {
        this(message, new Facts(
                Objects.requireNonNull(status, "status"), Objects.requireNonNull(code, "code"), 0,
                Optional.empty(), Optional.of(token), false), null);
    }

    /**
     * Makes what a native error says.
     *
     * @param message what happened
     * @param facts the rest
     * @param cause what it came of, or null
     */
    ThingSpaceException(String message, Facts facts, Throwable cause) {
        super(Objects.requireNonNull(message, "message"), cause);
        status = facts.status();
        code = facts.code();
        httpStatus = facts.httpStatus();
        retryAfterMillis = facts.retryAfter().map(Duration::toMillis).orElse(-1L);
        token = facts.token();
        retryable = facts.retryable();
    }

    /**
     * What kind of error it is.
     *
     * @return the status
     */
    public Status status() {
        return status;
    }

    /**
     * The platform's {@code errorCode} or {@code faultcode} exactly as it was sent, e.g. {@code
     * UnifiedWebService.REQUEST_FAILED.SessionToken.Expired}. Codes may or may not start with the
     * name of a service: look for the part that is meant with {@link String#contains}.
     *
     * @return the code; empty if there was none
     */
    public String code() {
        return code;
    }

    /**
     * The HTTP status of the answer behind the error.
     *
     * @return the status; none if there was no answer
     */
    public OptionalInt httpStatus() {
        return httpStatus == 0 ? OptionalInt.empty() : OptionalInt.of(httpStatus);
    }

    /**
     * How long to wait before the next try. The library never waits by itself.
     *
     * @return the time; none if nobody said
     */
    public Optional<Duration> retryAfter() {
        return retryAfterMillis < 0
                ? Optional.empty()
                : Optional.of(Duration.ofMillis(retryAfterMillis));
    }

    /**
     * The token that was refused, to be passed to {@link Session#relogin(String)} where the status
     * is {@link Status#SESSION_EXPIRED}, to {@link Session#renewApiToken(String)} where it is
     * {@link Status#API_TOKEN}. It is a secret: no text and no serialised form of the exception
     * holds it.
     *
     * @return the token; none if no token was refused, and in an exception that was deserialised
     */
    public Optional<String> token() {
        return token == null ? Optional.empty() : token;
    }

    /**
     * Whether the same call may succeed later without anything being changed. It says nothing
     * about whether the request was acted on: think before you repeat one that is not idempotent.
     *
     * @return whether it may
     */
    public boolean isRetryable() {
        return retryable;
    }
}
