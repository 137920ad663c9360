// Log in, list devices, let the session token expire twice - mended once by the library and once by
// hand - and log out. With --soap the same over SOAP.
//
// Who logs in where comes from the environment: TSM_USERNAME, TSM_PASSWORD, TSM_APP_KEY,
// TSM_APP_SECRET, TSM_BASE_URL, ... The token expires because TSM_SANDBOX_CONTROL names the
// sandbox's control port; without it the token just stays valid.
//
//   java --class-path thingspace-session.jar --enable-native-access=ALL-UNNAMED Devices.java

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import thingspace.session.Protocol;
import thingspace.session.Response;
import thingspace.session.Session;
import thingspace.session.SessionOptions;
import thingspace.session.ThingSpaceException;

public class Devices {
    static final String ACCOUNT = "0000123456-00001";

    // What goes into the envelope's body. The envelope and its header with the token are made by
    // the library.
    static final String GET_DEVICE_LIST = """
            <v2:GetDeviceList xmlns:v2="http://nphase.com/unifiedwebservice/v2"
                xmlns:nph="http://schemas.datacontract.org/2004/07/NPhase.UnifiedWebService.APIs.v2.Contract.DeviceService">
              <v2:Input><nph:AccountName>%s</nph:AccountName></v2:Input>
            </v2:GetDeviceList>
            """.formatted(ACCOUNT);

    public static void main(String[] arguments) throws Exception {
        boolean isSoap = List.of(arguments).contains("--soap");
        SessionOptions options = SessionOptions.builder()
                .loadEnvironment()
                .protocol(isSoap ? Protocol.SOAP : Protocol.REST)
                .build();

        // The usual way: nothing to think of.
        try (Session session = Session.login(options)) {
            System.out.printf("logged in; %d devices%n", listDevices(session, isSoap));
            letTheTokenExpire();
            System.out.printf(
                    "the token expired and was renewed; %d devices%n",
                    listDevices(session, isSoap));
            session.logout();
        }

        // The platform's documented pattern, by hand.
        SessionOptions byHand = options.toBuilder().autoRelogin(false).build();
        try (Session session = Session.login(byHand)) {
            letTheTokenExpire();
            int devices;
            try {
                devices = listDevices(session, isSoap);
            } catch (ThingSpaceException e) {
                if (!e.code().contains("SessionToken.Expired")) {
                    throw e;
                }
                session.relogin(e.token().orElseThrow());
                devices = listDevices(session, isSoap);
            }
            System.out.printf(
                    "the token expired and was renewed by hand; %d devices%n", devices);
            session.logout();
        }
    }

    static int listDevices(Session session, boolean isSoap) {
        Response answer = isSoap
                ? session.soapCall("DeviceService", "GetDeviceList", GET_DEVICE_LIST)
                : session.post(
                        "/m2m/v1/devices/actions/list", "{\"accountName\": \"" + ACCOUNT + "\"}");
        // A program of yours has a parser.
        String mark = isSoap ? ":DeviceInformation>" : "\"deviceIds\"";
        int found = answer.ensureSuccess().text().split(mark, -1).length - 1;
        return isSoap ? found / 2 : found;
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
