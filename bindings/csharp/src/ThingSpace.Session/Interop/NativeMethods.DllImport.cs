// The C library's functions, by their own names, for netstandard2.0. NativeMethods.LibraryImport.cs declares the same for .NET 8 and later;
// a test compares the two files with each other and with tsm.h.

#if !NET8_0_OR_GREATER
using System.Runtime.InteropServices;

namespace ThingSpace.Interop;

internal static unsafe class NativeMethods
{
    internal const string Library = "thingspace_session";

    [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    internal static extern ConfigHandle tsm_config_new();

    [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    internal static extern int tsm_config_set(ConfigHandle config, byte* option, byte* value, out nint error);

    [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    internal static extern int tsm_config_set_log(ConfigHandle config, int maxLevel, nint callback, nint context);

    [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    internal static extern void tsm_config_free(nint config);

    [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    internal static extern nint tsm_call_new();

    [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    internal static extern int tsm_call_set_timeout(nint call, ulong timeoutMs);

    [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    internal static extern int tsm_call_cancel(nint call);

    [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    internal static extern void tsm_call_free(nint call);

    [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    internal static extern int tsm_login(ConfigHandle config, nint call, out SessionHandle session, out nint error);

    [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    internal static extern int tsm_token(nint session, byte* buffer, nuint capacity, out nint error);

    [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    internal static extern int tsm_api_token(nint session, nint call, byte* buffer, nuint capacity, out nint error);

    [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    internal static extern int tsm_relogin(nint session, nint call, byte* expiredToken, out nint error);

    [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    internal static extern int tsm_renew_api_token(nint session, nint call, byte* rejectedToken, out nint error);

    [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    internal static extern int tsm_logout(nint session, nint call, out nint error);

    [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    internal static extern int tsm_cancel(nint session);

    [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    internal static extern void tsm_free(nint session);

    [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    internal static extern int tsm_request(
        nint session, nint call, byte* method, byte* path, byte** headers, byte* body, nuint bodyLength,
        out nint response, out nint error);

    [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    internal static extern int tsm_soap_call(
        nint session, nint call, byte* service, byte* operation, byte* bodyXml, nuint bodyLength,
        out nint response, out nint error);

    [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    internal static extern int tsm_response_status(nint response);

    [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    internal static extern byte* tsm_response_headers(nint response, out nuint length);

    [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    internal static extern byte* tsm_response_body(nint response, out nuint length);

    [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    internal static extern int tsm_response_check(nint response, out nint error);

    [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    internal static extern void tsm_response_free(nint response);

    [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    internal static extern int tsm_check(int httpStatus, byte* body, nuint bodyLength, out nint error);

    [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    internal static extern int tsm_unblock(ConfigHandle config, out nint error);

    [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    internal static extern int tsm_info(nint session, byte* buffer, nuint capacity, out nint error);

    [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    internal static extern byte* tsm_error_code(nint error);

    [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    internal static extern byte* tsm_error_message(nint error);

    [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    internal static extern int tsm_error_token(nint error, byte* buffer, nuint capacity);

    [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    internal static extern int tsm_error_http_status(nint error);

    [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    internal static extern int tsm_error_retryable(nint error);

    [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    internal static extern long tsm_error_retry_after_ms(nint error);

    [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    internal static extern void tsm_error_free(nint error);

    [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    internal static extern byte* tsm_status_name(int status);

    [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    internal static extern byte* tsm_version();

    [DllImport(Library, CallingConvention = CallingConvention.Cdecl, ExactSpelling = true)]
    internal static extern uint tsm_abi_version();
}
#endif
