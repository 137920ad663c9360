using System;
using System.Collections.Concurrent;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Runtime.CompilerServices;
#if !TSM_NETSTANDARD
using System.Reflection;
using System.Runtime.Loader;
#endif
using System.Threading;
using System.Threading.Tasks;
using Xunit;

namespace ThingSpace.Tests;

/// <summary>Cancellation, disposal and garbage collection, also in the middle of a call.</summary>
public class LifetimeTests
{
    [Fact]
    public async Task A_token_cancels_its_call_and_no_other()
    {
        using Sandbox sandbox = Sandbox.Start();
        using Session session = sandbox.Login();
        sandbox.Fault("api", "hold", 2);
        using var one = new CancellationTokenSource();
        using var other = new CancellationTokenSource();
        Task<Response> cancelled = session.GetAsync(Sandbox.Account, cancellationToken: one.Token);
        Task<Response> running = session.GetAsync(Sandbox.Account, cancellationToken: other.Token);
        sandbox.WaitFor("api", 2);
        one.Cancel();
        OperationCanceledException e = await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => cancelled);
        Assert.Equal(one.Token, e.CancellationToken);
        Assert.True(cancelled.IsCanceled);
        Assert.False(running.IsCompleted);
        other.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        Assert.Equal(200, session.Get(Sandbox.Account).StatusCode);
    }

    [Fact]
    public async Task A_blocking_call_is_cancelled_from_another_thread()
    {
        using Sandbox sandbox = Sandbox.Start();
        using Session session = sandbox.Login();
        sandbox.Fault("api", "hold");
        using var cancellation = new CancellationTokenSource();
        Task<Response> call = OnThread(
            () => session.Get(Sandbox.Account, cancellationToken: cancellation.Token));
        sandbox.WaitFor("api", 1);
        cancellation.Cancel();
        OperationCanceledException e = await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => call);
        Assert.Equal(cancellation.Token, e.CancellationToken);
    }

    [Fact]
    public async Task A_token_cancelled_beforehand_sends_nothing()
    {
        using Sandbox sandbox = Sandbox.Start();
        using Session session = sandbox.Login();
        var cancelled = new CancellationToken(canceled: true);
        Assert.Throws<OperationCanceledException>(
            () => session.Get(Sandbox.Account, cancellationToken: cancelled));
        await Assert.ThrowsAsync<TaskCanceledException>(
            () => session.GetAsync(Sandbox.Account, cancellationToken: cancelled));
        Assert.Throws<OperationCanceledException>(() => session.Post(
            Sandbox.DeviceList, new MemoryStream(), cancellationToken: cancelled));
        Task<Response> call = session.PostAsync(
            Sandbox.DeviceList, new MemoryStream(), cancellationToken: cancelled);
        Assert.True(call.IsCanceled);
        Assert.Throws<OperationCanceledException>(
            () => Session.Login(sandbox.Options(), cancelled));
        await Assert.ThrowsAsync<TaskCanceledException>(
            () => Session.LoginAsync(sandbox.Options(), cancelled));
        Assert.Throws<OperationCanceledException>(() => session.Relogin(null, null, cancelled));
        Assert.Equal(0, sandbox.Count("api"));
        Assert.Equal(1, sandbox.Count("login"));
    }

    [Fact]
    public async Task A_login_is_cancelled()
    {
        using Sandbox sandbox = Sandbox.Start();
        sandbox.Fault("login", "hold");
        using var cancellation = new CancellationTokenSource();
        Task<Session> login = Session.LoginAsync(sandbox.Options(), cancellation.Token);
        sandbox.WaitFor("login", 1);
        cancellation.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => login);
    }

    [Fact]
    public async Task Who_gives_up_waiting_does_not_end_the_login_of_others()
    {
        using Sandbox sandbox = Sandbox.Start();
        using Session session = sandbox.Login();
        string expired = session.Token;
        sandbox.Expire();
        sandbox.Fault("login", "hold");
        using var cancellation = new CancellationTokenSource();
        Task holder = session.ReloginAsync(expired);
        sandbox.WaitFor("login", 2);
        Task waiter = session.ReloginAsync(expired, cancellationToken: cancellation.Token);
        cancellation.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiter);
        Assert.False(holder.IsCompleted);
        session.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => holder);
    }

    [Fact]
    public void Cancellation_and_timeouts_end_one_call_only()
    {
        using Sandbox sandbox = Sandbox.Start();
        using Session session = sandbox.Login();
        using var cancellation = new CancellationTokenSource();
        for (int i = 0; i < 20; i++)
        {
            session.Get(Sandbox.Account, cancellationToken: cancellation.Token);
            session.Get(Sandbox.Account, timeout: TimeSpan.FromSeconds(30));
            session.Get(
                Sandbox.Account,
                timeout: TimeSpan.FromSeconds(30),
                cancellationToken: cancellation.Token);
        }

        cancellation.Cancel();
        Assert.Throws<OperationCanceledException>(
            () => session.Get(Sandbox.Account, cancellationToken: cancellation.Token));
        Assert.Equal(200, session.Get(Sandbox.Account).StatusCode);
    }

    [Fact]
    public async Task Cancel_is_final()
    {
        using Sandbox sandbox = Sandbox.Start();
        using Session session = sandbox.Login();
        sandbox.Fault("api", "hold");
        Task<Response> call = session.GetAsync(Sandbox.Account);
        sandbox.WaitFor("api", 1);
        session.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        Assert.True(call.IsCanceled);
        Assert.Throws<OperationCanceledException>(() => session.Get(Sandbox.Account));
        Task<Response> later = session.GetAsync(Sandbox.Account);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => later);
        Assert.True(later.IsCanceled);
    }

    [Fact]
    public async Task The_exception_tells_who_cancelled()
    {
        using Sandbox sandbox = Sandbox.Start();
        using Session session = sandbox.Login();
        string token = session.Token;
        sandbox.Fault("api", "hold", -1);
        sandbox.Fault("login", "hold", -1);
        Task[] Begin(CancellationToken cancellation) =>
        [
            session.GetAsync(Sandbox.Account, cancellationToken: cancellation),
            session.ReloginAsync(token, cancellationToken: cancellation),
            session.ReloginAsync(token, cancellationToken: cancellation),
        ];
        using var one = new CancellationTokenSource();
        using var other = new CancellationTokenSource();
        Task[] cancelled = Begin(one.Token);
        Task[] running = Begin(other.Token);
        sandbox.WaitFor("api", 2);
        sandbox.WaitFor("login", 2);
        one.Cancel();
        await EndBy(one.Token, cancelled);
        Assert.All(running, call => Assert.False(call.IsCompleted));
        session.Cancel();
        await EndBy(CancellationToken.None, running);

        static async Task EndBy(CancellationToken cancellation, Task[] calls)
        {
            foreach (Task call in calls)
            {
                OperationCanceledException e =
                    await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
                Assert.Equal(cancellation, e.CancellationToken);
                Assert.True(call.IsCanceled);
            }
        }
    }

    [Fact]
    public async Task Dispose_ends_running_calls()
    {
        using Sandbox sandbox = Sandbox.Start();
        Session session = sandbox.Login();
        sandbox.Fault("api", "hold", -1);
        Task<Response> blocking = OnThread(() => session.Get(Sandbox.Account));
        Task<Response> asynchronous = session.GetAsync(Sandbox.Account);
        sandbox.WaitFor("api", 2);
        session.Dispose();
        session.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => blocking);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => asynchronous);
        Assert.Equal(0, sandbox.Count("logout"));
    }

    [Fact]
    public async Task A_disposed_session_says_so()
    {
        using Sandbox sandbox = Sandbox.Start();
        Session session = sandbox.Login();
        session.Dispose();
        ObjectDisposedException e = Assert.Throws<ObjectDisposedException>(() => session.Token);
        Assert.Equal(nameof(Session), e.ObjectName);
        Assert.Throws<ObjectDisposedException>(() => session.Info);
        Assert.Throws<ObjectDisposedException>(() => session.GetApiToken());
        Assert.Throws<ObjectDisposedException>(() => session.Get(Sandbox.Account));
        Assert.Throws<ObjectDisposedException>(
            () => session.SoapCall("DeviceService", "GetDeviceList", "<a/>"));
        Assert.Throws<ObjectDisposedException>(() => session.Relogin());
        Assert.Throws<ObjectDisposedException>(() => session.RenewApiToken());
        Assert.Throws<ObjectDisposedException>(() => session.Logout());
        Assert.Throws<ObjectDisposedException>(session.Cancel);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => session.GetAsync(Sandbox.Account));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => session.GetApiTokenAsync());
        await Assert.ThrowsAsync<ObjectDisposedException>(() => session.ReloginAsync());
        await Assert.ThrowsAsync<ObjectDisposedException>(() => session.LogoutAsync());
        await Assert.ThrowsAsync<ObjectDisposedException>(
            () => session.SoapCallAsync("DeviceService", "GetDeviceList", "<a/>"));
    }

    [Fact]
    public void Many_threads_dispose_one_session_in_use()
    {
        using Sandbox sandbox = Sandbox.Start();
        for (int round = 0; round < 20; round++)
        {
            Session session = sandbox.Login();
            using var barrier = new Barrier(9);
            Thread[] threads = [.. Enumerable.Range(0, 9).Select(i => new Thread(() =>
            {
                barrier.SignalAndWait();
                try
                {
                    while (i != 0)
                    {
                        _ = i % 2 == 0 ? session.Token : session.Get(Sandbox.Account).Text;
                    }

                    session.Dispose();
                }
                catch (ObjectDisposedException)
                {
                }
            }))];
            Array.ForEach(threads, thread => thread.Start());
            Array.ForEach(threads, thread => thread.Join());
        }
    }

    [Fact]
    public async Task A_session_that_only_its_call_knows_is_not_collected()
    {
        using Sandbox sandbox = Sandbox.Start();
        sandbox.Fault("api", "hold");
        Task<Response> call = OnThread(() => sandbox.Login().Get(Sandbox.Account));
        sandbox.WaitFor("api", 1);
        Collect();
        Assert.False(call.IsCompleted);
        sandbox.DropFaults();
        Assert.Equal(200, (await call).StatusCode);
    }

    [Fact]
    public void A_forgotten_session_is_freed()
    {
        using Sandbox sandbox = Sandbox.Start();
        (WeakReference session, WeakReference log) = Forget(sandbox);
        AssertIsCollected(session);
        AssertIsCollected(log); // let go of after tsm_free
    }

#if !TSM_NETSTANDARD
    [Fact]
    public void A_plug_in_that_used_a_session_can_be_unloaded()
    {
        using Sandbox sandbox = Sandbox.Start();
        AssertIsCollected(UseAndUnload(sandbox));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference UseAndUnload(Sandbox sandbox)
    {
        var plugin = new AssemblyLoadContext("plugin", isCollectible: true);
        Assembly assembly = plugin.LoadFromAssemblyPath(typeof(Session).Assembly.Location);
        object options = Activator.CreateInstance(
            assembly.GetType("ThingSpace.SessionOptions", throwOnError: true)!)!;
        SessionOptions usual = sandbox.Options();
        foreach (string name in (string[])
            ["UseEnvironment", "BaseUrl", "Username", "Password", "AppKey", "AppSecret", "Store"])
        {
            object? value = typeof(SessionOptions).GetProperty(name)!.GetValue(usual);
            options.GetType().GetProperty(name)!.SetValue(options, value);
        }

        Type session = assembly.GetType("ThingSpace.Session", throwOnError: true)!;
        using (var loggedIn = (IDisposable)session.GetMethod("Login")!.Invoke(
            null, [options, CancellationToken.None])!)
        {
            var call = (Task)session.GetMethod("GetAsync")!.Invoke(
                loggedIn, [Sandbox.Account, null, null, CancellationToken.None])!;
            call.GetAwaiter().GetResult();
        }

        plugin.Unload();
        return new WeakReference(plugin);
    }
#endif

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static (WeakReference Session, WeakReference Log) Forget(Sandbox sandbox)
    {
        var lines = new ConcurrentQueue<string>();
        SessionOptions options = sandbox.Options();
        options.Log = (_, line) => lines.Enqueue(line);
        Session session = Session.Login(options);
        session.Get(Sandbox.Account);
        return (new WeakReference(session), new WeakReference(lines));
    }

    private static void AssertIsCollected(WeakReference what)
    {
        var watch = Stopwatch.StartNew();
        while (what.IsAlive && watch.Elapsed < TimeSpan.FromMinutes(1))
        {
            Collect();
        }

        Assert.False(what.IsAlive);
    }

    private static void Collect()
    {
        for (int i = 0; i < 3; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
    }

    private static Task<T> OnThread<T>(Func<T> body) => Task.Factory.StartNew(
        body, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
}
