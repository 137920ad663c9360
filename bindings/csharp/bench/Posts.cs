// The same POST by Session.Send and by a warm HttpClient, in turns, against one sandbox; and
// reading the token. Prints a JSON object a line, for each round and subject wall and processor
// time of this process per call, in microseconds. TSM_BENCH_ROUNDS, _CALLS, _WARM_UP, _THREADS,
// _BYTES say how much; TSM_BENCH_TLS=1 and _NAME=1 that it goes over TLS, and to localhost by name.

using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.Linq;
using System.Net.Http;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using ThingSpace.Tests;

namespace ThingSpace.Bench;

internal static class Posts
{
    private const int TokenReads = 200;
    private const int PassingThreads = 1000;
    private const int AtOnce = 250;

    private static int Threads { get; } = Setting("THREADS", 1);

    internal static async Task Run()
    {
        int bytes = Setting("BYTES", 1024);
        using Sandbox sandbox = Sandbox.Start();
        sandbox.Set("api_answer_bytes", bytes);
        var place = new Place(Address(sandbox), sandbox.CaFile, bytes);
        using Session session = place.Login();
        using HttpClient http = place.Http();
        using var adapted = new HttpClient(new ThingSpaceHandler(session, place.Sockets()));
        Task Send()
        {
            Place.Require(session.Post(Sandbox.DeviceList, place.Body).StatusCode);
            return Task.CompletedTask;
        }

        Task ReadToken()
        {
            for (int i = 0; i < TokenReads; i++)
            {
                Place.Require(session.Token.Length == 36 ? 200 : 0);
            }

            return Task.CompletedTask;
        }

        string apiToken = session.GetApiToken();
        await Measure(
        [
            new("Session.Send", 1, false, Send),
            new("HttpClient, blocking", 1, false, () =>
            {
                place.PostBlocking(http, apiToken, session.Token);
                return Task.CompletedTask;
            }),
            new("Session.SendAsync", 1, true, async () => Place.Require(
                (await session.PostAsync(Sandbox.DeviceList, place.Body)).StatusCode)),
            new("HttpClient", 1, true, () => place.Post(http, apiToken, session.Token)),
            new("HttpClient, ThingSpaceHandler", 1, true, () => place.Post(adapted, null, null)),
            new("Session.Token", TokenReads, false, ReadToken),
        ]);
        if (Setting("AFTER_LOAD", 0) == 1)
        {
            ComeAndGo(Send);
            await Measure(
            [
                new("Session.Send after load", 1, false, Send),
                new("Session.Token after load", TokenReads, false, ReadToken),
            ]);
        }
    }

    private static async Task Measure(Subject[] subjects)
    {
        int rounds = Setting("ROUNDS", 25);
        int calls = Setting("CALLS", 400);

        // What goes before does not count: the runtime compiles anew what it sees used, and only
        // the framework comes compiled.
        var order = new Random(1);
        int warmUps = Setting("WARM_UP", calls) / calls;
        for (int round = -warmUps; round < rounds; round++)
        {
            // In any order, since each finds the threads and caches that the one before has left.
            order.Shuffle(subjects);
            foreach (Subject subject in subjects)
            {
                GC.Collect();
                TimeSpan cpu = Environment.CpuUsage.TotalTime;
                var watch = Stopwatch.StartNew();
                await subject.Repeat(calls);
                watch.Stop();
                cpu = Environment.CpuUsage.TotalTime - cpu;
                double each = 1e6 / ((double)calls * subject.PerCall);
                if (round >= 0)
                {
                    Console.WriteLine(JsonSerializer.Serialize(new Dictionary<string, object>
                    {
                        ["name"] = subject.Name,
                        ["wall_us"] = watch.Elapsed.TotalSeconds * each,
                        ["cpu_us"] = cpu.TotalSeconds * each,
                    }));
                }
            }
        }
    }

    /// <summary>All threads of a burst have called before the first of them ends.</summary>
    private static void ComeAndGo(Func<Task> call)
    {
        using var barrier = new Barrier(AtOnce);
        for (int burst = 0; burst < PassingThreads / AtOnce; burst++)
        {
            Together(AtOnce, () =>
            {
                call();
                barrier.SignalAndWait();
            });
        }
    }

    private static void Together(int count, Action work)
    {
        Thread[] threads = [.. Enumerable.Range(0, count).Select(_ => new Thread(() => work()))];
        foreach (Thread thread in threads)
        {
            thread.Start();
        }

        foreach (Thread thread in threads)
        {
            thread.Join();
        }
    }

    private static string Address(Sandbox sandbox)
    {
        bool tls = Setting("TLS", 0) == 1;
        int port = new Uri(tls ? sandbox.TlsBaseUrl : sandbox.BaseUrl).Port;
        string host = Setting("NAME", 0) == 1 ? "localhost" : "127.0.0.1";
        return $"{(tls ? "https" : "http")}://{host}:{port}/api";
    }

    private static int Setting(string name, int otherwise) =>
        Environment.GetEnvironmentVariable("TSM_BENCH_" + name) is { Length: > 0 } text
            ? int.Parse(text, CultureInfo.InvariantCulture)
            : otherwise;

    /// <summary>What is measured: waited for by threads, or by as many tasks.</summary>
    private sealed record Subject(string Name, int PerCall, bool Async, Func<Task> Once)
    {
        internal async Task Repeat(int calls)
        {
            int each = calls / Threads;
            async Task Share()
            {
                for (int i = 0; i < each; i++)
                {
                    await Once();
                }
            }

            if (Threads == 1)
            {
                await Share();
            }
            else if (Async)
            {
                await Task.WhenAll(Enumerable.Range(0, Threads).Select(_ => Task.Run(Share)));
            }
            else
            {
                Together(Threads, () => Share().GetAwaiter().GetResult());
            }
        }
    }
}
