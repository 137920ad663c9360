using System;
using System.Collections.Concurrent;
using System.IO;
using System.Text;
using System.Threading;
using Xunit;

namespace ThingSpace.Tests;

/// <summary>What calls do when the process's thread pool has no thread left.</summary>
[Collection("environment")]
public class PoolTests
{
    [Fact]
    public void A_stream_that_hangs_ends_in_time_however_busy_the_pool_is()
    {
        using Sandbox sandbox = Sandbox.Start();
        SessionOptions options = sandbox.Options();
        options.Timeout = TimeSpan.FromSeconds(1);
        using Session session = Session.Login(options);
        session.Post(Sandbox.DeviceList, Stream());
        sandbox.Fault("api", "hold", -1);

        // Of calls and threads alike: no thread is left for the framework's timers.
        ThreadPool.GetMaxThreads(out int workers, out int ports);
        int most = Environment.ProcessorCount;
        using var ended = new CountdownEvent(most);
        var failures = new ConcurrentQueue<Exception>();
        try
        {
            Assert.True(ThreadPool.SetMaxThreads(most, ports));
            for (int i = 0; i < most; i++)
            {
                ThreadPool.UnsafeQueueUserWorkItem(
                    _ =>
                    {
                        failures.Enqueue(Record.Exception(
                            () => session.Post(Sandbox.DeviceList, Stream()))!);
                        ended.Signal();
                    },
                    null);
            }

            Assert.True(ended.Wait(TimeSpan.FromMinutes(1)));
        }
        finally
        {
            ThreadPool.SetMaxThreads(workers, ports);
            sandbox.DropFaults();
        }

        Assert.All(failures, e => Assert.Equal(
            TsmStatus.Timeout, Assert.IsType<ThingSpaceException>(e).Status));

        static MemoryStream Stream() => new(Encoding.UTF8.GetBytes("{}"));
    }
}
