package thingspace.readme;

import org.apache.axis.AxisFault;
import org.apache.axis.EngineConfiguration;
import org.apache.axis.client.Service;
import org.apache.axis.client.Stub;
import thingspace.session.Session;
import thingspace.session.axis.ThingSpaceSender;

/** What the documents show of Axis, to the letter, with what it needs to compile. */
abstract class Shown {
    static final String NAMESPACE = "http://nphase.com/unifiedwebservice/v2";

    private final Session session;
    private final String input = "";

    Shown(Session session) {
        this.session = session;
    }

    int documented(String token) throws Exception {
        try {
            return devices(token);
        } catch (AxisFault e1) {
            if (e1.getFaultCode().getLocalPart().contains("SessionToken.Expired")) {
                session.relogin(token); // one login, however many threads are here
                return devices(session.token()); // then resend the last request
            }
            throw e1;
        }
    }

    String byHand() throws Exception {
        String token = session.token();
        try {
            return port(token).getDeviceList(input);
            // ((Stub) port).setHeader(NAMESPACE, "token", token)
        } catch (AxisFault e1) {
            if (e1.getFaultCode().getLocalPart().contains("SessionToken.Expired")) {
                session.relogin(token); // one login, however many threads are here
                return port(session.token()).getDeviceList(input);
            }
            throw e1;
        }
    }

    void byItself() {
        DeviceService service = new DeviceServiceLocator(ThingSpaceSender.configuration(session));
        service.toString();
    }

    Service anyService() {
        Service service = new Service(ThingSpaceSender.configuration(session));
        // or a generated locator
        return service;
    }

    abstract int devices(String token) throws Exception;

    abstract Port made();

    private Port port(String token) {
        Port port = made();
        ((Stub) port).setHeader(NAMESPACE, "token", token);
        return port;
    }

    /** As Axis generates them. */
    interface Port {
        String getDeviceList(String input) throws AxisFault;
    }

    interface DeviceService {}

    private static final class DeviceServiceLocator implements DeviceService {
        DeviceServiceLocator(EngineConfiguration configuration) {
            configuration.toString();
        }
    }
}
