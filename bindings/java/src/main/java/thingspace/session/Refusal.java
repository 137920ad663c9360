package thingspace.session;

import java.io.Serial;
import java.time.Duration;
import java.util.Optional;

/**
 * What the library has against a call, on its way from the thread that made the native call to the
 * one that asked for it, where the exception is made.
 */
final class Refusal extends Exception {
    @Serial private static final long serialVersionUID = 1;

    private final transient ThingSpaceException.Facts facts;

    private Refusal(String message, ThingSpaceException.Facts facts) {
        super(message, null, false, false);
        this.facts = facts;
    }

    /** Reads and frees a native error. */
    static Refusal take(int number, long error) {
        try {
            Status status = Status.of(number);
            String message = Scratch.read(Functions.tsm_error_message(error));
            if (message.isEmpty()) {
                message = Scratch.read(Functions.tsm_status_name(number));
            }
            int httpStatus = Functions.tsm_error_http_status(error);
            long retryAfter = Functions.tsm_error_retry_after_ms(error);
            String token = token(error);
            return new Refusal(
                    message,
                    new ThingSpaceException.Facts(
                            status,
                            Scratch.read(Functions.tsm_error_code(error)),
                            httpStatus,
                            retryAfter < 0
                                    ? Optional.empty()
                                    : Optional.of(Duration.ofMillis(retryAfter)),
                            token.isEmpty() ? Optional.empty() : Optional.of(token),
                            Functions.tsm_error_retryable(error) != 0));
        } finally {
            Functions.tsm_error_free(error);
        }
    }

    Status status() {
        return facts.status();
    }

    /** The same as an exception of the thread that calls this. */
    RuntimeException exception() {
        return facts.status() == Status.INVALID_ARGUMENT
                ? new IllegalArgumentException(getMessage())
                : new ThingSpaceException(getMessage(), facts, null);
    }

    private static String token(long error) {
        if (error == 0) {
            return "";
        }
        int size = Numbers.API_TOKEN_MAX;
        long buffer = Bridge.allocate(size);
        try {
            int status = Functions.tsm_error_token(error, buffer, size);
            return status == 0 ? Scratch.read(buffer) : "";
        } finally {
            Bridge.fill(buffer, size);
            Bridge.free(buffer);
        }
    }
}
