package thingspace.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.Gson;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.lang.reflect.Executable;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.ResourceBundle;
import java.util.function.Consumer;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.Test;

/** What goes in and what is told: options, arguments, answers, errors, log and events. */
class OptionsTest {
    @Test
    void secretsAreInNoText() {
        SessionOptions options = SessionOptions.builder()
                .username("user")
                .password("hush1")
                .apiToken("hush2")
                .appSecret("hush3")
                .storePassword("hush4")
                .proxy("http://user:hush5@proxy")
                .loadEnvironment()
                .build();
        assertFalse(options.toString().contains("hush"), options::toString);
        assertTrue(options.toString().contains("username=user"), options::toString);
        assertFalse(options.toBuilder().toString().contains("hush"));
    }

    /** As Gson writes objects: by their fields, but for those that are transient. */
    @Test
    void whatWritesFieldsWritesNoSecret() throws ReflectiveOperationException {
        assertTrue(Modifier.isTransient(
                SessionOptions.class.getDeclaredField("values").getModifiers()));
        assertEquals("{}", new Gson().toJson(new RequestTokens("hush1", "hush2")));
    }

    @Test
    void badOptionsAreArguments() {
        for (SessionOptions.Builder options : List.of(
                SessionOptions.builder().option("usrename", "x"),
                SessionOptions.builder().maxLoginFailures(9),
                SessionOptions.builder().baseUrl("http://elsewhere/"),
                SessionOptions.builder().username("a\0b"),
                SessionOptions.builder().password("\ud800"),
                SessionOptions.builder().username("x"))) {
            assertThrows(
                    IllegalArgumentException.class, () -> Session.login(options.build()),
                    options::toString);
        }
        IllegalArgumentException e = assertThrows(
                IllegalArgumentException.class,
                () -> Session.open(SessionOptions.builder().option("usrename", "x").build()));
        assertTrue(e.getMessage().contains("username"), e::getMessage);
    }

    @Test
    void aBadRequestIsAnArgument() {
        try (Sandbox sandbox = Sandbox.start();
                Session session = Session.login(sandbox.options().build())) {
            byte[] none = new byte[0];
            for (org.junit.jupiter.api.function.Executable bad :
                    List.<org.junit.jupiter.api.function.Executable>of(
                            () -> session.get("no/slash"),
                            () -> session.request("G T", "/x"),
                            () -> session.request("GET", "/x", Map.of("Host", "x"), none),
                            () -> session.request("GET", "/x", Map.of("A", "b\nc"), none),
                            () -> session.request("GET", "/x", Map.of("VZ-M2M-Token", "t"), none),
                            () -> session.exchange(URI.create("https://example.com/")),
                            () -> session.get("/\0"))) {
                assertThrows(IllegalArgumentException.class, bad);
            }
            assertEquals(0, sandbox.counter("api"));
        }
    }

    /** Nothing public takes null; what says so names the argument. */
    @Test
    void nullIsRefusedEverywhere() throws ReflectiveOperationException {
        try (Sandbox sandbox = Sandbox.start();
                Session session = Session.login(sandbox.options().build());
                Exchange exchange = session.exchange()) {
            exchange.tokens();
            Response response = session.get(Sandbox.ACCOUNT);
            refusesNull(Session.class, session);
            refusesNull(Exchange.class, exchange);
            refusesNull(Response.class, response);
            refusesNull(SessionOptions.Builder.class, SessionOptions.builder());
            for (var headers : List.of(
                    Collections.<String, String>singletonMap("X-Mine", null),
                    Collections.singletonMap((String) null, "mine"))) {
                assertThrows(NullPointerException.class, () -> session.request(
                        "GET", Sandbox.ACCOUNT, headers, new byte[0]));
            }
            assertThrows(NullPointerException.class, () -> new SessionInfo(null));
            assertThrows(NullPointerException.class, () -> new Response(200, Map.of(), null));
            assertThrows(NullPointerException.class, () -> new Response(200, null, new byte[0]));
        }
    }

    private static void refusesNull(Class<?> type, Object on) throws ReflectiveOperationException {
        for (Method method : type.getMethods()) {
            Class<?>[] parameters = method.getParameterTypes();
            for (int i = 0; i < parameters.length; i++) {
                if (!parameters[i].isPrimitive() && isOurs(method)) {
                    Object[] arguments = new Object[parameters.length];
                    for (int j = 0; j < arguments.length; j++) {
                        arguments[j] = j == i ? null : some(parameters[j]);
                    }
                    Object target = Modifier.isStatic(method.getModifiers()) ? null : on;
                    String what = method + ", argument " + i;
                    InvocationTargetException e = assertThrows(
                            InvocationTargetException.class,
                            () -> method.invoke(target, arguments), what);
                    assertEquals(NullPointerException.class, e.getCause().getClass(), what);
                }
            }
        }
    }

    private static boolean isOurs(Executable method) {
        return method.getDeclaringClass().getPackage() == Session.class.getPackage();
    }

    /** An argument of that type, for whatever takes one. */
    static Object some(Class<?> type) {
        if (type == int.class) {
            return 200;
        }
        if (type == boolean.class) {
            return true;
        }
        if (type == long.class) {
            return 1L;
        }
        if (type == String.class) {
            return "/x";
        }
        if (type == byte[].class) {
            return new byte[0];
        }
        if (type == Map.class) {
            return Map.of();
        }
        if (type == Duration.class) {
            return Duration.ofSeconds(1);
        }
        if (type == URI.class) {
            return URI.create("https://example.com/");
        }
        if (type == System.Logger.Level.class) {
            return System.Logger.Level.INFO;
        }
        throw new IllegalArgumentException(type.toString());
    }

    @Test
    void anErrorHoldsWhatThePlatformSaid() throws IOException, ClassNotFoundException {
        try (Sandbox sandbox = Sandbox.start();
                Session session =
                        Session.login(sandbox.options().autoRelogin(false).build())) {
            String token = session.token();
            sandbox.expire();
            ThingSpaceException e = assertThrows(
                    ThingSpaceException.class, () -> session.get(Sandbox.ACCOUNT));
            assertEquals(Status.SESSION_EXPIRED, e.status());
            assertTrue(e.code().contains("SessionToken.Expired"), e::code);
            assertEquals(Optional.of(token), e.token());
            assertTrue(e.httpStatus().isPresent());
            assertFalse(e.toString().contains(token), e::toString);

            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
                out.writeObject(e);
            }
            assertFalse(bytes.toString(StandardCharsets.ISO_8859_1).contains(token));
            try (ObjectInputStream in = new ObjectInputStream(
                    new ByteArrayInputStream(bytes.toByteArray()))) {
                ThingSpaceException copy = (ThingSpaceException) in.readObject();
                assertEquals(e.code(), copy.code());
                assertEquals(Optional.empty(), copy.token());
                assertEquals(e.retryAfter(), copy.retryAfter());
            }

            session.relogin(token);
            assertEquals(200, session.get(Sandbox.ACCOUNT).status());
        }
    }

    @Test
    void anAnswerSaysWhenToTryAgain() {
        ThingSpaceException e = assertThrows(
                ThingSpaceException.class, () -> Session.check(429, "7", new byte[0]));
        assertEquals(Status.RATE_LIMITED, e.status());
        assertEquals(Optional.of(Duration.ofSeconds(7)), e.retryAfter());
        assertTrue(e.isRetryable());
        Response response =
                new Response(503, Map.of("retry-after", List.of("9")), new byte[0]);
        ThingSpaceException same =
                assertThrows(ThingSpaceException.class, response::ensureSuccess);
        assertEquals(Optional.of(Duration.ofSeconds(9)), same.retryAfter());
        assertFalse(response.isSuccess());
    }

    @Test
    void aBodyIsTextInItsOwnCharacters() {
        Response latin = new Response(
                200, Map.of("Content-Type", List.of("text/plain; charset=\"ISO-8859-1\"")),
                new byte[] {(byte) 0xe9});
        assertEquals("é", latin.text());
        assertTrue(latin.header("CONTENT-type").orElseThrow().startsWith("text/plain"));
        assertEquals("é", new Response(200, Map.of(), "é".getBytes(StandardCharsets.UTF_8)).text());
    }

    @Test
    void whatASessionDoesIsLoggedAndTold() {
        try (Sandbox sandbox = Sandbox.start()) {
            Lines lines = new Lines(System.Logger.Level.DEBUG);
            List<SessionEvent> events = Collections.synchronizedList(new ArrayList<>());
            try (Session session = Session.login(
                    sandbox.options().log(lines).onEvent(events::add).build())) {
                assertTrue(lines.all.toString().contains("INFO logged in"), lines.all::toString);
                assertFalse(lines.all.toString().contains(session.token()));
                assertFalse(lines.all.toString().contains("IMgr8"));
                session.logLevel(System.Logger.Level.OFF);
                lines.all.clear();
                sandbox.expire();
                session.get(Sandbox.ACCOUNT);
                assertEquals(List.of(), lines.all);
            }
            SessionEvent login = events.stream()
                    .filter(event -> event.kind() == EventKind.LOGIN_ENDED)
                    .findFirst()
                    .orElseThrow();
            assertEquals("success", login.detail());
            assertTrue(login.duration().isPresent());
            assertTrue(login.slotsLeft().isPresent());
            assertEquals(Optional.empty(), login.status());
            assertTrue(events.stream().anyMatch(event -> event.kind() == EventKind.RESENT));
        }
    }

    @Test
    void theLogsSourceIsTheSession() {
        List<LogRecord> records = Collections.synchronizedList(new ArrayList<>());
        Logger logger = Logger.getLogger("thingspace.session");
        Handler handler = new Handler() {
            @Override
            public void publish(LogRecord one) {
                // It looks for the caller when it is asked first.
                one.getSourceClassName();
                records.add(one);
            }

            @Override
            public void flush() {}

            @Override
            public void close() {}
        };
        Level before = logger.getLevel();
        logger.addHandler(handler);
        logger.setLevel(Level.INFO);
        try (Sandbox sandbox = Sandbox.start()) {
            Session.login(sandbox.options().build()).close();
        } finally {
            logger.removeHandler(handler);
            logger.setLevel(before);
        }
        assertFalse(records.isEmpty());
        for (LogRecord one : records) {
            assertEquals("thingspace.session.Session", one.getSourceClassName());
        }
    }

    @Test
    void whatCallbacksThrowHarmsNothing() {
        try (Sandbox sandbox = Sandbox.start()) {
            Consumer<SessionEvent> thrower = event -> {
                throw new AssertionError("thrown by a test");
            };
            Lines lines = new Lines(System.Logger.Level.TRACE);
            lines.throwing = true;
            try (Session session = Session.login(
                    sandbox.options().log(lines).onEvent(thrower).build())) {
                assertEquals(200, session.get(Sandbox.ACCOUNT).status());
            }
        }
    }

    @Test
    void infoIsReadAsItIs() {
        SessionInfo info = new SessionInfo(
                " { \"a\" : \"x\\\"\\u00e9\\n\" , \"logins\":12, \"t\": true, \"n\": null } ");
        assertEquals(Map.of("a", "x\"é\n", "logins", "12", "t", "true"), info.values());
        assertEquals(12, info.logins());
        assertEquals(Map.of(), new SessionInfo("{}").values());
        for (String broken : List.of("", "{", "{\"a\"}", "{\"a\":", "{\"a\":\"", "[1]")) {
            assertThrows(IllegalArgumentException.class, () -> new SessionInfo(broken), broken);
        }
    }

    /** Keeps what is logged. */
    private static final class Lines implements System.Logger {
        final List<String> all = Collections.synchronizedList(new ArrayList<>());
        private final Level least;
        volatile boolean throwing;

        Lines(Level least) {
            this.least = least;
        }

        @Override
        public String getName() {
            return "test";
        }

        @Override
        public boolean isLoggable(Level level) {
            return level.getSeverity() >= least.getSeverity();
        }

        @Override
        public void log(Level level, ResourceBundle bundle, String message, Throwable thrown) {
            all.add(level + " " + message);
            if (throwing) {
                throw new AssertionError("thrown by a test");
            }
        }

        @Override
        public void log(Level level, ResourceBundle bundle, String format, Object... parameters) {
            log(level, bundle, format, (Throwable) null);
        }
    }
}
