using System;
using System.Diagnostics.CodeAnalysis;
#if NET8_0_OR_GREATER
using System.Net.Http;
#endif
using System.Runtime.CompilerServices;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using ThingSpace.Interop;

namespace ThingSpace;

/// <summary>
/// One request that the program sends with a client of its own, resends included: which tokens go
/// with it, what an answer means, what to renew and whether to send again, by the rules that the
/// session's own requests follow. <see cref="ThingSpaceHandler"/> does all this for
/// <see cref="System.Net.Http.HttpClient"/>.
/// </summary>
/// <remarks>
/// <para>
/// An exchange is for one request and, at any moment, for one thread. Only <see cref="Renew"/> may
/// wait. Follow no redirect with the tokens.
/// </para>
/// <para>It renews whatever <see cref="SessionOptions.AutoRelogin"/> says.</para>
/// <para>
/// For a program's tests the members are virtual, as <see cref="Session"/>'s:
/// <see cref="ThingSpaceHandler"/> asks <see cref="GetTokens"/>, <see cref="BodyMax"/> and
/// <see cref="Answered(int, byte[])"/>, and <see cref="Renew"/> or <see cref="RenewAsync"/> where
/// that gives false.
/// </para>
/// </remarks>
/// <example>
/// <code>
/// using Exchange exchange = session.BeginExchange(url);
/// while (true)
/// {
///     if (exchange.GetTokens() is { } tokens)
///     {
///         // Yours: sends the API token as "Authorization: Bearer …" and the session token in
///         // the header that session.SessionTokenHeader names.
///         var answer = Send(url, tokens);
///         if (exchange.Answered(answer.Status, answer.Body))
///         {
///             return answer;
///         }
///     }
///
///     exchange.Renew();
/// }
/// </code>
/// </example>
public class Exchange : IDisposable
{
    private readonly Session? _session;
    private readonly ExchangeHandle _handle;

    /// <summary>The tokens given last.</summary>
    private RequestTokens? _given;

    /// <summary>
    /// Whether the request goes with tokens that the library knows to be good: of its answer it
    /// wants to see only what may be a refusal.
    /// </summary>
    private bool _isSure;
#if NET8_0_OR_GREATER
    private RequestHead? _head;
#endif

    /// <summary>Makes what stands in for an exchange in a program's tests.</summary>
    protected Exchange() => _handle = new ExchangeHandle();

    internal Exchange(Session session, ExchangeHandle handle)
    {
        _session = session;
        _handle = handle;
    }

    /// <summary>
    /// The tokens to send now; null when something must be renewed first, such as an API token
    /// whose time is up: <see cref="Renew"/>, then ask again. It never waits. A request that found
    /// no answer, because the network failed, may be sent again with the tokens that this gives
    /// then.
    /// </summary>
    /// <exception cref="ThingSpaceException">
    /// The session was logged out: <see cref="TsmStatus.NotLoggedIn"/>.
    /// </exception>
    /// <exception cref="InvalidOperationException">
    /// The request was answered already, or another thread uses the exchange.
    /// </exception>
    public virtual unsafe RequestTokens? GetTokens()
    {
        byte* sessionToken = stackalloc byte[NativeMethods.TokenMax];
        byte* apiToken = stackalloc byte[NativeMethods.ApiTokenMax];
        int status = NativeMethods.tsm_exchange_tokens(
            Number, sessionToken, NativeMethods.TokenMax, apiToken, NativeMethods.ApiTokenMax,
            out int next, out nint error);
        ThrowUnlessOk(status, error);
        _isSure = false;
        _given = next == NativeMethods.NextSend
            ? Owner.ReadTokens(sessionToken, apiToken)
            : _given;
        return next == NativeMethods.NextSend ? _given : null;
    }

    /// <summary>
    /// Begins the request once more when it is over, or another to the same place, if its tokens
    /// are known to be good still: they are sent then, and <see cref="GetTokens"/> need not be
    /// asked.
    /// </summary>
    internal bool BeginsAgain([NotNullWhen(true)] out RequestTokens? tokens)
    {
        bool begins = NativeMethods.tsm_exchange_again(Number) != 0;
        GC.KeepAlive(this);
        return Begun(begins, out tokens);
    }

    /// <summary>
    /// Whether an answer of this status is the program's, whatever its body, and the request over
    /// without more: the library need not be told.
    /// </summary>
    internal bool IsOver(int httpStatus) => _isSure && !Owner.ReadsBody(this, httpStatus);

    /// <summary>
    /// What <see cref="Renew"/> would do, as a name that is the same for all who wait for the same;
    /// null for nothing.
    /// </summary>
    internal string? Due(out bool isLogin)
    {
        int due = NativeMethods.tsm_exchange_due(Number);
        GC.KeepAlive(this);
        isLogin = due == NativeMethods.DueSessionToken;
        return due switch
        {
            NativeMethods.DueApiToken => $"API token {_given?.ApiToken}",
            NativeMethods.DueSessionToken => $"session token {_given?.SessionToken}",
            _ => null,
        };
    }

    /// <summary>
    /// How many bytes of the body of an answer of this status <see cref="Answered(int, byte[])"/>
    /// has to see. 0 is none: the body need not be read before the answer is passed on. Of a longer
    /// body give it one byte more than this, or all of it: it then says nothing.
    /// </summary>
    /// <param name="httpStatus">The answer's status.</param>
    public virtual int BodyMax(int httpStatus)
    {
        nuint most = NativeMethods.tsm_exchange_body_max(Number, httpStatus);
        GC.KeepAlive(this);
        return (int)most;
    }

    /// <summary>Judges the answer to what was sent with the tokens. It never waits.</summary>
    /// <param name="httpStatus">The answer's status.</param>
    /// <param name="body">
    /// Its body, or as much of it as <see cref="BodyMax"/> asks for; null is none.
    /// </param>
    /// <returns>
    /// True: the answer is the program's, be it good or bad, and the exchange is over;
    /// <see cref="Session.Check(int, byte[], string)"/> makes an error of it. False: a token was
    /// refused and another is to be had: <see cref="Renew"/>, then send again.
    /// </returns>
    /// <exception cref="InvalidOperationException">
    /// No request is under way, that is no HTTP status, or another thread uses the exchange.
    /// </exception>
    public virtual unsafe bool Answered(int httpStatus, byte[]? body)
    {
        fixed (byte* start = body)
        {
            int status = NativeMethods.tsm_exchange_answered(
                Number, httpStatus, start, (nuint)(body?.Length ?? 0),
                out int next, out nint error);
            ThrowUnlessOk(status, error);
            return next == NativeMethods.NextDone;
        }
    }

    /// <inheritdoc cref="Answered(int, byte[])"/>
    [OverloadResolutionPriority(1)]
    public virtual bool Answered(int httpStatus, string? body) =>
        Answered(httpStatus, body is null ? null : Encoding.UTF8.GetBytes(body));

    /// <summary>
    /// Does what is due: fetches an API token, renews the one that was refused, or logs in again,
    /// once for all who ask. Each token is renewed at most once for a request; one that somebody
    /// else has renewed meanwhile is taken as it is. After a failure it may be called again.
    /// </summary>
    /// <param name="canResend">
    /// False if the request's body cannot be sent twice. Everything that may be at fault is renewed
    /// then, and the refusal itself is thrown, with the token that was refused: make the request
    /// again with a fresh body.
    /// </param>
    /// <param name="timeout">The deadline of this call instead of the session's.</param>
    /// <param name="cancellationToken">
    /// Ends the call early; not the login, if others wait for it too.
    /// </param>
    /// <exception cref="ThingSpaceException">
    /// The renewal did not succeed; <see cref="TsmStatus.LoginBlocked"/> when the login was not
    /// sent.
    /// </exception>
    /// <exception cref="InvalidOperationException">
    /// Nothing is due, or another thread uses the exchange.
    /// </exception>
    public virtual void Renew(
        bool canResend = true,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default) =>
        RenewWithin(canResend, timeout, cancellationToken);

    internal void RenewWithin(bool canResend, CallTime time, CancellationToken cancellationToken)
    {
        using NativeCall call = Owner.Start(time, cancellationToken);
        int status = NativeMethods.tsm_exchange_renew(
            Number, call.Handle, canResend ? 1 : 0, out nint error);
        ThrowUnlessOk(status, error, cancellationToken);
    }

    /// <inheritdoc cref="Renew"/>
    public virtual Task RenewAsync(
        bool canResend = true,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default) =>
        Owner.RenewAsync(this, canResend, timeout, cancellationToken);

    /// <summary>Ends the exchange. The session is left alone.</summary>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Ends the exchange.</summary>
    /// <param name="disposing">Whether <see cref="Dispose()"/> was called; it always was.</param>
    protected virtual void Dispose(bool disposing)
    {
        if (disposing)
        {
            _handle.Dispose();
        }
    }

    /// <summary>Whether it may carry another request: what stands in for one may not.</summary>
    internal bool IsReusable => _session is not null;

#if NET8_0_OR_GREATER
    /// <summary>
    /// The request of the session's own that this carries, if it has no headers of the program's.
    /// </summary>
    internal (string Method, string Path, bool HasBody) Carries { get; set; }

    /// <summary>The same for another request of the session's own.</summary>
    internal unsafe bool BeginsAgain(
        byte* method,
        byte* path,
        byte** headers,
        bool hasBody,
        [NotNullWhen(true)] out RequestTokens? tokens)
    {
        _head = null;
        bool begins = NativeMethods.tsm_exchange_request_again(
            Number, method, path, headers, hasBody ? 1 : 0) != 0;
        GC.KeepAlive(this);
        return Begun(begins, out tokens);
    }

    /// <summary>What a request of the session's own is sent with.</summary>
    /// <param name="last">The one that was read the last time: most likely it is that.</param>
    internal unsafe RequestHead ReadHead(ref RequestHead? last)
    {
        if (_head is not null)
        {
            return _head;
        }

        byte* start = NativeMethods.tsm_exchange_head(Number, out nuint length);
        var block = new ReadOnlySpan<byte>(start, (int)length);
        RequestHead? known = Volatile.Read(ref last);
        if (known is null || !known.Is(block))
        {
            known = new RequestHead(block);
            Volatile.Write(ref last, known);
        }

        GC.KeepAlive(this);
        _head = known;
        return known;
    }

    /// <summary>The envelope of a SOAP call, for the tokens given last.</summary>
    internal unsafe ByteArrayContent ReadEnvelope()
    {
        byte* start = NativeMethods.tsm_exchange_body(Number, out nuint length);
        byte[] envelope = new ReadOnlySpan<byte>(start, (int)length).ToArray();
        GC.KeepAlive(this);
        return new ByteArrayContent(envelope);
    }
#endif

    private bool Begun(bool begins, [NotNullWhen(true)] out RequestTokens? tokens)
    {
        tokens = begins ? _given : null;
        _isSure = tokens is not null;
        return _isSure;
    }

    private Session Owner => _session ?? throw NotOverridden();

    private nint Number =>
        _handle.IsClosed ? throw new ObjectDisposedException(nameof(Exchange)) :
        _handle.IsInvalid ? throw NotOverridden() :
        _handle.Number;

    private static NotSupportedException NotOverridden() => new(
        "This stands in for an exchange in a test, and what was called is not overridden.");

    private void ThrowUnlessOk(
        int status, nint error, CancellationToken cancellationToken = default)
    {
        GC.KeepAlive(this);
        if (status != 0)
        {
            // What has no arguments of its own can only be called at the wrong moment.
            throw NativeError.WithoutArgument(
                NativeError.Take(status, error, _session, null, cancellationToken));
        }
    }
}
