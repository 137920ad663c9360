using System;
using System.Threading;
using System.Threading.Tasks;
using ThingSpace.Interop;

namespace ThingSpace;

public sealed partial class Session
{
    /// <summary>Apart from the requests and from other sessions: a platform that is slow to answer those holds up no login.</summary>
    private readonly BlockingWorkers _tokenWork = new(64);
    private readonly SharedWork<string> _apiTokenFetch = new();
    private readonly SharedWork<bool> _relogin = new();
    private readonly SharedWork<bool> _apiTokenRenewal = new();
    private string? _apiToken;

    private enum Operation
    {
        Relogin,
        RenewApiToken,
        Logout,
    }

    /// <summary>The API token; it is fetched when there is none or when it ran out by the clock.</summary>
    /// <param name="timeout">The deadline of this call instead of the session's.</param>
    /// <param name="cancellationToken">Ends the call early.</param>
    /// <exception cref="ThingSpaceException">There is none to be had; SOAP sessions have none.</exception>
    public unsafe string GetApiToken(TimeSpan? timeout = null, CancellationToken cancellationToken = default)
    {
        byte* buffer = stackalloc byte[NativeMethods.ApiTokenMax];
        using NativeCall call = Start(Milliseconds.From(timeout, nameof(timeout)), cancellationToken);
        int status = NativeMethods.tsm_api_token(_handle.Number, call.Handle, buffer, NativeMethods.ApiTokenMax, out nint error);
        GC.KeepAlive(this);
        return status == 0 ? Utf8.Read(buffer, ref _apiToken) : throw NativeError.Take(status, error, this, cancellationToken);
    }

    /// <inheritdoc cref="GetApiToken"/>
    public Task<string> GetApiTokenAsync(TimeSpan? timeout = null, CancellationToken cancellationToken = default) => OnWorker(
        _tokenWork, this, static (session, left, token) => session.GetApiToken(left, token), timeout, cancellationToken);

    /// <summary>
    /// Logs in again, once for all who ask. If the token held is no longer <paramref name="expiredToken"/>, somebody has done so already
    /// and nothing is sent.
    /// </summary>
    /// <param name="expiredToken">The token that was refused, <see cref="ThingSpaceException.Token"/>; null means whatever is held.</param>
    /// <param name="timeout">The deadline of this call instead of the session's.</param>
    /// <param name="cancellationToken">Ends the call early; not the login, if others wait for it too.</param>
    /// <exception cref="ThingSpaceException">
    /// The login did not succeed; <see cref="TsmStatus.LoginBlocked"/> when it was not sent.
    /// </exception>
    public void Relogin(string? expiredToken = null, TimeSpan? timeout = null, CancellationToken cancellationToken = default) =>
        Do(Operation.Relogin, expiredToken, timeout, cancellationToken);

    /// <inheritdoc cref="Relogin"/>
    public Task ReloginAsync(string? expiredToken = null, TimeSpan? timeout = null, CancellationToken cancellationToken = default) =>
        DoAsync(Operation.Relogin, expiredToken, timeout, cancellationToken);

    /// <summary>
    /// Fetches a new API token, once for all who ask. If the one held is no longer <paramref name="rejectedToken"/>, nothing is sent.
    /// </summary>
    /// <param name="rejectedToken">
    /// The token that was refused, <see cref="ThingSpaceException.Token"/>; null means whatever is held.
    /// </param>
    /// <param name="timeout">The deadline of this call instead of the session's.</param>
    /// <param name="cancellationToken">Ends the call early.</param>
    /// <exception cref="ThingSpaceException">There is none to be had.</exception>
    public void RenewApiToken(string? rejectedToken = null, TimeSpan? timeout = null, CancellationToken cancellationToken = default) =>
        Do(Operation.RenewApiToken, rejectedToken, timeout, cancellationToken);

    /// <inheritdoc cref="RenewApiToken"/>
    public Task RenewApiTokenAsync(string? rejectedToken = null, TimeSpan? timeout = null, CancellationToken cancellationToken = default) =>
        DoAsync(Operation.RenewApiToken, rejectedToken, timeout, cancellationToken);

    /// <summary>Ends the session on the platform. With <see cref="SessionOptions.ShareToken"/> it ends for all who share it.</summary>
    /// <param name="timeout">The deadline of this call instead of the session's.</param>
    /// <param name="cancellationToken">Ends the call early.</param>
    /// <exception cref="ThingSpaceException">The platform did not confirm it.</exception>
    public void Logout(TimeSpan? timeout = null, CancellationToken cancellationToken = default) =>
        Do(Operation.Logout, null, timeout, cancellationToken);

    /// <inheritdoc cref="Logout"/>
    public Task LogoutAsync(TimeSpan? timeout = null, CancellationToken cancellationToken = default) =>
        DoAsync(Operation.Logout, null, timeout, cancellationToken);

    /// <summary>
    /// The API token for any number of asynchronous callers: the one that is held, or else one is fetched, on one thread.
    /// </summary>
    internal Task<string> GetApiTokenShared(CancellationToken cancellationToken)
    {
        try
        {
            return Task.FromResult(GetApiToken(TimeSpan.Zero, cancellationToken));
        }
        catch (ThingSpaceException e) when (e.Status == TsmStatus.Timeout)
        {
            return _apiTokenFetch.Join("", this, static (session, _) => session.GetApiTokenAsync(), cancellationToken);
        }
    }

    /// <summary>One re-login for any number of asynchronous callers, on one thread.</summary>
    internal Task ReloginShared(string expiredToken, CancellationToken cancellationToken) => _relogin.Join(
        expiredToken, this, static (session, expired) => session.DoAsync(Operation.Relogin, expired, null, default), cancellationToken);

    /// <summary>One renewal of the API token for any number of asynchronous callers, on one thread.</summary>
    internal Task RenewApiTokenShared(string rejectedToken, CancellationToken cancellationToken) => _apiTokenRenewal.Join(
        rejectedToken,
        this,
        static (session, rejected) => session.DoAsync(Operation.RenewApiToken, rejected, null, default),
        cancellationToken);

    private Task<bool> DoAsync(Operation operation, string? token, TimeSpan? timeout, CancellationToken cancellationToken) => OnWorker(
        _tokenWork,
        (session: this, operation, token),
        static (call, left, token) =>
        {
            call.session.Do(call.operation, call.token, left, token);
            return true;
        },
        timeout,
        cancellationToken);

    private unsafe void Do(Operation operation, string? token, TimeSpan? timeout, CancellationToken cancellationToken)
    {
        byte* buffer = stackalloc byte[NativeMethods.TokenMax];
        string parameter = operation == Operation.Relogin ? "expiredToken" : "rejectedToken";
        using var text = new Utf8Argument(token, buffer, NativeMethods.TokenMax, parameter);
        using NativeCall call = Start(Milliseconds.From(timeout, nameof(timeout)), cancellationToken);
        nint error;
        int status = operation switch
        {
            Operation.Relogin => NativeMethods.tsm_relogin(_handle.Number, call.Handle, text.Pointer, out error),
            Operation.RenewApiToken => NativeMethods.tsm_renew_api_token(_handle.Number, call.Handle, text.Pointer, out error),
            _ => NativeMethods.tsm_logout(_handle.Number, call.Handle, out error),
        };
        GC.KeepAlive(this);
        if (status != 0)
        {
            throw NativeError.Take(status, error, this, cancellationToken);
        }
    }
}
