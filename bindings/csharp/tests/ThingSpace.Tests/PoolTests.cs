using System;
using System.Collections.Concurrent;
using System.IO;
using System.Linq;
using System.Text;
using System.Threading;
using Xunit;

namespace ThingSpace.Tests;

/// <summary>What calls do when the process's thread pool has no thread left.</summary>
[Collection("environment")]
public class PoolTests
{
    [Fact]
    public void A_stream_that_hangs_ends_in_time()
    {
        using Sandbox sandbox = Sandbox.Start();
        using Session session = sandbox.Login();
        Exception[] failures = FailuresOf(
            sandbox, session, TimeSpan.FromSeconds(1), static _ => { });
        Assert.All(failures, e => Assert.Equal(
            TsmStatus.Timeout, Assert.IsType<ThingSpaceException>(e).Status));
    }

    [Fact]
    public void A_stream_that_hangs_ends_with_its_session()
    {
        using Sandbox sandbox = Sandbox.Start();
        SessionOptions options = sandbox.Options();
        options.Timeout = TimeSpan.FromHours(1);
        using Session cancelled = Session.Login(options);
        Assert.All(
            FailuresOf(sandbox, cancelled, null, isSent => OnceSent(isSent, cancelled.Cancel)),
            e => Assert.IsAssignableFrom<OperationCanceledException>(e));
        using Session disposed = Session.Login(options);
        Assert.All(
            FailuresOf(sandbox, disposed, null, isSent => OnceSent(isSent, disposed.Dispose)),
            e => Assert.IsType<ObjectDisposedException>(e));
    }

    private static void OnceSent(ManualResetEventSlim isSent, Action end)
    {
        Assert.True(isSent.Wait(TimeSpan.FromMinutes(1)));
        end();
    }

    /// <summary>
    /// Of as many requests that hang as the pool may have threads: none is left for the framework's
    /// timers.
    /// </summary>
    private static Exception[] FailuresOf(
        Sandbox sandbox, Session session, TimeSpan? timeout, Action<ManualResetEventSlim> end)
    {
        using var isSent = new ManualResetEventSlim();
        session.Post(Sandbox.DeviceList, new Filter(isSent));
        isSent.Reset();
        sandbox.Fault("api", "hold", -1);
        ThreadPool.GetMaxThreads(out int workers, out int ports);
        int most = Environment.ProcessorCount;
        using var ended = new CountdownEvent(most);
        var failures = new ConcurrentQueue<Exception?>();
        try
        {
            Assert.True(ThreadPool.SetMaxThreads(most, ports));
            for (int i = 0; i < most; i++)
            {
                ThreadPool.UnsafeQueueUserWorkItem(
                    _ =>
                    {
                        failures.Enqueue(Record.Exception(
                            () => session.Post(
                                Sandbox.DeviceList, new Filter(isSent), timeout: timeout)));
                        ended.Signal();
                    },
                    null);
            }

            end(isSent);
            Assert.True(ended.Wait(TimeSpan.FromMinutes(1)));
        }
        finally
        {
            ThreadPool.SetMaxThreads(workers, ports);
            sandbox.DropFaults();
        }

        return [.. failures.Select(static e => e!)];
    }

    private sealed class Filter(ManualResetEventSlim isRead)
        : MemoryStream(Encoding.UTF8.GetBytes("{}"))
    {
        public override int Read(byte[] buffer, int offset, int count)
        {
            isRead.Set();
            return base.Read(buffer, offset, count);
        }

        public override int Read(Span<byte> buffer)
        {
            isRead.Set();
            return base.Read(buffer);
        }

        public override void CopyTo(Stream destination, int bufferSize)
        {
            isRead.Set();
            base.CopyTo(destination, bufferSize);
        }
    }
}
