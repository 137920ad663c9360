using System;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Http;
using System.Reflection;
using System.Threading;
using System.Threading.Tasks;
using ThingSpace.Interop;

namespace ThingSpace;

/// <summary>
/// Gives the requests of an <see cref="HttpClient"/> the session's two tokens. When the platform
/// refuses one of them it is renewed, once, for however many requests were refused, and the request
/// is sent again.
/// </summary>
/// <remarks>
/// <para>
/// <c>new HttpClient(new ThingSpaceHandler(session)) { BaseAddress = session.BaseAddress }</c>, or
/// with <c>IHttpClientFactory</c>
/// <c>.AddHttpMessageHandler(() => new ThingSpaceHandler(session))</c>. Disposing the handler
/// leaves the session alone.
/// </para>
/// <para>
/// The tokens go to the origin of <see cref="Session.BaseAddress"/> and nowhere else: a request to
/// another one throws, and so does a login of the program's own, which the lockout guard would not
/// count. The handler at the end of the chain has its automatic redirects turned off, since a
/// redirect would carry the session token to wherever it points. A handler other than the
/// framework's and WinHttpHandler must not follow redirects. The request's own
/// <c>Authorization</c> and <see cref="Session.SessionTokenHeader"/> are replaced, and removed when
/// it is over.
/// </para>
/// <para>
/// An address on that origin but outside the base URL's path is taken as one below it, so that a
/// slash at the start of a relative address makes no difference.
/// </para>
/// <para>
/// A content that can be read twice is sent again as it is: the framework's own for text, bytes,
/// forms, JSON, streams that can seek, and multipart contents of these. So is one that is derived
/// from <see cref="ByteArrayContent"/> or <see cref="StringContent"/>, unless it is a part of
/// another; it is written out before it is first sent, as JSON is. For any other, derived ones
/// included, the token is renewed and the request throws <see cref="ThingSpaceException"/>; make it
/// anew and send it again.
/// <see cref="HttpContent.LoadIntoBufferAsync()"/> beforehand makes a <see cref="StreamContent"/>
/// of any stream one that can be read twice.
/// </para>
/// <para>
/// Certificates, proxies and timeouts of these requests are the HttpClient's and its inner
/// handler's, not the session's.
/// </para>
/// <para>
/// The handler renews whatever <see cref="SessionOptions.AutoRelogin"/> says: that is about the
/// session's own requests.
/// </para>
/// <para>
/// What keeps a renewal from succeeding is thrown as <see cref="ThingSpaceException"/>. All other
/// answers are the caller's, as without this handler.
/// </para>
/// </remarks>
public sealed class ThingSpaceHandler : DelegatingHandler
{
    private static readonly Uri s_nowhere = new("", UriKind.Relative);

    private readonly Session _session;
    private readonly object _gate = new();
    private volatile bool _chainIsChecked;

    /// <summary>Makes a handler; without an inner one given later it makes itself one.</summary>
    /// <param name="session">The session. It must live as long as the handler is used.</param>
    /// <exception cref="ArgumentException">It is a SOAP session.</exception>
    public ThingSpaceHandler(Session session) => _session = RequireRest(session);

    /// <summary>Makes a handler in front of another.</summary>
    /// <param name="session">The session. It must live as long as the handler is used.</param>
    /// <param name="innerHandler">What sends the requests.</param>
    /// <exception cref="ArgumentException">It is a SOAP session.</exception>
    public ThingSpaceHandler(Session session, HttpMessageHandler innerHandler)
        : base(innerHandler ?? throw new ArgumentNullException(nameof(innerHandler))) =>
        _session = RequireRest(session);

    /// <inheritdoc/>
    protected override Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage request, CancellationToken cancellationToken) =>
        Send(request, isAsync: true, cancellationToken);

#if NET8_0_OR_GREATER
    /// <inheritdoc/>
    protected override HttpResponseMessage Send(
        HttpRequestMessage request, CancellationToken cancellationToken) =>
        Send(request, isAsync: false, cancellationToken).GetAwaiter().GetResult();
#endif

    /// <summary>The same for both; not asynchronous, it is over when it returns.</summary>
    private async Task<HttpResponseMessage> Send(
        HttpRequestMessage request, bool isAsync, CancellationToken cancellationToken)
    {
        _ = request ?? throw new ArgumentNullException(nameof(request));
        Exchange exchange = Begin(request, out RequestTokens? tokens);
        bool isOver = false;
        try
        {
            CheckChain();
            bool canResend = request.Content is null ||
                await Replay.IsPossible(request.Content, isAsync, cancellationToken)
                    .ConfigureAwait(false);
            var trace = new TraceHeaders(request.Headers);
            while (true)
            {
                if (tokens is not null)
                {
                    HttpResponseMessage response;
                    tokens.AddTo(request.Headers, _session.SessionTokenHeader);
                    try
                    {
#if NET8_0_OR_GREATER
                        response = isAsync
                            ? await base.SendAsync(request, cancellationToken)
                                .ConfigureAwait(false)
                            : base.Send(request, cancellationToken);
#else
                        response = await base.SendAsync(request, cancellationToken)
                            .ConfigureAwait(false);
#endif
                    }
                    finally
                    {
                        // They stay on the request no longer than it is under way.
                        RequestTokens.TakeFrom(request.Headers, _session.SessionTokenHeader);
                    }

                    isOver = exchange.IsOver((int)response.StatusCode) ||
                        await IsOver(exchange, response, isAsync, cancellationToken)
                            .ConfigureAwait(false);
                    if (isOver)
                    {
                        return response;
                    }
                }

                trace.TakeOff();

                // It blocks those only who wait for the blocking HttpClient.Send.
                if (isAsync)
                {
                    await exchange.RenewAsync(canResend, null, cancellationToken)
                        .ConfigureAwait(false);
                }
                else
                {
                    exchange.Renew(canResend, null, cancellationToken);
                }

                tokens = exchange.GetTokens();
            }
        }
        finally
        {
            _session.EndExchange(exchange, isOver);
        }
    }

    private Exchange Begin(HttpRequestMessage request, out RequestTokens? tokens)
    {
        Uri? url = request.RequestUri;
        bool isBelowBase = url is not null && _session.IsBelowBase(url);
        if (!isBelowBase)
        {
            url = BelowBase(url);
            request.RequestUri = url;
            isBelowBase = url is not null && _session.IsBelowBase(url);
        }

        try
        {
            return _session.TakeExchange(url ?? s_nowhere, isBelowBase, out tokens);
        }
        catch (ArgumentException e)
        {
            throw NativeError.WithoutArgument(e);
        }
    }

    /// <summary>
    /// An address outside the base URL's path is what a slash at the start of a relative one made:
    /// the session's own requests know no difference.
    /// </summary>
    private Uri? BelowBase(Uri? url)
    {
        Uri place = _session.BaseAddress;
        if (url is not { IsAbsoluteUri: true } ||
            url.AbsolutePath.StartsWith(place.AbsolutePath, StringComparison.Ordinal) ||
            url.AbsolutePath + "/" == place.AbsolutePath ||
            Uri.Compare(
                url, place, UriComponents.SchemeAndServer, UriFormat.UriEscaped,
                StringComparison.OrdinalIgnoreCase) != 0)
        {
            return url;
        }

        return new Uri(place.AbsoluteUri.TrimEnd('/') + url.PathAndQuery);
    }

    /// <summary>
    /// Whether the answer is the caller's; if not, a token was refused, and it is disposed of.
    /// </summary>
    private static async Task<bool> IsOver(
        Exchange exchange,
        HttpResponseMessage response,
        bool isAsync,
        CancellationToken cancellationToken)
    {
        bool isOver = false;
        try
        {
            int status = (int)response.StatusCode;
            if (status < (int)HttpStatusCode.Continue)
            {
                // Not HTTP's: there is nothing to judge.
                isOver = true;
                return true;
            }

            int most = exchange.BodyMax(status);
            byte[] seen = most == 0
                ? []
                : await Replay.Peek(response, most + 1, isAsync, cancellationToken)
                    .ConfigureAwait(false);
            isOver = exchange.Answered(status, seen);
            return isOver;
        }
        finally
        {
            if (!isOver)
            {
                response.Dispose();
            }
        }
    }

    private static Session RequireRest(Session session)
    {
        _ = session ?? throw new ArgumentNullException(nameof(session));
        return session.IsSoap
            ? throw new ArgumentException(
                "The session speaks SOAP, and these are the tokens of REST requests.",
                nameof(session))
            : session;
    }

    /// <summary>
    /// Before the first request: there must be an inner handler, and the last of the chain must not
    /// follow redirects.
    /// </summary>
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
                $"The {last.GetType().Name} under ThingSpaceHandler follows redirects, which " +
                "would carry the session token elsewhere, and it is in use already. Set its " +
                "AllowAutoRedirect or AutomaticRedirection to false when you make it.",
                e);
        }
    }

    /// <summary>
    /// The switch of a handler that is not known here: WinHttpHandler's, or for netstandard2.0
    /// SocketsHttpHandler's.
    /// </summary>
    [UnconditionalSuppressMessage(
        "Trimming",
        "IL2070",
        Justification =
            "The framework's own are named above; of others a trimmed program may lack it.")]
    private static PropertyInfo? Redirects(Type handler) =>
        handler.GetProperty("AllowAutoRedirect", typeof(bool)) ??
        handler.GetProperty("AutomaticRedirection", typeof(bool));
}
