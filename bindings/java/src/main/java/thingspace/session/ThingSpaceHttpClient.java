package thingspace.session;

import java.io.IOException;
import java.net.Authenticator;
import java.net.CookieHandler;
import java.net.ProxySelector;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandler;
import java.net.http.HttpResponse.PushPromiseHandler;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSession;

/**
 * A {@link HttpClient} whose requests carry the session's two tokens. When the platform refuses one
 * of them it is renewed, once, for however many requests were refused, and the request is sent
 * again.
 *
 * <pre>{@code
 * HttpClient http = ThingSpaceHttpClient.of(session);
 * HttpRequest request = HttpRequest.newBuilder(
 *         URI.create(session.baseUrl() + "/m2m/v1/accounts/0000123456-00001")).build();
 * System.out.println(http.send(request, HttpResponse.BodyHandlers.ofString()).body());
 * }</pre>
 *
 * <p>The tokens go to the origin of {@link Session#baseUrl()} and nowhere else: a request to
 * another one is an {@link IllegalArgumentException}, and so is a login of the program's own, which
 * the lockout guard would not count. The client within must not follow redirects, since one would
 * carry the session token to wherever it points. The request's own {@code Authorization} and
 * session token header are replaced; {@link HttpResponse#request()} is the request as it was given,
 * without tokens.
 *
 * <p>An answer that may be about a token is read as far as it takes to tell; all others, the
 * successful ones among them, go to the program's {@link BodyHandler} as they come.
 *
 * <p>A request is sent again if the length of its body is known beforehand: text, bytes, files. A
 * body of unknown length, such as {@code BodyPublishers.ofInputStream}, may be spent: the token is
 * renewed then and the request throws {@link ThingSpaceException}, {@link Status#SESSION_EXPIRED}
 * or {@link Status#API_TOKEN}; send it again with a fresh body.
 *
 * <p>Certificates, proxies and timeouts of these requests are those of the client within, not the
 * session's; a renewal takes the session's. {@code HttpRequest.Builder.timeout} is for each
 * sending. {@code sendAsync} holds no thread of the client while a token is renewed, and
 * cancelling its future, or one made of it, cancels the request. The client
 * renews whatever {@link SessionOptions.Builder#autoRelogin} says: that is about the session's own
 * requests. What keeps a renewal from succeeding is thrown as {@link ThingSpaceException}.
 */
public final class ThingSpaceHttpClient extends HttpClient {
    private final Session session;
    private final HttpClient client;

    private ThingSpaceHttpClient(Session session, HttpClient client) {
        this.session = session;
        this.client = client;
    }

    /**
     * A client over one of its own, which ends when nobody refers to it any more: the methods by
     * which a client of Java 21 is closed do nothing.
     *
     * @param session the session, which speaks REST; it must live as long as the client is used
     * @return the client
     */
    public static ThingSpaceHttpClient of(Session session) {
        return of(session, HttpClient.newHttpClient());
    }

    /**
     * A client over another.
     *
     * @param session the session, which speaks REST; it must live as long as the client is used
     * @param client what sends; closing it is left to whoever made it
     * @return the client
     * @throws IllegalArgumentException if it follows redirects, or the session speaks SOAP, or it
     *     has an {@link Authenticator} on a Java before 23, which then leaves out the header {@code
     *     Authorization}
     */
    public static ThingSpaceHttpClient of(Session session, HttpClient client) {
        if (session.protocol() == Protocol.SOAP) {
            throw new IllegalArgumentException(
                    "The session speaks SOAP, and these are the tokens of REST requests.");
        }
        if (client.followRedirects() != Redirect.NEVER) {
            throw new IllegalArgumentException(
                    "The client follows redirects, which would carry the session token elsewhere: "
                    + "make it with followRedirects(HttpClient.Redirect.NEVER).");
        }
        if (client.authenticator().isPresent() && Runtime.version().feature() < 23) {
            throw new IllegalArgumentException(
                    "The client has an Authenticator, and with one Java before 23 leaves out the "
                    + "header that carries the API token: make it without. Where a proxy asks for "
                    + "a password, use the session's own requests and its option proxy.");
        }
        return new ThingSpaceHttpClient(session, client);
    }

    @Override
    public <T> HttpResponse<T> send(HttpRequest request, BodyHandler<T> responseBodyHandler)
            throws IOException, InterruptedException {
        Objects.requireNonNull(responseBodyHandler);
        try (Exchange exchange = session.exchange(request.uri())) {
            BodyHandler<Judged<T>> judge = Judged.handler(exchange, responseBodyHandler);
            while (true) {
                Optional<RequestTokens> tokens = exchange.tokens();
                if (tokens.isPresent()) {
                    HttpResponse<Judged<T>> response =
                            client.send(with(tokens.get(), request), judge);
                    if (response.body().isFinal()) {
                        return new Answer<>(request, response);
                    }
                    response.body().leave().run();
                }
                renew(exchange, request);
            }
        }
    }

    private static void renew(Exchange exchange, HttpRequest request) throws InterruptedException {
        try {
            exchange.renew(canResend(request));
        } catch (ThingSpaceException e) {
            if (e.getCause() instanceof InterruptedException) {
                // It is in the exception that this method is to throw.
                Thread.interrupted();
                throw (InterruptedException) new InterruptedException(e.getMessage()).initCause(e);
            }
            throw e;
        }
    }

    @Override
    public <T> CompletableFuture<HttpResponse<T>> sendAsync(
            HttpRequest request, BodyHandler<T> responseBodyHandler) {
        return sendAsync(request, responseBodyHandler, null);
    }

    @Override
    public <T> CompletableFuture<HttpResponse<T>> sendAsync(
            HttpRequest request,
            BodyHandler<T> responseBodyHandler,
            PushPromiseHandler<T> pushPromiseHandler) {
        Objects.requireNonNull(responseBodyHandler);
        Exchange exchange = session.exchange(request.uri());
        Sending<T> sending =
                new Sending<>(exchange, request, responseBodyHandler, pushPromiseHandler);
        sending.step();
        return sending;
    }

    /** A request under way, which holds no thread. */
    private final class Sending<T> extends CompletableFuture<HttpResponse<T>> {
        private final Exchange exchange;
        private final HttpRequest request;
        private final BodyHandler<Judged<T>> judge;
        private final PushPromiseHandler<Judged<T>> push;
        private volatile Future<?> current = new CompletableFuture<>();

        Sending(
                Exchange exchange,
                HttpRequest request,
                BodyHandler<T> handler,
                PushPromiseHandler<T> push) {
            this.exchange = exchange;
            this.request = request;
            this.judge = Judged.handler(exchange, handler);
            this.push = push == null ? null : pushed(request, push);
        }

        /** Sends, or renews first; what comes next follows by itself. */
        void step() {
            try {
                Optional<RequestTokens> tokens = exchange.tokens();
                if (tokens.isPresent()) {
                    HttpRequest sent = with(tokens.get(), request);
                    follow(client.sendAsync(sent, judge, push), this::judged);
                } else {
                    renew();
                }
            } catch (RuntimeException | Error e) {
                end(null, e);
            }
        }

        private void judged(HttpResponse<Judged<T>> response) {
            if (response.body().isFinal()) {
                end(new Answer<>(request, response), null);
            } else {
                response.body().leave().run();
                renew();
            }
        }

        private void renew() {
            follow(exchange.renewAsync(canResend(request)), nothing -> step());
        }

        private <S> void follow(
                CompletableFuture<S> stage, Consumer<S> next) {
            current = stage;
            if (isDone()) {
                // It was cancelled when the stage before was the current one.
                stage.cancel(true);
            }
            stage.whenCompleteAsync((result, failure) -> {
                if (failure != null) {
                    end(null, failure);
                } else if (isDone()) {
                    exchange.close();
                } else {
                    try {
                        next.accept(result);
                    } catch (RuntimeException | Error e) {
                        end(null, e);
                    }
                }
            }, this::execute);
        }

        /** One that takes no more would keep whoever waits for this waiting for ever. */
        private void execute(Runnable next) {
            Executor usual = defaultExecutor();
            try {
                client.executor().orElse(usual).execute(next);
            } catch (RejectedExecutionException e) {
                usual.execute(next);
            }
        }

        private void end(HttpResponse<T> answer, Throwable failure) {
            exchange.close();
            if (failure == null) {
                complete(answer);
            } else if (failure instanceof CompletionException && failure.getCause() != null) {
                completeExceptionally(failure.getCause());
            } else {
                completeExceptionally(failure);
            }
        }

        @Override
        public boolean cancel(boolean mayInterruptIfRunning) {
            boolean cancelled = super.cancel(mayInterruptIfRunning);
            if (cancelled) {
                current.cancel(true);
            }
            return cancelled;
        }

        @Override
        public <U> CompletableFuture<U> newIncompleteFuture() {
            return new Derived<>(this);
        }
    }

    /** What a program makes of a request: cancelling it cancels the request. */
    private static final class Derived<U> extends CompletableFuture<U> {
        private final Future<?> sending;

        Derived(Future<?> sending) {
            this.sending = sending;
        }

        @Override
        public boolean cancel(boolean mayInterruptIfRunning) {
            boolean cancelled = super.cancel(mayInterruptIfRunning);
            if (cancelled && mayInterruptIfRunning) {
                sending.cancel(true);
            }
            return cancelled;
        }

        @Override
        public <V> CompletableFuture<V> newIncompleteFuture() {
            return new Derived<>(sending);
        }
    }

    /** What the server pushes is the program's, unjudged. */
    private static <T> PushPromiseHandler<Judged<T>> pushed(
            HttpRequest request, PushPromiseHandler<T> push) {
        return (initiating, promised, acceptor) -> push.applyPushPromise(
                request,
                promised,
                handler -> acceptor.apply(Judged.unjudged(handler))
                        .thenApply(response -> new Answer<>(promised, response)));
    }

    private HttpRequest with(RequestTokens tokens, HttpRequest request) {
        String header = session.sessionTokenHeader();
        return HttpRequest.newBuilder(
                        request,
                        (name, value) -> !name.equalsIgnoreCase("Authorization")
                                && !name.equalsIgnoreCase(header))
                .setHeader("Authorization", "Bearer " + tokens.apiToken())
                .setHeader(header, tokens.sessionToken())
                .build();
    }

    private static boolean canResend(HttpRequest request) {
        return request.bodyPublisher().map(body -> body.contentLength() >= 0).orElse(true);
    }

    /** The last answer, to the request as the program made it. */
    private static final class Answer<T> implements HttpResponse<T> {
        private final HttpRequest request;
        private final HttpResponse<Judged<T>> response;

        Answer(HttpRequest request, HttpResponse<Judged<T>> response) {
            this.request = request;
            this.response = response;
        }

        @Override
        public int statusCode() {
            return response.statusCode();
        }

        @Override
        public HttpRequest request() {
            return request;
        }

        @Override
        public Optional<HttpResponse<T>> previousResponse() {
            return response.previousResponse().map(previous -> new Answer<>(request, previous));
        }

        @Override
        public HttpHeaders headers() {
            return response.headers();
        }

        @Override
        public T body() {
            return response.body() == null ? null : response.body().body();
        }

        @Override
        public Optional<SSLSession> sslSession() {
            return response.sslSession();
        }

        @Override
        public URI uri() {
            return response.uri();
        }

        @Override
        public HttpClient.Version version() {
            return response.version();
        }

        @Override
        public String toString() {
            return response.toString();
        }
    }

    @Override
    public Optional<CookieHandler> cookieHandler() {
        return client.cookieHandler();
    }

    @Override
    public Optional<Duration> connectTimeout() {
        return client.connectTimeout();
    }

    /** {@inheritDoc} It is {@link java.net.http.HttpClient.Redirect#NEVER}. */
    @Override
    public Redirect followRedirects() {
        return client.followRedirects();
    }

    @Override
    public Optional<ProxySelector> proxy() {
        return client.proxy();
    }

    @Override
    public SSLContext sslContext() {
        return client.sslContext();
    }

    @Override
    public SSLParameters sslParameters() {
        return client.sslParameters();
    }

    @Override
    public Optional<Authenticator> authenticator() {
        return client.authenticator();
    }

    @Override
    public Version version() {
        return client.version();
    }

    @Override
    public Optional<Executor> executor() {
        return client.executor();
    }
}
