// The way of log lines and events from the library to the program's callbacks. The library is given
// a number, never a pointer to something of ours, so what comes late finds nothing instead of
// something freed.

using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Linq;
#if NET8_0_OR_GREATER
using System.Runtime.CompilerServices;
#endif
using System.Runtime.InteropServices;
using System.Threading;

namespace ThingSpace.Interop;

internal sealed unsafe class Callbacks : IDisposable
{
    private const int MicrosecondTicks = 10;

    private static readonly ConcurrentDictionary<nint, Callbacks> s_all = new();
    private static readonly AsyncLocal<bool> s_isTelling = new();
    private static int s_last;

    private readonly Action<TsmLogLevel, string>[] _log;
    private readonly TsmLogLevel _logLevel;
    private readonly Func<TsmLogLevel>? _logLevelNow;
    private readonly Action<ThingSpaceEvent>[] _onEvent;
    private readonly nint _context;
    private readonly object _gate = new();

    /// <summary>What the library was told last.</summary>
    private volatile int _told;
    private volatile int _slotsLeft = -1;

    internal Callbacks(
        Action<TsmLogLevel, string>? log,
        TsmLogLevel logLevel,
        Func<TsmLogLevel>? logLevelNow,
        Action<ThingSpaceEvent>? onEvent)
    {
        _log = Each(log);
        _logLevel = logLevel;
        _logLevelNow = log is null ? null : logLevelNow;
#if NET8_0_OR_GREATER
        _onEvent = [.. Telemetry.Listeners, .. Each(onEvent)];
#else
        _onEvent = Each(onEvent);
#endif
        _context = Interlocked.Increment(ref s_last);
        s_all[_context] = this;
    }

    /// <summary>
    /// Whether this is a callback's own doing, on whatever thread: the call that tells it may be
    /// waiting for its return.
    /// </summary>
    internal static bool IsTelling => s_isTelling.Value;

    /// <summary>What each session's lockout guard had left when it looked last.</summary>
    internal static IEnumerable<int> SlotsLeft
    {
        get
        {
            foreach (KeyValuePair<nint, Callbacks> one in s_all)
            {
                if (one.Value._slotsLeft >= 0)
                {
                    yield return one.Value._slotsLeft;
                }
            }
        }
    }

    /// <summary>Has the sessions of a config call what is here.</summary>
    internal void AddTo(ConfigHandle config)
    {
        if (_log.Length > 0)
        {
            _told = LogLevelNow();
            int status = NativeMethods.tsm_config_set_log(config, _told, LogFunction, _context);
            if (status != 0)
            {
                throw NativeError.Take(status, 0);
            }
        }

        if (_onEvent.Length == 0)
        {
            return;
        }

        int refused = NativeMethods.tsm_config_set_event(
            config, EventFunction, _context, out nint error);
        if (refused != 0)
        {
            throw NativeError.Take(refused, error);
        }
    }

    public void Dispose() => s_all.TryRemove(_context, out _);

    /// <summary>Tells the library where the log's level has changed.</summary>
    internal void FollowLogLevel(nint session)
    {
        if (_logLevelNow is null || LogLevelNow() == _told)
        {
            return;
        }

        lock (_gate)
        {
            _told = LogLevelNow();
            _ = NativeMethods.tsm_set_log_level(session, _told);
        }
    }

    private int LogLevelNow()
    {
        int now = (int)_logLevel;
        if (_logLevelNow is not null)
        {
            try
            {
                now = Math.Max(now, (int)_logLevelNow());
            }
#pragma warning disable CA1031 // As with what the callbacks throw: nobody is to tell.
            catch
#pragma warning restore CA1031
            {
            }
        }

        return now;
    }

#if NET8_0_OR_GREATER
    private static nint LogFunction =>
        (nint)(delegate* unmanaged[Cdecl]<int, byte*, nuint, nint, void>)&OnLine;

    private static nint EventFunction =>
        (nint)(delegate* unmanaged[Cdecl]<NativeEvent*, nint, void>)&OnEvent;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnLine(int level, byte* message, nuint length, nint context) =>
        DeliverLine(level, message, length, context);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnEvent(NativeEvent* happened, nint context) =>
        DeliverEvent(happened, context);
#else
    private static readonly NativeLogCallback s_onLine = DeliverLine;
    private static readonly NativeEventCallback s_onEvent = DeliverEvent;

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    private delegate void NativeLogCallback(int level, byte* message, nuint length, nint context);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    private delegate void NativeEventCallback(NativeEvent* happened, nint context);

    private static nint LogFunction => Marshal.GetFunctionPointerForDelegate(s_onLine);

    private static nint EventFunction => Marshal.GetFunctionPointerForDelegate(s_onEvent);
#endif

    private static void DeliverLine(int level, byte* message, nuint length, nint context)
    {
        if (s_all.TryGetValue(context, out Callbacks? callbacks) && callbacks._log.Length > 0)
        {
            string line = Utf8.Read(message, (int)length);
            Deliver(callbacks._log, log => log((TsmLogLevel)level, line));
        }
    }

    private static void DeliverEvent(NativeEvent* happened, nint context)
    {
        if (!s_all.TryGetValue(context, out Callbacks? callbacks))
        {
            return;
        }

        ThingSpaceEvent told = Read(happened);
        if (told.SlotsLeft is { } slotsLeft)
        {
            callbacks._slotsLeft = slotsLeft;
        }

        Deliver(callbacks._onEvent, onEvent => onEvent(told));
    }

    /// <summary>
    /// Nothing that a callback throws must unwind through native frames, or keep others from being
    /// told. What a callback itself does is not told, or there would be no end; of what it does on
    /// its own thread the library takes care.
    /// </summary>
    private static void Deliver<TCallback>(TCallback[] callbacks, Action<TCallback> tell)
    {
        if (IsTelling)
        {
            return;
        }

        s_isTelling.Value = true;
        try
        {
            foreach (TCallback callback in callbacks)
            {
                TellOne(callback, tell);
            }
        }
        finally
        {
            s_isTelling.Value = false;
        }
    }

    private static void TellOne<TCallback>(TCallback callback, Action<TCallback> tell)
    {
        try
        {
            tell(callback);
        }
#pragma warning disable CA1031 // Nobody is to tell.
        catch
#pragma warning restore CA1031
        {
        }
    }

    /// <summary>Those that a program has put together by <c>+=</c>.</summary>
    private static TDelegate[] Each<TDelegate>(TDelegate? callbacks)
        where TDelegate : Delegate =>
        callbacks is null ? [] : [.. callbacks.GetInvocationList().Cast<TDelegate>()];

    private static ThingSpaceEvent Read(NativeEvent* happened) => new(
        (TsmEventKind)happened->Kind,
        Utf8.Read(happened->Detail),
        DateTimeOffset.FromUnixTimeMilliseconds(0).AddTicks(happened->TimeUs * MicrosecondTicks),
        happened->DurationUs < 0
            ? null
            : TimeSpan.FromTicks(happened->DurationUs * MicrosecondTicks),
        happened->SlotsLeft < 0 ? null : happened->SlotsLeft,
        (TsmStatus)happened->Status,
        SessionOptions.InProperties(Utf8.Read(happened->Message), out _),
        Utf8.Read(happened->Code),
        happened->HttpStatus == 0 ? null : happened->HttpStatus);
}
