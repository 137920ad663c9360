package thingspace.readme;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import thingspace.session.Exchange;
import thingspace.session.RequestTokens;
import thingspace.session.Response;
import thingspace.session.Session;
import thingspace.session.SessionOptions;
import thingspace.session.ThingSpaceException;
import thingspace.session.ThingSpaceHttpClient;

/** What the READMEs show, to the letter. Around what they show, what it needs to compile. */
final class Shown {
    private Shown() {}

    static SessionOptions options() {
        SessionOptions options = SessionOptions.builder()
                .username("zbeeblebrox")
                .passwordFile(Path.of("/run/secrets/thingspace"))
                .store("file:/var/lib/my-service")
                .loadEnvironment()
                .build();
        return options;
    }

    static void quickStart() {
        try (Session session = Session.login(SessionOptions.fromEnvironment())) {
            System.out.println(
                    session.get("/m2m/v1/accounts/0000123456-00001").ensureSuccess().text());
        }
    }

    static void post(Session session) {
        Response answer = session.post(
                "/m2m/v1/devices/actions/list", "{\"accountName\": \"0000123456-00001\"}");
        System.out.println(answer.ensureSuccess().text());
    }

    static Response documented(Session session, String path, String body) {
        Response answer;
        try {
            answer = session.post(path, body);
        } catch (ThingSpaceException e) {
            if (!e.code().contains("SessionToken.Expired")) {
                throw e;
            }
            session.relogin(e.token().orElseThrow()); // one login, however many threads are here
            answer = session.post(path, body); // then resend the last request
        }
        return answer;
    }

    static void client(Session session) throws Exception {
        HttpClient http = ThingSpaceHttpClient.of(session); // or of(session, aClientOfYours)
        HttpRequest request = HttpRequest.newBuilder(
                URI.create(session.baseUrl() + "/m2m/v1/accounts/0000123456-00001")).build();
        System.out.println(http.send(request, HttpResponse.BodyHandlers.ofString()).body());
    }

    static Answer otherClient(Session session, URI url) {
        try (Exchange exchange = session.exchange(url)) {
            // IllegalArgumentException for another origin, or a login
            while (true) {
                Optional<RequestTokens> tokens = exchange.tokens();
                if (tokens.isPresent()) {
                    Answer answer = send(url, tokens.get()); // yours
                    if (exchange.answered(answer.status(), answer.body())) {
                        return answer;
                    }
                }
                exchange.renew();
            }
        }
    }

    private static Answer send(URI url, RequestTokens tokens) {
        throw new UnsupportedOperationException(url + " " + tokens);
    }

    private record Answer(int status, byte[] body) {}
}

class FakeSession extends Session {
    @Override
    public Response request(String method, String path, Map<String, String> headers, byte[] body) {
        return new Response(200, Map.of(), "{\"devices\": []}".getBytes(StandardCharsets.UTF_8));
    }
}
