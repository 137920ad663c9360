package thingspace.session;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.jar.JarOutputStream;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where the native library is found, and what is said when it is not. */
class LoadingTest {
    private static final String FILE = System.mapLibraryName("thingspace_session");

    @TempDir Path folder;

    @Test
    void theFileThatIsNamedIsTaken() {
        assertEquals("0", new Jvm().with("-Dthingspace.library=" + library()).run(Load.class));
    }

    @Test
    void aNamedFileThatIsNotThereIsRefused() {
        Path missing = folder.resolve("none");
        assertSays(named(missing), missing + ", and there is no such file");
        assertSays(named(folder), folder + ", which is a folder");
    }

    @Test
    void whatIsNoLibraryIsRefused() throws IOException {
        Path text = Files.writeString(folder.resolve("text"), "no library");
        assertSays(named(text), "The native library " + text + " cannot be loaded");
        assertSays(
                named(compiled("nothing", "int nothing;")),
                "is not libthingspace_session: it has no function tsm_abi_version");
    }

    @Test
    void aLibraryOfAnotherAbiIsRefused() {
        assertSays(
                named(compiled("other", "unsigned tsm_abi_version(void) { return 2; }")),
                "has ABI version 2, and this version of thingspace.session needs version 1");
        assertSays(
                named(compiled("old", "unsigned tsm_abi_version(void) { return 1; }")),
                "is too old for this version of thingspace.session");
    }

    @Test
    void aLibraryOnThePathGoesBeforeTheJar() {
        Path other = compiled("thingspace_session", "unsigned tsm_abi_version(void) { return 3; }");
        assertSays(
                new Jvm().with("-Djava.library.path=" + other.getParent()),
                other + " has ABI version 3");
    }

    @Test
    void aLibraryBesideTheJarWillDo() throws IOException {
        Jvm jvm = withJar(jarWithoutLibraries());
        Files.copy(library(), folder.resolve(FILE));
        assertEquals("0", jvm.run(Load.class));
    }

    @Test
    void withoutALibraryItSaysWhatToDo() throws IOException {
        assertSays(
                withJar(jarWithoutLibraries()),
                "the jar holds none for this machine (" + Unpacked.machine() + ")",
                folder.resolve(FILE).toString(), "Let -Dthingspace.library name the file");
    }

    @Test
    void withoutJnaItSaysWhatToDo() throws IOException {
        String[] words = Jvm.isForeign()
                ? new String[] {"\"Multi-Release: true\""}
                : new String[] {"needs JNA (net.java.dev.jna:jna)"};
        // As a jar that was merged into another has it: without its manifest.
        Path merged = jarWithout(JarFile.MANIFEST_NAME);
        for (String library : List.of("-Da=b", "-Dthingspace.library=" + library())) {
            Jvm jvm = withJar(merged).with(library);
            jvm.classPath = Stream.of(jvm.classPath.split(":"))
                    .filter(entry -> !Path.of(entry).getFileName().toString().startsWith("jna"))
                    .collect(Collectors.joining(":"));
            assertSays(jvm, words);
        }
    }

    @Test
    void withoutNativeAccessItSaysWhatToDo() {
        if (Runtime.version().feature() < 24) {
            // There it cannot be denied.
            return;
        }
        Jvm jvm = new Jvm().with("--illegal-native-access=deny");
        jvm.options.remove("--enable-native-access=ALL-UNNAMED");
        String said = jvm.run(LoadTwice.class);
        // The second time another error is behind it.
        assertEquals(3, said.split("--enable-native-access=ALL-UNNAMED").length, said);
    }

    @Test
    void foldersThatTheLocaleCannotNameArePassedOver() {
        Path named = folder.resolve("j\u00fcrgen");
        Jvm jvm = new Jvm()
                .with("-Djava.library.path=" + named)
                .with("-Duser.home=" + named)
                .with("-Djava.io.tmpdir=" + folder);
        jvm.before.addAll(List.of("env", "LC_ALL=C", "XDG_CACHE_HOME=" + named));
        assertEquals("0", jvm.run(Load.class));
        jvm.with("-Dthingspace.library=" + named);
        assertSays(jvm, "which is no path in this system's encoding of file names");
    }

    @Test
    void processesUnpackItTogether() throws IOException {
        Path cache = folder.resolve("cache");
        List<Process> processes = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            processes.add(new Jvm().with("-Dthingspace.cache=" + cache).start(Load.class));
        }
        for (Process process : processes) {
            assertEquals("0", Jvm.end(process).output());
        }
        List<Path> files = files(cache);
        assertEquals(1, files.size(), files::toString);
        assertEquals("rwx------", permissions(cache));
        assertEquals("rwx------", permissions(files.get(0).getParent()));
        assertArrayEquals(Files.readAllBytes(library()), Files.readAllBytes(files.get(0)));
    }

    @Test
    void whatAnotherPutThereIsReplaced() throws IOException {
        Unpacked unpacked = Unpacked.find().orElseThrow();
        Path file = unpacked.in(folder.resolve("cache"));
        Files.writeString(file, "something else");
        assertEquals(file, unpacked.in(folder.resolve("cache")));
        assertArrayEquals(Files.readAllBytes(library()), Files.readAllBytes(file));
        Path elsewhere = Files.copy(file, folder.resolve("elsewhere"));
        Files.delete(file);
        Files.createSymbolicLink(file, elsewhere);
        assertEquals(file, unpacked.in(folder.resolve("cache")));
        assertTrue(Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS));
    }

    @Test
    void aFolderThatOthersCanChangeIsRefused() throws IOException {
        Unpacked unpacked = Unpacked.find().orElseThrow();
        Path cache = folder.resolve("cache");
        Path own = unpacked.in(cache).getParent();
        for (Path open : List.of(own, cache)) {
            Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxrwxrwx"));
            IOException e = assertThrows(IOException.class, () -> unpacked.in(cache));
            assertEquals(open.toRealPath() + " can be changed by other users", e.getMessage());
            Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwx------"));
        }
    }

    @Test
    void aRootThatIsReadOnlyAndATmpThatRunsNothingWillDo() {
        Jvm jvm = new Jvm().with("-Dthingspace.cache=" + System.getProperty("user.home"));
        withNothingToWriteTo(jvm);
        assertEquals("0", jvm.run(Load.class));
    }

    @Test
    void whatIsUnpackedAlreadyNeedsNoWriting() {
        Jvm jvm = new Jvm().with("-Dthingspace.cache=" + System.getProperty("thingspace.cache"));
        assertEquals("0", jvm.run(Load.class));
        withNothingToWriteTo(jvm);
        assertEquals("0", jvm.run(Load.class));
    }

    /** Gives it its own view of the file system, which ends with it. */
    private static void withNothingToWriteTo(Jvm jvm) {
        // Of target/java/thingspace-session.jar.
        Path jar = Path.of(Jvm.CLASS_PATH.split(":")[0]).toAbsolutePath();
        String root = jar.getParent().getParent().getParent().toString();
        jvm.before.addAll(List.of("unshare", "--mount", "sh", "-c", NOTHING_TO_WRITE_TO, root));
    }

    /** The checkout, which is $0, may be in /tmp itself: it stays there. */
    private static final String NOTHING_TO_WRITE_TO = """
            set -e
            mount --bind "$0" /mnt
            mount -t tmpfs -o noexec none /tmp
            case $0 in
                /tmp/*)
                    mkdir -p "$0"
                    mount --bind /mnt "$0"
                    mount -o remount,bind,ro "$0" ;;
            esac
            mount -o remount,bind,ro /mnt
            mount -o remount,bind,ro /
            exec "$@"
            """;

    @Test
    void theModuleIsLoadedWithoutAWarning() {
        List<String> modules = new ArrayList<>();
        String others = "";
        for (String entry : Jvm.CLASS_PATH.split(":")) {
            String name = Path.of(entry).getFileName().toString();
            if (name.equals("thingspace-session.jar") || name.startsWith("jna")) {
                modules.add(entry);
            } else {
                others += ":" + entry;
            }
        }
        Jvm jvm = new Jvm();
        jvm.options.remove("--enable-native-access=ALL-UNNAMED");
        if (Jvm.isForeign()) {
            jvm.with("--enable-native-access=thingspace.session");
            jvm.with("--add-modules=thingspace.session,java.logging");
        } else {
            jvm.with("--add-modules=thingspace.session,com.sun.jna,java.logging");
        }
        jvm.with("--module-path=" + String.join(":", modules));
        jvm.classPath = others.substring(1);
        assertEquals("0", jvm.run(thingspace.modular.Load.class));
    }

    private static Jvm named(Path file) {
        return new Jvm().with("-Dthingspace.library=" + file);
    }

    private static void assertSays(Jvm jvm, String... words) {
        String said = jvm.run(Load.class);
        for (String word : words) {
            assertTrue(said.contains(word), said);
        }
        assertTrue(said.contains(UnsatisfiedLinkError.class.getName()), said);
    }

    /** The library that the jar holds, as a file. */
    private static Path library() {
        Library.load();
        try {
            return Unpacked.find().orElseThrow().in(Unpacked.folders().get(0));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Path compiled(String name, String source) {
        Path file = folder.resolve(System.mapLibraryName(name));
        try {
            Path code = Files.writeString(folder.resolve(name + ".c"), source);
            Process compiler = new ProcessBuilder(
                            "cc", "-shared", "-fPIC", "-o", file.toString(), code.toString())
                    .inheritIO()
                    .start();
            assertEquals(0, compiler.waitFor());
            return file;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private Path jarWithoutLibraries() throws IOException {
        return jarWithout("native/");
    }

    private Path jarWithout(String prefix) throws IOException {
        Path copy = folder.resolve("copy.jar");
        try (JarFile jar = new JarFile(ownJar().toFile());
                JarOutputStream out = new JarOutputStream(Files.newOutputStream(copy))) {
            for (JarEntry entry : Collections.list(jar.entries())) {
                if (!entry.getName().startsWith(prefix)) {
                    out.putNextEntry(new JarEntry(entry.getName()));
                    jar.getInputStream(entry).transferTo(out);
                }
            }
        }
        return copy;
    }

    private static Path ownJar() {
        return Stream.of(Jvm.CLASS_PATH.split(":"))
                .map(Path::of)
                .filter(path -> path.endsWith("thingspace-session.jar"))
                .findFirst()
                .orElseThrow();
    }

    private static Jvm withJar(Path jar) {
        Jvm jvm = new Jvm().with("-Djava.library.path=");
        jvm.classPath = Jvm.CLASS_PATH.replace(ownJar().toString(), jar.toString());
        return jvm;
    }

    private static List<Path> files(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(Files::isRegularFile).toList();
        }
    }

    private static String permissions(Path file) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(file));
    }

    /** Tries it once more. */
    public static final class LoadTwice {
        public static void main(String[] arguments) {
            Load.main(arguments);
            Load.main(arguments);
        }
    }

    /** Uses the library, and says what is against it. */
    public static final class Load {
        public static void main(String[] arguments) {
            try {
                Session.check(200, new byte[0]);
                System.out.println("0");
            } catch (UnsatisfiedLinkError e) {
                System.out.println(e);
            }
        }
    }
}
