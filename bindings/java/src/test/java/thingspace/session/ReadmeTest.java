package thingspace.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the READMEs show in Java compiles, and the programs do what they say. */
class ReadmeTest {
    private static final Path ROOT = Path.of(System.getProperty("thingspace.test.root"));
    private static final Path BINDING = ROOT.resolve("bindings").resolve("java");
    private static final Pattern BLOCK = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL);

    /** The tests are compiled with what is shown in files of this name. */
    private static final String SHOWN = "Shown.java";

    @ParameterizedTest
    @ValueSource(strings = {"README.md", "bindings/java/README.md", "docs/soap-proxies.md"})
    void whatIsShownIsCompiled(String readme) {
        String compiled = compiled();
        List<String> blocks = blocks(ROOT.resolve(readme));
        assertTrue(blocks.size() > 1, readme);
        for (String block : blocks) {
            // Whole programs are run.
            assertTrue(
                    block.contains("public class First") || compiled.contains(bare(block)),
                    () -> "in no " + SHOWN + ":\n" + block);
        }
    }

    @Test
    void theFirstProgramShowsTheAccount(@TempDir Path folder) throws IOException {
        String first = blocks(BINDING.resolve("README.md")).get(0);
        Path file = Files.writeString(folder.resolve("First.java"), first);
        try (Sandbox sandbox = Sandbox.start()) {
            String said = at(sandbox).run(file);
            assertTrue(said.contains("Megadodo Publications"), said);
        }
    }

    @Test
    void theExampleTellsItsStory() {
        Path example = ROOT.resolve("examples").resolve("java").resolve("Devices.java");
        try (Sandbox sandbox = Sandbox.start()) {
            assertEquals(
                    List.of(
                            "logged in; 2 devices",
                            "the token expired and was renewed; 2 devices",
                            "the token expired and was renewed by hand; 2 devices"),
                    at(sandbox).run(example).lines().toList());
        }
    }

    private static Jvm at(Sandbox sandbox) {
        Jvm jvm = new Jvm();
        jvm.before.addAll(List.of(
                "env", "TSM_BASE_URL=" + sandbox.baseUrl(), "TSM_USERNAME=zbeeblebrox",
                "TSM_PASSWORD=IMgr8", "TSM_APP_KEY=key", "TSM_APP_SECRET=secret",
                "TSM_STORE=memory:", "TSM_SANDBOX_CONTROL=" + sandbox.controlUrl()));
        return jvm;
    }

    private static List<String> blocks(Path readme) {
        Matcher found = BLOCK.matcher(read(readme));
        return found.results().map(block -> block.group(1)).toList();
    }

    private static String compiled() {
        try (Stream<Path> files = Files.walk(BINDING)) {
            return files.filter(file -> file.endsWith(SHOWN))
                    .map(ReadmeTest::read)
                    .map(ReadmeTest::bare)
                    .collect(Collectors.joining());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** However it is indented. */
    private static String bare(String text) {
        return text.replaceAll("\\s", "");
    }
}
