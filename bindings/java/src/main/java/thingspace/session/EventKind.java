// Made by `make generate` from the tables in Rust: change those.

package thingspace.session;

/** What happened to a session: numbers that never change their meaning. */
public enum EventKind {
    /** A login is about to be sent; its slot of the lockout guard is taken. */
    LOGIN_BEGUN(1),

    /**
     * It has ended: the detail is its fate, the duration is from sending to the answer. Its
     * details: <ul> <li>{@code success}: The platform gave a token. <li>{@code rejected}: The
     * platform rejected the username or password. <li>{@code locked}: The platform says that the
     * contact is locked. <li>{@code unknown}: No answer, or one that tells nothing: the platform
     * may have counted it as a failure. <li>{@code not_counted}: A gateway refused it before the
     * platform saw it. <li>{@code not_sent}: Nothing of it left this machine. </ul>
     */
    LOGIN_ENDED(2),

    /**
     * A call or a login waited for another one; the duration is how long. Its details: <ul>
     * <li>{@code login}: Another call of this session was logging in already, and this one shared
     * its outcome. <li>{@code lease}: Another session, process or host held the account's lease.
     * </ul>
     */
    WAITED(3),

    /** A session token that is shared in the store was taken; no login was needed. */
    ADOPTED(4),

    /**
     * A request that was refused for a token is sent again with a new one. Its details: <ul>
     * <li>{@code session_token}: The session token was refused and renewed. <li>{@code api_token}:
     * The API token was refused and renewed. </ul>
     */
    RESENT(5),

    /**
     * The lockout guard refused a login, to keep the account from being locked. Its details: <ul>
     * <li>{@code spacing}: It is too early after a login of unknown fate, or the platform asked to
     * wait. <li>{@code rejected_password}: The platform rejected this password before. <li>{@code
     * limit}: As many logins as {@code max_login_failures} failed, or may have. </ul>
     */
    BLOCKED(6),

    /**
     * The login that begins is a probe: no slot is left, but its password has worked before, and
     * one is tried every 15 minutes.
     */
    PROBE(7),

    /**
     * The store of the lockout guard failed, or lost what it held. Its details: <ul> <li>{@code
     * unusable}: The store cannot be reached, read or written: no login was sent. <li>{@code
     * unsaved}: What came of a login could not be written: it counts as of unknown fate. <li>{@code
     * damaged}: The record could not be read: it counts as one login left at most. <li>{@code
     * incomplete}: The store lost a part of the record, as this host knows: one login is left at
     * most. </ul>
     */
    STORE_LOST(8),

    /**
     * The platform was asked for an API token; the duration is how long that took. Its details:
     * <ul> <li>{@code success}: The platform gave a token. <li>{@code failure}: No token came of
     * it: the status says why. </ul>
     */
    API_TOKEN_FETCHED(9);

    private final int number;

    EventKind(int number) {
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

    static EventKind of(int number) {
        for (EventKind one : values()) {
            if (one.number == number) {
                return one;
            }
        }
        return null;
    }
}
