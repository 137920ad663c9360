package thingspace.session;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A process that ends while its sessions are at work. */
class ExitTest {
    @ParameterizedTest
    @ValueSource(strings = {"exit", "return", "halt"})
    void aProcessEndsWithCallsInFlight(String how) {
        try (Sandbox sandbox = Sandbox.start()) {
            sandbox.fault("{\"on\": \"api\", \"fault\": \"hold\", \"times\": 8}");
            Process process = new Jvm().start(Busy.class, sandbox.baseUrl(), how);
            sandbox.await("held", 8);
            sandbox.await("api_ok", 20);
            Jvm.Ended ended = Jvm.end(process);
            assertEquals("", ended.output());
            assertEquals(3, ended.status());
        }
    }

    @Test
    void aSessionThatIsForgottenKeepsNoProcessAlive() {
        try (Sandbox sandbox = Sandbox.start()) {
            Jvm.Ended ended =
                    Jvm.end(new Jvm().start(Busy.class, sandbox.baseUrl(), "forget"));
            assertEquals("", ended.output());
            assertEquals(0, ended.status());
        }
    }

    /** Some calls are held, others come and go with log lines and events, until the input ends. */
    public static final class Busy {
        public static void main(String[] arguments) throws Exception {
            Session session = Session.login(SessionOptions.builder()
                    .baseUrl(arguments[0])
                    .username("zbeeblebrox")
                    .password("IMgr8")
                    .appKey("key")
                    .appSecret("secret")
                    .store("memory:")
                    .onEvent(event -> {})
                    .build());
            if (arguments[1].equals("forget")) {
                return;
            }
            for (int i = 0; i < 16; i++) {
                start(session);
            }
            while (System.in.read() >= 0) {
                // Nothing is sent.
            }
            switch (arguments[1]) {
                case "exit" -> System.exit(3);
                case "halt" -> Runtime.getRuntime().halt(3);
                default -> Runtime.getRuntime().addShutdownHook(
                        new Thread(() -> Runtime.getRuntime().halt(3)));
            }
        }

        private static void start(Session session) {
            Thread thread = new Thread(() -> {
                while (true) {
                    session.get(Sandbox.ACCOUNT);
                    session.token();
                }
            });
            thread.setDaemon(true);
            thread.start();
        }
    }
}
