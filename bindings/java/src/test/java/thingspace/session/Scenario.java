package thingspace.session;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/**
 * Runs one scenario of tests/scenarios: the behaviour that all languages share, as data. README.md
 * there says what the fields mean.
 */
final class Scenario implements AutoCloseable {
    static final Path FOLDER = Path.of(
            System.getenv().getOrDefault("TSM_SCENARIOS", "../../tests/scenarios"));

    /** Who sends the requests. */
    enum Way { SESSION, HTTP_CLIENT, HTTP_CLIENT_ASYNC, EXCHANGE }

    private final JsonObject scenario;
    private final Way way;
    private final Sandbox sandbox = Sandbox.start();
    private final Path temp;
    private final Map<String, Session> sessions = new HashMap<>();
    private final Map<String, String> tokens = new HashMap<>();
    private final List<String> events = new ArrayList<>();
    private Optional<String> refused = Optional.empty();

    Scenario(Path file, Way way) throws IOException {
        this.scenario = read(file);
        this.way = way;
        this.temp = Files.createTempDirectory("thingspace-scenario-");
    }

    /** Every way that a scenario is to be run; "adapter" stands for each of this language's. */
    static List<Way> ways(Path file) {
        JsonObject scenario = read(file);
        List<String> said = new ArrayList<>();
        if (scenario.has("via")) {
            scenario.getAsJsonArray("via").forEach(via -> said.add(via.getAsString()));
        } else {
            said.add("session");
            if (steps(scenario).anyMatch(step -> text(step, "do").equals("request"))) {
                said.add("adapter");
            }
        }
        List<Way> ways = new ArrayList<>();
        for (String via : said) {
            switch (via) {
                case "session" -> ways.add(Way.SESSION);
                case "adapter" -> ways.addAll(
                        List.of(Way.HTTP_CLIENT, Way.HTTP_CLIENT_ASYNC, Way.EXCHANGE));
                default -> throw new IllegalStateException("There is no way " + via);
            }
        }
        return ways;
    }

    private static JsonObject read(Path file) {
        try {
            return JsonParser.parseString(Files.readString(file)).getAsJsonObject();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Stream<JsonObject> steps(JsonObject scenario) {
        return StreamSupport.stream(scenario.getAsJsonArray("steps").spliterator(), false)
                .map(JsonElement::getAsJsonObject);
    }

    @Override
    public void close() throws IOException {
        sessions.values().forEach(Session::close);
        sandbox.close();
        try (Stream<Path> files = Files.walk(temp)) {
            files.sorted((a, b) -> b.compareTo(a)).forEach(file -> file.toFile().delete());
        } catch (UncheckedIOException e) {
            // The library notes in its store that a password works some time after the login.
        }
    }

    void run() throws Exception {
        int number = 0;
        for (JsonElement step : scenario.getAsJsonArray("steps")) {
            number++;
            try {
                run(step.getAsJsonObject());
            } catch (Exception | AssertionError e) {
                throw new AssertionError(
                        "Step " + number + " " + step + ": " + e.getMessage(), e);
            }
        }
        for (var wire : object(scenario, "wire").entrySet()) {
            expect("wire " + wire.getKey(), wire.getValue().getAsLong(),
                    sandbox.counter(wire.getKey()));
        }
        if (scenario.has("events")) {
            List<String> wanted = new ArrayList<>();
            scenario.getAsJsonArray("events").forEach(told -> wanted.add(told.getAsString()));
            synchronized (events) {
                expect("events", wanted, events);
            }
        }
    }

    private void note(SessionEvent event) {
        String words = (event.kind().name().toLowerCase() + " " + event.detail()).strip();
        // Whether the lease is free yet when the next login wants it is chance.
        if (!words.equals("waited lease")) {
            synchronized (events) {
                events.add(words);
            }
        }
    }

    private void run(JsonObject step) throws Exception {
        JsonObject expect = object(step, "expect");
        Outcome outcome;
        try {
            outcome = act(step);
        } catch (RuntimeException e) {
            String status = statusName(e);
            if (status == null || !expect.has("error")) {
                throw e;
            }
            if (e instanceof ThingSpaceException error && error.token().isPresent()) {
                refused = error.token();
            }
            expect("error", text(expect, "error"), status);
            compareError(expect, e, way != Way.SESSION && text(step, "do").equals("request"));
            return;
        }
        expect("error", text(expect, "error"), null);
        compare(step, expect, outcome);
    }

    private Outcome act(JsonObject step) throws Exception {
        String name = step.has("as") ? text(step, "as") : "main";
        switch (text(step, "do")) {
            case "sandbox":
                String body = step.has("body") ? filled(step.get("body").toString()) : "";
                sandbox.control(text(step, "method"), text(step, "path"), body);
                return Outcome.NONE;
            case "login":
                Session opened = Session.login(options(step));
                Session older = sessions.put(name, opened);
                if (older != null) {
                    older.close();
                }
                return Outcome.NONE;
            case "unblock":
                Session.unblock(options(step));
                return Outcome.NONE;
            case "check":
                Session.check(step.get("http").getAsInt(), bytes(step, "body"));
                return Outcome.NONE;
            default:
                return act(step, sessions.get(name));
        }
    }

    private Outcome act(JsonObject step, Session session) throws Exception {
        switch (text(step, "do")) {
            case "request":
                return way == Way.SESSION ? request(step, session) : adapted(step, session);
            case "soap":
                Response envelope = session.soapCall(
                        text(step, "service"), text(step, "operation"), text(step, "body"));
                return answered(step, envelope);
            case "relogin":
                Optional<String> expired = token(step);
                if (expired.isPresent()) {
                    session.relogin(expired.get());
                } else {
                    session.relogin();
                }
                return Outcome.NONE;
            case "renew_api_token":
                Optional<String> rejected = token(step);
                if (rejected.isPresent()) {
                    session.renewApiToken(rejected.get());
                } else {
                    session.renewApiToken();
                }
                return Outcome.NONE;
            case "logout":
                session.logout();
                return Outcome.NONE;
            case "token":
                return new Outcome(0, null, session.token(), null);
            case "api_token":
                return new Outcome(0, null, session.apiToken(), null);
            case "cancel":
                session.cancel();
                return Outcome.NONE;
            case "free":
                session.close();
                return Outcome.NONE;
            case "info":
                JsonObject info = JsonParser.parseString(session.info().json()).getAsJsonObject();
                return new Outcome(0, null, null, info);
            default:
                throw new IllegalStateException("There is no step " + text(step, "do"));
        }
    }

    private static Outcome request(JsonObject step, Session session) {
        return answered(step, session.request(
                text(step, "method"), text(step, "path"), headers(step), bytes(step, "body")));
    }

    private static Outcome answered(JsonObject step, Response response) {
        if (flag(step, "check")) {
            response.ensureSuccess();
        }
        return new Outcome(response.status(), response.body(), null, null);
    }

    /** By an HTTP client with an adapter in it, or one that an exchange tells what to do. */
    private Outcome adapted(JsonObject step, Session session) throws Exception {
        HttpResponse<byte[]> answer = send(step, session);
        byte[] body = answer.body();
        try {
            Session.check(answer.statusCode(), body);
        } catch (ThingSpaceException e) {
            boolean isAboutToken = e.status() == Status.SESSION_EXPIRED
                    || e.status() == Status.API_TOKEN;
            if (isAboutToken || flag(step, "check")) {
                throw e;
            }
        }
        return new Outcome(answer.statusCode(), body, null, null);
    }

    private HttpResponse<byte[]> send(JsonObject step, Session session) throws Exception {
        URI url = URI.create(session.baseUrl() + text(step, "path"));
        String body = text(step, "body");
        HttpRequest.Builder builder = HttpRequest.newBuilder(url).method(
                text(step, "method"),
                body == null
                        ? HttpRequest.BodyPublishers.noBody()
                        : HttpRequest.BodyPublishers.ofString(body));
        if (body != null) {
            builder.setHeader("Content-Type", "application/json");
        }
        headers(step).forEach(builder::setHeader);
        HttpRequest request = builder.build();
        HttpClient http = HttpClient.newHttpClient();
        var handler = HttpResponse.BodyHandlers.ofByteArray();
        switch (way) {
            case HTTP_CLIENT:
                return ThingSpaceHttpClient.of(session, http).send(request, handler);
            case HTTP_CLIENT_ASYNC:
                try {
                    return ThingSpaceHttpClient.of(session).sendAsync(request, handler).join();
                } catch (CompletionException e) {
                    throw e.getCause() instanceof RuntimeException cause ? cause : e;
                }
            default:
                break;
        }
        try (Exchange exchange = session.exchange(url)) {
            while (true) {
                Optional<RequestTokens> given = exchange.tokens();
                if (given.isPresent()) {
                    builder.setHeader("Authorization", "Bearer " + given.get().apiToken());
                    builder.setHeader(
                            session.sessionTokenHeader(), given.get().sessionToken());
                    HttpResponse<byte[]> answer = http.send(builder.build(), handler);
                    if (exchange.answered(answer.statusCode(), answer.body())) {
                        return answer;
                    }
                }
                exchange.renew();
            }
        }
    }

    private Optional<String> token(JsonObject step) {
        String said = step.has("token") ? text(step, "token") : "held";
        return switch (said) {
            case "held" -> Optional.empty();
            case "refused" -> Optional.of(refused.orElseThrow());
            default -> Optional.of(said);
        };
    }

    private static Map<String, String> headers(JsonObject step) {
        Map<String, String> headers = new LinkedHashMap<>();
        if (step.has("headers")) {
            for (JsonElement line : step.getAsJsonArray("headers")) {
                String text = line.getAsString();
                int colon = text.indexOf(':');
                headers.put(
                        colon < 0 ? text : text.substring(0, colon),
                        colon < 0 ? "" : text.substring(colon + 1).strip());
            }
        }
        return headers;
    }

    private SessionOptions options(JsonObject step) {
        Map<String, String> values = new LinkedHashMap<>();
        values.put("base_url", sandbox.baseUrl());
        values.put("soap_url", sandbox.soapUrl());
        values.put("username", "zbeeblebrox");
        values.put("password", "IMgr8");
        values.put("app_key", "key");
        values.put("app_secret", "secret");
        values.put("store", "memory:");
        for (JsonObject layer : List.of(object(scenario, "options"), object(step, "options"))) {
            for (var option : layer.entrySet()) {
                if (option.getValue().isJsonNull()) {
                    values.remove(option.getKey());
                } else {
                    values.put(option.getKey(), filled(option.getValue().getAsString()));
                }
            }
        }
        SessionOptions.Builder builder = SessionOptions.builder().onEvent(this::note);
        values.forEach(builder::option);
        return builder.build();
    }

    private String filled(String text) {
        return text.replace("{{soap_url}}", sandbox.soapUrl())
                .replace("{{base_url}}", sandbox.baseUrl())
                .replace("{{temp}}", temp.toString())
                .replace("{{padding}}", "x".repeat(100_000));
    }

    private void compare(JsonObject step, JsonObject expect, Outcome outcome) {
        String key = text(step, "do") + " " + text(step, "as");
        for (var wanted : expect.entrySet()) {
            JsonElement value = wanted.getValue();
            switch (wanted.getKey()) {
                case "http" -> expect("http", value.getAsInt(), outcome.status());
                case "body_has" -> expectPart("body", value.getAsString(), outcome.text());
                case "same_token", "new_token" -> {
                    boolean isSame = outcome.token().equals(tokens.get(key));
                    boolean holds = isSame == wanted.getKey().equals("same_token");
                    expect(wanted.getKey(), value.getAsBoolean(), holds);
                }
                case "info" -> {
                    for (var fact : value.getAsJsonObject().entrySet()) {
                        expect("info " + fact.getKey(), fact.getValue(),
                                outcome.info().get(fact.getKey()));
                    }
                }
                default -> throw new IllegalStateException(
                        "expect." + wanted.getKey() + " is not known for a step that succeeds");
            }
        }
        if (outcome.token() != null) {
            tokens.put(key, outcome.token());
        }
    }

    /** An adapter's may be made without the answer's headers and the tokens. */
    private static void compareError(
            JsonObject expect, RuntimeException e, boolean isOfAdapter) {
        Optional<ThingSpaceException> error =
                Optional.of(e).filter(ThingSpaceException.class::isInstance)
                        .map(ThingSpaceException.class::cast);
        for (var wanted : expect.entrySet()) {
            JsonElement value = wanted.getValue();
            switch (wanted.getKey()) {
                case "error" -> { }
                case "code" -> expect("code", value.getAsString(),
                        error.map(ThingSpaceException::code).orElse(""));
                case "http" -> expect("http", value.getAsInt(),
                        error.map(it -> it.httpStatus().orElse(0)).orElse(0));
                case "retryable" -> expect("retryable", value.getAsBoolean(),
                        error.map(ThingSpaceException::isRetryable).orElse(false));
                case "retry_after_ms" -> {
                    if (!isOfAdapter) {
                        expect("retry_after_ms", value.getAsLong(),
                                error.flatMap(ThingSpaceException::retryAfter)
                                        .map(time -> time.toMillis()).orElse(-1L));
                    }
                }
                case "refused_token" -> {
                    if (!isOfAdapter) {
                        expect("refused_token", value.getAsBoolean(),
                                error.flatMap(ThingSpaceException::token).isPresent());
                    }
                }
                case "message_has" ->
                        expectPart("message", value.getAsString(), e.getMessage());
                default -> throw new IllegalStateException(
                        "expect." + wanted.getKey() + " is not known for an error");
            }
        }
    }

    /** The C name of what an exception stands for; null when it is none of the package's. */
    private static String statusName(RuntimeException e) {
        if (e instanceof ThingSpaceException error) {
            return "TSM_E_" + error.status();
        }
        if (e instanceof IllegalArgumentException) {
            return "TSM_E_INVALID_ARGUMENT";
        }
        return e instanceof IllegalStateException ? "TSM_E_INVALID_HANDLE" : null;
    }

    private static void expect(String what, Object wanted, Object got) {
        if (!Objects.equals(wanted, got)) {
            throw new AssertionError(what + " should be " + wanted + " and is " + got);
        }
    }

    private static void expectPart(String what, String wanted, String got) {
        if (got == null || !got.contains(wanted)) {
            throw new AssertionError(what + " should hold \"" + wanted + "\" and is " + got);
        }
    }

    private static JsonObject object(JsonObject of, String name) {
        return of.has(name) ? of.getAsJsonObject(name) : new JsonObject();
    }

    private static String text(JsonObject of, String name) {
        return of.has(name) ? of.get(name).getAsString() : null;
    }

    private static byte[] bytes(JsonObject of, String name) {
        String text = text(of, name);
        return text == null ? new byte[0] : text.getBytes(StandardCharsets.UTF_8);
    }

    private static boolean flag(JsonObject of, String name) {
        return of.has(name) && of.get(name).getAsBoolean();
    }

    private record Outcome(int status, byte[] body, String token, JsonObject info) {
        static final Outcome NONE = new Outcome(0, null, null, null);

        String text() {
            return body == null ? null : new String(body, StandardCharsets.UTF_8);
        }
    }
}
