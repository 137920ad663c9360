package thingspace.session.axis;

import org.apache.axis.AxisFault;
import org.apache.axis.Handler;
import org.apache.axis.MessageContext;
import org.apache.axis.SimpleTargetedChain;
import org.apache.axis.transport.http.HTTPSender;
import thingspace.session.Status;
import thingspace.session.ThingSpaceException;

/**
 * Axis's own sender without its redirects: it would send the envelope again, token included, to
 * wherever an answer of 302 or 307 points.
 */
final class UnredirectedSender extends HTTPSender {
    private static final long serialVersionUID = 1;
    private static final String SENDING = UnredirectedSender.class.getName();

    private UnredirectedSender() {}

    /** The same sender; in the place of Axis's own, such a one. */
    static Handler of(Handler sender) {
        if (sender.getClass() == HTTPSender.class) {
            return new UnredirectedSender();
        }
        if (sender instanceof HTTPSender) {
            throw new IllegalArgumentException(
                    sender.getClass() + " is an HTTPSender, which would carry the token to "
                            + "wherever an answer redirects to: give an HTTPSender itself, or a "
                            + "sender that follows no redirect.");
        }
        if (sender instanceof SimpleTargetedChain chain && chain.getPivotHandler() != null) {
            return new SimpleTargetedChain(
                    chain.getRequestHandler(), of(chain.getPivotHandler()),
                    chain.getResponseHandler());
        }
        return sender;
    }

    /** To follow a redirect the sender invokes itself with the other URL. */
    @Override
    public void invoke(MessageContext context) throws AxisFault {
        if (context.containsProperty(SENDING)) {
            throw ThingSpaceSender.fault(new ThingSpaceException(
                    Status.PROTOCOL,
                    "The answer redirects to " + context.getStrProp(MessageContext.TRANS_URL)
                            + ". No redirect is followed: it would carry the token elsewhere."));
        }
        context.setProperty(SENDING, true);
        try {
            super.invoke(context);
        } finally {
            context.removeProperty(SENDING);
        }
    }
}
