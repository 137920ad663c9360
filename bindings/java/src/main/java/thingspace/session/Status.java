// Made by `make generate` from the tables in Rust: change those.

package thingspace.session;

/** What went wrong: the library's numbers, which never change their meaning. */
public enum Status {
    /**
     * An argument or option is missing, unknown, contradicts another or has a bad value; the
     * message names it. Nothing was sent.
     */
    INVALID_ARGUMENT(1),

    /**
     * The session, or another handle, was closed or freed, is NULL, or never was one of its kind.
     */
    INVALID_HANDLE(2),

    /**
     * A buffer has no room for the text and its NUL. It holds "" then, if there is room for that.
     */
    BUFFER_TOO_SMALL(3),

    /**
     * The platform rejected the username or password. This password is not sent again: correct it,
     * do not retry.
     */
    CREDENTIALS(10),

    /** The platform says that the contact is locked. Only Verizon's support can unlock it. */
    LOCKED(11),

    /**
     * The lockout guard refused a login, to keep the account from being locked. Nothing was sent;
     * the message says why and what to do.
     */
    LOGIN_BLOCKED(12),

    /**
     * The platform refused the session token, and logging in again is off, did not help, or came
     * too late for a body that can be sent only once. The error holds that token: log in again with
     * it (which sends nothing where that was done), then make the request again.
     */
    SESSION_EXPIRED(13),

    /**
     * No API token is to be had, or the platform rejects it: check app_key and app_secret, or
     * api_token. The error holds the token that was rejected.
     */
    API_TOKEN(14),

    /** The session was logged out, or has not logged in yet. Log in to go on. */
    NOT_LOGGED_IN(15),

    /**
     * Any other error or SOAP fault of the platform. The error holds its code, which the platform's
     * page "Error Messages" explains.
     */
    PLATFORM(20),

    /** The platform asks for fewer requests (HTTP 429). Try again later; the error may say when. */
    RATE_LIMITED(21),

    /**
     * The platform failed (HTTP 5xx) without an error of its own. Try again later; the error may
     * say when.
     */
    UNAVAILABLE(22),

    /**
     * The answer is not what the platform documents: malformed, without a token, too large. Check
     * base_url, and what stands between.
     */
    PROTOCOL(23),

    /**
     * The platform could not be reached, or the connection broke. What was sent may have been acted
     * on.
     */
    NETWORK(30),

    /** The call's time ran out. What was sent may have been acted on. */
    TIMEOUT(31),

    /** The TLS handshake failed, or the server's certificate is not to be trusted. */
    TLS(32),

    /** The call or its session was cancelled. What was sent may have been acted on. */
    CANCELLED(33),

    /** The store cannot be reached, read or written. The message names it and says what to do. */
    STORE(40),

    /** The session was made before this process was forked. Make a new one in the child. */
    FORKED(41),

    /**
     * A defect of this library: report it, with the message. The process and other sessions are
     * unharmed.
     */
    INTERNAL(99),

    /** One that a newer library knows and this package does not. */
    UNKNOWN(-1);

    private final int number;

    Status(int number) {
        this.number = number;
    }

    /**
     * The number in the C API.
     *
     * @return it
     */
    public int number() {
        return number;
    }

    static Status of(int number) {
        for (Status one : values()) {
            if (one.number == number) {
                return one;
            }
        }
        return UNKNOWN;
    }
}
