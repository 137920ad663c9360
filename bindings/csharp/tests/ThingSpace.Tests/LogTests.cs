using System;
using System.Collections.Concurrent;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Xunit;

namespace ThingSpace.Tests;

public class LogTests
{
    [Fact]
    public void Lines_arrive_without_secrets()
    {
        using Sandbox sandbox = Sandbox.Start();
        var lines = new ConcurrentQueue<(TsmLogLevel Level, string Text)>();
        SessionOptions options = sandbox.Options();
        options.Log = (level, text) => lines.Enqueue((level, text));
        options.LogLevel = TsmLogLevel.Trace;
        using Session session = Session.Login(options);
        string first = session.Token;
        sandbox.Expire();
        session.Get(Sandbox.Account);
        Assert.NotEmpty(lines);
        foreach ((TsmLogLevel level, string text) in lines)
        {
            Assert.InRange(level, TsmLogLevel.Error, TsmLogLevel.Trace);
            Assert.NotEqual("", text);
            string[] secrets = ["IMgr8", first, session.Token, session.GetApiToken()];
            foreach (string secret in secrets)
            {
                Assert.DoesNotContain(secret, text, StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public void The_level_limits_them()
    {
        using Sandbox sandbox = Sandbox.Start();
        SessionOptions options = sandbox.Options();
        var levels = new ConcurrentQueue<TsmLogLevel>();
        options.Log = (level, _) => levels.Enqueue(level);
        TsmLogLevel[] limits = [TsmLogLevel.Off, TsmLogLevel.Information, TsmLogLevel.Debug];
        foreach (TsmLogLevel most in limits)
        {
            levels.Clear();
            options.LogLevel = most;
            using Session session = Session.Login(options);
            Assert.Equal(200, session.Get(Sandbox.Account).StatusCode);
            Assert.All(levels, level => Assert.True(level <= most));
            Assert.Equal(most, levels.DefaultIfEmpty(TsmLogLevel.Off).Max());
        }
    }

    [Fact]
    public async Task A_level_that_changes_is_followed_and_no_request_missed()
    {
        using Sandbox sandbox = Sandbox.Start();
        TsmLogLevel now = TsmLogLevel.Off;
        var lines = new ConcurrentQueue<string>();
        SessionOptions options = sandbox.Options();
        options.Log = (_, text) => lines.Enqueue(text);
        options.LogLevel = TsmLogLevel.Warning;
        options.LogLevelNow = () => now;
        using Session session = Session.Login(options);
        for (int i = 0; i < 3; i++)
        {
            await session.GetAsync(Sandbox.Account);
            session.Get(Sandbox.Account);
            Assert.Empty(lines);
            now = TsmLogLevel.Debug;
            await session.GetAsync(Sandbox.Account);
            await session.GetAsync(Sandbox.Account);
            session.Get(Sandbox.Account);
            Assert.Equal(3, lines.Count(line => line.EndsWith("200", StringComparison.Ordinal)));
            now = TsmLogLevel.Off;
            lines.Clear();
        }

        options.LogLevelNow = () => throw new InvalidOperationException("mine");
        using Session other = Session.Login(options);
        Assert.Equal(200, (await other.GetAsync(Sandbox.Account)).StatusCode);
    }

    [Fact]
    public void A_callback_may_throw()
    {
        using Sandbox sandbox = Sandbox.Start();
        int calls = 0;
        SessionOptions options = sandbox.Options();
        options.Log = (_, _) =>
        {
            calls++;
            throw new InvalidOperationException("mine");
        };
        options.LogLevel = TsmLogLevel.Trace;
        using Session session = Session.Login(options);
        Assert.Equal(200, session.Get(Sandbox.Account).StatusCode);
        Assert.NotEqual(0, calls);
    }

    [Fact]
    public void A_callback_may_use_the_session_and_end_it()
    {
        using Sandbox sandbox = Sandbox.Start();
        Session? session = null;
        int inner = 0;
        SessionOptions options = sandbox.Options();
        options.LogLevel = TsmLogLevel.Trace;
        options.Log = (_, _) =>
        {
            if (session is not null)
            {
                inner = session.Get(Sandbox.Account).StatusCode;
                session.Dispose();
            }
        };
        session = Session.Login(options);
        sandbox.Expire(); // so that the call speaks before it is over
        Assert.Throws<ObjectDisposedException>(() => session.Get(Sandbox.Account));
        Assert.Equal(200, inner);
    }

    [Fact]
    public void A_callback_that_uses_the_session_is_not_called_by_what_it_does()
    {
        using Sandbox sandbox = Sandbox.Start();
        Session? session = null;
        int depth = 0;
        int deepest = 0;
        int calls = 0;
        SessionOptions options = sandbox.Options();
        options.LogLevel = TsmLogLevel.Trace;
        options.Log = (_, _) =>
        {
            deepest = Math.Max(deepest, ++depth);
            if (session is not null && depth < 3)
            {
                calls++;
                session.Get(Sandbox.Account);
            }

            depth--;
        };
        session = Session.Login(options);
        Assert.Equal(200, session.Get(Sandbox.Account).StatusCode);
        Assert.NotEqual(0, calls);
        Assert.Equal(1, deepest);
        session.Dispose();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_callback_may_wait_for_asynchronous_calls(bool isAsync)
    {
        using Sandbox sandbox = Sandbox.Start();
        Session? session = null;
        int depth = 0;
        int deepest = 0;
        string expired = "";
        var outcomes = new ConcurrentQueue<int>();
        SessionOptions options = sandbox.Options();
        options.LogLevel = TsmLogLevel.Trace;
        options.Log = (_, _) => Use();
        options.OnEvent = _ => Use();
        session = Session.Login(options);
        expired = session.Token;
        sandbox.Expire();
        Response answer = isAsync
            ? await session.GetAsync(Sandbox.Account)
            : session.Get(Sandbox.Account);
        Assert.Equal(200, answer.StatusCode);
        Assert.NotEmpty(outcomes);
        Assert.All(outcomes, static status => Assert.Equal(200, status));
        Assert.Equal(1, deepest);
        session.Dispose();

        void Use()
        {
            if (session is not null)
            {
                deepest = Math.Max(deepest, Interlocked.Increment(ref depth));
                session.ReloginAsync(expired).GetAwaiter().GetResult();
                outcomes.Enqueue(
                    session.GetAsync(Sandbox.Account).GetAwaiter().GetResult().StatusCode);
                Interlocked.Decrement(ref depth);
            }
        }
    }

    [Fact]
    public async Task A_callback_sees_the_context_of_the_call()
    {
        using Sandbox sandbox = Sandbox.Start();
        var trace = new AsyncLocal<string>();
        var seen = new ConcurrentQueue<string?>();
        SessionOptions options = sandbox.Options();
        options.LogLevel = TsmLogLevel.Trace;
        options.Log = (_, _) => seen.Enqueue(trace.Value);
        using Session session = await Session.LoginAsync(options);
        foreach (string name in new[] { "one", "two" })
        {
            seen.Clear();
            trace.Value = name;
            await session.GetAsync(Sandbox.Account);
            Assert.NotEmpty(seen);
            Assert.All(seen, value => Assert.Equal(name, value));
        }
    }
}
