package thingspace.session;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Something that happened to a session, for {@link SessionOptions.Builder#onEvent}. It holds no
 * secret.
 */
public final class SessionEvent {
    private final EventKind kind;
    private final String detail;
    private final Instant time;
    private final Optional<Duration> duration;
    private final OptionalInt slotsLeft;
    private final Optional<Status> status;
    private final String message;
    private final String code;
    private final OptionalInt httpStatus;

    SessionEvent(
            EventKind kind,
            String detail,
            Instant time,
            Optional<Duration> duration,
            OptionalInt slotsLeft,
            Optional<Status> status,
            String message,
            String code,
            OptionalInt httpStatus) {
        this.kind = kind;
        this.detail = detail;
        this.time = time;
        this.duration = duration;
        this.slotsLeft = slotsLeft;
        this.status = status;
        this.message = message;
        this.code = code;
        this.httpStatus = httpStatus;
    }

    /**
     * What happened.
     *
     * @return the kind of event
     */
    public EventKind kind() {
        return kind;
    }

    /**
     * What tells it from others of its kind, in a word of the library's: {@code success}, {@code
     * rejected}, …
     *
     * @return the word; empty for none
     */
    public String detail() {
        return detail;
    }

    /**
     * When it happened; what took time ended then.
     *
     * @return the moment
     */
    public Instant time() {
        return time;
    }

    /**
     * How long it took.
     *
     * @return the time; none where that has no meaning
     */
    public Optional<Duration> duration() {
        return duration;
    }

    /**
     * How many logins the lockout guard has left, as the session saw last.
     *
     * @return the number; none before it has looked
     */
    public OptionalInt slotsLeft() {
        return slotsLeft;
    }

    /**
     * The failure that it was, or came of.
     *
     * @return the status; none if it is no failure
     */
    public Optional<Status> status() {
        return status;
    }

    /**
     * What failed and what to do, for a person.
     *
     * @return the words; empty if nothing failed
     */
    public String message() {
        return message;
    }

    /**
     * The platform's code for the failure.
     *
     * @return the code; empty if there was none
     */
    public String code() {
        return code;
    }

    /**
     * The HTTP status of the failure.
     *
     * @return the status; none if there was no answer
     */
    public OptionalInt httpStatus() {
        return httpStatus;
    }

    /** The kind and the detail, and the message of a failure. */
    @Override
    public String toString() {
        String what = detail.isEmpty() ? kind.toString() : kind + " (" + detail + ")";
        return message.isEmpty() ? what : what + ": " + message;
    }
}
