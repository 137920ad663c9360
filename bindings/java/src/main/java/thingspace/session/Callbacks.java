package thingspace.session;

import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Consumer;

/**
 * Where log lines and events of a session go. The library calls it on threads that are in one of
 * its functions, all of them Java's own; nothing is thrown back into it.
 */
final class Callbacks {
    private static final System.Logger.Level[] LEVELS = {
        System.Logger.Level.ERROR, System.Logger.Level.WARNING, System.Logger.Level.INFO,
        System.Logger.Level.DEBUG, System.Logger.Level.TRACE,
    };

    private static final ThreadLocal<Boolean> TELLING = ThreadLocal.withInitial(() -> false);

    private final System.Logger logger;
    private final Optional<Consumer<? super SessionEvent>> onEvent;

    Callbacks(System.Logger logger, Optional<Consumer<? super SessionEvent>> onEvent) {
        this.logger = logger;
        this.onEvent = onEvent;
    }

    boolean wantsEvents() {
        return onEvent.isPresent();
    }

    /** The library's number for the most that the logger takes; 0 is nothing. */
    int mostLevel() {
        int most = 0;
        while (most < LEVELS.length && logger.isLoggable(LEVELS[most])) {
            most++;
        }
        return most;
    }

    /** Whether this thread is in one of these: what it is in may be waiting for its return. */
    static boolean isTelling() {
        return TELLING.get();
    }

    /** A line of the log. */
    void line(int level, long message, long length, long context) {
        tell(() -> {
            int index = Math.max(1, Math.min(level, LEVELS.length)) - 1;
            Session.log(logger, LEVELS[index], Scratch.read(message, length));
        });
    }

    /** Something that happened. */
    void event(long event, long context) {
        tell(() -> {
            EventKind kind = EventKind.of(Bridge.readInt(event + Numbers.Event.KIND));
            if (kind != null) {
                onEvent.orElseThrow().accept(read(kind, event));
            }
        });
    }

    private static void tell(Runnable something) {
        TELLING.set(true);
        try {
            something.run();
        } catch (Throwable e) {
            // Nobody is to tell, and nothing may pass through native code.
        } finally {
            TELLING.remove();
        }
    }

    private static SessionEvent read(EventKind kind, long event) {
        int status = Bridge.readInt(event + Numbers.Event.STATUS);
        int httpStatus = Bridge.readInt(event + Numbers.Event.HTTP_STATUS);
        int slotsLeft = Bridge.readInt(event + Numbers.Event.SLOTS_LEFT);
        long time = Bridge.readLong(event + Numbers.Event.TIME_US);
        long duration = Bridge.readLong(event + Numbers.Event.DURATION_US);
        return new SessionEvent(
                kind,
                Scratch.read(Bridge.readLong(event + Numbers.Event.DETAIL)),
                Instant.EPOCH.plus(time, ChronoUnit.MICROS),
                duration < 0
                        ? Optional.empty()
                        : Optional.of(Duration.of(duration, ChronoUnit.MICROS)),
                slotsLeft < 0 ? OptionalInt.empty() : OptionalInt.of(slotsLeft),
                status == 0 ? Optional.empty() : Optional.of(Status.of(status)),
                Scratch.read(Bridge.readLong(event + Numbers.Event.MESSAGE)),
                Scratch.read(Bridge.readLong(event + Numbers.Event.CODE)),
                httpStatus == 0 ? OptionalInt.empty() : OptionalInt.of(httpStatus));
    }
}
