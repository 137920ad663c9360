package thingspace.session;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The native library that lies in the jar, as a file: in a folder that nobody else can write, under
 * a name made of its digest, so that versions lie side by side. A file that is there already is
 * compared, byte by byte, before it is used. Any number of processes may do this at once.
 */
final class Unpacked {
    /** The property that names the folder to unpack into, and the only one then. */
    static final String PROPERTY = "thingspace.cache";

    private static final String NAME = "thingspace-session";
    private static final boolean IS_UNIX =
            FileSystems.getDefault().supportedFileAttributeViews().contains("unix");
    private static final int STICKY = 01000;
    private static final int OTHERS_WRITE = 022;

    private final byte[] content;
    private final String digest;
    private final String file = System.mapLibraryName("thingspace_session");

    private Unpacked(byte[] content) {
        this.content = content;
        this.digest = digest(content);
    }

    /** What this jar holds for this machine; empty if it holds nothing for it. */
    static Optional<Unpacked> find() {
        String file = System.mapLibraryName("thingspace_session");
        try (InputStream in = Unpacked.class.getResourceAsStream(
                "/native/" + machine() + "/" + file)) {
            return in == null ? Optional.empty() : Optional.of(new Unpacked(in.readAllBytes()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What this machine is called in the jar and in the names of archives. */
    static String machine() {
        String system = System.getProperty("os.name").toLowerCase(Locale.ROOT);
        String processor = System.getProperty("os.arch").toLowerCase(Locale.ROOT);
        boolean isArm = processor.equals("aarch64") || processor.equals("arm64");
        String arm = isArm ? "arm64" : processor;
        String processorName =
                processor.equals("amd64") || processor.equals("x86_64") ? "x86_64" : arm;
        if (system.startsWith("windows")) {
            return "windows-" + processorName;
        }
        if (system.startsWith("mac")) {
            return "macos-" + processorName;
        }
        return (isMusl() ? "linux-musl-" : system.replace(' ', '-') + "-")
                + (isArm ? "aarch64" : processorName);
    }

    /** Where it may be unpacked to, the best place first. */
    static List<Path> folders() {
        String named = System.getProperty(PROPERTY, "");
        if (!named.isEmpty()) {
            return path(named).map(Path::toAbsolutePath).map(List::of).orElse(List.of());
        }
        List<Path> folders = new ArrayList<>();
        cacheFolder().ifPresent(folder -> folders.add(folder.resolve(NAME)));
        String user = System.getProperty("user.name", "").replaceAll("[^A-Za-z0-9._-]", "_");
        path(System.getProperty("java.io.tmpdir"))
                .map(temporary -> temporary.toAbsolutePath().resolve(NAME + "-" + user))
                .ifPresent(folders::add);
        return folders;
    }

    /** The library as a file under that folder. */
    Path in(Path folder) throws IOException {
        Path own = folder.resolve(digest);
        Files.createDirectories(own, ownerOnly());
        requirePrivate(own);
        Path place = own.resolve(file);
        if (!isThere(place)) {
            Path fresh = Files.createTempFile(own, ".", ".part");
            try {
                Files.write(fresh, content);
                move(fresh, place);
            } finally {
                Files.deleteIfExists(fresh);
            }
        }
        return place;
    }

    /**
     * The library as a file that lies in memory alone, for machines without a folder whose files
     * may be executed; empty where the system has no such files.
     */
    Optional<Path> inMemory() throws IOException {
        int descriptor = Bridge.memoryFile(NAME);
        if (descriptor < 0) {
            return Optional.empty();
        }
        Path place = Path.of("/proc/self/fd/" + descriptor);
        Files.write(place, content, StandardOpenOption.WRITE);
        return Optional.of(place);
    }

    private boolean isThere(Path place) throws IOException {
        try {
            return Files.isRegularFile(place, LinkOption.NOFOLLOW_LINKS)
                    && Files.size(place) == content.length
                    && Arrays.equals(Files.readAllBytes(place), content);
        } catch (NoSuchFileException e) {
            return false;
        }
    }

    private void move(Path fresh, Path place) throws IOException {
        try (FileChannel channel = FileChannel.open(fresh, StandardOpenOption.WRITE)) {
            channel.force(true);
        }
        try {
            Files.move(fresh, place, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            // Windows moves over no file that is in use: another process was quicker.
            if (!isThere(place)) {
                throw e;
            }
        }
    }

    /** Refuses a folder that anybody but this user and the administrator could change. */
    private static void requirePrivate(Path own) throws IOException {
        if (!IS_UNIX) {
            return;
        }
        int me = user(own);
        Path real = own.toRealPath();
        for (Path folder = real; folder != null; folder = folder.getParent()) {
            Map<String, Object> is = Files.readAttributes(
                    folder, "unix:uid,mode", LinkOption.NOFOLLOW_LINKS);
            int mode = (int) is.get("mode");
            boolean isOwners = is.get("uid").equals(me)
                    || is.get("uid").equals(0) && !folder.equals(real);
            boolean isOpen = (mode & OTHERS_WRITE) != 0
                    && ((mode & STICKY) == 0 || folder.equals(real));
            if (!isOwners || isOpen) {
                throw new IOException(folder + " can be changed by other users");
            }
        }
    }

    /** The number of the user that this process is. */
    private static int user(Path own) throws IOException {
        Path status = Path.of("/proc/self/status");
        if (Files.exists(status)) {
            try (Stream<String> lines = Files.lines(status)) {
                return lines.filter(line -> line.startsWith("Uid:"))
                        .map(line -> line.split("\\s+")[2])
                        .mapToInt(Integer::parseInt)
                        .findFirst()
                        .orElseThrow(() -> new IOException(status + " names no user"));
            }
        }
        Path fresh = Files.createTempFile(own, ".", ".part");
        try {
            return (int) Files.getAttribute(fresh, "unix:uid", LinkOption.NOFOLLOW_LINKS);
        } finally {
            Files.deleteIfExists(fresh);
        }
    }

    private static FileAttribute<?>[] ownerOnly() {
        return IS_UNIX
                ? new FileAttribute<?>[] {
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"))
                }
                : new FileAttribute<?>[0];
    }

    /** Where the system keeps what programs can make anew. */
    private static Optional<Path> cacheFolder() {
        String system = System.getProperty("os.name").toLowerCase(Locale.ROOT);
        String home = System.getProperty("user.home", "");
        if (system.startsWith("windows")) {
            return absolute(System.getenv("LOCALAPPDATA"));
        }
        Optional<Path> homeFolder = absolute(home);
        if (system.startsWith("mac")) {
            return homeFolder.map(folder -> folder.resolve("Library").resolve("Caches"));
        }
        return absolute(System.getenv("XDG_CACHE_HOME"))
                .or(() -> homeFolder.map(folder -> folder.resolve(".cache")));
    }

    private static Optional<Path> absolute(String name) {
        return path(name).filter(Path::isAbsolute);
    }

    /**
     * A text as a path; empty for null, for none, and for what the encoding of file names does not
     * hold: with LC_ALL=C that is all but ASCII.
     */
    static Optional<Path> path(String name) {
        try {
            return Optional.ofNullable(name).filter(text -> !text.isEmpty()).map(Path::of);
        } catch (InvalidPathException e) {
            return Optional.empty();
        }
    }

    private static boolean isMusl() {
        try (Stream<String> lines = Files.lines(Path.of("/proc/self/maps"))) {
            return lines.anyMatch(line -> line.contains("/ld-musl-"));
        } catch (IOException | UncheckedIOException e) {
            return false;
        }
    }

    private static String digest(byte[] content) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(content);
            return HexFormat.of().formatHex(digest, 0, 16);
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }
}
