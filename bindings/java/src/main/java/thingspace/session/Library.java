package thingspace.session;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Finds the native library, loads it and checks that it speaks the ABI that this package was
 * written for. What goes wrong is an {@link UnsatisfiedLinkError} that says what to do.
 */
final class Library {
    /** The property that names the file. */
    static final String PROPERTY = "thingspace.library";

    /** The environment variable that names the file, for all languages. */
    static final String VARIABLE = "TSM_LIBRARY";

    private static final String ONE_RELEASE =
            "Use the jar and the native library of one release, or let -D" + PROPERTY
                    + " name a library that fits.";

    private static volatile boolean ready;

    private Library() {}

    /**
     * Loads the library at the first call.
     *
     * @throws UnsatisfiedLinkError each time anew, while there is none that fits
     */
    static void load() {
        if (!ready) {
            synchronized (Library.class) {
                if (!ready) {
                    loadOnce();
                    ready = true;
                }
            }
        }
    }

    static UnsatisfiedLinkError unsatisfied(String message, Throwable cause) {
        UnsatisfiedLinkError error = new UnsatisfiedLinkError(message);
        error.initCause(cause);
        return error;
    }

    private static void loadOnce() {
        requireSize();
        Path file = find();
        open(file);
        try {
            Class.forName(Functions.class.getName(), true, Library.class.getClassLoader());
        } catch (LinkageError e) {
            throw unsatisfied(
                    file + " is too old for this version of thingspace.session: " + reason(e) + ". "
                            + ONE_RELEASE,
                    e);
        } catch (ClassNotFoundException e) {
            throw new AssertionError(e);
        }
    }

    private static void requireSize() {
        if ("32".equals(System.getProperty("sun.arch.data.model"))) {
            throw unsatisfied("thingspace.session needs a Java of 64 bits", null);
        }
    }

    /** Loads a file and compares its ABI. */
    private static void open(Path file) {
        try {
            Bridge.open(file);
        } catch (UnsatisfiedLinkError e) {
            throw unsatisfied("The native library " + file + " cannot be loaded: " + reason(e), e);
        } catch (NoClassDefFoundError e) {
            throw unsatisfied(
                    "On Java 17 to 21 thingspace.session needs JNA (net.java.dev.jna:jna), and "
                            + "it is missing or cannot load its own library: " + reason(e)
                            + ". On the module path it needs --add-modules com.sun.jna, or a "
                            + "module that requires it. Where JNA's library cannot be unpacked, "
                            + "-Djna.tmpdir names a folder whose files may be executed. Java 22 "
                            + "and later need nothing of this.",
                    e);
        }
        Optional<Integer> abi = Bridge.abiVersion();
        if (abi.isEmpty()) {
            throw unsatisfied(
                    file + " is not libthingspace_session: it has no function tsm_abi_version.",
                    null);
        }
        if (abi.get() != Numbers.ABI_VERSION) {
            throw unsatisfied(
                    "The native library " + file + " has ABI version " + abi.get() + ", and this "
                            + "version of thingspace.session needs version " + Numbers.ABI_VERSION
                            + ". " + ONE_RELEASE,
                    null);
        }
    }

    private static Path find() {
        Optional<Path> named = named("-D" + PROPERTY, System.getProperty(PROPERTY))
                .or(() -> named(VARIABLE, System.getenv(VARIABLE)));
        if (named.isPresent()) {
            return named.get();
        }
        List<Path> candidates = candidates();
        for (Path candidate : candidates) {
            if (Files.isRegularFile(candidate)) {
                return candidate;
            }
        }
        throw unsatisfied("not found", null);
    }

    private static Optional<Path> named(String by, String name) {
        if (name == null || name.isEmpty()) {
            return Optional.empty();
        }
        Path file = Path.of(name).toAbsolutePath();
        if (Files.isDirectory(file)) {
            throw unsatisfied(
                    by + " names " + file + ", which is a folder: it must name the library's file.",
                    null);
        }
        if (!Files.exists(file)) {
            throw unsatisfied(by + " names " + file + ", and there is no such file.", null);
        }
        return Optional.of(file);
    }

    private static List<Path> candidates() {
        String file = System.mapLibraryName("thingspace_session");
        List<Path> candidates = new ArrayList<>();
        String folders = System.getProperty("java.library.path", "");
        for (String folder : folders.split(java.io.File.pathSeparator)) {
            if (!folder.isEmpty()) {
                candidates.add(Path.of(folder, file).toAbsolutePath());
            }
        }
        return candidates;
    }

    private static String reason(Throwable e) {
        Throwable cause = e;
        while (cause.getCause() != null) {
            cause = cause.getCause();
        }
        return cause.getMessage() == null ? cause.toString() : cause.getMessage();
    }
}
