// A program that keeps its Axis 1 client: the platform's documented catch, by hand, and the same
// done by a handler.
//
// Who logs in where comes from the environment: TSM_USERNAME, TSM_PASSWORD, TSM_SOAP_URL, ... The
// token expires because TSM_SANDBOX_CONTROL names the sandbox's control port; without it the token
// just stays valid. It wants thingspace-session.jar, thingspace-session-axis.jar and Axis's jars on
// the class path.

import java.io.ByteArrayInputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.Vector;
import org.apache.axis.AxisFault;
import org.apache.axis.client.Call;
import org.apache.axis.client.Service;
import org.apache.axis.message.SOAPBodyElement;
import org.apache.axis.message.SOAPHeaderElement;
import thingspace.session.Protocol;
import thingspace.session.Session;
import thingspace.session.SessionOptions;
import thingspace.session.axis.ThingSpaceSender;

public class AxisDevices {
    static final String NAMESPACE = "http://nphase.com/unifiedwebservice/v2";

    public static void main(String[] arguments) throws Exception {
        SessionOptions options =
                SessionOptions.builder().loadEnvironment().protocol(Protocol.SOAP).build();
        try (Session session = Session.login(options)) {
            System.out.printf("logged in; %d devices%n", listDevicesByHand(session));
            letTheTokenExpire();
            System.out.printf(
                    "the token expired and was renewed by hand; %d devices%n",
                    listDevicesByHand(session));
            letTheTokenExpire();
            // A generated locator takes this configuration too.
            Service service = new Service(ThingSpaceSender.configuration(session));
            System.out.printf(
                    "the token expired and was renewed by the handler; %d devices%n",
                    listDevices(call(service, session)));
            session.logout();
        }
    }

    /** The pattern of the platform's page "LogIn". */
    static int listDevicesByHand(Session session) throws Exception {
        String token = session.token();
        try {
            return listDevices(withToken(token, session));
        } catch (AxisFault e1) {
            if (e1.getFaultCode().getLocalPart().contains("SessionToken.Expired")) {
                // One login, however many threads are here.
                session.relogin(token);
                return listDevices(withToken(session.token(), session));
            }
            throw e1;
        }
    }

    static Call withToken(String token, Session session) throws Exception {
        Call call = call(new Service(), session);
        call.addHeader(new SOAPHeaderElement(NAMESPACE, "token", token));
        return call;
    }

    static Call call(Service service, Session session) throws Exception {
        Call call = (Call) service.createCall();
        call.setTargetEndpointAddress(session.baseUrl() + "/DeviceService.svc");
        call.setUseSOAPAction(true);
        call.setSOAPActionURI(NAMESPACE + "/IDeviceService/GetDeviceList");
        return call;
    }

    static int listDevices(Call call) throws Exception {
        String body = "<v2:GetDeviceList xmlns:v2=\"" + NAMESPACE + "\"><v2:Input/>"
                + "</v2:GetDeviceList>";
        Object[] parameters = {
            new SOAPBodyElement(
                    new ByteArrayInputStream(body.getBytes(StandardCharsets.UTF_8)))
        };
        Vector<?> answer = (Vector<?>) call.invoke(parameters);
        return ((SOAPBodyElement) answer.get(0)).getAsDOM()
                .getElementsByTagNameNS("*", "DeviceInformation").getLength();
    }

    static void letTheTokenExpire() throws Exception {
        String control = System.getenv("TSM_SANDBOX_CONTROL");
        if (control != null) {
            HttpRequest expire = HttpRequest.newBuilder(URI.create(control + "/expire"))
                    .POST(HttpRequest.BodyPublishers.ofString("{\"what\": \"session\"}"))
                    .build();
            HttpClient.newHttpClient().send(expire, HttpResponse.BodyHandlers.discarding());
        }
    }
}
