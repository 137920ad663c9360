// Calls the native library and prints what came of it: "ok", or the kind of the exception and its words.

using System;
using Tsm;

try
{
    Session.Check(400, "{\"errorCode\":\"REQUEST_FAILED.SessionToken.Expired\"}");
    Console.WriteLine("an expired session was not seen");
    return 1;
}
catch (ThingSpaceException ex) when (ex.Code.Contains("SessionToken.Expired"))
{
    Console.WriteLine("ok");
    return 0;
}
catch (Exception ex)
{
    Console.WriteLine($"{ex.GetType().Name}: {ex.Message}");
    return 2;
}
