package thingspace.session;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** The behaviour that all languages share, by the session and by each adapter. */
class ScenarioTest {
    @TestFactory
    Stream<DynamicTest> scenarios() throws IOException {
        return files().stream().flatMap(file -> Scenario.ways(file).stream()
                .map(way -> DynamicTest.dynamicTest(
                        file.getFileName() + " " + way, () -> run(file, way))));
    }

    @Test
    void thereAreScenarios() throws IOException {
        assertTrue(files().size() > 40);
    }

    private static void run(Path file, Scenario.Way way) throws Exception {
        try (Scenario scenario = new Scenario(file, way)) {
            scenario.run();
        }
    }

    private static List<Path> files() throws IOException {
        try (Stream<Path> files = Files.list(Scenario.FOLDER)) {
            return files.filter(file -> file.toString().endsWith(".json")).sorted().toList();
        }
    }
}
