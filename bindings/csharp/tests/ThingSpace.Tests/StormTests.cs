using System;
using System.Linq;
using System.Net.Http;
using System.Threading;
using System.Threading.Tasks;
using Xunit;

namespace ThingSpace.Tests;

/// <summary>Many at once: one login, whoever asks and however.</summary>
public class StormTests
{
    private const int Many = 64;

    [Fact]
    public void Threads_that_meet_one_expiry_cause_one_login()
    {
        using Sandbox sandbox = Sandbox.Start();
        using Session session = sandbox.Login();
        sandbox.Expire();
        int[] statuses = new int[Many];
        using var barrier = new Barrier(Many);
        Thread[] threads = [.. Enumerable.Range(0, Many).Select(i => new Thread(() =>
        {
            barrier.SignalAndWait();
            statuses[i] = session.Get(Sandbox.Account).StatusCode;
        }))];
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        Assert.All(statuses, status => Assert.Equal(200, status));
        Assert.Equal(2, sandbox.Count("login"));
    }

    [Fact]
    public async Task Tasks_that_meet_one_expiry_cause_one_login()
    {
        using Sandbox sandbox = Sandbox.Start();
        using Session session = sandbox.Login();
        sandbox.Expire();
        Response[] responses = await Task.WhenAll(
            Enumerable.Range(0, Many).Select(_ => session.GetAsync(Sandbox.Account)));
        Assert.All(responses, response => Assert.Equal(200, response.StatusCode));
        Assert.Equal(2, sandbox.Count("login"));
    }

    [Fact]
    public async Task Clients_that_meet_one_expiry_cause_one_login()
    {
        using Sandbox sandbox = Sandbox.Start();
        using Session session = sandbox.Login();
        using var http = new HttpClient(new ThingSpaceHandler(session));
        var url = new Uri(sandbox.BaseUrl + Sandbox.Account);
        sandbox.Expire();
        HttpResponseMessage[] responses = await Task.WhenAll(
            Enumerable.Range(0, Many).Select(_ => http.GetAsync(url)));
        Assert.All(responses, response => Assert.Equal(200, (int)response.StatusCode));
        Assert.Equal(2, sandbox.Count("login"));
    }

    [Fact]
    public async Task Those_who_share_a_failed_login_all_hear_of_it()
    {
        using Sandbox sandbox = Sandbox.Start();
        using Session session = sandbox.Login();
        sandbox.ChangePassword("changed");
        sandbox.Expire();
        string expired = session.Token;
        Task[] tasks = [.. Enumerable.Range(0, Many).Select(_ => session.ReloginAsync(expired))];
        foreach (Task task in tasks)
        {
            ThingSpaceException e = await Assert.ThrowsAsync<ThingSpaceException>(() => task);
            Assert.True(e.Status is TsmStatus.Credentials or TsmStatus.LoginBlocked, e.Message);
        }

        Assert.Equal(2, sandbox.Count("login"));
    }

    [Fact]
    public async Task Waiting_calls_hold_no_thread_of_the_pool()
    {
        using Sandbox sandbox = Sandbox.Start();
        using Session session = sandbox.Login();
        sandbox.Fault("api", "hold", -1);
        Task[] waiting =
            [.. Enumerable.Range(0, Many).Select(_ => session.GetAsync(Sandbox.Account))];
        sandbox.WaitFor("api", Many);
        ThreadPool.GetAvailableThreads(out int available, out _);
        ThreadPool.GetMaxThreads(out int most, out _);
        Assert.True(most - available < Many, "The waiting calls hold threads of the pool.");
        session.Cancel();
        foreach (Task task in waiting)
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => task);
        }
    }

    [Fact]
    public async Task Logins_at_a_platform_that_hangs_are_bounded_and_hold_up_no_other_s()
    {
        const int AtOnce = 64;
        using Sandbox hung = Sandbox.Start();
        using Sandbox other = Sandbox.Start();
        using var cancellation = new CancellationTokenSource();
        hung.Fault("oauth", "hold", -1);
        SessionOptions patient = hung.Options();
        patient.Timeout = TimeSpan.FromHours(1);
        Task<Session>[] logins = [.. Enumerable.Range(0, AtOnce + 20).Select(
            _ => Session.LoginAsync(patient, cancellation.Token))];
        hung.WaitFor("oauth", AtOnce);
        SessionOptions hasty = hung.Options();
        hasty.Timeout = TimeSpan.FromMilliseconds(20);
        ThingSpaceException e = await Assert.ThrowsAsync<ThingSpaceException>(
            () => Session.LoginAsync(hasty));
        Assert.Equal(TsmStatus.Timeout, e.Status);
        Assert.Contains("sent nothing", e.Message, StringComparison.Ordinal);
        Assert.Equal(AtOnce, hung.Count("oauth"));
        using (Session session = await Session.LoginAsync(other.Options()))
        {
            Assert.Equal(200, (await session.GetAsync(Sandbox.Account)).StatusCode);
        }

        cancellation.Cancel();
        foreach (Task<Session> login in logins)
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => login);
        }
    }

    [Fact]
    public async Task More_calls_than_threads_all_end()
    {
        using Sandbox sandbox = Sandbox.Start();
        using Session session = sandbox.Login();
        Response[] responses = await Task.WhenAll(
            Enumerable.Range(0, 1000).Select(_ => session.GetAsync(Sandbox.Account)));
        Assert.All(responses, response => Assert.Equal(200, response.StatusCode));
    }
}
