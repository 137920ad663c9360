package thingspace.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;

import java.io.IOException;
import java.lang.ref.WeakReference;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A server that throws an application out and its class loader with it. */
class UnloadTest {
    @ParameterizedTest
    @ValueSource(strings = {"close", "forget", "cancel"})
    void aClassLoaderThatUsedASessionIsFreed(String end) throws Exception {
        try (Sandbox sandbox = Sandbox.start()) {
            WeakReference<ClassLoader> loader = use(sandbox.baseUrl() + " " + end);
            Garbage.collectUntil(() -> loader.get() == null);
        }
    }

    private static WeakReference<ClassLoader> use(String arguments)
            throws ReflectiveOperationException, IOException {
        URL[] urls = Stream.of(Jvm.CLASS_PATH.split(":")).map(UnloadTest::url).toArray(URL[]::new);
        try (URLClassLoader loader = new URLClassLoader(urls, new Shared())) {
            Class<?> application = loader.loadClass(Application.class.getName());
            assertNotSame(Application.class, application);
            @SuppressWarnings("unchecked")
            UnaryOperator<String> run = (UnaryOperator<String>)
                    application.getDeclaredConstructor().newInstance();
            assertEquals("200", run.apply(arguments));
            return new WeakReference<>(loader);
        }
    }

    private static URL url(String file) {
        try {
            return Path.of(file).toUri().toURL();
        } catch (MalformedURLException e) {
            throw new IllegalArgumentException(e);
        }
    }

    /** What is the server's: Java itself, and JNA, whose own library can be loaded once only. */
    private static final class Shared extends ClassLoader {
        Shared() {
            super(ClassLoader.getPlatformClassLoader());
        }

        @Override
        protected Class<?> findClass(String name) throws ClassNotFoundException {
            if (name.startsWith("com.sun.jna.")) {
                return UnloadTest.class.getClassLoader().loadClass(name);
            }
            throw new ClassNotFoundException(name);
        }
    }

    /** The application: it is loaded again, by a loader of its own. */
    public static final class Application implements UnaryOperator<String> {
        @Override
        public String apply(String arguments) {
            String[] words = arguments.split(" ");
            Session session = Session.login(SessionOptions.builder()
                    .baseUrl(words[0])
                    .username("zbeeblebrox")
                    .password("IMgr8")
                    .appKey("key")
                    .appSecret("secret")
                    .store("memory:")
                    .onEvent(event -> {})
                    .build());
            String status = String.valueOf(session.get(Sandbox.ACCOUNT).status());
            if (words[1].equals("close")) {
                session.close();
            } else if (words[1].equals("cancel")) {
                session.cancel();
            }
            return status;
        }
    }
}
