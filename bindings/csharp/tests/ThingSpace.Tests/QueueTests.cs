#if TSM_NETSTANDARD
using System;
using System.Linq;
using System.Text.Json.Nodes;
using System.Threading;
using System.Threading.Tasks;
#endif
using Xunit;

namespace ThingSpace.Tests;

[CollectionDefinition("all threads", DisableParallelization = true)]
public class AllThreads;

#if TSM_NETSTANDARD
/// <summary>
/// What becomes of asynchronous calls while all threads for a session's requests are taken.
/// </summary>
[Collection("all threads")]
public sealed class QueueTests : IDisposable
{
    private const int Threads = 256;

    private readonly Sandbox _sandbox = Sandbox.Start();
    private readonly Session _slow;
    private readonly Task<Response>[] _held;

    public QueueTests()
    {
        SessionOptions patient = _sandbox.Options();
        patient.Timeout = TimeSpan.FromHours(1);
        _slow = Session.Login(patient);
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
        Assert.Contains("sent nothing", e.Message, StringComparison.Ordinal);
        Assert.Equal(Threads, _sandbox.Count("api"));
    }

    [Fact]
    public async Task What_a_call_waited_counts_and_its_exception_names_the_whole_time()
    {
        Task<Response> call = _slow.GetAsync(
            Sandbox.Account, timeout: TimeSpan.FromMilliseconds(500));
        Assert.False(call.IsCompleted);

        // It has a thread now, and is held itself.
        _sandbox.Control("POST", "/release", new JsonObject());
        ThingSpaceException e = await Assert.ThrowsAsync<ThingSpaceException>(() => call);
        Assert.Equal(TsmStatus.Timeout, e.Status);
        Assert.Contains("(0.5 s)", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_session_does_not_wait()
    {
        using Session session = _sandbox.Login();
        Task<Response> call = session.GetAsync(Sandbox.Account);
        _sandbox.WaitFor("api", Threads + 1);
        session.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
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
        Task<Response> call = _slow.GetAsync(Sandbox.Account);
        Assert.False(call.IsCompleted);
        _slow.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => call);
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
}
#endif
