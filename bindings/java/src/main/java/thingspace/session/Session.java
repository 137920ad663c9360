package thingspace.session;

import java.lang.ref.Cleaner;
import java.lang.ref.Reference;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/**
 * A ThingSpace Connectivity Management session: logged in once, renewed when the platform says that
 * it expired, never so often that the account is locked.
 *
 * <pre>{@code
 * try (Session session = Session.login(SessionOptions.fromEnvironment())) {
 *     Response account = session.get("/m2m/v1/accounts/0000123456-00001");
 *     System.out.println(account.ensureSuccess().text());
 * }
 * }</pre>
 *
 * <p>Use one session for the life of the program. Every method may be called by any number of
 * threads at once, virtual ones included: a call that waits holds no carrier. However many threads
 * meet an expired token, one login is sent. At most 256 calls of a session are under way at once;
 * more than that wait in turn, no longer than their deadline, which counts from the call.
 *
 * <p>A call ends early when its thread is interrupted: with a {@link ThingSpaceException} of status
 * {@link Status#CANCELLED}, and the thread's interrupt status set again. What was sent by then may
 * have been acted on; a login that was sent goes on by itself, and the session stays usable.
 *
 * <p>All methods throw {@link ThingSpaceException} for what the platform, the network and the
 * lockout guard have against them, {@link IllegalArgumentException} for what the program got wrong,
 * and {@link IllegalStateException} after {@link #close()}.
 *
 * <p>For a program's tests it can be derived from, or mocked: what is derived has no session behind
 * it and overrides what the program calls. Requests come down to {@link #request(String, String,
 * Map, byte[])}. All else throws {@link UnsupportedOperationException}, but for {@link #close()},
 * which does nothing; the native library is not touched.
 */
public class Session implements AutoCloseable {
    static final Cleaner CLEANER = Cleaner.create();

    private final NativeSession state;
    private final Cleaner.Cleanable cleanable;
    private final long handle;
    private final Duration timeout;
    private final Renewals renewals = new Renewals();
    private final Protocol protocol;
    private final URI baseUrl;
    private final String sessionTokenHeader;

    /** The token given last: most likely it is the next one too. */
    private volatile Held held = new Held(new byte[1], "");

    /** Makes what stands in for a session in a program's tests. */
    protected Session() {
        state = null;
        handle = 0;
        timeout = Duration.ZERO;
        cleanable = () -> {};
        protocol = null;
        baseUrl = null;
        sessionTokenHeader = null;
    }

    private Session(NativeSession state, SessionOptions.NativeConfig config, Duration timeout) {
        this.state = state;
        this.handle = state.handle;
        this.timeout = timeout;
        cleanable = CLEANER.register(this, state);
        try {
            protocol = Protocol.valueOf(config.get("protocol").toUpperCase(Locale.ROOT));
            baseUrl = URI.create(
                    config.get(protocol == Protocol.SOAP ? "soap_url" : "base_url"));
            sessionTokenHeader = config.get("session_token_header");
        } catch (Throwable e) {
            cleanable.clean();
            throw e;
        }
    }

    /**
     * Logs in. The platform asks to keep a session as long as it works, and locks a contact after
     * five failed logins: do this once.
     *
     * @param options who and where
     * @return the session
     * @throws IllegalArgumentException if an option is missing, unknown or contradicts another;
     *     nothing was sent
     * @throws ThingSpaceException if the login did not succeed; {@link Status#LOGIN_BLOCKED} when
     *     it was not sent
     */
    public static Session login(SessionOptions options) {
        return make(options, true);
    }

    /**
     * Makes a session that is not logged in yet: it logs in when a request or an exchange first
     * needs it to, or by {@link #relogin()}, once for all who wait for that. For programs that must
     * start whether or not the platform can be reached. All options are checked now, and nothing is
     * sent. Until the login {@link #token()} throws with {@link Status#NOT_LOGGED_IN}.
     *
     * @param options who and where
     * @return the session
     * @throws IllegalArgumentException if an option is missing, unknown or contradicts another
     * @throws ThingSpaceException if the store or the certificates cannot be used
     */
    public static Session open(SessionOptions options) {
        return make(options, false);
    }

    /**
     * Throws when an answer that another HTTP client got means an error: anything but 2xx, a SOAP
     * fault, an HTML page. No network is used and no session is needed. What to renew, and whether
     * to send again, an exchange says: {@link #exchange()}.
     *
     * @param httpStatus the answer's status
     * @param body its body: JSON, a SOAP envelope or whatever came
     * @throws ThingSpaceException the error
     */
    public static void check(int httpStatus, byte[] body) {
        check(httpStatus, Optional.empty(), body);
    }

    /**
     * The same as {@link #check(int, byte[])} for an answer that says when to try again: so will
     * the exception.
     *
     * @param httpStatus the answer's status
     * @param retryAfter the value of its header {@code Retry-After}
     * @param body its body
     * @throws ThingSpaceException the error
     */
    public static void check(int httpStatus, String retryAfter, byte[] body) {
        check(httpStatus, Optional.of(retryAfter), body);
    }

    static void check(int httpStatus, Optional<String> retryAfter, byte[] body) {
        Objects.requireNonNull(body, "body");
        Library.load();
        try (Scratch scratch = new Scratch()) {
            long after = retryAfter.isEmpty() ? 0 : scratch.text(retryAfter.get(), "retryAfter");
            scratch.check(Functions.tsm_check_answer(
                    httpStatus, after, scratch.bytes(body), body.length, scratch.error()));
        } catch (Refusal e) {
            throw e.exception();
        }
    }

    /**
     * Forgets the failed logins that the lockout guard counted for this user, and the passwords
     * that were rejected. Call it when a person has made sure that the account is in order, not
     * whenever a login is blocked: that is how accounts get locked.
     *
     * <p>Logins of unknown fate count on until they are five minutes old: the platform may still
     * judge them. The log says, at the level of information, what was forgotten. It sends nothing,
     * and waits for a login under way no longer than the options' timeout.
     *
     * @param options the same as for the login; username and store matter
     * @throws IllegalArgumentException if an option is missing, unknown or contradicts another
     * @throws ThingSpaceException if the store cannot be used, or the time ran out
     */
    public static void unblock(SessionOptions options) {
        Objects.requireNonNull(options, "options");
        Library.load();
        Workers workers = new Workers();
        try (SessionOptions.NativeConfig config = options.toNative()) {
            workers.<Void>run(
                    new Workers.Deadline(timeoutOf(config), false),
                    (call, scratch) -> {
                        scratch.check(Functions.tsm_unblock(config.handle, scratch.error()));
                        Reference.reachabilityFence(config);
                        return null;
                    },
                    nothing -> {});
        } catch (Refusal e) {
            throw e.exception();
        } finally {
            workers.close();
        }
    }

    /**
     * The version of the native library.
     *
     * @return e.g. {@code 0.1.0}
     */
    public static String libraryVersion() {
        Library.load();
        return Scratch.read(Functions.tsm_version());
    }

    /**
     * The session token, as it is held now: no network, no waiting for a renewal. Ask for each
     * request instead of keeping a copy. It is a secret.
     *
     * @return the token
     * @throws ThingSpaceException if the session was logged out or has not logged in yet
     */
    public String token() {
        requireSession();
        byte[] buffer = new byte[Numbers.TOKEN_MAX];
        int status = Functions.tsm_token(handle, buffer, Numbers.TOKEN_MAX, 0);
        Reference.reachabilityFence(this);
        if (status != 0) {
            buffer = slowToken();
        }
        Held last = held;
        int length = last.bytes.length;
        if (Arrays.equals(buffer, 0, length, last.bytes, 0, length)) {
            return last.text;
        }
        held = Held.of(buffer);
        return held.text;
    }

    /**
     * The API token. If its time is up a new one is fetched first. It is a secret.
     *
     * @return the token
     */
    public String apiToken() {
        return apiToken(timeout, false);
    }

    /**
     * The same as {@link #apiToken()} with a deadline of its own.
     *
     * @param timeout the longest that the call may take
     * @return the token
     */
    public String apiToken(Duration timeout) {
        return apiToken(timeout, true);
    }

    private String apiToken(Duration timeout, boolean isOwn) {
        return call(timeout, isOwn, (call, scratch) -> {
            long buffer = scratch.room(Numbers.API_TOKEN_MAX);
            scratch.check(Functions.tsm_api_token(
                    handle, call, buffer, Numbers.API_TOKEN_MAX, scratch.error()));
            return Scratch.read(buffer);
        });
    }

    /**
     * Gets a new session token, because the platform refused one. This is the "call your Login()
     * method again" of the platform's page "LogIn": call it when the platform said that the token
     * is expired, and only then. If the token held is another one by now, somebody has been here
     * already and this returns at once. However many threads call it together, one login is sent
     * and all share its outcome. It also brings a session back after {@link #logout()}.
     *
     * @param expiredToken the token that was refused
     * @throws ThingSpaceException if the login did not succeed; {@link Status#LOGIN_BLOCKED} when
     *     it was not sent
     */
    public void relogin(String expiredToken) {
        relogin(Optional.of(expiredToken), timeout, false);
    }

    /**
     * The same as {@link #relogin(String)} with a deadline of its own.
     *
     * @param expiredToken the token that was refused
     * @param timeout the longest that the call may take
     */
    public void relogin(String expiredToken, Duration timeout) {
        relogin(Optional.of(expiredToken), timeout, true);
    }

    /** The same as {@link #relogin(String)} for whatever token is held. */
    public void relogin() {
        relogin(Optional.empty(), timeout, false);
    }

    private void relogin(Optional<String> expiredToken, Duration timeout, boolean isOwn) {
        Optional<byte[]> expired = expiredToken.map(token -> Scratch.utf8(token, "expiredToken"));
        this.<Void>call(timeout, isOwn, (call, scratch) -> {
            long token = expired.isEmpty() ? 0 : scratch.text(expired.get());
            scratch.check(Functions.tsm_relogin(handle, call, token, scratch.error()));
            return null;
        });
    }

    /**
     * Gets a new API token, because the platform refused one. Compare-first and shared like {@link
     * #relogin(String)}.
     *
     * @param rejectedToken the token that was refused
     */
    public void renewApiToken(String rejectedToken) {
        renewApiToken(Optional.of(rejectedToken), timeout, false);
    }

    /**
     * The same as {@link #renewApiToken(String)} with a deadline of its own.
     *
     * @param rejectedToken the token that was refused
     * @param timeout the longest that the call may take
     */
    public void renewApiToken(String rejectedToken, Duration timeout) {
        renewApiToken(Optional.of(rejectedToken), timeout, true);
    }

    /** The same as {@link #renewApiToken(String)} for whatever token is held. */
    public void renewApiToken() {
        renewApiToken(Optional.empty(), timeout, false);
    }

    private void renewApiToken(Optional<String> rejectedToken, Duration timeout, boolean isOwn) {
        Optional<byte[]> rejected =
                rejectedToken.map(token -> Scratch.utf8(token, "rejectedToken"));
        this.<Void>call(timeout, isOwn, (call, scratch) -> {
            long token = rejected.isEmpty() ? 0 : scratch.text(rejected.get());
            scratch.check(Functions.tsm_renew_api_token(handle, call, token, scratch.error()));
            return null;
        });
    }

    /**
     * Sends a GET request.
     *
     * @param path what follows the base URL, starting with a slash, query included
     * @return the answer, whatever its status
     */
    public Response get(String path) {
        return request("GET", path);
    }

    /**
     * Sends a DELETE request.
     *
     * @param path what follows the base URL, starting with a slash, query included
     * @return the answer, whatever its status
     */
    public Response delete(String path) {
        return request("DELETE", path);
    }

    /**
     * Sends a POST request.
     *
     * @param path what follows the base URL, starting with a slash, query included
     * @param json the body
     * @return the answer, whatever its status
     */
    public Response post(String path, String json) {
        return request("POST", path, Map.of(), utf8(json, "json"));
    }

    /**
     * Sends a POST request.
     *
     * @param path what follows the base URL, starting with a slash, query included
     * @param body the body; {@code application/json}
     * @return the answer, whatever its status
     */
    public Response post(String path, byte[] body) {
        return request("POST", path, Map.of(), body);
    }

    /**
     * Sends a PUT request.
     *
     * @param path what follows the base URL, starting with a slash, query included
     * @param json the body
     * @return the answer, whatever its status
     */
    public Response put(String path, String json) {
        return request("PUT", path, Map.of(), utf8(json, "json"));
    }

    /**
     * Sends a PUT request.
     *
     * @param path what follows the base URL, starting with a slash, query included
     * @param body the body; {@code application/json}
     * @return the answer, whatever its status
     */
    public Response put(String path, byte[] body) {
        return request("PUT", path, Map.of(), body);
    }

    /**
     * Sends a PATCH request.
     *
     * @param path what follows the base URL, starting with a slash, query included
     * @param json the body
     * @return the answer, whatever its status
     */
    public Response patch(String path, String json) {
        return request("PATCH", path, Map.of(), utf8(json, "json"));
    }

    /**
     * Sends a PATCH request.
     *
     * @param path what follows the base URL, starting with a slash, query included
     * @param body the body; {@code application/json}
     * @return the answer, whatever its status
     */
    public Response patch(String path, byte[] body) {
        return request("PATCH", path, Map.of(), body);
    }

    /**
     * Sends a request without a body.
     *
     * @param method e.g. {@code GET}
     * @param path what follows the base URL, starting with a slash, query included
     * @return the answer, whatever its status
     */
    public Response request(String method, String path) {
        return request(method, path, Map.of(), new byte[0]);
    }

    /**
     * Sends a request with both tokens in its headers and gives the answer, whatever its HTTP
     * status; {@link Response#ensureSuccess()} makes an exception of one that is an error.
     *
     * <p>When the platform refuses a token, that token is renewed (with {@code autoRelogin}) and
     * the request sent again, at most once for each of the two tokens. Nothing else is ever sent
     * again.
     *
     * @param method e.g. {@code POST}
     * @param path what follows the base URL, starting with a slash, query included
     * @param headers further headers. Those of the tokens, {@code Host}, {@code Content-Length},
     *     {@code Transfer-Encoding} and {@code Expect} are the library's own. A body without a
     *     {@code Content-Type} is {@code application/json}
     * @param body the body; empty for none
     * @return the answer, whatever its status
     * @throws IllegalArgumentException if method, path or a header cannot be sent
     * @throws ThingSpaceException if there was no answer, or a token stays refused
     */
    public Response request(String method, String path, Map<String, String> headers, byte[] body) {
        return request(method, path, headers, body, timeout, false);
    }

    /**
     * The same as {@link #request(String, String, Map, byte[])} with a deadline of its own.
     *
     * @param method e.g. {@code POST}
     * @param path what follows the base URL, starting with a slash, query included
     * @param headers further headers
     * @param body the body; empty for none
     * @param timeout the longest that the call may take, renewals and resends included
     * @return the answer, whatever its status
     */
    public Response request(
            String method, String path, Map<String, String> headers, byte[] body,
            Duration timeout) {
        return request(method, path, headers, body, timeout, true);
    }

    private Response request(
            String method, String path, Map<String, String> headers, byte[] body,
            Duration timeout, boolean isOwn) {
        byte[] methodText = Scratch.utf8(method, "method");
        byte[] pathText = Scratch.utf8(path, "path");
        Objects.requireNonNull(body, "body");
        List<byte[]> lines = new ArrayList<>(headers.size());
        headers.forEach((name, value) -> {
            Objects.requireNonNull(name, "a header's name");
            Objects.requireNonNull(value, name);
            lines.add(Scratch.utf8(name + ": " + value, name));
        });
        return call(timeout, isOwn, (call, scratch) -> {
            scratch.check(Functions.tsm_request(
                    handle, call, scratch.text(methodText), scratch.text(pathText),
                    scratch.texts(lines), scratch.bytes(body), body.length, scratch.out(),
                    scratch.error()));
            return Response.take(scratch.given());
        });
    }

    /**
     * Calls an operation of a SOAP service (Unified Web Service v2), with the session token in the
     * envelope's header. Everything else is as with {@link #request(String, String, Map, byte[])}:
     * a fault is an answer unless it is about the token.
     *
     * @param service e.g. {@code DeviceService}
     * @param operation e.g. {@code GetDeviceList}
     * @param bodyXml the element inside the envelope's Body
     * @return the answer, whatever its status
     */
    public Response soapCall(String service, String operation, String bodyXml) {
        return soapCall(service, operation, bodyXml, timeout, false);
    }

    /**
     * The same as {@link #soapCall(String, String, String)} with a deadline of its own.
     *
     * @param service e.g. {@code DeviceService}
     * @param operation e.g. {@code GetDeviceList}
     * @param bodyXml the element inside the envelope's Body
     * @param timeout the longest that the call may take
     * @return the answer, whatever its status
     */
    public Response soapCall(String service, String operation, String bodyXml, Duration timeout) {
        return soapCall(service, operation, bodyXml, timeout, true);
    }

    private Response soapCall(
            String service, String operation, String bodyXml, Duration timeout, boolean isOwn) {
        byte[] serviceText = Scratch.utf8(service, "service");
        byte[] operationText = Scratch.utf8(operation, "operation");
        byte[] body = utf8(bodyXml, "bodyXml");
        return call(timeout, isOwn, (call, scratch) -> {
            scratch.check(Functions.tsm_soap_call(
                    handle, call, scratch.text(serviceText), scratch.text(operationText),
                    scratch.bytes(body), body.length, scratch.out(), scratch.error()));
            return Response.take(scratch.given());
        });
    }

    /**
     * Begins one request that the program sends with an HTTP client of its own, to this session's
     * base URL and nowhere else.
     *
     * @return which tokens to send, and what the answers mean
     */
    public Exchange exchange() {
        return exchange(Optional.empty());
    }

    /**
     * The same as {@link #exchange()} for a request to that URL.
     *
     * @param url where the request goes
     * @return which tokens to send, and what the answers mean
     * @throws IllegalArgumentException if that is another origin than the session's: tokens go
     *     nowhere else; or a login, which the lockout guard would not count
     */
    public Exchange exchange(URI url) {
        return exchange(Optional.of(url));
    }

    private Exchange exchange(Optional<URI> url) {
        return now(scratch -> {
            long text = url.isEmpty() ? 0 : scratch.text(url.get().toASCIIString(), "url");
            scratch.check(
                    Functions.tsm_exchange_new(handle, text, scratch.out(), scratch.error()));
            return new Exchange(this, scratch.given());
        });
    }

    /**
     * Ends the session at the platform. Calls then throw with {@link Status#NOT_LOGGED_IN} until
     * {@link #relogin()}. A token shared through a store is ended for all who share it. Close the
     * session all the same.
     */
    public void logout() {
        logout(timeout, false);
    }

    /**
     * The same as {@link #logout()} with a deadline of its own.
     *
     * @param timeout the longest that the call may take
     */
    public void logout(Duration timeout) {
        logout(timeout, true);
    }

    private void logout(Duration timeout, boolean isOwn) {
        this.<Void>call(timeout, isOwn, (call, scratch) -> {
            scratch.check(Functions.tsm_logout(handle, call, scratch.error()));
            return null;
        });
    }

    /**
     * What the session did so far.
     *
     * @return its counters and settings at this moment
     */
    public SessionInfo info() {
        return new SessionInfo(now(scratch -> {
            long buffer = scratch.room(Numbers.INFO_MAX);
            scratch.check(
                    Functions.tsm_info(handle, buffer, Numbers.INFO_MAX, scratch.error()));
            return Scratch.read(buffer);
        }));
    }

    /**
     * What the session counted, in the text format of Prometheus: serve it as {@code text/plain;
     * version=0.0.4}. No secret is in it.
     *
     * @return the metrics
     */
    public String metrics() {
        return now(scratch -> {
            long buffer = scratch.room(Numbers.METRICS_MAX);
            scratch.check(
                    Functions.tsm_metrics(handle, buffer, Numbers.METRICS_MAX, scratch.error()));
            return Scratch.read(buffer);
        });
    }

    /**
     * Which session service the session is logged in to.
     *
     * @return the protocol
     */
    public Protocol protocol() {
        requireSession();
        return protocol;
    }

    /**
     * Where the session's requests go: {@code base_url}, or {@code soap_url} of a SOAP session.
     *
     * @return the URL
     */
    public URI baseUrl() {
        requireSession();
        return baseUrl;
    }

    /**
     * The request header that carries the session token.
     *
     * @return its name, by default {@code VZ-M2M-Token}
     */
    public String sessionTokenHeader() {
        requireSession();
        return sessionTokenHeader;
    }

    /**
     * Changes how much of the session's log is told, from now on.
     *
     * @param level the least that matters enough
     */
    public void logLevel(System.Logger.Level level) {
        int most = switch (level) {
            case ALL, TRACE -> 5;
            case DEBUG -> 4;
            case INFO -> 3;
            case WARNING -> 2;
            case ERROR -> 1;
            case OFF -> 0;
        };
        this.<Void>now(scratch -> {
            scratch.check(Functions.tsm_set_log_level(handle, most));
            return null;
        });
    }

    /**
     * Ends what the session is doing, for good: calls that are running and all later ones throw
     * with {@link Status#CANCELLED}. It waits for nothing and sends nothing.
     */
    public void cancel() {
        this.<Void>now(scratch -> {
            scratch.check(Functions.tsm_cancel(handle));
            return null;
        });
        state.workers.end();
    }

    /**
     * Lets go of the session: calls that are running end with an {@link IllegalStateException}, as
     * do later ones. It never waits, uses the network or logs out: the platform ends the session 20
     * minutes after its last use, {@link #logout()} does at once. A second time it does nothing.
     */
    @Override
    public void close() {
        cleanable.clean();
    }

    /** Where the session's requests go. */
    @Override
    public String toString() {
        if (state == null) {
            return "Session[a test's]";
        }
        return "Session[" + baseUrl + (state.isClosed() ? ", closed]" : "]");
    }

    /** The same without a thread that waits; its failure is a {@link Refusal}. */
    <R> CompletableFuture<R> start(Workers.Work<R> work) {
        requireSession();
        return state.workers.start(deadline(timeout, false), work);
    }

    /** The library's number of it. */
    long nativeHandle() {
        return handle;
    }

    Renewals renewals() {
        return renewals;
    }

    /** Has the library count a wait for a login, which begins now and ends when this is run. */
    Runnable countsWait() {
        long began = System.nanoTime();
        return () -> {
            try (Scratch scratch = new Scratch()) {
                long waitedUs = (System.nanoTime() - began) / 1000;
                // Where the session was closed meanwhile there is nobody to tell.
                scratch.check(Functions.tsm_waited(handle, waitedUs, scratch.error()));
            } catch (Refusal e) {
                // Its error is freed.
            } finally {
                Reference.reachabilityFence(this);
            }
        };
    }

    /** A call that may wait. */
    <R> R call(Optional<Duration> timeout, Workers.Work<R> work) {
        return call(timeout.orElse(this.timeout), timeout.isPresent(), work);
    }

    private <R> R call(Duration timeout, boolean isOwn, Workers.Work<R> work) {
        requireSession();
        try {
            return state.workers.run(deadline(timeout, isOwn), work, late -> {});
        } catch (Refusal e) {
            throw thrown(e);
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /** A call that ends at once. */
    <R> R now(Direct<R> work) {
        requireSession();
        try (Scratch scratch = new Scratch()) {
            return work.run(scratch);
        } catch (Refusal e) {
            throw thrown(e);
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    private void requireSession() {
        if (state == null) {
            throw new UnsupportedOperationException(
                    "This stands in for a session, and does not override what was called.");
        }
    }

    /** A call that ends at once. */
    @FunctionalInterface
    interface Direct<R> {
        R run(Scratch scratch) throws Refusal;
    }

    private static Workers.Deadline deadline(Duration timeout, boolean isOwn) {
        return new Workers.Deadline(Objects.requireNonNull(timeout, "timeout"), isOwn);
    }

    RuntimeException thrown(Refusal refusal) {
        return switch (refusal.status()) {
            case INVALID_HANDLE -> new IllegalStateException("The session is closed.");
            case CANCELLED -> state.isClosed()
                    ? new IllegalStateException("The session was closed during the call.")
                    : refusal.exception();
            default -> refusal.exception();
        };
    }

    /** The one place that logs: a logger that names the caller of a line names the session. */
    static void log(System.Logger logger, System.Logger.Level level, String line) {
        logger.log(level, line);
    }

    private byte[] slowToken() {
        return now(scratch -> {
            byte[] buffer = new byte[Numbers.TOKEN_MAX];
            scratch.check(
                    Functions.tsm_token(handle, buffer, Numbers.TOKEN_MAX, scratch.error()));
            return buffer;
        });
    }

    private static Session make(SessionOptions options, boolean isLogin) {
        Objects.requireNonNull(options, "options");
        Library.load();
        Workers workers = new Workers();
        try (SessionOptions.NativeConfig config = options.toNative()) {
            Duration timeout = timeoutOf(config);
            Workers.Work<NativeSession> work = (call, scratch) -> {
                scratch.check(isLogin
                        ? Functions.tsm_login(
                                config.handle, call, scratch.out(), scratch.error())
                        : Functions.tsm_open(
                                config.handle, call, scratch.out(), scratch.error()));
                return new NativeSession(scratch.given(), workers, config.stubs());
            };
            Consumer<NativeSession> late = NativeSession::run;
            return new Session(
                    workers.run(new Workers.Deadline(timeout, false), work, late), config, timeout);
        } catch (Refusal e) {
            workers.close();
            throw e.exception();
        } catch (Throwable e) {
            workers.close();
            throw e;
        }
    }

    private static Duration timeoutOf(SessionOptions.NativeConfig config) {
        return Duration.ofMillis(Long.parseLong(config.get("timeout_ms")));
    }

    private static byte[] utf8(String text, String parameter) {
        return Objects.requireNonNull(text, parameter).getBytes(StandardCharsets.UTF_8);
    }

    /** A token with the NUL behind it, and its text. */
    private record Held(byte[] bytes, String text) {
        static Held of(byte[] buffer) {
            int length = 0;
            while (buffer[length] != 0) {
                length++;
            }
            return new Held(
                    Arrays.copyOf(buffer, length + 1),
                    new String(buffer, 0, length, StandardCharsets.UTF_8));
        }
    }
}
