// Runs every scenario and a few cases of this runtime's own; prints one line each and fails if any
// failed.

using System;
using System.Collections.Concurrent;
using System.Linq;
using System.Net.Http;
using System.Runtime.InteropServices;
using System.Threading.Tasks;
using ThingSpace;
using ThingSpace.Tests;

int failed = 0;
Repository.UseBuiltLibrary();
Console.WriteLine(
    $"{Type.GetType("Mono.Runtime")?.FullName ?? "not Mono"}, CLR {Environment.Version}");
foreach ((string name, Via via) in Scenario.All())
{
    await Case($"{name} via {via}", () => Scenario.Run(name, via, isAsync: false));
    await Case($"{name} via {via} (async)", () => Scenario.Run(name, via, isAsync: true));
}

await Case("the documented pattern", Cases.DocumentedPattern);
await Case("the handler for HttpClient", Cases.Handler);
await Case("disposal in the middle of a call", Cases.Dispose);
await Case("text that is no text", Cases.BadText);
await Case("a log callback that throws", Cases.Log);
await Case("events and metrics", Cases.Events);
await Case("an exception from another AppDomain", Cases.OtherDomain);
await Case("await using", Cases.AwaitUsing);
await Case("a WCF proxy by the documented pattern", WcfProxy.DocumentedPattern);
await Case("a WCF proxy by the behavior", WcfProxy.Behavior);
await Case("a WCF proxy by the behavior, asynchronously", WcfProxy.BehaviorAsync);
await Case("a WCF behavior for a REST session", WcfProxy.Rest);
Console.WriteLine(failed == 0 ? "All passed." : $"{failed} failed.");
// Mono's own way out stops its timer's thread anywhere, and calls it a crash if that was at work.
Console.Out.Flush();
_exit(failed == 0 ? 0 : 1);

[DllImport("libc", ExactSpelling = true)]
static extern void _exit(int status);

async Task Case(string name, Func<Task> body)
{
    try
    {
        await body();
        Console.WriteLine("ok    " + name);
    }
#pragma warning disable CA1031 // A failure is a line; the others still run.
    catch (Exception e)
#pragma warning restore CA1031
    {
        failed++;
        Console.WriteLine($"FAIL  {name}: {e}");
    }
}

internal static class Cases
{
    internal static Task DocumentedPattern()
    {
        using Sandbox sandbox = Sandbox.Start();
        SessionOptions options = sandbox.Options();
        options.AutoRelogin = false;
        using Session session = Session.Login(options);
        sandbox.Expire();
        try
        {
            session.Get(Sandbox.Account);
            throw new InvalidOperationException("The session was expired.");
        }
        catch (ThingSpaceException ex) when (ex.Code.Contains("SessionToken.Expired"))
        {
            session.Relogin(ex.Token);
        }

        Require(session.Get(Sandbox.Account).StatusCode == 200, "the resent request succeeds");
        return Task.CompletedTask;
    }

    internal static async Task Handler()
    {
        using Sandbox sandbox = Sandbox.Start();
        using Session session = sandbox.Login();
        using var http = new HttpClient(new ThingSpaceHandler(session));
        sandbox.Expire("all");
        using HttpResponseMessage response = await http.PostAsync(
            new Uri(sandbox.BaseUrl + Sandbox.DeviceList),
            new StringContent("""{"accountName":"0000123456-00001"}"""));
        Require(response.IsSuccessStatusCode, "the resent request succeeds");
        Require(sandbox.Count("login") == 2, "one login is sent");
    }

    internal static async Task Dispose()
    {
        using Sandbox sandbox = Sandbox.Start();
        Session session = sandbox.Login();
        sandbox.Fault("api", "hold");
        Task<Response> call = session.GetAsync(Sandbox.Account);
        sandbox.WaitFor("api", 1);
        session.Dispose();
        try
        {
            await call;
        }
        catch (ObjectDisposedException)
        {
            return;
        }

        Require(false, "the call ends with ObjectDisposedException");
    }

    internal static Task BadText()
    {
        using Sandbox sandbox = Sandbox.Start();
        using Session session = sandbox.Login();
        foreach (string text in new[] { "/\uD83D", "/a\0b" })
        {
            try
            {
                session.Get(text);
            }
            catch (ArgumentException)
            {
                continue;
            }

            Require(false, "ArgumentException is thrown");
        }

        return Task.CompletedTask;
    }

    internal static Task Log()
    {
        using Sandbox sandbox = Sandbox.Start();
        int lines = 0;
        SessionOptions options = sandbox.Options();
        options.LogLevel = TsmLogLevel.Trace;
        options.Log = (_, _) =>
        {
            lines++;
            throw new InvalidOperationException("mine");
        };
        using Session session = Session.Login(options);
        Require(session.Get(Sandbox.Account).StatusCode == 200, "the request succeeds");
        Require(lines > 0, "lines arrive");
        return Task.CompletedTask;
    }

    internal static Task Events()
    {
        using Sandbox sandbox = Sandbox.Start();
        var told = new ConcurrentQueue<ThingSpaceEvent>();
        SessionOptions options = sandbox.Options();
        options.OnEvent = told.Enqueue;
        using Session session = Session.Login(options);
        ThingSpaceEvent login = told.Single(e => e.Kind == TsmEventKind.LoginEnded);
        Require(login.Detail == "success" && login.SlotsLeft == 3, "the login is told");
        Require(login.Duration is not null && login.Message.Length == 0, "as it went");
        Require(session.Metrics().Contains("tsm_guard_slots_left 3"), "metrics are counted");
        return Task.CompletedTask;
    }

    internal static Task OtherDomain()
    {
        AppDomain domain = AppDomain.CreateDomain(
            "other", null, AppDomain.CurrentDomain.SetupInformation);
        try
        {
            domain.DoCallBack(Fail);
            Require(false, "the exception arrives");
        }
        catch (ThingSpaceException e)
        {
            Require(e.Status == TsmStatus.SessionExpired, "it has the status");
            Require(e.Message == "expired" && e.Code == "a.b" && e.HttpStatus == 400, "its texts");
            Require(e.Retryable && e.RetryAfter == TimeSpan.FromSeconds(7), "its advice");
            Require(e.Token is null, "a token crosses no border");
            Require(e.InnerException is TimeoutException, "it has its cause");
        }
        finally
        {
            AppDomain.Unload(domain);
        }

        return Task.CompletedTask;
    }

    private static void Fail() => throw new ThingSpaceException(
        TsmStatus.SessionExpired,
        "expired",
        "a.b",
        400,
        retryable: true,
        TimeSpan.FromSeconds(7),
        "a secret",
        new TimeoutException());

    internal static async Task AwaitUsing()
    {
        using Sandbox sandbox = Sandbox.Start();
        Session outer;
        await using (Session session = Session.Open(sandbox.Options()))
        {
            outer = session;
            Require((await session.GetAsync(Sandbox.Account)).StatusCode == 200, "it logs in");
        }

        try
        {
            _ = outer.Token;
        }
        catch (ObjectDisposedException)
        {
            return;
        }

        Require(false, "it is disposed of");
    }

    private static void Require(bool holds, string what)
    {
        if (!holds)
        {
            throw new InvalidOperationException("It does not hold that " + what + ".");
        }
    }
}
