package thingspace.session.axis;

import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Enumeration;
import java.util.Optional;
import javax.xml.namespace.QName;
import org.apache.axis.AxisFault;
import org.apache.axis.Constants;
import org.apache.axis.EngineConfiguration;
import org.apache.axis.Handler;
import org.apache.axis.Message;
import org.apache.axis.MessageContext;
import org.apache.axis.SOAPPart;
import org.apache.axis.SimpleTargetedChain;
import org.apache.axis.client.AxisClient;
import org.apache.axis.configuration.EngineConfigurationFactoryFinder;
import org.apache.axis.configuration.SimpleProvider;
import org.apache.axis.handlers.BasicHandler;
import org.apache.axis.message.SOAPEnvelope;
import org.apache.axis.message.SOAPHeaderElement;
import org.apache.axis.transport.http.HTTPConstants;
import org.w3c.dom.Element;
import thingspace.session.Exchange;
import thingspace.session.Protocol;
import thingspace.session.RequestTokens;
import thingspace.session.Session;
import thingspace.session.ThingSpaceException;

/**
 * A transport of Axis 1 whose calls carry the session token in their SOAP header. When the platform
 * says that it expired, one login is sent, for however many calls met that, and the call is sent
 * again.
 *
 * <pre>{@code
 * Session session = Session.login(
 *         SessionOptions.builder().loadEnvironment().protocol(Protocol.SOAP).build());
 * DeviceService service = new DeviceServiceLocator(ThingSpaceSender.configuration(session));
 * }</pre>
 *
 * <p>The token goes to the origin of the session's {@code soapUrl} and nowhere else: a call to
 * another one fails, and no redirect is followed. What keeps a renewal from succeeding is an {@link
 * AxisFault} with the {@link ThingSpaceException} as its cause and the platform's code, if it said
 * one, as its fault code. All other answers are as without this handler.
 */
public final class ThingSpaceSender extends BasicHandler {
    private static final long serialVersionUID = 1;
    private static final String TRANSPORT = "http";
    private static final QName TOKEN =
            new QName("http://nphase.com/unifiedwebservice/v2", "token");

    /** Not to be serialised, as no handler is in practice: it would come back without them. */
    private final transient Session session;
    private final transient Handler sender;

    /**
     * A sender over another.
     *
     * @param session the session, which speaks SOAP; it must live as long as this is used
     * @param sender what sends: {@code new HTTPSender()}, whose redirects are then not followed, or
     *     a handler that follows none
     * @throws IllegalArgumentException if the session speaks REST, or the sender is derived from
     *     {@code HTTPSender}
     */
    public ThingSpaceSender(Session session, Handler sender) {
        if (session.protocol() != Protocol.SOAP) {
            throw new IllegalArgumentException(
                    "The session speaks REST: set its option protocol to SOAP.");
        }
        this.session = session;
        this.sender = UnredirectedSender.of(sender);
    }

    /**
     * The configuration that clients have otherwise ({@code client-config.wsdd}, or Axis's own),
     * with such a sender before its HTTP transport. Give it to a generated locator, or to
     * {@code new org.apache.axis.client.Service(configuration)}.
     *
     * @param session the session, which speaks SOAP; it must live as long as its clients
     * @return the configuration
     */
    public static EngineConfiguration configuration(Session session) {
        EngineConfiguration usual =
                EngineConfigurationFactoryFinder.newFactory().getClientEngineConfig();
        SimpleProvider configuration = new SimpleProvider(usual);
        try {
            // An engine reads the configuration.
            Handler sender = new AxisClient(usual).getTransport(TRANSPORT);
            configuration.deployTransport(
                    TRANSPORT, new SimpleTargetedChain(new ThingSpaceSender(session, sender)));
        } catch (AxisFault e) {
            throw new IllegalStateException("Axis has no transport for HTTP.", e);
        }
        return configuration;
    }

    @Override
    public void invoke(MessageContext context) throws AxisFault {
        URI url = URI.create(context.getStrProp(MessageContext.TRANS_URL));
        try (Exchange exchange = session.exchange(url)) {
            while (!isAnswered(exchange, context)) {
                exchange.renew();
            }
        } catch (ThingSpaceException e) {
            throw fault(e);
        }
    }

    /** Sends, unless something is to be renewed first; whether the answer is the program's. */
    private boolean isAnswered(Exchange exchange, MessageContext context) throws AxisFault {
        Optional<RequestTokens> tokens = exchange.tokens();
        if (tokens.isEmpty()) {
            return false;
        }
        addToken(context, tokens.get().sessionToken());
        context.removeProperty(HTTPConstants.MC_HTTP_STATUS_CODE);
        context.setResponseMessage(null);
        try {
            sender.invoke(context);
        } catch (AxisFault fault) {
            // An answer that is no XML; or there was none, which Axis gives the status 0.
            Element said = fault.lookupFaultDetail(Constants.QNAME_FAULTDETAIL_HTTPERRORCODE);
            int status = said == null ? 0 : Integer.parseInt(text(said));
            if (status == 0 || exchange.answered(status, bodyOf(fault))) {
                throw fault;
            }
            return false;
        }
        // A sender that tells no status leaves it to the body.
        Object status = context.getProperty(HTTPConstants.MC_HTTP_STATUS_CODE);
        return exchange.answered(
                status instanceof Integer number ? number : 200,
                bodyOf(context.getResponseMessage()));
    }

    /** Into the header of the envelope, in the place of one that was sent before. */
    private static void addToken(MessageContext context, String token) throws AxisFault {
        SOAPEnvelope envelope = context.getRequestMessage().getSOAPEnvelope();
        Enumeration<?> old =
                envelope.getHeadersByName(TOKEN.getNamespaceURI(), TOKEN.getLocalPart());
        while (old.hasMoreElements()) {
            envelope.removeHeader((SOAPHeaderElement) old.nextElement());
        }
        SOAPHeaderElement header = new SOAPHeaderElement(TOKEN);
        header.setActor(null);
        try {
            header.addTextNode(token);
        } catch (javax.xml.soap.SOAPException e) {
            throw AxisFault.makeFault(e);
        }
        envelope.addHeader(header);
    }

    private static byte[] bodyOf(Message message) throws AxisFault {
        try {
            return message == null
                    ? new byte[0] : ((SOAPPart) message.getSOAPPart()).getAsBytes();
        } catch (IOException e) {
            throw AxisFault.makeFault(e);
        }
    }

    /** Axis keeps it in the first detail, behind a line of its own. */
    private static byte[] bodyOf(AxisFault fault) {
        Element[] details = fault.getFaultDetails();
        String said = details == null || details.length == 0 ? "" : text(details[0]);
        return said.substring(said.indexOf('\n') + 1).getBytes(StandardCharsets.UTF_8);
    }

    private static String text(Element element) {
        return element.getTextContent().trim();
    }

    static AxisFault fault(ThingSpaceException e) {
        String code = e.code().isEmpty() ? "Client." + e.status() : e.code();
        AxisFault fault = new AxisFault(new QName(code), e.getMessage(), null, null);
        fault.detail = e;
        return fault;
    }
}
