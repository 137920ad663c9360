// Made by `make generate` from the tables in Rust: change those.

package thingspace.session;

/** The numbers of the C API: sizes, what to do next, and where the fields of structs are. */
final class Numbers {
    static final int METRICS_MAX = 16384;
    static final int TOKEN_MAX = 128;
    static final int API_TOKEN_MAX = 4096;
    static final int INFO_MAX = 16384;
    static final int NEXT_DONE = 0;
    static final int NEXT_SEND = 1;
    static final int NEXT_RENEW = 2;
    static final int DUE_NOTHING = 0;
    static final int DUE_API_TOKEN = 1;
    static final int DUE_SESSION_TOKEN = 2;
    static final int ABI_VERSION = 1;

    private Numbers() {}

    /** The offsets in {@code tsm_event}. */
    static final class Event {
        static final int SIZE = 0;
        static final int KIND = 8;
        static final int STATUS = 12;
        static final int HTTP_STATUS = 16;
        static final int SLOTS_LEFT = 20;
        static final int TIME_US = 24;
        static final int DURATION_US = 32;
        static final int NAME = 40;
        static final int DETAIL = 48;
        static final int CODE = 56;
        static final int MESSAGE = 64;

        /** The bytes of all fields together. */
        static final int BYTES = 72;

        private Event() {}
    }
}
