import java.util.Set;
import javax.xml.namespace.QName;
import javax.xml.soap.SOAPException;
import javax.xml.soap.SOAPMessage;
import javax.xml.ws.handler.MessageContext;
import javax.xml.ws.handler.soap.SOAPHandler;
import javax.xml.ws.handler.soap.SOAPMessageContext;
import javax.xml.ws.soap.SOAPFaultException;
import thingspace.session.Session;

/**
 * Puts the session token into the SOAP header of a JAX-WS client, and logs in again when the
 * platform says that it expired. A handler cannot send again: the program calls once more, as the
 * platform's page "LogIn" shows.
 *
 * <p>With JAX-WS 3 and later (Jakarta) the packages are jakarta.xml.soap and jakarta.xml.ws.
 *
 * <pre>{@code
 * ((BindingProvider) port).getBinding().setHandlerChain(List.of(new TokenHandler(session)));
 * try {
 *     return port.getDeviceList(input);
 * } catch (SOAPFaultException e1) {
 *     if (!TokenHandler.isExpired(e1)) throw e1;
 *     return port.getDeviceList(input);            // the handler has logged in again
 * }
 * }</pre>
 */
public final class TokenHandler implements SOAPHandler<SOAPMessageContext> {
    private static final QName TOKEN =
            new QName("http://nphase.com/unifiedwebservice/v2", "token");
    private static final String SENT = TokenHandler.class.getName() + ".token";

    private final Session session;

    public TokenHandler(Session session) {
        this.session = session;
    }

    public static boolean isExpired(SOAPFaultException fault) {
        return fault.getFault().getFaultCode().contains("SessionToken.Expired");
    }

    @Override
    public boolean handleMessage(SOAPMessageContext context) {
        if ((boolean) context.get(MessageContext.MESSAGE_OUTBOUND_PROPERTY)) {
            String token = session.token();
            // What was refused must be known when the answer comes, whatever others do meanwhile.
            context.put(SENT, token);
            try {
                SOAPMessage message = context.getMessage();
                if (message.getSOAPHeader() == null) {
                    message.getSOAPPart().getEnvelope().addHeader();
                }
                message.getSOAPHeader().addHeaderElement(TOKEN).addTextNode(token);
            } catch (SOAPException e) {
                throw new IllegalStateException(e);
            }
        }
        return true;
    }

    @Override
    public boolean handleFault(SOAPMessageContext context) {
        try {
            String code = context.getMessage().getSOAPBody().getFault().getFaultCode();
            if (code.contains("SessionToken.Expired")) {
                // One login, however many threads are here.
                session.relogin((String) context.get(SENT));
            }
        } catch (SOAPException e) {
            throw new IllegalStateException(e);
        }
        return true;
    }

    @Override
    public Set<QName> getHeaders() {
        return Set.of();
    }

    @Override
    public void close(MessageContext context) {}
}
