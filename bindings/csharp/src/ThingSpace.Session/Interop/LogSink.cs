// The way of a log line from the library to the program's callback. The library is given a number,
// never a pointer to something of ours, so a line that comes late finds nothing instead of
// something freed.

using System;
using System.Collections.Concurrent;
#if NET8_0_OR_GREATER
using System.Runtime.CompilerServices;
#endif
using System.Runtime.InteropServices;
using System.Threading;

namespace ThingSpace.Interop;

internal sealed unsafe class LogSink : IDisposable
{
    private static readonly ConcurrentDictionary<nint, Action<TsmLogLevel, string>> s_callbacks =
        new();
    private static int s_last;

    [ThreadStatic]
    private static bool t_isInCallback;

    internal LogSink(Action<TsmLogLevel, string> callback)
    {
        Context = Interlocked.Increment(ref s_last);
        s_callbacks[Context] = callback;
    }

    internal nint Context { get; }

#if NET8_0_OR_GREATER
    internal static nint FunctionPointer =>
        (nint)(delegate* unmanaged[Cdecl]<int, byte*, nuint, nint, void>)&OnLine;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnLine(int level, byte* message, nuint length, nint context) =>
        Deliver(level, message, length, context);
#else
    private static readonly NativeLogCallback s_onLine = Deliver;

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    private delegate void NativeLogCallback(int level, byte* message, nuint length, nint context);

    internal static nint FunctionPointer => Marshal.GetFunctionPointerForDelegate(s_onLine);
#endif

    public void Dispose() => s_callbacks.TryRemove(Context, out _);

    private static void Deliver(int level, byte* message, nuint length, nint context)
    {
        // A callback that uses the session would be called by what it does, and so on until the
        // stack is full.
        if (t_isInCallback ||
            !s_callbacks.TryGetValue(context, out Action<TsmLogLevel, string>? callback))
        {
            return;
        }

        t_isInCallback = true;
        try
        {
            callback((TsmLogLevel)level, Utf8.Read(message, (int)length));
        }
#pragma warning disable CA1031 // It must not unwind through native frames, and nobody is to tell.
        catch
#pragma warning restore CA1031
        {
        }
        finally
        {
            t_isInCallback = false;
        }
    }
}
