using System;
using System.Collections.Concurrent;
using System.Linq;
#if !TSM_NETSTANDARD
using System.Collections.Generic;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Threading.Tasks;
#endif
using Xunit;

namespace ThingSpace.Tests;

[CollectionDefinition("telemetry", DisableParallelization = true)]
public class TelemetryIsTheProcesses;

/// <summary>What a session tells of itself: events, metrics, activities.</summary>
[Collection("telemetry")]
public class EventTests
{
    [Fact]
    public void Events_tell_what_happened_without_secrets()
    {
        using Sandbox sandbox = Sandbox.Start();
        var told = new ConcurrentQueue<ThingSpaceEvent>();
        SessionOptions options = sandbox.Options();
        options.OnEvent = told.Enqueue;
        using Session session = Session.Login(options);
        string first = session.Token;
        ThingSpaceEvent login = Assert.Single(told, e => e.Kind == TsmEventKind.LoginEnded);
        Assert.Equal("success", login.Detail);
        Assert.Equal(TsmStatus.Ok, login.Status);
        Assert.Equal(3, login.SlotsLeft);
        Assert.NotNull(login.Duration);
        Assert.InRange(
            login.Time, DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddHours(1));
        Assert.Contains(told, e => e.Kind == TsmEventKind.ApiTokenFetched);
        told = Emptied(told);
        session.Get(Sandbox.Account);
        Assert.Empty(told);
        sandbox.Expire();
        session.Get(Sandbox.Account);
        Assert.Contains(
            told, e => e.Kind == TsmEventKind.Resent && e.Detail == "session_token");

        sandbox.ChangePassword("another");
        sandbox.Expire();
        Assert.Throws<ThingSpaceException>(() => session.Get(Sandbox.Account));
        Assert.Throws<ThingSpaceException>(() => session.Get(Sandbox.Account));
        ThingSpaceEvent rejected = told.Last(e => e.Kind == TsmEventKind.LoginEnded);
        Assert.Equal(("rejected", TsmStatus.Credentials), (rejected.Detail, rejected.Status));
        Assert.Equal(400, rejected.HttpStatus);
        Assert.NotEqual("", rejected.Code);
        Assert.Equal(
            "rejected_password", Assert.Single(told, e => e.Kind == TsmEventKind.Blocked).Detail);
        string all = string.Join("\n", told);
        Assert.All(
            new[] { first, session.Token, "IMgr8", "secret" },
            secret => Assert.DoesNotContain(secret, all, StringComparison.Ordinal));

        ConcurrentQueue<ThingSpaceEvent> Emptied(ConcurrentQueue<ThingSpaceEvent> queue)
        {
            queue.Clear();
            return queue;
        }
    }

    [Fact]
    public void A_callback_may_throw_and_end_the_session()
    {
        using Sandbox sandbox = Sandbox.Start();
        Session? session = null;
        int calls = 0;
        SessionOptions options = sandbox.Options();
        options.OnEvent = _ =>
        {
            calls++;
            session?.Dispose();
            throw new InvalidOperationException("mine");
        };
        session = Session.Login(options);
        Assert.NotEqual(0, calls);
        sandbox.Expire();
        Assert.Throws<ObjectDisposedException>(() => session.Get(Sandbox.Account));
    }

    [Fact]
    public void What_one_callback_throws_keeps_no_other_from_being_told()
    {
        using Sandbox sandbox = Sandbox.Start();
        int events = 0;
        int lines = 0;
        SessionOptions options = sandbox.Options();
        options.OnEvent = _ => throw new InvalidOperationException("mine");
        options.OnEvent += _ => events++;
        options.Log = (_, _) => throw new InvalidOperationException("mine");
        options.Log += (_, _) => lines++;
#if !TSM_NETSTANDARD
        using var measures = new MeterListener
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter.Name == "ThingSpace.Session")
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            },
        };
        measures.SetMeasurementEventCallback<long>(
            (_, _, _, _) => throw new InvalidOperationException("mine"));
        int durations = 0;
        measures.SetMeasurementEventCallback<double>((_, _, _, _) => durations++);
        measures.Start();
        using var traces = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "ThingSpace.Session",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) =>
                throw new InvalidOperationException("mine"),
        };
        ActivitySource.AddActivityListener(traces);
#endif
        using Session session = Session.Login(options);
        Assert.NotEqual(0, events);
        Assert.NotEqual(0, lines);
#if !TSM_NETSTANDARD
        Assert.NotEqual(0, durations);
#endif
    }

    [Fact]
    public void Metrics_are_text_for_Prometheus()
    {
        using Sandbox sandbox = Sandbox.Start();
        using Session session = sandbox.Login();
        sandbox.Expire();
        session.Get(Sandbox.Account);
        string metrics = session.Metrics();
        Assert.Contains("# TYPE tsm_logins_total counter\n", metrics, StringComparison.Ordinal);
        Assert.Contains(
            "tsm_logins_total{tsm_login_fate=\"success\"} 2\n", metrics, StringComparison.Ordinal);
        Assert.Contains("tsm_guard_slots_left 3\n", metrics, StringComparison.Ordinal);
    }

#if !TSM_NETSTANDARD
    [Fact]
    public async Task A_meter_counts_what_events_tell()
    {
        var counted = new ConcurrentDictionary<string, double>();
        var units = new ConcurrentDictionary<string, string?>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter.Name == "ThingSpace.Session")
                {
                    units[instrument.Name] = instrument.Unit;
                    listener.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>(
            (instrument, value, tags, _) => Add(instrument, value, tags));
        listener.SetMeasurementEventCallback<double>(
            (instrument, _, tags, _) => Add(instrument, 1, tags));
        listener.SetMeasurementEventCallback<int>(
            (instrument, value, _, _) => counted[instrument.Name] = value);
        listener.Start();

        using Sandbox sandbox = Sandbox.Start();
        using Session session = await Session.LoginAsync(sandbox.Options());
        sandbox.Expire();
        await session.GetAsync(Sandbox.Account);
        listener.RecordObservableInstruments();
        Assert.Equal(2, counted["tsm.logins tsm.login.fate=success"]);
        Assert.Equal(2, counted["tsm.login.duration"]);
        Assert.Equal(1, counted["tsm.resends tsm.resend.cause=session_token"]);
        Assert.Equal(1, counted["tsm.api_token.fetches tsm.fetch.outcome=success"]);
        Assert.Equal(3, counted["tsm.guard.slots_left"]);
        Assert.Equal("s", units["tsm.login.duration"]);
        Assert.Equal("{slot}", units["tsm.guard.slots_left"]);

        sandbox.Fault("login", "hold", -1);
        string token = session.Token;
        Task[] calls = [.. Enumerable.Range(0, 8).Select(_ => session.ReloginAsync(token))];
        sandbox.DropFaults();
        await Task.WhenAll(calls);
        Assert.Equal(7, counted["tsm.waits tsm.wait.cause=login"]);
        Assert.Equal(7, counted["tsm.wait.duration"]);

        // Of several sessions the least counts, and one that is disposed of counts no more.
        using (Session other = sandbox.Login())
        {
            sandbox.ChangePassword("another");
            Assert.Throws<ThingSpaceException>(() => other.Relogin());
            listener.RecordObservableInstruments();
            Assert.Equal(2, counted["tsm.guard.slots_left"]);
        }

        listener.RecordObservableInstruments();
        Assert.Equal(3, counted["tsm.guard.slots_left"]);

        void Add(
            Instrument instrument,
            double value,
            ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            string key = instrument.Name;
            foreach (KeyValuePair<string, object?> tag in tags)
            {
                key += $" {tag.Key}={tag.Value}";
            }

            counted.AddOrUpdate(key, value, (_, before) => before + value);
        }
    }

    [Fact]
    public async Task Logins_are_activities_within_that_of_the_call()
    {
        var ended = new ConcurrentQueue<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "ThingSpace.Session",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) =>
                ActivitySamplingResult.AllData,
            ActivityStopped = ended.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        using Sandbox sandbox = Sandbox.Start();
        using Session session = Session.Open(sandbox.Options());
        using var call = new Activity("call");
        call.Start();
        await session.GetAsync(Sandbox.Account);
        Activity login = Assert.Single(ended, activity => activity.OperationName == "tsm.login");
        Assert.Equal(call.SpanId, login.ParentSpanId);
        Assert.Equal(ActivityKind.Client, login.Kind);
        Assert.Equal("success", login.GetTagItem("tsm.login.fate"));
        Assert.Equal(ActivityStatusCode.Unset, login.Status);
        Assert.True(login.Duration > TimeSpan.Zero);
        Assert.Single(ended, activity => activity.OperationName == "tsm.api_token.fetch");
        Assert.Same(call, Activity.Current);

        ended.Clear();
        sandbox.ChangePassword("another");
        await Assert.ThrowsAsync<ThingSpaceException>(() => session.ReloginAsync());
        login = Assert.Single(ended, activity => activity.OperationName == "tsm.login");
        Assert.Equal(ActivityStatusCode.Error, login.Status);
        Assert.Equal("rejected", login.GetTagItem("tsm.login.fate"));
        Assert.Equal("TSM_E_CREDENTIALS", login.GetTagItem("error.type"));
        Assert.Equal(400, login.GetTagItem("http.response.status_code"));
    }
#endif
}
