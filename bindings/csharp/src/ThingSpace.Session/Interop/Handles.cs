// The native objects that outlive one method. SafeHandle frees each once, whatever is disposed,
// collected or racing. A session's calls do not count references to it: its handle is a number that
// the library checks, and one that was freed is an error and nothing worse. They only keep the
// session from being collected, by using it after the call. Responses and errors live within one
// method and are freed in its finally.

using System;
using System.Runtime.InteropServices;
using System.Threading;

namespace ThingSpace.Interop;

/// <summary>A <c>tsm_config</c>.</summary>
internal sealed class ConfigHandle : SafeHandle
{
    public ConfigHandle()
        : base(default, ownsHandle: true)
    {
    }

    public override bool IsInvalid => handle == default;

    /// <summary>Takes from the process's environment what is not set yet.</summary>
    internal void LoadEnvironment()
    {
        int status = NativeMethods.tsm_config_load_env(this, out nint error);
        if (status != 0)
        {
            throw SessionOptions.InProperties(NativeError.Take(status, error));
        }
    }

    /// <summary>What an option comes to: as it was set, or the library's default.</summary>
    internal unsafe string Read(string option) => Utf8.ReadWhole(
        256,
        (byte* buffer, nuint capacity, out nint error) =>
        {
            const int Size = 64;
            byte* start = stackalloc byte[Size];
            using var name = new Utf8Argument(option, start, Size, nameof(option));
            return NativeMethods.tsm_config_get(this, name.Pointer, buffer, capacity, out error);
        });

    /// <summary>Forgets what the lockout guard counted for this config's user.</summary>
    internal void Unblock()
    {
        int status = NativeMethods.tsm_unblock(this, out nint error);
        if (status != 0)
        {
            throw SessionOptions.InProperties(NativeError.Take(status, error));
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
    private Callbacks? _callbacks;

    public SessionHandle()
        : base(default, ownsHandle: true)
    {
    }

    public override bool IsInvalid => handle == default;

    /// <summary>Hands over the callbacks, to be forgotten once the session is freed.</summary>
    internal void Own(Callbacks callbacks) => _callbacks = callbacks;

    /// <summary>Tells the library where the log's level has changed.</summary>
    internal void FollowLogLevel() => _callbacks?.FollowLogLevel(handle);

    /// <summary>
    /// The handle for a call. Who calls with it keeps the session alive until the call is over.
    /// </summary>
    internal nint Number => handle;

    protected override bool ReleaseHandle()
    {
        NativeMethods.tsm_free(handle);
        _callbacks?.Dispose();
        return true;
    }
}

/// <summary>A <c>tsm_exchange</c>.</summary>
internal sealed class ExchangeHandle : SafeHandle
{
    public ExchangeHandle()
        : base(default, ownsHandle: true)
    {
    }

    public override bool IsInvalid => handle == default;

    /// <summary>
    /// The handle for a call. Who calls with it keeps this alive until the call is over.
    /// </summary>
    internal nint Number => handle;

    protected override bool ReleaseHandle()
    {
        NativeMethods.tsm_exchange_free(handle);
        return true;
    }
}

/// <summary>
/// A <c>tsm_call</c>: the deadline and cancellation of one call. Default is NULL: the session's
/// deadline, no cancellation.
/// </summary>
internal readonly struct NativeCall : IDisposable
{
    private static readonly Action<object?> s_cancel =
        static call => _ = NativeMethods.tsm_call_cancel((nint)call!);

    private readonly CancellationTokenRegistration _registration;

    internal NativeCall(CallTime time, CancellationToken cancellationToken)
    {
        long timeoutMs = Milliseconds.From(time.Timeout, "timeout");
        if (timeoutMs < 0 && !cancellationToken.CanBeCanceled)
        {
            return;
        }

        Handle = NativeMethods.tsm_call_new();
        if (Handle == 0)
        {
            throw new InvalidOperationException(
                "The native library could not make another call object: too many are in use.");
        }

        if (timeoutMs >= 0)
        {
            _ = NativeMethods.tsm_call_set_timeout(Handle, (ulong)timeoutMs);
        }

        if (time.Waited > TimeSpan.Zero)
        {
            _ = NativeMethods.tsm_call_set_waited(Handle, (ulong)time.Waited.TotalMilliseconds);
        }

        if (cancellationToken.CanBeCanceled)
        {
#if NET8_0_OR_GREATER
            _registration = cancellationToken.UnsafeRegister(s_cancel, Handle);
#else
            _registration = cancellationToken.Register(
                s_cancel, Handle, useSynchronizationContext: false);
#endif
        }
    }

    internal nint Handle { get; }

    /// <summary>
    /// A cancellation that comes after this meets a handle that the library no longer knows.
    /// </summary>
    public void Dispose()
    {
        _registration.Dispose();
        NativeMethods.tsm_call_free(Handle);
    }
}
