using System;
using System.Diagnostics;
using System.Threading;
using System.Threading.Tasks;
using ThingSpace.Interop;

namespace ThingSpace;

public partial class Session
{
    /// <summary>
    /// Apart from the requests and from other sessions: a platform that is slow to answer those
    /// holds up no login. Few: what many want at once is done by one of them.
    /// </summary>
    private readonly BlockingWorkers _tokenWork = new(8);

    private readonly Renewals _renewals;

    /// <summary>Those of another client's requests.</summary>
    private readonly IdleExchanges _idle;

    /// <summary>By HTTP status, as the library said; 0 where it was not asked yet.</summary>
    private readonly byte[] _readsBody = new byte[1000];

    private string? _apiToken;
    private RequestTokens? _tokens;

    /// <summary>What may lead a path to another folder.</summary>
    private static readonly char[] s_upwards = ['.', '%', '\\'];

    private enum Operation
    {
        Relogin,
        RenewApiToken,
        Logout,
    }

    /// <summary>
    /// The API token; it is fetched when there is none or when it ran out by the clock.
    /// </summary>
    /// <param name="timeout">The deadline of this call instead of the session's.</param>
    /// <param name="cancellationToken">Ends the call early.</param>
    /// <exception cref="ThingSpaceException">
    /// There is none to be had; SOAP sessions have none.
    /// </exception>
    public virtual string GetApiToken(
        TimeSpan? timeout = null, CancellationToken cancellationToken = default) =>
        FetchApiToken(timeout, cancellationToken);

    private unsafe string FetchApiToken(CallTime time, CancellationToken cancellationToken)
    {
        byte* buffer = stackalloc byte[NativeMethods.ApiTokenMax];
        using NativeCall call = Start(time, cancellationToken);
        int status = NativeMethods.tsm_api_token(
            _handle.Number, call.Handle, buffer, NativeMethods.ApiTokenMax, out nint error);
        GC.KeepAlive(this);
        return status == 0
            ? Utf8.Read(buffer, ref _apiToken)
            : throw NativeError.Take(status, error, this, null, cancellationToken);
    }

    /// <inheritdoc cref="GetApiToken"/>
    public virtual async Task<string> GetApiTokenAsync(
        TimeSpan? timeout = null, CancellationToken cancellationToken = default)
    {
        Deadline deadline = Begin(timeout);
        if (HeldApiToken() is { } held)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return held;
        }

        Task<string> Fetch() => OnWorker(
            _tokenWork,
            this,
            static (session, time, token) => session.FetchApiToken(time, token),
            deadline,
            cancellationToken);
        string? fetched = null;
        await _renewals.Run(
            "fetch",
            isLogin: false,
            async () => fetched = await Fetch().ConfigureAwait(false),
            deadline,
            cancellationToken).ConfigureAwait(false);
        return fetched ?? HeldApiToken() ?? await Fetch().ConfigureAwait(false);
    }

    /// <summary>
    /// Logs in again, once for all who ask. If the token held is no longer
    /// <paramref name="expiredToken"/>, somebody has done so already and nothing is sent.
    /// </summary>
    /// <param name="expiredToken">
    /// The token that was refused, <see cref="ThingSpaceException.Token"/>; null means whatever is
    /// held.
    /// </param>
    /// <param name="timeout">The deadline of this call instead of the session's.</param>
    /// <param name="cancellationToken">
    /// Ends the call early; not the login, if others wait for it too.
    /// </param>
    /// <exception cref="ThingSpaceException">
    /// The login did not succeed; <see cref="TsmStatus.LoginBlocked"/> when it was not sent.
    /// </exception>
    public virtual void Relogin(
        string? expiredToken = null,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default) =>
        Do(Operation.Relogin, expiredToken, timeout, cancellationToken);

    /// <inheritdoc cref="Relogin"/>
    public virtual Task ReloginAsync(
        string? expiredToken = null,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default) =>
        ShareAsync(Operation.Relogin, expiredToken, timeout, cancellationToken);

    /// <summary>
    /// Fetches a new API token, once for all who ask. If the one held is no longer
    /// <paramref name="rejectedToken"/>, nothing is sent.
    /// </summary>
    /// <param name="rejectedToken">
    /// The token that was refused, <see cref="ThingSpaceException.Token"/>; null means whatever is
    /// held.
    /// </param>
    /// <param name="timeout">The deadline of this call instead of the session's.</param>
    /// <param name="cancellationToken">Ends the call early.</param>
    /// <exception cref="ThingSpaceException">There is none to be had.</exception>
    public virtual void RenewApiToken(
        string? rejectedToken = null,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default) =>
        Do(Operation.RenewApiToken, rejectedToken, timeout, cancellationToken);

    /// <inheritdoc cref="RenewApiToken"/>
    public virtual Task RenewApiTokenAsync(
        string? rejectedToken = null,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default) =>
        ShareAsync(Operation.RenewApiToken, rejectedToken, timeout, cancellationToken);

    /// <summary>
    /// Ends the session on the platform. With <see cref="SessionOptions.ShareToken"/> it ends for
    /// all who share it.
    /// </summary>
    /// <param name="timeout">The deadline of this call instead of the session's.</param>
    /// <param name="cancellationToken">Ends the call early.</param>
    /// <exception cref="ThingSpaceException">The platform did not confirm it.</exception>
    public virtual void Logout(
        TimeSpan? timeout = null, CancellationToken cancellationToken = default) =>
        Do(Operation.Logout, null, timeout, cancellationToken);

    /// <inheritdoc cref="Logout"/>
    public virtual Task LogoutAsync(
        TimeSpan? timeout = null, CancellationToken cancellationToken = default) =>
        DoAsync(Operation.Logout, null, Begin(timeout), cancellationToken);

    /// <summary>
    /// Begins a request that the program sends with a client of its own. It uses no network and
    /// waits for nothing.
    /// </summary>
    /// <param name="url">
    /// Where the request goes; null if that is known to be this session's base URL (with SOAP its
    /// SOAP URL).
    /// </param>
    /// <returns>What tells the program which tokens to send and when to send again.</returns>
    /// <exception cref="ArgumentException">
    /// The request goes to another origin (scheme, host, port): the tokens go nowhere else. Or it
    /// is a login, which the lockout guard would not count.
    /// </exception>
    public virtual unsafe Exchange BeginExchange(Uri? url = null)
    {
        ThrowIfDisposed();
        string? address = url is { IsAbsoluteUri: true } ? url.AbsoluteUri : url?.OriginalString;
        byte* buffer = stackalloc byte[PathBuffer];
        using var text = new Utf8Argument(address, buffer, PathBuffer, nameof(url));
        int status = NativeMethods.tsm_exchange_new(
            _handle.Number, text.Pointer, out ExchangeHandle exchange, out nint error);
        return Begun(status, exchange, error, nameof(url));
    }

    /// <summary>
    /// An exchange until <see cref="EndExchange"/>, with the tokens to send first. For an address
    /// that <see cref="IsBelowBase"/>, and no login, it may be one that was there before.
    /// </summary>
    internal Exchange TakeExchange(Uri url, bool isBelowBase, out RequestTokens? tokens)
    {
        if (isBelowBase && !MayBeLogin(url) && _idle.TryTake(out Exchange? idle))
        {
            if (idle.BeginsAgain(out tokens))
            {
                return idle;
            }

            idle.Dispose();
        }

        Exchange exchange = BeginExchange(url);
        try
        {
            tokens = exchange.GetTokens();
            return exchange;
        }
        catch
        {
            exchange.Dispose();
            throw;
        }
    }

    /// <summary>Gives it back when its request found an answer that is the program's.</summary>
    internal void EndExchange(Exchange exchange, bool isOver)
    {
        if (isOver && exchange.IsReusable)
        {
            _idle.Put(exchange);
        }
        else
        {
            exchange.Dispose();
        }
    }

    /// <summary>
    /// Whether an address begins with the base URL's own text: it is one of its origin then.
    /// </summary>
    internal bool IsBelowBase(Uri url)
    {
        string place = BaseAddress.AbsoluteUri;
        string text = url.OriginalString;

        // Of what leads upwards only the whole address tells.
        if (!text.StartsWith(place, StringComparison.Ordinal) ||
            text.IndexOfAny(s_upwards, place.Length) >= 0)
        {
            text = url.IsAbsoluteUri ? url.AbsoluteUri : "";
        }

        return text.StartsWith(place, StringComparison.Ordinal);
    }

    /// <summary>Whether the library must see the address, to refuse it.</summary>
    private static bool MayBeLogin(Uri url)
    {
        string text = url.OriginalString;
        return text.IndexOf("login", StringComparison.OrdinalIgnoreCase) >= 0 ||
            text.IndexOf(".svc", StringComparison.OrdinalIgnoreCase) >= 0 ||
            text.IndexOf('%') >= 0;
    }

    /// <summary>
    /// Whether the body of an answer of this status says to an exchange what the answer is.
    /// </summary>
    internal bool ReadsBody(Exchange exchange, int httpStatus)
    {
        const byte Reads = 1;
        const byte ReadsNot = 2;
        if ((uint)httpStatus >= (uint)_readsBody.Length)
        {
            return true;
        }

        byte known = Volatile.Read(ref _readsBody[httpStatus]);
        if (known == 0)
        {
            known = exchange.BodyMax(httpStatus) == 0 ? ReadsNot : Reads;
            Volatile.Write(ref _readsBody[httpStatus], known);
        }

        return known == Reads;
    }

    private Exchange Begun(int status, ExchangeHandle exchange, nint error, string place)
    {
        GC.KeepAlive(this);
        if (status != 0)
        {
            exchange.Dispose();
            throw NativeError.Take(status, error, this, place);
        }

        return new Exchange(this, exchange);
    }

    /// <summary>The tokens that an exchange wrote into buffers of their greatest size.</summary>
    internal unsafe RequestTokens ReadTokens(byte* sessionToken, byte* apiToken)
    {
        string session = Utf8.Read(sessionToken, ref _token);
        string api = Utf8.Read(apiToken, ref _apiToken);
        RequestTokens? last = Volatile.Read(ref _tokens);
        if (last is null ||
            !ReferenceEquals(last.SessionToken, session) || !ReferenceEquals(last.ApiToken, api))
        {
            last = new RequestTokens(session, api);
            Volatile.Write(ref _tokens, last);
        }

        return last;
    }

    /// <summary>
    /// An exchange's renewal, on a thread for blocking calls. Many that wait for the same token
    /// need one: when it is there, each takes it at once. One whose request cannot be sent again
    /// renews by itself, since it ends with the refusal of that request, which is no failure of the
    /// others'; the login they share in the library.
    /// </summary>
    internal Task RenewAsync(
        Exchange exchange,
        bool canResend,
        TimeSpan? timeout,
        CancellationToken cancellationToken) =>
        RenewAsync(exchange, canResend, Begin(timeout), cancellationToken);

    /// <inheritdoc cref="RenewAsync(Exchange, bool, TimeSpan?, CancellationToken)"/>
    internal async Task RenewAsync(
        Exchange exchange, bool canResend, Deadline deadline, CancellationToken cancellationToken)
    {
        Task Renew() => OnWorker(
            _tokenWork,
            (exchange, canResend),
            static (call, time, token) =>
            {
                call.exchange.RenewWithin(call.canResend, time, token);
                return true;
            },
            deadline,
            cancellationToken);
        bool isLogin = false;
        string? due = canResend ? exchange.Due(out isLogin) : null;
        if (due is null ||
            !await _renewals.Run(due, isLogin, Renew, deadline, cancellationToken)
                .ConfigureAwait(false))
        {
            await Renew().ConfigureAwait(false);
        }
    }

    /// <summary>
    /// Has the session count that a call waited for the login of another since then.
    /// </summary>
    internal void Waited(long since)
    {
        double waited = (double)(Stopwatch.GetTimestamp() - since) / Stopwatch.Frequency;

        // Where the session was disposed meanwhile there is nobody to tell.
        _ = NativeMethods.tsm_waited(_handle.Number, (ulong)(waited * 1e6), out nint error);
        NativeMethods.tsm_error_free(error);
        GC.KeepAlive(this);
    }

    private unsafe string? HeldToken()
    {
        ThrowIfDisposed();
        byte* buffer = stackalloc byte[NativeMethods.TokenMax];
        int status = NativeMethods.tsm_token(
            _handle.Number, buffer, NativeMethods.TokenMax, out nint error);
        GC.KeepAlive(this);
        NativeMethods.tsm_error_free(error);
        return status == 0 ? Utf8.Read(buffer, ref _token) : null;
    }

    private unsafe string? HeldApiToken()
    {
        ThrowIfDisposed();
        byte* buffer = stackalloc byte[NativeMethods.ApiTokenMax];
        int status = NativeMethods.tsm_api_token_held(
            _handle.Number, buffer, NativeMethods.ApiTokenMax, out nint error);
        GC.KeepAlive(this);
        NativeMethods.tsm_error_free(error);
        return status == 0 ? Utf8.Read(buffer, ref _apiToken) : null;
    }

    /// <summary>What many may ask for at once, and is the same for all of them.</summary>
    private async Task ShareAsync(
        Operation operation,
        string? token,
        TimeSpan? timeout,
        CancellationToken cancellationToken)
    {
        Deadline deadline = Begin(timeout);
        string refused = token ??
            "any " + (operation == Operation.Relogin ? HeldToken() : HeldApiToken());
        await _renewals.Run(
            $"{operation} {refused}",
            operation == Operation.Relogin,
            () => DoAsync(operation, token, deadline, cancellationToken),
            deadline,
            cancellationToken).ConfigureAwait(false);
    }

    private Task<bool> DoAsync(
        Operation operation,
        string? token,
        Deadline deadline,
        CancellationToken cancellationToken) =>
        OnWorker(
            _tokenWork,
            (session: this, operation, token),
            static (call, time, token) =>
            {
                call.session.Do(call.operation, call.token, time, token);
                return true;
            },
            deadline,
            cancellationToken);

    private unsafe void Do(
        Operation operation, string? token, CallTime time, CancellationToken cancellationToken)
    {
        byte* buffer = stackalloc byte[NativeMethods.TokenMax];
        string parameter = operation == Operation.Relogin ? "expiredToken" : "rejectedToken";
        using var text = new Utf8Argument(token, buffer, NativeMethods.TokenMax, parameter);
        using NativeCall call = Start(time, cancellationToken);
        nint error;
        int status = operation switch
        {
            Operation.Relogin => NativeMethods.tsm_relogin(
                _handle.Number, call.Handle, text.Pointer, out error),
            Operation.RenewApiToken => NativeMethods.tsm_renew_api_token(
                _handle.Number, call.Handle, text.Pointer, out error),
            _ => NativeMethods.tsm_logout(_handle.Number, call.Handle, out error),
        };
        GC.KeepAlive(this);
        if (status != 0)
        {
            throw NativeError.Take(status, error, this, null, cancellationToken);
        }
    }
}
