package thingspace.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What stands in for a session in a program's tests. */
class FakeTest {
    /** The one that the README shows, with more of it. */
    private static final class FakeSession extends Session {
        @Override
        public Response request(
                String method, String path, Map<String, String> headers, byte[] body) {
            String said = method + " " + path + " " + new String(body, StandardCharsets.UTF_8);
            return new Response(200, Map.of(), said.getBytes(StandardCharsets.UTF_8));
        }
    }

    private static final class Nothing extends Session {}

    /** Its token is refused until somebody logs in again. */
    private static final class ExpiredSession extends Session {
        private String token = "old";

        @Override
        public Response request(
                String method, String path, Map<String, String> headers, byte[] body) {
            if (token.equals("old")) {
                throw new ThingSpaceException(
                        Status.SESSION_EXPIRED, "It expired.",
                        "UnifiedWebService.REQUEST_FAILED.SessionToken.Expired", token);
            }
            return new Response(200, Map.of(), new byte[0]);
        }

        @Override
        public void relogin(String expiredToken) {
            assertEquals(token, expiredToken);
            token = "new";
        }
    }

    @Test
    void theDocumentedPatternCanBeTested() {
        try (Session session = new ExpiredSession()) {
            ThingSpaceException e =
                    assertThrows(ThingSpaceException.class, () -> session.get("/x"));
            assertTrue(e.code().contains("SessionToken.Expired"));
            session.relogin(e.token().orElseThrow());
            assertEquals(200, session.get("/x").status());
        }
    }

    @Test
    void requestsComeDownToOne() {
        try (Session session = new FakeSession()) {
            assertEquals("GET /x ", session.get("/x").text());
            assertEquals("DELETE /x ", session.delete("/x").text());
            assertEquals("POST /x {}", session.post("/x", "{}").text());
            assertEquals("PUT /x {}", session.put("/x", "{}").text());
            assertEquals("PATCH /x {}", session.patch("/x", "{}").text());
            assertEquals("HEAD /x ", session.request("HEAD", "/x").text());
        }
    }

    @Test
    void whatIsNotOverriddenSaysSo() throws ReflectiveOperationException {
        Session session = new Nothing();
        for (Method method : Session.class.getDeclaredMethods()) {
            int modifiers = method.getModifiers();
            boolean isAsked = Modifier.isPublic(modifiers) && !Modifier.isStatic(modifiers)
                    && !method.getName().matches("close|toString");
            if (isAsked) {
                var e = assertThrows(
                        InvocationTargetException.class,
                        () -> method.invoke(session, some(method.getParameterTypes())),
                        method::toString);
                assertEquals(
                        UnsupportedOperationException.class, e.getCause().getClass(),
                        method::toString);
            }
        }
        session.close();
    }

    @Test
    void theLibraryIsNotTouched() {
        Jvm jvm = new Jvm().with("-Dthingspace.library=/there/is/none");
        assertEquals("GET /x", jvm.run(Uses.class));
    }

    /** A program's test, where there is no native library. */
    public static final class Uses {
        public static void main(String[] arguments) {
            System.out.println(new FakeSession().get("/x").text());
        }
    }

    private static Object[] some(Class<?>[] types) {
        Object[] arguments = new Object[types.length];
        for (int i = 0; i < types.length; i++) {
            arguments[i] = OptionsTest.some(types[i]);
        }
        return arguments;
    }
}
