package thingspace.session;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A Java of its own, for what a process can do only once. */
final class Jvm {
    /** The class path of the tests; JUnit's own is another. */
    static final String CLASS_PATH = System.getProperty("thingspace.test.classpath");

    final List<String> options = new ArrayList<>();
    final List<String> before = new ArrayList<>();
    String classPath = CLASS_PATH;

    static boolean isForeign() {
        return Runtime.version().feature() >= 22;
    }

    Jvm() {
        options.add("-Xmx256m");
        options.add("-Djava.util.logging.config.file="
                + System.getProperty("java.util.logging.config.file"));
        if (isForeign()) {
            options.add("--enable-native-access=ALL-UNNAMED");
        }
    }

    Jvm with(String option) {
        options.add(option);
        return this;
    }

    Process start(Class<?> program, String... arguments) {
        return start(program.getName(), arguments);
    }

    /** Runs a class, or the file of a program. */
    private Process start(String program, String... arguments) {
        List<String> command = new ArrayList<>(before);
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(options);
        command.addAll(List.of("-cp", classPath, program));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        Map<String, String> environment = builder.environment();
        environment.remove("TSM_LIBRARY");
        environment.remove("JAVA_TOOL_OPTIONS");
        // Nothing lands in the user's own folders.
        environment.put("XDG_CACHE_HOME", System.getProperty("thingspace.cache"));
        try {
            return builder.start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** All that it wrote, errors included. */
    String run(Class<?> program, String... arguments) {
        return end(start(program, arguments)).output();
    }

    /** All that the program in a file wrote, as `java FILE` runs it. */
    String run(Path source) {
        return end(start(source.toString())).output();
    }

    static Ended end(Process process) {
        try {
            process.getOutputStream().close();
            byte[] output = process.getInputStream().readAllBytes();
            if (!process.waitFor(1, TimeUnit.MINUTES)) {
                process.destroyForcibly();
                throw new AssertionError("It does not end.");
            }
            return new Ended(
                    process.exitValue(), new String(output, StandardCharsets.UTF_8).strip());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    record Ended(int status, String output) {}
}
