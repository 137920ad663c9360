using System;
using System.Diagnostics.CodeAnalysis;
using System.Net.Http;
using System.Net.Http.Headers;
using System.Reflection;
using System.Threading;
using System.Threading.Tasks;

namespace ThingSpace;

/// <summary>
/// Gives the requests of an <see cref="HttpClient"/> the session's two tokens. When the platform refuses one of them it is renewed, once,
/// for however many requests were refused, and the request is sent again.
/// </summary>
/// <remarks>
/// <para>
/// <c>new HttpClient(new ThingSpaceHandler(session)) { BaseAddress = session.BaseAddress }</c>, or with <c>IHttpClientFactory</c>
/// <c>.AddHttpMessageHandler(() => new ThingSpaceHandler(session))</c>. Disposing the handler leaves the session alone.
/// </para>
/// <para>
/// The tokens go to the origin of <see cref="Session.BaseAddress"/> and nowhere else: a request to another one throws, and the handler at
/// the end of the chain has its automatic redirects turned off, since a redirect would carry the session token to wherever it points. A
/// handler other than the framework's and WinHttpHandler must not follow redirects. The request's own <c>Authorization</c> and
/// <c>VZ-M2M-Token</c> are replaced, and removed when it is over.
/// </para>
/// <para>
/// A content that can be read twice is sent again as it is: the framework's own for text, bytes, forms, JSON, streams that can seek, and
/// multipart contents of these. For any other, derived ones included, the token is renewed and the request throws
/// <see cref="ThingSpaceException"/>; make it anew and send it again. <see cref="HttpContent.LoadIntoBufferAsync()"/> beforehand makes a
/// <see cref="StreamContent"/> of any stream one that can be read twice.
/// </para>
/// <para>Certificates, proxies and timeouts of these requests are the HttpClient's and its inner handler's, not the session's.</para>
/// <para>The handler renews whatever <see cref="SessionOptions.AutoRelogin"/> says: that is about the session's own requests.</para>
/// <para>
/// What keeps a renewal from succeeding is thrown as <see cref="ThingSpaceException"/>. All other answers are the caller's, as without
/// this handler.
/// </para>
/// </remarks>
public sealed class ThingSpaceHandler : DelegatingHandler
{
    private const string TokenHeader = "VZ-M2M-Token";

    /// <summary>An error that concerns a token is a few hundred bytes; an answer longer than this is not looked through.</summary>
    private const int MaxErrorBytes = 64 * 1024;

    private readonly Session _session;
    private readonly object _gate = new();
    private readonly Uri _origin;
    private volatile bool _chainIsChecked;

    /// <summary>Makes a handler; without an inner one given later it makes itself one.</summary>
    /// <param name="session">The session. It must live as long as the handler is used.</param>
    /// <exception cref="ArgumentException">It is a SOAP session.</exception>
    public ThingSpaceHandler(Session session)
    {
        _session = RequireRest(session);
        _origin = session.BaseAddress;
    }

    /// <summary>Makes a handler in front of another.</summary>
    /// <param name="session">The session. It must live as long as the handler is used.</param>
    /// <param name="innerHandler">What sends the requests.</param>
    /// <exception cref="ArgumentException">It is a SOAP session.</exception>
    public ThingSpaceHandler(Session session, HttpMessageHandler innerHandler)
        : base(innerHandler ?? throw new ArgumentNullException(nameof(innerHandler)))
    {
        _session = RequireRest(session);
        _origin = session.BaseAddress;
    }

    /// <inheritdoc/>
    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
        SendAsync(request, isAsync: true, cancellationToken);

#if NET8_0_OR_GREATER
    /// <inheritdoc/>
    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken) =>
        SendAsync(request, isAsync: false, cancellationToken).GetAwaiter().GetResult();
#endif

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, bool isAsync, CancellationToken cancellationToken)
    {
        _ = request ?? throw new ArgumentNullException(nameof(request));
        RequireOrigin(request.RequestUri);
        CheckChain();
        bool isReplayable = request.Content is null || await Replay.IsPossible(request.Content, isAsync).ConfigureAwait(false);
        var budget = new Budget();
        while (true)
        {
            string apiToken = await GetApiToken(isAsync, cancellationToken).ConfigureAwait(false);
            string token = _session.Token;
            HttpResponseMessage response = await Send(request, apiToken, token, isAsync, cancellationToken).ConfigureAwait(false);
            if (response.IsSuccessStatusCode)
            {
                return response;
            }

            try
            {
                ThingSpaceException? error = await Judge(response, cancellationToken).ConfigureAwait(false);
                bool renewed = await Renew(error, budget, apiToken, token, isAsync, cancellationToken).ConfigureAwait(false);
                if (renewed && !isReplayable)
                {
                    // Nobody will see whether that helped: where the other token may be at fault, renew that too.
                    await Renew(error, budget, apiToken, token, isAsync, cancellationToken).ConfigureAwait(false);
                    throw Unreplayable(error!, error!.Status == TsmStatus.ApiToken ? apiToken : token);
                }

                if (!renewed)
                {
                    return response;
                }
            }
            catch
            {
                response.Dispose();
                throw;
            }

            response.Dispose();
        }
    }

    /// <summary>
    /// Renews the token that an answer is about, if it may still be; a bare 401 may be about either, and the API token's renewal risks no
    /// login.
    /// </summary>
    private async Task<bool> Renew(
        ThingSpaceException? error, Budget budget, string apiToken, string token, bool isAsync, CancellationToken cancellationToken)
    {
        bool isEither = IsAboutEither(error);
        if (budget.ApiToken && (isEither || error?.Status == TsmStatus.ApiToken))
        {
            budget.ApiToken = false;
            try
            {
                await RenewApiToken(apiToken, isAsync, cancellationToken).ConfigureAwait(false);
                return true;
            }
            catch (ThingSpaceException e) when (isEither && e is { Status: TsmStatus.ApiToken, HttpStatus: null })
            {
                // It is a fixed one. The session's is left.
            }
        }

        if (budget.SessionToken && error?.Status == TsmStatus.SessionExpired)
        {
            budget.SessionToken = false;
            _ = _session.Token; // throws after a logout, which no renewal is to undo
            await Relogin(token, isAsync, cancellationToken).ConfigureAwait(false);
            return true;
        }

        return false;
    }

    private static bool IsAboutEither(ThingSpaceException? error) =>
        error is { Status: TsmStatus.SessionExpired, HttpStatus: 401 } &&
        error.Code != "unauthorized" && error.Code.IndexOf("SessionToken.", StringComparison.Ordinal) < 0;

    private static async Task<ThingSpaceException?> Judge(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        byte[]? body = await Replay.Peek(response, MaxErrorBytes, cancellationToken).ConfigureAwait(false);
        return body is null || Session.TryCheck((int)response.StatusCode, body, out ThingSpaceException? error) ? null : error;
    }

    private static ThingSpaceException Unreplayable(ThingSpaceException error, string token) => new(
        error.Status,
        "The token was refused and has been renewed, but the request's content cannot be read twice: make the request anew and send it again.",
        error.Code,
        error.HttpStatus,
        retryable: true,
        token: token,
        innerException: error);

    private static Session RequireRest(Session session)
    {
        _ = session ?? throw new ArgumentNullException(nameof(session));
        return session.IsSoap
            ? throw new ArgumentException("The session speaks SOAP, and these are the tokens of REST requests.", nameof(session))
            : session;
    }

    private void RequireOrigin(Uri? uri)
    {
        if (uri is null || !uri.IsAbsoluteUri ||
            uri.Scheme != _origin.Scheme || uri.Port != _origin.Port ||
            !string.Equals(uri.IdnHost, _origin.IdnHost, StringComparison.OrdinalIgnoreCase))
        {
            throw new InvalidOperationException(
                $"The session's tokens are for {_origin.GetLeftPart(UriPartial.Authority)} only, and the request goes to " +
                (uri is { IsAbsoluteUri: true } ? uri.GetLeftPart(UriPartial.Authority) : "no absolute address") + ".");
        }
    }

    /// <summary>Before the first request: there must be an inner handler, and the last of the chain must not follow redirects.</summary>
    private void CheckChain()
    {
        if (_chainIsChecked)
        {
            return;
        }

        lock (_gate)
        {
            if (_chainIsChecked)
            {
                return;
            }

            InnerHandler ??= new HttpClientHandler { AllowAutoRedirect = false };
            HttpMessageHandler? last = InnerHandler;
            while (last is DelegatingHandler link)
            {
                last = link.InnerHandler;
            }

            if (last is not null)
            {
                DoNotRedirect(last);
            }

            _chainIsChecked = true;
        }
    }

    private static void DoNotRedirect(HttpMessageHandler last)
    {
        try
        {
            switch (last)
            {
                case HttpClientHandler { AllowAutoRedirect: true } handler:
                    handler.AllowAutoRedirect = false;
                    break;
#if NET8_0_OR_GREATER
                case SocketsHttpHandler { AllowAutoRedirect: true } handler:
                    handler.AllowAutoRedirect = false;
                    break;
#endif
                default:
                    PropertyInfo? redirects = Redirects(last.GetType());
                    if (redirects?.GetValue(last) is true)
                    {
                        redirects.SetValue(last, false);
                    }

                    break;
            }
        }
        catch (Exception e) when (e is InvalidOperationException or TargetInvocationException)
        {
            throw new InvalidOperationException(
                $"The {last.GetType().Name} under ThingSpaceHandler follows redirects, which would carry the session token elsewhere, and " +
                "it is in use already. Set its AllowAutoRedirect or AutomaticRedirection to false when you make it.",
                e);
        }
    }

    /// <summary>The switch of a handler that is not known here: WinHttpHandler's, or for netstandard2.0 SocketsHttpHandler's.</summary>
    [UnconditionalSuppressMessage(
        "Trimming", "IL2070", Justification = "The frameworks' own handlers are named above; of others a trimmed program may lack it.")]
    private static PropertyInfo? Redirects(Type handler) =>
        handler.GetProperty("AllowAutoRedirect", typeof(bool)) ?? handler.GetProperty("AutomaticRedirection", typeof(bool));

    // Asynchronous callers share each wait, off the thread pool; those of the blocking HttpClient.Send wait in the library.

    private Task<string> GetApiToken(bool isAsync, CancellationToken cancellationToken) => isAsync
        ? _session.GetApiTokenShared(cancellationToken)
        : Task.FromResult(_session.GetApiToken(null, cancellationToken));

    private Task Relogin(string expired, bool isAsync, CancellationToken cancellationToken)
    {
        if (isAsync)
        {
            return _session.ReloginShared(expired, cancellationToken);
        }

        _session.Relogin(expired, null, cancellationToken);
        return Task.CompletedTask;
    }

    private Task RenewApiToken(string rejected, bool isAsync, CancellationToken cancellationToken)
    {
        if (isAsync)
        {
            return _session.RenewApiTokenShared(rejected, cancellationToken);
        }

        _session.RenewApiToken(rejected, null, cancellationToken);
        return Task.CompletedTask;
    }

    /// <summary>Sends with the tokens, which stay on the request no longer than that.</summary>
    private async Task<HttpResponseMessage> Send(
        HttpRequestMessage request, string apiToken, string token, bool isAsync, CancellationToken cancellationToken)
    {
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", apiToken);
        request.Headers.Remove(TokenHeader);
        request.Headers.TryAddWithoutValidation(TokenHeader, token);
        try
        {
#if NET8_0_OR_GREATER
            if (!isAsync)
            {
                return base.Send(request, cancellationToken);
            }
#endif
            return await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            request.Headers.Authorization = null;
            request.Headers.Remove(TokenHeader);
        }
    }

    /// <summary>Which renewals one request may still cause.</summary>
    private sealed class Budget
    {
        internal bool ApiToken { get; set; } = true;

        internal bool SessionToken { get; set; } = true;
    }
}
