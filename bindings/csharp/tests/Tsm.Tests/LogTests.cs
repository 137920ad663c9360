using System;
using System.Collections.Concurrent;
using Xunit;

namespace Tsm.Tests;

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
            foreach (string secret in new[] { "IMgr8", first, session.Token, session.GetApiToken() })
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
        options.Log = (level, text) => Assert.Fail(text);
        options.LogLevel = TsmLogLevel.Off;
        using Session session = Session.Login(options);
        Assert.Equal(200, session.Get(Sandbox.Account).StatusCode);
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
        bool busy = false;
        SessionOptions options = sandbox.Options();
        options.LogLevel = TsmLogLevel.Trace;
        options.Log = (_, _) =>
        {
            if (session is not null && !busy)
            {
                busy = true;
                _ = session.Token;
                session.Get(Sandbox.Account);
                session.Dispose();
            }
        };
        session = Session.Login(options);
        Assert.ThrowsAny<Exception>(() =>
        {
            sandbox.Expire();
            session.Get(Sandbox.Account);
            _ = session.Token;
        });
        Assert.True(busy);
    }
}
