package thingspace.session;

import java.time.Duration;
import java.util.function.BooleanSupplier;

/** Makes the collector do its work. */
final class Garbage {
    private static final Duration PATIENCE = Duration.ofMinutes(1);

    private Garbage() {}

    static void collectUntil(BooleanSupplier happened) {
        long began = System.nanoTime();
        while (!happened.getAsBoolean()) {
            if (System.nanoTime() - began > PATIENCE.toNanos()) {
                throw new AssertionError("It did not happen in " + PATIENCE + " of collections.");
            }
            System.gc();
            Thread.yield();
        }
    }
}
