import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import javax.xml.namespace.QName;
import javax.xml.soap.MessageFactory;
import javax.xml.soap.SOAPConstants;
import javax.xml.soap.SOAPMessage;
import javax.xml.ws.BindingProvider;
import javax.xml.ws.Dispatch;
import javax.xml.ws.Service;
import javax.xml.ws.handler.Handler;
import javax.xml.ws.soap.SOAPBinding;
import javax.xml.ws.soap.SOAPFaultException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import thingspace.session.Sandbox;
import thingspace.session.Session;

/** The handler of examples/java with a real JAX-WS client. */
class JaxWsTest {
    private static final String NAMESPACE = "http://nphase.com/unifiedwebservice/v2";

    private final Sandbox sandbox = Sandbox.start();
    private final Session session = Session.login(sandbox.soapOptions().build());

    @AfterEach
    void close() {
        session.close();
        sandbox.close();
    }

    private Dispatch<SOAPMessage> client() {
        QName port = new QName(NAMESPACE, "DeviceService");
        Service service = Service.create(port);
        service.addPort(
                port, SOAPBinding.SOAP11HTTP_BINDING, sandbox.soapUrl() + "/DeviceService.svc");
        Dispatch<SOAPMessage> client =
                service.createDispatch(port, SOAPMessage.class, Service.Mode.MESSAGE);
        client.getRequestContext().put(BindingProvider.SOAPACTION_USE_PROPERTY, true);
        client.getRequestContext().put(
                BindingProvider.SOAPACTION_URI_PROPERTY,
                NAMESPACE + "/IDeviceService/GetDeviceList");
        List<Handler<?>> handlers = List.of(new TokenHandler(session));
        client.getBinding().setHandlerChain(new ArrayList<>(handlers));
        return client;
    }

    private static int devices(Dispatch<SOAPMessage> client) throws Exception {
        SOAPMessage message =
                MessageFactory.newInstance(SOAPConstants.SOAP_1_1_PROTOCOL).createMessage();
        message.getSOAPBody().addBodyElement(new QName(NAMESPACE, "GetDeviceList", "v2"))
                .addChildElement("Input", "v2");
        return client.invoke(message).getSOAPBody()
                .getElementsByTagNameNS("*", "DeviceInformation").getLength();
    }

    private int devicesWhateverExpires() throws Exception {
        Dispatch<SOAPMessage> client = client();
        try {
            return devices(client);
        } catch (SOAPFaultException e1) {
            if (!TokenHandler.isExpired(e1)) {
                throw e1;
            }
            return devices(client);
        }
    }

    @Test
    void anExpiryIsMended() throws Exception {
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
        ExecutorService threads = Executors.newFixedThreadPool(32);
        try {
            Callable<Integer> call = this::devicesWhateverExpires;
            for (Future<Integer> found : threads.invokeAll(Collections.nCopies(32, call))) {
                assertEquals(devices, found.get());
            }
        } finally {
            threads.shutdown();
        }
        assertEquals(2, sandbox.counter("soap_login"));
    }

    @Test
    void otherFaultsAreTheProgramsOwn() {
        sandbox.fault("{\"on\": \"soap_call\", \"fault\": \"status\", \"status\": 503}");
        assertThrows(Exception.class, this::devicesWhateverExpires);
        assertEquals(1, sandbox.counter("soap_login"));
    }
}
