using System;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Xunit;

namespace ThingSpace.Tests;

/// <summary>Calls that wait for the same new token.</summary>
[Collection("all threads")]
public sealed class RenewalTests : IDisposable
{
    private const int Calls = 100;
    private const string Expired = """{"errorCode":"X.SessionToken.Expired"}""";

    private readonly Sandbox _sandbox = Sandbox.Start();
    private readonly Session _session;
    private readonly Exchange[] _refused;

    public RenewalTests()
    {
        _session = _sandbox.Login();
        _refused = [.. Enumerable.Range(0, Calls).Select(_ => Refused())];
        _sandbox.Fault("login", "hold", -1);
    }

    public void Dispose()
    {
        foreach (Exchange exchange in _refused)
        {
            exchange.Dispose();
        }

        _session.Dispose();
        _sandbox.Dispose();
    }

    [Fact]
    public async Task They_take_one_thread_together()
    {
        int before = Threads();
        Task[] renewals = [.. _refused.Select(exchange => exchange.RenewAsync())];
        _sandbox.WaitFor("login", 2);
        Assert.InRange(Threads(), 0, Math.Max(before, 1));
        _sandbox.DropFaults();
        await Task.WhenAll(renewals);
        Assert.All(_refused, exchange => Assert.Equal(
            _session.Token, exchange.GetTokens()!.SessionToken));
        Assert.Equal(2, _sandbox.Count("login"));
        CountsWaits(Calls - 1);
    }

    [Fact]
    public async Task One_who_gives_up_leaves_it_to_the_others()
    {
        using var cancellation = new CancellationTokenSource();
        Task first = _refused[0].RenewAsync(cancellationToken: cancellation.Token);
        Task[] others = [.. _refused.Skip(1).Select(exchange => exchange.RenewAsync())];
        _sandbox.WaitFor("login", 2);
        cancellation.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        _sandbox.DropFaults();
        await Task.WhenAll(others);
        Assert.Equal(2, _sandbox.Count("login"));
    }

    [Fact]
    public async Task The_refusal_of_one_that_cannot_be_sent_again_is_its_own()
    {
        Task[] spent = [.. _refused.Take(10).Select(
            exchange => exchange.RenewAsync(canResend: false))];
        Task[] others = [.. _refused.Skip(10).Select(exchange => exchange.RenewAsync())];
        _sandbox.WaitFor("login", 2);
        _sandbox.DropFaults();
        foreach (Task renewal in spent)
        {
            ThingSpaceException e = await Assert.ThrowsAsync<ThingSpaceException>(() => renewal);
            Assert.Equal(TsmStatus.SessionExpired, e.Status);
        }

        await Task.WhenAll(others);
        Assert.Equal(2, _sandbox.Count("login"));
    }

    [Fact]
    public async Task Each_waits_no_longer_than_it_has_time()
    {
        Task first = _refused[0].RenewAsync();
        ThingSpaceException e = await Assert.ThrowsAsync<ThingSpaceException>(
            () => _refused[1].RenewAsync(timeout: TimeSpan.FromMilliseconds(20)));
        Assert.Equal(TsmStatus.Timeout, e.Status);
        Assert.IsType<TimeoutException>(e.InnerException);
        using var cancellation = new CancellationTokenSource();
        Task other = _refused[2].RenewAsync(cancellationToken: cancellation.Token);
        cancellation.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => other);
        _sandbox.DropFaults();
        await first;
    }

    [Fact]
    public async Task They_end_with_their_session()
    {
        Task[] renewals = [.. _refused.Select(exchange => exchange.RenewAsync())];
        _session.Dispose();
        foreach (Task renewal in renewals)
        {
            await Assert.ThrowsAsync<ObjectDisposedException>(() => renewal);
        }
    }

    [Fact]
    public async Task Those_who_log_in_again_share_it_too()
    {
        string token = _session.Token;
        Task[] relogins =
            [.. Enumerable.Range(0, Calls).Select(_ => _session.ReloginAsync(token))];
        _sandbox.WaitFor("login", 2);
        _sandbox.DropFaults();
        await Task.WhenAll(relogins);
        Assert.Equal(2, _sandbox.Count("login"));
        Assert.NotEqual(token, _session.Token);
        CountsWaits(Calls - 1);
    }

    [Fact]
    public async Task A_failure_that_they_share_is_waited_for_too()
    {
        _sandbox.DropFaults();
        _sandbox.Fault("login", "hold", 1);
        _sandbox.ChangePassword("another");
        Task[] renewals = [.. _refused.Select(exchange => exchange.RenewAsync())];
        _sandbox.WaitFor("login", 2);
        _sandbox.DropFaults();
        foreach (Task renewal in renewals)
        {
            ThingSpaceException e = await Assert.ThrowsAsync<ThingSpaceException>(() => renewal);
            Assert.Equal(TsmStatus.Credentials, e.Status);
        }

        CountsWaits(Calls - 1);
    }

    [Fact]
    public async Task An_API_token_is_not_waited_for_as_a_login()
    {
        _sandbox.Fault("oauth", "hold", -1);
        Task[] renewals = [.. Enumerable.Range(0, 3).Select(_ => _session.RenewApiTokenAsync())];
        _sandbox.WaitFor("oauth", 2);
        _sandbox.DropFaults();
        await Task.WhenAll(renewals);
        CountsWaits(0);
    }

    private void CountsWaits(int count) => Assert.Contains(
        $"\ntsm_waits_total{{tsm_wait_cause=\"login\"}} {count}\n",
        _session.Metrics(),
        StringComparison.Ordinal);

    private Exchange Refused()
    {
        Exchange exchange = _session.BeginExchange();
        Assert.NotNull(exchange.GetTokens());
        Assert.False(exchange.Answered(400, Expired));
        return exchange;
    }

    /// <summary>Threads of the sessions', also those that wait for work.</summary>
    private static int Threads() => Directory.GetDirectories("/proc/self/task").Count(
        static task => Name(task).StartsWith("ThingSpace.Sess", StringComparison.Ordinal));

    private static string Name(string task)
    {
        try
        {
            return File.ReadAllText(Path.Combine(task, "comm"));
        }
        catch (IOException)
        {
            // It has ended meanwhile.
            return "";
        }
    }
}
