package thingspace.session.axis;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.apache.axis.AxisFault;
import org.apache.axis.client.Call;
import org.apache.axis.client.Service;
import org.apache.axis.message.SOAPHeaderElement;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import thingspace.session.Sandbox;
import thingspace.session.Session;

/** The pattern of the platform's page "LogIn", by hand, with a real Axis client. */
class DocumentedPatternTest {
    private final Sandbox sandbox = Sandbox.start();
    private final Session session = Session.login(sandbox.soapOptions().build());

    @AfterEach
    void close() {
        session.close();
        sandbox.close();
    }

    private int devices(String token) throws Exception {
        Call call = Calls.of(new Service(), sandbox.soapUrl());
        call.addHeader(new SOAPHeaderElement(Calls.NAMESPACE, "token", token));
        return Calls.devices(call);
    }

    private int devicesWhateverExpires() throws Exception {
        String token = session.token();
        try {
            return devices(token);
        } catch (AxisFault e1) {
            if (e1.getFaultCode().getLocalPart().contains("SessionToken.Expired")) {
                session.relogin(token);
                return devices(session.token());
            }
            throw e1;
        }
    }

    @Test
    void anExpiryIsMendedByHand() throws Exception {
        int devices = devicesWhateverExpires();
        assertTrue(devices > 0);
        for (int expiry = 1; expiry <= 3; expiry++) {
            sandbox.expire();
            assertEquals(devices, devicesWhateverExpires());
            assertEquals(1 + expiry, sandbox.counter("soap_login"));
        }
    }

    @Test
    void manyThreadsCostOneLogin() throws Exception {
        int devices = devicesWhateverExpires();
        sandbox.expire();
        for (int found : Calls.atOnce(64, this::devicesWhateverExpires)) {
            assertEquals(devices, found);
        }
        assertEquals(2, sandbox.counter("soap_login"));
    }

    @Test
    void otherFaultsAreTheProgramsOwn() {
        sandbox.fault("{\"on\": \"soap_call\", \"fault\": \"status\", \"status\": 503}");
        assertThrows(AxisFault.class, this::devicesWhateverExpires);
        assertEquals(1, sandbox.counter("soap_login"));
    }
}
