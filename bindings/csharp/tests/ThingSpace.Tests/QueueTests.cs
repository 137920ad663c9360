using System;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Xunit;

namespace ThingSpace.Tests;

[CollectionDefinition("all threads", DisableParallelization = true)]
public class AllThreads;

/// <summary>What becomes of asynchronous calls while all threads for requests are taken.</summary>
[Collection("all threads")]
public sealed class QueueTests : IDisposable
{
    private const int Threads = 256;

    private readonly Sandbox _sandbox = Sandbox.Start();
    private readonly Session _slow;
    private readonly Task<Response>[] _held;

    public QueueTests()
    {
        _slow = _sandbox.Login();
        _sandbox.Fault("api", "hold", -1);
        _held = [.. Enumerable.Range(0, Threads).Select(_ => _slow.GetAsync(Sandbox.Account))];
        _sandbox.WaitFor("api", Threads);
    }

    public void Dispose()
    {
        _slow.Dispose();
        try
        {
            Task.WaitAll(_held);
        }
        catch (AggregateException)
        {
            // They ended with their session.
        }

        _sandbox.Dispose();
    }

    [Fact]
    public async Task A_waiting_call_ends_by_its_own_deadline()
    {
        ThingSpaceException e = await Assert.ThrowsAsync<ThingSpaceException>(
            () => _slow.GetAsync(Sandbox.Account, timeout: TimeSpan.FromMilliseconds(20)));
        Assert.Equal(TsmStatus.Timeout, e.Status);
        Assert.IsType<TimeoutException>(e.InnerException);
        Assert.Equal(Threads, _sandbox.Count("api"));
    }

    [Fact]
    public async Task A_waiting_call_ends_by_the_deadline_of_its_session()
    {
        SessionOptions options = _sandbox.Options();
        options.Timeout = TimeSpan.FromSeconds(2);
        using Session session = Session.Login(options);
        ThingSpaceException e = await Assert.ThrowsAsync<ThingSpaceException>(
            () => session.GetAsync(Sandbox.Account));
        Assert.Equal(TsmStatus.Timeout, e.Status);
        Assert.Equal(Threads, _sandbox.Count("api"));
    }

    [Fact]
    public async Task A_waiting_call_is_cancelled()
    {
        using var cancellation = new CancellationTokenSource();
        Task<Response> call = _slow.GetAsync(
            Sandbox.Account, cancellationToken: cancellation.Token);
        Assert.False(call.IsCompleted);
        cancellation.Cancel();
        OperationCanceledException e = await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => call);
        Assert.Equal(cancellation.Token, e.CancellationToken);
        Assert.True(call.IsCanceled);
    }

    [Fact]
    public async Task A_waiting_call_ends_with_its_session()
    {
        using Session cancelled = _sandbox.Login();
        Session disposed = _sandbox.Login();
        Task<Response> one = cancelled.GetAsync(Sandbox.Account);
        Task<Response> other = disposed.GetAsync(Sandbox.Account);
        Assert.False(one.IsCompleted || other.IsCompleted);
        cancelled.Cancel();
        disposed.Dispose();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => one);
        Assert.True(one.IsCanceled);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => other);
        Assert.Equal(Threads, _sandbox.Count("api"));
    }

    [Fact]
    public async Task A_waiting_call_is_made_when_a_thread_is_free()
    {
        Task<Response> call = _slow.GetAsync(Sandbox.Account);
        Assert.False(call.IsCompleted);
        _sandbox.DropFaults();
        Assert.Equal(200, (await call).StatusCode);
        Assert.All(await Task.WhenAll(_held), response => Assert.Equal(200, response.StatusCode));
    }

    [Fact]
    public async Task Logins_and_tokens_do_not_wait_for_requests()
    {
        using Session session = await Session.LoginAsync(_sandbox.Options());
        string before = session.Token;
        await session.ReloginAsync(before);
        Assert.NotEqual(before, session.Token);
        await session.RenewApiTokenAsync();
        Assert.Equal(session.GetApiToken(), await session.GetApiTokenAsync());
        await session.LogoutAsync();
    }
}
