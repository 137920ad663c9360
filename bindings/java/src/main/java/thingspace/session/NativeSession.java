package thingspace.session;

import java.util.List;

/**
 * What a session holds outside Java: frees it when the session is closed, or forgotten. It knows
 * nothing of the session itself.
 */
final class NativeSession implements Runnable {
    final long handle;
    final Workers workers;

    /** The library's ways into Java: they stay while anybody in a call holds this. */
    private final List<Bridge.Stub> stubs;

    private volatile boolean closed;

    NativeSession(long handle, Workers workers, List<Bridge.Stub> stubs) {
        this.handle = handle;
        this.workers = workers;
        this.stubs = stubs;
    }

    boolean isClosed() {
        return closed;
    }

    int stubs() {
        return stubs.size();
    }

    /** Never waits. */
    @Override
    public void run() {
        closed = true;
        Functions.tsm_free(handle);
        workers.close();
    }
}
