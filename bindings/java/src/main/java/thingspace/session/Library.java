package thingspace.session;

import java.io.File;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.FileSystemNotFoundException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.CodeSource;
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
        Path file = openFirst();
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

    /** Loads the first library there is. One that does not fit is not passed over. */
    private static Path openFirst() {
        try {
            return openNamedOrFound();
        } catch (NoClassDefFoundError | ExceptionInInitializerError e) {
            String reason = reason(e);
            throw unsatisfied(whatIsMissing(reason) + ": " + reason, e);
        }
    }

    private static String whatIsMissing(String reason) {
        if (reason.contains("Illegal native access")) {
            return "This Java lets only those call native code who are named: start it with "
                    + "--enable-native-access=ALL-UNNAMED, or on the module path with "
                    + "--enable-native-access=thingspace.session";
        }
        if (Runtime.version().feature() >= 22) {
            return "The part of thingspace.session for Java 22 and later was not found, and the "
                    + "one for older ones needs JNA. A jar that this one was merged into needs "
                    + "\"Multi-Release: true\" in its manifest, and all of META-INF/versions; the "
                    + "boot class path takes no such jars";
        }
        return "On Java 17 to 21 thingspace.session needs JNA (net.java.dev.jna:jna), and it is "
                + "missing or cannot load its own library. On the module path it needs "
                + "--add-modules com.sun.jna, or a module that requires it. Where JNA's library "
                + "cannot be unpacked, -Djna.tmpdir names a folder whose files may be executed. "
                + "Java 22 and later need nothing of this";
    }

    private static Path openNamedOrFound() {
        Optional<Path> named = named("-D" + PROPERTY, System.getProperty(PROPERTY))
                .or(() -> named(VARIABLE, System.getenv(VARIABLE)));
        List<Path> candidates = candidates();
        Optional<Path> found = named.or(() -> candidates.stream().filter(Files::isRegularFile)
                .findFirst());
        if (found.isPresent()) {
            open(found.get());
            return found.get();
        }
        Unpacked unpacked = Unpacked.find().orElseThrow(() -> unsatisfied(
                "The native library of thingspace.session was not found: the jar holds none for "
                        + "this machine (" + Unpacked.machine() + "), and none of these is there: "
                        + candidates + ". Let -D" + PROPERTY + " name the file, or put it beside "
                        + "the jar.",
                null));
        return openUnpacked(unpacked);
    }

    private static Path openUnpacked(Unpacked unpacked) {
        UnsatisfiedLinkError problems = unsatisfied(
                "The native library of thingspace.session lies in the jar, and there is no place "
                        + "to unpack it to. Let -D" + Unpacked.PROPERTY + " name a private folder "
                        + "that can be written and whose files may be executed, or install the "
                        + "library and let -D" + PROPERTY + " name it. Tried:",
                null);
        for (Path folder : Unpacked.folders()) {
            try {
                Path file = unpacked.in(folder);
                open(file);
                return file;
            } catch (IOException | SecurityException | UnsatisfiedLinkError e) {
                problems = with(problems, folder, e);
            }
        }
        try {
            Optional<Path> file = unpacked.inMemory();
            if (file.isPresent()) {
                open(file.get());
                return file.get();
            }
        } catch (IOException | UnsatisfiedLinkError e) {
            problems = with(problems, Path.of("memory"), e);
        }
        throw problems;
    }

    private static UnsatisfiedLinkError with(
            UnsatisfiedLinkError problems, Path place, Throwable problem) {
        UnsatisfiedLinkError more = unsatisfied(
                problems.getMessage() + "\n  " + place + ": " + reason(problem), null);
        for (Throwable earlier : problems.getSuppressed()) {
            more.addSuppressed(earlier);
        }
        more.addSuppressed(problem);
        return more;
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

    private static Optional<Path> named(String by, String name) {
        if (name == null || name.isEmpty()) {
            return Optional.empty();
        }
        Path file = Unpacked.path(name).orElseThrow(() -> unsatisfied(
                by + " names \"" + name + "\", which is no path in this system's encoding of "
                        + "file names: set LC_ALL=C.UTF-8, or the like.",
                null)).toAbsolutePath();
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
        for (String folder : folders.split(File.pathSeparator)) {
            Unpacked.path(folder).ifPresent(
                    path -> candidates.add(path.resolve(file).toAbsolutePath()));
        }
        folderOfJar().ifPresent(folder -> candidates.add(folder.resolve(file)));
        return candidates;
    }

    private static Optional<Path> folderOfJar() {
        CodeSource source = Library.class.getProtectionDomain().getCodeSource();
        if (source == null || source.getLocation() == null) {
            return Optional.empty();
        }
        try {
            return Optional.ofNullable(Path.of(source.getLocation().toURI()).getParent());
        } catch (URISyntaxException | IllegalArgumentException | FileSystemNotFoundException e) {
            // A jar within a jar, or one from elsewhere: it lies in no folder.
            return Optional.empty();
        }
    }

    private static String reason(Throwable e) {
        Throwable cause = e;
        while (cause.getCause() != null) {
            cause = cause.getCause();
        }
        return cause.getMessage() == null ? cause.toString() : cause.getMessage();
    }
}
