package thingspace.session;

import java.util.function.BooleanSupplier;

/** Makes the collector do its work. */
final class Garbage {
    private static final int MOST_ROUNDS = 500;

    private Garbage() {}

    static void collectUntil(BooleanSupplier happened) {
        for (int round = 0; !happened.getAsBoolean(); round++) {
            if (round == MOST_ROUNDS) {
                throw new AssertionError("It did not happen in " + MOST_ROUNDS + " collections.");
            }
            System.gc();
            Thread.yield();
        }
    }
}
