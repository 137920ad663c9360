using System;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using Tsm.Interop;

namespace Tsm;

/// <summary>
/// A ThingSpace Connectivity Management session: logged in once, renewed when the platform says that it expired, never so often that the
/// account is locked.
/// </summary>
/// <remarks>
/// <para>Every member may be used by any number of threads at once. However many of them meet an expired token, one login is sent.</para>
/// <para>The asynchronous methods run the library's blocking calls on threads of their own, so none of the thread pool's is held.</para>
/// <para>
/// All that talk to the platform throw <see cref="ThingSpaceException"/> for what the platform and the network do,
/// <see cref="ArgumentException"/> for what the program got wrong, <see cref="OperationCanceledException"/> when cancelled and
/// <see cref="ObjectDisposedException"/> after <see cref="Dispose"/>.
/// </para>
/// </remarks>
[DebuggerDisplay("{BaseAddress}")]
public sealed partial class Session : IDisposable
{
    internal const string DefaultBaseUrl = "https://thingspace.verizon.com/api";

    private readonly SessionHandle _handle;
    private readonly string _baseUrl;
    private int _disposed;
    private string? _token;

    private Session(SessionHandle handle, string baseUrl)
    {
        _handle = handle;
        _baseUrl = baseUrl;
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

    /// <summary>The session token, as it is held now: no network, no waiting for a renewal.</summary>
    /// <exception cref="ThingSpaceException">The session was logged out.</exception>
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public unsafe string Token
    {
        get
        {
            ThrowIfDisposed();
            byte* buffer = stackalloc byte[NativeError.TokenMax];
            int status = NativeMethods.tsm_token(_handle, buffer, NativeError.TokenMax, out nint error);
            if (status != 0)
            {
                throw NativeError.Take(status, error, this);
            }

            string? known = Volatile.Read(ref _token);
            if (known is null || !Utf8.AreEqual(buffer, known))
            {
                known = Utf8.Read(buffer);
                Volatile.Write(ref _token, known);
            }

            return known;
        }
    }

    /// <summary>What the session did so far.</summary>
    public unsafe SessionInfo Info
    {
        get
        {
            ThrowIfDisposed();
            byte* buffer = stackalloc byte[NativeError.InfoMax];
            int status = NativeMethods.tsm_info(_handle, buffer, NativeError.InfoMax, out nint error);
            return status == 0 ? new SessionInfo(Utf8.Read(buffer)) : throw NativeError.Take(status, error, this);
        }
    }

    /// <summary>
    /// The REST interface's address with a slash at its end, as <see cref="System.Net.Http.HttpClient.BaseAddress"/> wants it: paths
    /// relative to it have none at their start.
    /// </summary>
    public Uri BaseAddress => new(_baseUrl.TrimEnd('/') + "/");

    internal bool IsDisposed => Volatile.Read(ref _disposed) != 0;

    /// <summary>Logs in.</summary>
    /// <param name="options">Who and where; null takes everything from the environment.</param>
    /// <param name="cancellationToken">Ends the call early.</param>
    /// <exception cref="ArgumentException">An option is missing, unknown or contradicts another. Nothing was sent.</exception>
    /// <exception cref="ThingSpaceException">
    /// The login did not succeed; <see cref="TsmStatus.LoginBlocked"/> when it was not sent.
    /// </exception>
    public static Session Login(SessionOptions? options = null, CancellationToken cancellationToken = default)
    {
        LibraryLoader.Ensure();
        cancellationToken.ThrowIfCancellationRequested();
        options ??= new SessionOptions();
        using ConfigHandle config = options.ToNative(out LogSink? log);
        return Open(config, log, options.EffectiveBaseUrl, cancellationToken);
    }

    /// <summary>Logs in.</summary>
    /// <inheritdoc cref="Login"/>
    public static async Task<Session> LoginAsync(SessionOptions? options = null, CancellationToken cancellationToken = default)
    {
        LibraryLoader.Ensure();
        options ??= new SessionOptions();
        using ConfigHandle config = options.ToNative(out LogSink? log);
        try
        {
            return await BlockingWorkers.Run(
                (config, log, options.EffectiveBaseUrl),
                static (login, token) => Open(login.config, login.log, login.EffectiveBaseUrl, token),
                cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            log?.Dispose();
            throw;
        }
    }

    /// <summary>Throws when an answer that another HTTP client got means an error. No network; 2xx answers of JSON are successes.</summary>
    /// <param name="httpStatus">The answer's status.</param>
    /// <param name="body">Its body; JSON, a SOAP envelope or whatever came.</param>
    /// <exception cref="ThingSpaceException">
    /// The error: <see cref="TsmStatus.SessionExpired"/> when <see cref="Relogin"/> is due.
    /// </exception>
    public static void Check(int httpStatus, byte[]? body)
    {
        if (!TryCheck(httpStatus, body, out ThingSpaceException? error))
        {
            throw error;
        }
    }

    /// <summary>Throws when an answer that another HTTP client got means an error.</summary>
    /// <inheritdoc cref="Check(int, byte[])"/>
    public static void Check(int httpStatus, string? body) => Check(httpStatus, body is null ? null : Encoding.UTF8.GetBytes(body));

    /// <summary>
    /// Says whether an answer that another HTTP client got is a success, as <see cref="Check(int, byte[])"/> without throwing.
    /// </summary>
    /// <param name="httpStatus">The answer's status.</param>
    /// <param name="body">Its body.</param>
    /// <param name="error">What it means, when it is none.</param>
    public static bool TryCheck(int httpStatus, byte[]? body, [NotNullWhen(false)] out ThingSpaceException? error)
    {
        LibraryLoader.Ensure();
        error = NativeError.Judge(httpStatus, body);
        return error is null;
    }

    /// <summary>
    /// Forgets the failed logins that the lockout guard counted for this user, and the passwords that were rejected. Call it when a
    /// person has made sure of the password.
    /// </summary>
    /// <param name="options">The same as for the login; username and <see cref="SessionOptions.Store"/> matter.</param>
    public static void Unblock(SessionOptions? options = null)
    {
        LibraryLoader.Ensure();
        using ConfigHandle config = (options ?? new SessionOptions()).ToNative(out LogSink? log);
        using (log)
        {
            config.Unblock();
        }
    }

    /// <summary>Ends this session's calls, running and later ones, with <see cref="OperationCanceledException"/>. It is final.</summary>
    public void Cancel()
    {
        ThrowIfDisposed();
        int status = NativeMethods.tsm_cancel(_handle);
        if (status != 0)
        {
            throw NativeError.Take(status, 0, this);
        }
    }

    /// <summary>
    /// Lets go of the session. Running calls end with <see cref="ObjectDisposedException"/>. It neither waits nor logs out: the platform
    /// ends the session after 20 minutes, or <see cref="Logout"/> does at once.
    /// </summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            _ = NativeMethods.tsm_cancel(_handle);
            _handle.Dispose();
        }
    }

    internal void ThrowIfDisposed()
    {
        if (IsDisposed)
        {
            throw new ObjectDisposedException(nameof(Session));
        }
    }

    private static Session Open(ConfigHandle config, LogSink? log, string baseUrl, CancellationToken cancellationToken)
    {
        SessionHandle? handle = null;
        try
        {
            CallHandle call = CallHandle.Rent(-1, cancellationToken, out CancellationTokenRegistration registration);
            try
            {
                int status = NativeMethods.tsm_login(config, call, out handle, out nint error);
                if (status != 0)
                {
                    throw NativeError.Take(status, error, null, cancellationToken);
                }
            }
            finally
            {
                registration.Dispose();
                CallHandle.Return(call);
            }

            handle.Own(log);
            return new Session(handle, baseUrl);
        }
        catch
        {
            handle?.Dispose();
            log?.Dispose();
            throw;
        }
    }
}
