// Calls the native library and prints what came of it: "ok", or the kind of the exception and its
// words. With a file, it lets TSM_LIBRARY name that after the first call failed, and calls again;
// with --resolver and a file, that is where it says the library is.

using System;
using System.Runtime.InteropServices;
using ThingSpace;

#if NET
if (args is ["--resolver", { } library])
{
    NativeLibrary.SetDllImportResolver(
        typeof(Session).Assembly, (_, _, _) => NativeLibrary.Load(library));
}
#endif
if (args.Length == 1 && args[0] == "--answer")
{
    // A test of a program's own may make an answer and no session.
    Console.WriteLine(new Response(200, "{}").EnsureSuccess().Text);
    return 0;
}

Exception? failure = Call();
if (failure is not null && args.Length == 1)
{
    Environment.SetEnvironmentVariable("TSM_LIBRARY", args[0]);
    failure = Call();
}

Console.WriteLine(failure is null ? "ok" : $"{failure.GetType().Name}: {failure.Message}");
return failure is null ? 0 : 1;

static Exception? Call()
{
    try
    {
        Session.Check(400, "{\"errorCode\":\"REQUEST_FAILED.SessionToken.Expired\"}");
        return new InvalidOperationException("An expired session was not seen.");
    }
    catch (ThingSpaceException ex) when (ex.Code.Contains("SessionToken.Expired"))
    {
        return null;
    }
    catch (Exception ex)
    {
        return ex;
    }
}
