using System;
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.Serialization;
using System.Text;
using System.Text.Json.Serialization;
using System.Threading;
using System.Threading.Tasks;
using ThingSpace.Interop;

namespace ThingSpace;

/// <summary>
/// A ThingSpace Connectivity Management session: logged in once, renewed when the platform says
/// that it expired, never so often that the account is locked.
/// </summary>
/// <remarks>
/// <para>
/// Every member may be used by any number of threads at once. However many of them meet an expired
/// token, one login is sent.
/// </para>
/// <para>
/// Asynchronous requests hold no thread while they wait: the framework's HTTP client carries them.
/// Logins and renewals run on threads of their own, and one serves all that wait for the same. The
/// netstandard2.0 build has such threads for requests, too, 256 for each session; more requests
/// than that wait for one, no longer than their deadline, which counts from the call.
/// </para>
/// <para>
/// All that talk to the platform throw <see cref="ThingSpaceException"/> for what the platform and
/// the network do, <see cref="ArgumentException"/> for what the program got wrong,
/// <see cref="OperationCanceledException"/> when cancelled and
/// <see cref="ObjectDisposedException"/> after <see cref="Dispose()"/>.
/// </para>
/// <para>
/// For a program's tests the members are virtual: a class derived from this one, or a mock,
/// overrides those that the program calls. The others throw <see cref="NotSupportedException"/>.
/// </para>
/// </remarks>
[DebuggerDisplay("{BaseAddress}")]
#if NET8_0_OR_GREATER
public partial class Session : IDisposable, IAsyncDisposable
#else
public partial class Session : IDisposable
#endif
{
    /// <summary>
    /// A login has threads of its own while it runs, so of those at one platform so many run at
    /// once.
    /// </summary>
    private const int LoginsAtOnce = 64;

    /// <summary>By the platform's URL: one that hangs holds up no other's.</summary>
    private static readonly ConcurrentDictionary<string, BlockingWorkers> s_logins =
        new(StringComparer.Ordinal);

    private readonly SessionHandle _handle;
    private readonly CarrierOptions _options;
    private readonly CancellationTokenSource _ended = new();
    private readonly Uri? _baseAddress;
    private readonly string? _sessionTokenHeader;
    private int _disposed;
    private volatile bool _cancelled;
    private string? _token;

    /// <summary>Makes what stands in for a session in a program's tests.</summary>
    protected Session()
    {
        _handle = new SessionHandle();
        _options = CarrierOptions.None;
        _renewals = new Renewals(this);
        _idle = new IdleExchanges(this);
#if NET8_0_OR_GREATER
        _idleCarried = new IdleExchanges(this);
#endif
    }

    private Session(SessionHandle handle, CarrierOptions options)
    {
        _handle = handle;
        _options = options;
        _renewals = new Renewals(this);
        _idle = new IdleExchanges(this);
#if NET8_0_OR_GREATER
        _idleCarried = new IdleExchanges(this);
#endif
        SessionInfo info = ReadInfo();
        _baseAddress = new Uri(info.Values["base_url"]!.TrimEnd('/') + "/");
        _sessionTokenHeader = info.Values["session_token_header"]!;
        IsSoap = info.Values["protocol"] == "soap";
    }

    /// <summary>The version of the native library.</summary>
    public static string LibraryVersion
    {
        get
        {
            LibraryLoader.Ensure();
            return LibraryLoader.ReadVersion();
        }
    }

    /// <summary>
    /// The session token, as it is held now: no network, no waiting for a renewal.
    /// </summary>
    /// <exception cref="ThingSpaceException">The session was logged out.</exception>
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    [IgnoreDataMember]
    [JsonIgnore]
    public virtual unsafe string Token
    {
        get
        {
            ThrowIfDisposed();
            byte* buffer = stackalloc byte[NativeMethods.TokenMax];
            int status = NativeMethods.tsm_token(
                _handle.Number, buffer, NativeMethods.TokenMax, out nint error);
            GC.KeepAlive(this);
            if (status != 0)
            {
                throw NativeError.Take(status, error, this);
            }

            return Utf8.Read(buffer, ref _token);
        }
    }

    /// <summary>What the session did so far.</summary>
    public virtual SessionInfo Info => ReadInfo();

    /// <summary>
    /// What the session counted, in the text format of Prometheus: serve it as
    /// <c>text/plain; version=0.0.4</c>. Where a process has several sessions, each under a path of
    /// its own.
    /// </summary>
    /// <remarks>
    /// On .NET 8 and later the meter <c>ThingSpace.Session</c> has the same numbers for all
    /// sessions of the process.
    /// </remarks>
    public virtual unsafe string Metrics()
    {
        ThrowIfDisposed();
        string metrics = Utf8.ReadWhole(
            NativeMethods.MetricsMax,
            (byte* buffer, nuint capacity, out nint error) =>
                NativeMethods.tsm_metrics(_handle.Number, buffer, capacity, out error),
            this);
        GC.KeepAlive(this);
        return metrics;
    }

    /// <summary>
    /// The REST interface's address with a slash at its end, as
    /// <see cref="System.Net.Http.HttpClient.BaseAddress"/> wants it: paths relative to it have
    /// none at their start.
    /// </summary>
    public virtual Uri BaseAddress => _baseAddress ?? throw NotOverridden();

    /// <summary>
    /// The request header that carries the session token:
    /// <see cref="SessionOptions.SessionTokenHeader"/>.
    /// </summary>
    public virtual string SessionTokenHeader => _sessionTokenHeader ?? throw NotOverridden();

    internal bool IsSoap { get; }

    internal bool IsDisposed => Volatile.Read(ref _disposed) != 0;

    /// <summary>Logs in.</summary>
    /// <param name="options">Who and where; null takes everything from the environment.</param>
    /// <param name="cancellationToken">Ends the call early.</param>
    /// <exception cref="ArgumentException">
    /// An option is missing, unknown or contradicts another. Nothing was sent.
    /// </exception>
    /// <exception cref="ThingSpaceException">
    /// The login did not succeed; <see cref="TsmStatus.LoginBlocked"/> when it was not sent.
    /// </exception>
    public static Session Login(
        SessionOptions? options = null, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return Make(options, isLogin: true, cancellationToken);
    }

    /// <summary>Logs in.</summary>
    /// <remarks>
    /// Of many at one platform 64 run at once. The others wait, no longer than their timeout.
    /// </remarks>
    /// <inheritdoc cref="Login"/>
    public static async Task<Session> LoginAsync(
        SessionOptions? options = null, CancellationToken cancellationToken = default)
    {
        LibraryLoader.Ensure();
        options ??= new SessionOptions();
        using ConfigHandle config = options.ToNative(out Callbacks callbacks);
        try
        {
            var carrier = new CarrierOptions(config);
            BlockingWorkers logins = s_logins.GetOrAdd(
                carrier.LoginUrl, static _ => new(LoginsAtOnce, "logins at this platform"));
            return await logins.Run(
                (config, callbacks, carrier),
                static (login, time, token) =>
                    Make(login.config, login.callbacks, login.carrier, time, isLogin: true, token),
                new Deadline(carrier.Timeout),
                CancellationToken.None,
                cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            callbacks.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Makes a session that is not logged in yet: it logs in when a request first needs it, or by
    /// <see cref="Relogin"/>, once for all who wait for that. For programs that must start whether
    /// or not the platform can be reached.
    /// </summary>
    /// <remarks>
    /// All options are checked and nothing is sent. Until the login <see cref="Token"/> throws with
    /// <see cref="TsmStatus.NotLoggedIn"/>.
    /// </remarks>
    /// <param name="options">Who and where; null takes everything from the environment.</param>
    /// <exception cref="ArgumentException">
    /// An option is missing, unknown or contradicts another.
    /// </exception>
    /// <exception cref="ThingSpaceException">
    /// There is no home directory for the default store: <see cref="TsmStatus.Store"/>; whether a
    /// store can be used is found out by the first login. Or the certificates to trust cannot be
    /// read: <see cref="TsmStatus.Tls"/>.
    /// </exception>
    public static Session Open(SessionOptions? options = null) =>
        Make(options, isLogin: false, CancellationToken.None);

    /// <summary>
    /// Throws when an answer that another HTTP client got means an error. No network; 2xx answers
    /// of JSON are successes.
    /// </summary>
    /// <param name="httpStatus">The answer's status.</param>
    /// <param name="body">Its body; JSON, a SOAP envelope or whatever came.</param>
    /// <param name="retryAfter">
    /// Its header <c>Retry-After</c>, for <see cref="ThingSpaceException.RetryAfter"/>; null is
    /// none.
    /// </param>
    /// <remarks>
    /// What to renew, and whether to send again, an exchange says: <see cref="BeginExchange"/>.
    /// </remarks>
    /// <exception cref="ThingSpaceException">The error.</exception>
    public static void Check(int httpStatus, byte[]? body, string? retryAfter = null)
    {
        if (!TryCheck(httpStatus, body, out ThingSpaceException? error, retryAfter))
        {
            throw error;
        }
    }

    /// <summary>Throws when an answer that another HTTP client got means an error.</summary>
    /// <inheritdoc cref="Check(int, byte[], string)"/>
    [OverloadResolutionPriority(1)]
    public static void Check(int httpStatus, string? body, string? retryAfter = null) =>
        Check(httpStatus, Bytes(body), retryAfter);

    /// <summary>
    /// Says whether an answer that another HTTP client got is a success, as
    /// <see cref="Check(int, byte[], string)"/> without throwing.
    /// </summary>
    /// <param name="httpStatus">The answer's status.</param>
    /// <param name="body">Its body.</param>
    /// <param name="error">What it means, when it is none.</param>
    /// <param name="retryAfter">Its header <c>Retry-After</c>; null is none.</param>
    public static bool TryCheck(
        int httpStatus,
        byte[]? body,
        [NotNullWhen(false)] out ThingSpaceException? error,
        string? retryAfter = null)
    {
        LibraryLoader.Ensure();
        error = NativeError.Judge(httpStatus, retryAfter, body);
        return error is null;
    }

    /// <summary>Says whether an answer that another HTTP client got is a success.</summary>
    /// <inheritdoc cref="TryCheck(int, byte[], out ThingSpaceException, string)"/>
    [OverloadResolutionPriority(1)]
    public static bool TryCheck(
        int httpStatus,
        string? body,
        [NotNullWhen(false)] out ThingSpaceException? error,
        string? retryAfter = null) =>
        TryCheck(httpStatus, Bytes(body), out error, retryAfter);

    /// <summary>
    /// Forgets the failed logins that the lockout guard counted for this user, and the passwords
    /// that were rejected. Call it when a person has made sure that the account is in order, not
    /// whenever a login is blocked: that is how accounts get locked.
    /// </summary>
    /// <remarks>
    /// Logins of unknown fate count on until they are five minutes old: the platform may still
    /// judge them. The log says, at <see cref="TsmLogLevel.Information"/>, what was forgotten. It
    /// sends nothing, and waits for a login under way no longer than
    /// <see cref="SessionOptions.Timeout"/>.
    /// </remarks>
    /// <param name="options">
    /// The same as for the login; username and <see cref="SessionOptions.Store"/> matter.
    /// </param>
    /// <exception cref="ArgumentException">
    /// An option is missing, unknown or contradicts another.
    /// </exception>
    /// <exception cref="ThingSpaceException">
    /// The store cannot be used: <see cref="TsmStatus.Store"/>. Or the time ran out:
    /// <see cref="TsmStatus.Timeout"/>.
    /// </exception>
    public static void Unblock(SessionOptions? options = null)
    {
        LibraryLoader.Ensure();
        using ConfigHandle config =
            (options ?? new SessionOptions()).ToNative(out Callbacks callbacks);
        using (callbacks)
        {
            config.Unblock();
        }
    }

    /// <summary>
    /// Ends this session's calls, running and later ones, with
    /// <see cref="OperationCanceledException"/>. It is final.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The session was disposed.</exception>
    public virtual void Cancel()
    {
        ThrowIfDisposed();
        int status = NativeMethods.tsm_cancel(_handle.Number);
        GC.KeepAlive(this);
        if (status != 0)
        {
            throw NativeError.Take(status, 0, this);
        }

        _cancelled = true;
        EndWaiting();
    }

    /// <summary>
    /// Lets go of the session. Running calls end with <see cref="ObjectDisposedException"/>. It
    /// neither waits nor logs out: the platform ends the session after 20 minutes, or
    /// <see cref="Logout"/> does at once.
    /// </summary>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>The same as <see cref="Dispose()"/>, for <c>await using</c>.</summary>
    /// <returns>A task that is done: there is nothing to wait for.</returns>
    public Task DisposeAsync()
    {
        Dispose();
        return Task.CompletedTask;
    }

#if NET8_0_OR_GREATER
    ValueTask IAsyncDisposable.DisposeAsync()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
        return default;
    }
#endif

    /// <summary>Lets go of the session.</summary>
    /// <param name="disposing">Whether <see cref="Dispose()"/> was called; it always was.</param>
    protected virtual void Dispose(bool disposing)
    {
        if (disposing && Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            _handle.Dispose();
            EndWaiting();
            _idle.Clear();
            DisposeCarrier();
        }
    }

    /// <summary>
    /// Ends the calls that wait for a thread: by the timer, so that what comes after them runs
    /// there and not in here.
    /// </summary>
    private void EndWaiting()
    {
        _ended.CancelAfter(0);
#if NET8_0_OR_GREATER
        Alarm.End(this);
#endif
    }

    /// <summary>Cancelled when the session was cancelled or disposed.</summary>
    internal CancellationToken Ended => _ended.Token;

    /// <summary>What <see cref="Ended"/> stands for.</summary>
    internal void ThrowIfEnded()
    {
        ThrowIfDisposed();
        if (_cancelled)
        {
            throw new OperationCanceledException("The session was cancelled.");
        }
    }

    internal void ThrowIfDisposed()
    {
        if (IsDisposed)
        {
            throw new ObjectDisposedException(nameof(Session));
        }

        if (_handle.IsInvalid)
        {
            throw NotOverridden();
        }
    }

    private static NotSupportedException NotOverridden() => new(
        "This stands in for a session in a test, and what was called is not overridden.");

    private unsafe SessionInfo ReadInfo()
    {
        ThrowIfDisposed();
        string json = Utf8.ReadWhole(
            NativeMethods.InfoMax,
            (byte* buffer, nuint capacity, out nint error) =>
                NativeMethods.tsm_info(_handle.Number, buffer, capacity, out error),
            this);
        GC.KeepAlive(this);
        return new SessionInfo(json);
    }

    private static byte[]? Bytes(string? text) =>
        text is null ? null : Encoding.UTF8.GetBytes(text);

    private static Session Make(
        SessionOptions? options, bool isLogin, CancellationToken cancellationToken)
    {
        LibraryLoader.Ensure();
        using ConfigHandle config =
            (options ?? new SessionOptions()).ToNative(out Callbacks callbacks);
        try
        {
            var carrier = new CarrierOptions(config);
            return Make(config, callbacks, carrier, carrier.Timeout, isLogin, cancellationToken);
        }
        catch
        {
            callbacks.Dispose();
            throw;
        }
    }

    private static Session Make(
        ConfigHandle config,
        Callbacks callbacks,
        CarrierOptions carrier,
        CallTime time,
        bool isLogin,
        CancellationToken cancellationToken)
    {
        SessionHandle? handle = null;
        try
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var call = new NativeCall(time, cancellationToken);
            int status = isLogin
                ? NativeMethods.tsm_login(config, call.Handle, out handle, out nint error)
                : NativeMethods.tsm_open(config, call.Handle, out handle, out error);
            if (status != 0)
            {
                throw SessionOptions.InProperties(
                    NativeError.Take(status, error, null, null, cancellationToken));
            }

            handle.Own(callbacks);
            return new Session(handle, carrier);
        }
        catch
        {
            handle?.Dispose();
            throw;
        }
    }
}
