package thingspace.session;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.nio.file.Path;
import java.util.Optional;

/**
 * What differs between the two ways to native code, over java.lang.foreign: functions, memory and
 * callbacks. Addresses are numbers.
 */
@SuppressWarnings("restricted")
final class Bridge {
    private static final Linker LINKER = Linker.nativeLinker();
    private static final MemorySegment MEMORY = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;
    private static final MethodHandle MALLOC = standard("malloc", long.class, long.class);
    private static final MethodHandle FREE = standard("free", void.class, long.class);

    /** Of memfd_create. */
    private static final int CLOSE_ON_EXEC = 1;

    private static volatile Optional<SymbolLookup> library = Optional.empty();

    private Bridge() {}

    /** Loads the library, for good. */
    static void open(Path file) {
        try {
            // By its name: as a path it would be looked up, and a file in memory has none.
            library = Optional.of(SymbolLookup.libraryLookup(file.toString(), Arena.global()));
        } catch (IllegalArgumentException e) {
            // This one says why.
            System.load(file.toString());
            throw Library.unsatisfied(String.valueOf(e.getMessage()), e);
        }
    }

    /** The library's ABI version; empty if it is another library. */
    static Optional<Integer> abiVersion() {
        if (library.orElseThrow().find("tsm_abi_version").isEmpty()) {
            return Optional.empty();
        }
        try {
            return Optional.of((int) function("tsm_abi_version", int.class).invokeExact());
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    /** The number of a new file that lies in memory alone; negative if there can be none. */
    static int memoryFile(String name) {
        if (LINKER.defaultLookup().find("memfd_create").isEmpty()) {
            return -1;
        }
        try (Arena arena = Arena.ofConfined()) {
            MethodHandle create =
                    standard("memfd_create", int.class, MemorySegment.class, int.class);
            return (int) create.invokeExact(arena.allocateFrom(name), CLOSE_ON_EXEC);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    static MethodHandle function(String name, Class<?> result, Class<?>... parameters) {
        return handle(library.orElseThrow(), name, result, parameters);
    }

    /** One that neither waits nor calls back. */
    static MethodHandle critical(String name, Class<?> result, Class<?>... parameters) {
        return handle(
                library.orElseThrow(), name, result, parameters, Linker.Option.critical(true));
    }

    /** What a native function cannot throw. */
    static Error unexpected(Throwable e) {
        return e instanceof Error error ? error : new AssertionError(e);
    }

    static long allocate(long size) {
        long address;
        try {
            address = (long) MALLOC.invokeExact(Math.max(size, 1));
        } catch (Throwable e) {
            throw unexpected(e);
        }
        if (address == 0) {
            throw new OutOfMemoryError("no native memory for " + size + " bytes");
        }
        return address;
    }

    static void free(long address) {
        try {
            FREE.invokeExact(address);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    static void write(long address, byte[] bytes) {
        MemorySegment.copy(bytes, 0, MEMORY, ValueLayout.JAVA_BYTE, address, bytes.length);
    }

    static void fill(long address, long size) {
        MEMORY.asSlice(address, size).fill((byte) 0);
    }

    static byte[] read(long address, int length) {
        byte[] bytes = new byte[length];
        MemorySegment.copy(MEMORY, ValueLayout.JAVA_BYTE, address, bytes, 0, length);
        return bytes;
    }

    static byte readByte(long address) {
        return MEMORY.get(ValueLayout.JAVA_BYTE, address);
    }

    static int readInt(long address) {
        return MEMORY.get(INT, address);
    }

    static long readLong(long address) {
        return MEMORY.get(LONG, address);
    }

    static void writeLong(long address, long value) {
        MEMORY.set(LONG, address, value);
    }

    /** A function for the library to call. It must throw nothing. */
    static Stub lineStub(Callbacks callbacks) {
        MethodType type =
                MethodType.methodType(void.class, int.class, long.class, long.class, long.class);
        return stub(callbacks, "line", type);
    }

    /** A function for the library to call. It must throw nothing. */
    static Stub eventStub(Callbacks callbacks) {
        MethodType type = MethodType.methodType(void.class, long.class, long.class);
        return stub(callbacks, "event", type);
    }

    /**
     * A native function that leads into Java. It is there for as long as this object: the machine
     * frees it when nobody holds this any more.
     */
    record Stub(MemorySegment segment) {
        long address() {
            return segment.address();
        }
    }

    private static Stub stub(Callbacks callbacks, String name, MethodType type) {
        MethodHandle target;
        try {
            target = MethodHandles.lookup().bind(callbacks, name, type);
        } catch (ReflectiveOperationException e) {
            throw new AssertionError(e);
        }
        FunctionDescriptor described = describe(type.returnType(), type.parameterArray());
        return new Stub(LINKER.upcallStub(target, described, Arena.ofAuto()));
    }

    private static MethodHandle standard(String name, Class<?> result, Class<?>... parameters) {
        return handle(LINKER.defaultLookup(), name, result, parameters);
    }

    private static MethodHandle handle(
            SymbolLookup in, String name, Class<?> result, Class<?>[] parameters,
            Linker.Option... options) {
        MemorySegment symbol = in.find(name).orElseThrow(
                () -> Library.unsatisfied("it has no function " + name, null));
        return LINKER.downcallHandle(symbol, describe(result, parameters), options);
    }

    private static FunctionDescriptor describe(Class<?> result, Class<?>[] parameters) {
        MemoryLayout[] layouts = new MemoryLayout[parameters.length];
        for (int i = 0; i < layouts.length; i++) {
            layouts[i] = layout(parameters[i]);
        }
        return result == void.class
                ? FunctionDescriptor.ofVoid(layouts)
                : FunctionDescriptor.of(layout(result), layouts);
    }

    private static MemoryLayout layout(Class<?> of) {
        if (of == int.class) {
            return ValueLayout.JAVA_INT;
        }
        return of == long.class ? ValueLayout.JAVA_LONG : ValueLayout.ADDRESS;
    }
}
