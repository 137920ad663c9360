import java.util.List;
import javax.xml.ws.BindingProvider;
import javax.xml.ws.soap.SOAPFaultException;
import thingspace.session.Session;

/** What docs/soap-proxies.md shows of JAX-WS, to the letter, with what it needs to compile. */
final class Shown {
    private Shown() {}

    static String devices(Port port, Session session, String input) {
        ((BindingProvider) port).getBinding().setHandlerChain(List.of(new TokenHandler(session)));
        try {
            return port.getDeviceList(input);
        } catch (SOAPFaultException e1) {
            if (!TokenHandler.isExpired(e1)) throw e1;
            return port.getDeviceList(input); // the handler has logged in again
        }
    }

    /** As JAX-WS generates it. */
    interface Port {
        String getDeviceList(String input);
    }
}
