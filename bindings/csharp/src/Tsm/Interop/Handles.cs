// The native objects that outlive one call. SafeHandle keeps each alive while a call uses it and frees it once, whatever is disposed,
// collected or racing. Responses and errors live within one method and are freed in its finally.

using System;
using System.Runtime.InteropServices;
using System.Threading;

namespace Tsm.Interop;

/// <summary>A <c>tsm_config</c>.</summary>
internal sealed class ConfigHandle : SafeHandle
{
    public ConfigHandle()
        : base(default, ownsHandle: true)
    {
    }

    public override bool IsInvalid => handle == default;

    /// <summary>Forgets what the lockout guard counted for this config's user.</summary>
    internal void Unblock()
    {
        int status = NativeMethods.tsm_unblock(this, out nint error);
        if (status != 0)
        {
            throw NativeError.Take(status, error);
        }
    }

    protected override bool ReleaseHandle()
    {
        NativeMethods.tsm_config_free(handle);
        return true;
    }
}

/// <summary>A <c>tsm_session</c>, with the log callback it may still call.</summary>
internal sealed class SessionHandle : SafeHandle
{
    private LogSink? _log;

    public SessionHandle()
        : base(default, ownsHandle: true)
    {
    }

    public override bool IsInvalid => handle == default;

    /// <summary>Hands over the log callback, to be forgotten once the session is freed.</summary>
    internal void Own(LogSink? log) => _log = log;

    protected override bool ReleaseHandle()
    {
        NativeMethods.tsm_free(handle);
        _log?.Dispose();
        return true;
    }
}

/// <summary>
/// A <c>tsm_call</c>: one call's deadline and cancellation. They are kept per thread and used again, those with a deadline apart from
/// those without, since a deadline can be changed but not taken away.
/// </summary>
internal sealed class CallHandle : SafeHandle
{
    /// <summary>Stands for NULL: the session's deadline, no cancellation.</summary>
    internal static readonly CallHandle None = new(ownsHandle: false);

    [ThreadStatic]
    private static CallHandle? t_plain;

    [ThreadStatic]
    private static CallHandle? t_timed;

    private static readonly Action<object?> s_cancel = static state => ((CallHandle)state!).Cancel();

    private bool _timed;
    private volatile bool _cancelled;

    public CallHandle()
        : this(ownsHandle: true)
    {
    }

    private CallHandle(bool ownsHandle)
        : base(default, ownsHandle)
    {
        if (!ownsHandle)
        {
            GC.SuppressFinalize(this);
        }
    }

    public override bool IsInvalid => handle == default;

    /// <summary>
    /// Gives a call that ends after <paramref name="timeoutMs"/> (negative: when the session says) or when the token is cancelled.
    /// </summary>
    internal static CallHandle Rent(long timeoutMs, CancellationToken cancellationToken, out CancellationTokenRegistration registration)
    {
        registration = default;
        bool timed = timeoutMs >= 0;
        if (!timed && !cancellationToken.CanBeCanceled)
        {
            return None;
        }

        ref CallHandle? kept = ref timed ? ref t_timed : ref t_plain;
        CallHandle call = kept ?? NativeMethods.tsm_call_new();
        kept = null;
        if (call.IsInvalid)
        {
            throw new InvalidOperationException("The tsm library could not make another call object: too many are in use.");
        }

        if (timed)
        {
            call._timed = true;
            int status = NativeMethods.tsm_call_set_timeout(call, (ulong)timeoutMs);
            if (status != 0)
            {
                call.Dispose();
                throw NativeError.Take(status, 0);
            }
        }

        if (cancellationToken.CanBeCanceled)
        {
#if NET8_0_OR_GREATER
            registration = cancellationToken.UnsafeRegister(s_cancel, call);
#else
            registration = cancellationToken.Register(s_cancel, call, useSynchronizationContext: false);
#endif
        }

        return call;
    }

    /// <summary>Takes a call back. The registration must have been disposed, so that no late cancellation reaches the next user.</summary>
    internal static void Return(CallHandle call)
    {
        if (ReferenceEquals(call, None))
        {
            return;
        }

        ref CallHandle? kept = ref call._timed ? ref t_timed : ref t_plain;
        if (call._cancelled || kept is not null)
        {
            call.Dispose();
        }
        else
        {
            kept = call;
        }
    }

    protected override bool ReleaseHandle()
    {
        NativeMethods.tsm_call_free(handle);
        return true;
    }

    private void Cancel()
    {
        _cancelled = true;
        _ = NativeMethods.tsm_call_cancel(this);
    }
}
