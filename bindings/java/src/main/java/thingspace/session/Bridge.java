package thingspace.session;

import com.sun.jna.Function;
import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Platform;
import com.sun.jna.Pointer;
import java.lang.reflect.InvocationHandler;
import java.nio.file.Path;
import java.util.Optional;

/**
 * What differs between the two ways to native code, over JNA: functions, memory and callbacks.
 * Addresses are numbers.
 */
final class Bridge {
    /** Of memfd_create. */
    private static final int CLOSE_ON_EXEC = 1;

    private static volatile Optional<NativeLibrary> library = Optional.empty();

    private Bridge() {}

    /** Loads the library, for good. */
    static void open(Path file) {
        library = Optional.of(NativeLibrary.getInstance(file.toString()));
    }

    /** The library's ABI version; empty if it is another library. */
    static Optional<Integer> abiVersion() {
        Function function;
        try {
            function = library.orElseThrow().getFunction("tsm_abi_version");
        } catch (UnsatisfiedLinkError e) {
            return Optional.empty();
        }
        return Optional.of(function.invokeInt(new Object[0]));
    }

    /** The number of a new file that lies in memory alone; negative if there can be none. */
    static int memoryFile(String name) {
        if (!Platform.isLinux()) {
            return -1;
        }
        try {
            Function create = Function.getFunction(Platform.C_LIBRARY_NAME, "memfd_create");
            return create.invokeInt(new Object[] {name, CLOSE_ON_EXEC});
        } catch (UnsatisfiedLinkError e) {
            return -1;
        }
    }

    static Function function(String name) {
        return library.orElseThrow().getFunction(name);
    }

    static long allocate(long size) {
        long address = Native.malloc(Math.max(size, 1));
        if (address == 0) {
            throw new OutOfMemoryError("no native memory for " + size + " bytes");
        }
        return address;
    }

    static void free(long address) {
        Native.free(address);
    }

    static void write(long address, byte[] bytes) {
        new Pointer(address).write(0, bytes, 0, bytes.length);
    }

    static void fill(long address, long size) {
        new Pointer(address).setMemory(0, size, (byte) 0);
    }

    static byte[] read(long address, int length) {
        return new Pointer(address).getByteArray(0, length);
    }

    static byte readByte(long address) {
        return new Pointer(address).getByte(0);
    }

    static int readInt(long address) {
        return new Pointer(address).getInt(0);
    }

    static long readLong(long address) {
        return new Pointer(address).getLong(0);
    }

    static void writeLong(long address, long value) {
        new Pointer(address).setLong(0, value);
    }

    /** A function for the library to call. It must throw nothing. */
    static Stub lineStub(Callbacks callbacks) {
        return Trampoline.to(
                arguments -> callbacks.line(
                        (int) arguments[0], (long) arguments[1], (long) arguments[2],
                        (long) arguments[3]),
                int.class, long.class, long.class, long.class);
    }

    /** A function for the library to call. It must throw nothing. */
    static Stub eventStub(Callbacks callbacks) {
        return Trampoline.to(
                arguments -> callbacks.event((long) arguments[0], (long) arguments[1]),
                long.class, long.class);
    }

    /** A native function that leads into Java. It does so for as long as this object is there. */
    record Stub(long address, InvocationHandler target) {}
}
