package thingspace.session.axis;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import java.net.ServerSocket;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.apache.axis.AxisFault;
import org.apache.axis.SimpleTargetedChain;
import org.apache.axis.client.Call;
import org.apache.axis.client.Service;
import org.apache.axis.configuration.SimpleProvider;
import org.apache.axis.transport.http.HTTPSender;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import thingspace.session.Sandbox;
import thingspace.session.Session;
import thingspace.session.Status;
import thingspace.session.ThingSpaceException;

/** The handler that does what the documented pattern does by hand. */
class ThingSpaceSenderTest {
    private final Sandbox sandbox = Sandbox.start();
    private final Session session = Session.login(sandbox.soapOptions().build());
    private final Service service = new Service(ThingSpaceSender.configuration(session));

    @AfterEach
    void close() {
        session.close();
        sandbox.close();
    }

    private int devices() throws Exception {
        return Calls.devices(Calls.of(service, sandbox.soapUrl()));
    }

    private void fault(String what) {
        sandbox.fault("{\"on\": \"soap_call\", \"fault\": " + what + "}");
    }

    @Test
    void anExpiryIsMended() throws Exception {
        int devices = devices();
        assertTrue(devices > 0);
        for (int expiry = 1; expiry <= 3; expiry++) {
            sandbox.expire();
            assertEquals(devices, devices());
            assertEquals(1 + expiry, sandbox.counter("soap_login"));
        }
        assertEquals(7, sandbox.counter("soap_call"));
    }

    @Test
    void aCallThatIsUsedAgainCarriesTheTokenOfTheDay() throws Exception {
        Call call = Calls.of(service, sandbox.soapUrl());
        int devices = Calls.devices(call);
        sandbox.expire();
        assertEquals(devices, Calls.devices(call));
        assertEquals(devices, Calls.devices(call));
        assertEquals(2, sandbox.counter("soap_login"));
        assertEquals(4, sandbox.counter("soap_call"));
    }

    @Test
    void manyThreadsThatMeetAnExpirySendOneLogin() throws Exception {
        int devices = devices();
        sandbox.expire();
        for (int found : Calls.atOnce(64, this::devices)) {
            assertEquals(devices, found);
        }
        assertEquals(2, sandbox.counter("soap_login"));
    }

    @Test
    void theSecondSendingIsTheFirstWithAnotherToken() throws Exception {
        devices();
        sandbox.expire();
        devices();
        var log = sandbox.control("GET", "/log", "").getAsJsonArray();
        JsonObject refused = null;
        for (var line : log) {
            JsonObject call = line.getAsJsonObject();
            if (!call.get("kind").getAsString().equals("soap_call")) {
                continue;
            }
            if (refused != null) {
                assertEquals(refused.get("body_bytes"), call.get("body_bytes"));
                assertEquals(refused.get("soap_action"), call.get("soap_action"));
            }
            refused = call;
        }
    }

    @Test
    void aSessionThatIsOpenLogsInWithItsFirstCall() throws Exception {
        try (Session open = Session.open(sandbox.soapOptions().build())) {
            Service first = new Service(ThingSpaceSender.configuration(open));
            assertTrue(Calls.devices(Calls.of(first, sandbox.soapUrl())) > 0);
        }
    }

    @Test
    void aBare401IsAnsweredAsTheSessionsOwnCallsAnswerIt() throws Exception {
        fault("\"status\", \"status\": 401, \"body\": \"\"");
        assertTrue(devices() > 0);
        assertEquals(2, sandbox.counter("soap_login"));
    }

    @Test
    void whatIsNoExpiryIsTheProgramsOwn() {
        for (String what : new String[] {
            "\"status\", \"status\": 503", "\"html\"", "\"close_before\"",
            "\"gateway_fault\", \"code\": 101504"}) {
            fault(what);
            AxisFault e = assertThrows(AxisFault.class, this::devices, what);
            assertFalse(e.getCause() instanceof IllegalStateException, e.toString());
        }
        assertEquals(1, sandbox.counter("soap_login"));
        assertEquals(4, sandbox.counter("soap_call"));
    }

    @Test
    void aSessionThatStaysRefusedEndsInTheDocumentedFault() {
        fault("\"expired\", \"times\": 9");
        AxisFault e = assertThrows(AxisFault.class, this::devices);
        assertTrue(e.getFaultCode().getLocalPart().contains("SessionToken.Expired"));
        assertEquals(2, sandbox.counter("soap_call"));
    }

    @Test
    void aRenewalThatFailsIsAFault() {
        sandbox.expire();
        sandbox.control("POST", "/contacts",
                "{\"username\": \"zbeeblebrox\", \"password\": \"another\"}");
        AxisFault e = assertThrows(AxisFault.class, this::devices);
        var cause = assertInstanceOf(ThingSpaceException.class, e.getCause());
        assertEquals(Status.CREDENTIALS, cause.status());
        assertEquals(cause.code(), e.getFaultCode().getLocalPart());
        assertEquals(cause.getMessage(), e.getFaultString());
        assertThrows(AxisFault.class, this::devices);
        assertEquals(1, sandbox.counter("soap_login_failed"));
    }

    @Test
    void theTokenGoesToTheSessionsOriginOnly() throws Exception {
        try (ServerSocket elsewhere = new ServerSocket(0)) {
            String url = "http://127.0.0.1:" + elsewhere.getLocalPort() + "/api/v2";
            Call call = Calls.of(service, url);
            AxisFault e = assertThrows(AxisFault.class, () -> Calls.devices(call));
            assertInstanceOf(IllegalArgumentException.class, e.getCause());
        }
    }

    @Test
    void theTokenFollowsNoRedirect() {
        try (Sandbox elsewhere = Sandbox.start()) {
            for (int status : new int[] {301, 302, 307}) {
                fault("\"redirect\", \"status\": " + status + ", \"location\": \""
                        + elsewhere.soapUrl() + "/DeviceService.svc\"");
                assertThrows(AxisFault.class, this::devices);
            }
            assertEquals(0, elsewhere.counter("soap_call"));
        }
        fault("\"redirect\", \"location\": \"" + sandbox.controlUrl() + "/state\"");
        AxisFault e = assertThrows(AxisFault.class, this::devices);
        assertEquals("Client.PROTOCOL", e.getFaultCode().getLocalPart());
        assertTrue(e.getFaultString().contains(sandbox.controlUrl()), e.getFaultString());
    }

    @Test
    void aSenderThatMayFollowRedirectsIsRefused() {
        HTTPSender derived = new HTTPSender() {
            private static final long serialVersionUID = 1;
        };
        assertThrows(
                IllegalArgumentException.class, () -> new ThingSpaceSender(session, derived));
    }

    @Test
    void anInterruptEndsTheWaitForALogin() throws Exception {
        devices();
        sandbox.expire();
        sandbox.fault("{\"on\": \"soap_login\", \"fault\": \"hold\"}");
        ExecutorService one = Executors.newSingleThreadExecutor();
        Future<AxisFault> waiting =
                one.submit(() -> assertThrows(AxisFault.class, this::devices));
        sandbox.await("held", 1);
        one.shutdownNow();
        var cause = assertInstanceOf(ThingSpaceException.class, waiting.get().getCause());
        assertEquals(Status.CANCELLED, cause.status());
    }

    @Test
    void anotherSenderMayBeBeneath() throws Exception {
        SimpleProvider configuration = new SimpleProvider();
        configuration.deployTransport("http",
                new SimpleTargetedChain(new ThingSpaceSender(session, new HTTPSender())));
        sandbox.expire();
        Service own = new Service(configuration);
        assertTrue(Calls.devices(Calls.of(own, sandbox.soapUrl())) > 0);
        assertEquals(2, sandbox.counter("soap_login"));
    }

    @Test
    void aSessionThatSpeaksRestIsRefused() {
        try (Session rest = Session.open(sandbox.options().build())) {
            assertThrows(IllegalArgumentException.class,
                    () -> ThingSpaceSender.configuration(rest));
        }
    }
}
