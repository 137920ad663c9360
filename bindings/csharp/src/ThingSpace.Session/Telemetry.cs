#if NET8_0_OR_GREATER
using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Linq;
using System.Runtime.Loader;
using ThingSpace.Interop;

namespace ThingSpace;

/// <summary>
/// What sessions do, as metrics of a meter and activities of a source, both by the name
/// <c>ThingSpace.Session</c>. It costs something where an event happens, which no request that goes
/// well has.
/// </summary>
internal static class Telemetry
{
    private const string Name = "ThingSpace.Session";

    private static readonly string? s_version =
        typeof(Telemetry).Assembly.GetName().Version?.ToString(3);

    private static readonly ActivitySource s_source = new(Name, s_version);

    /// <summary>
    /// What each event is told to. It is there before anything happens, so that those who listen
    /// find the instruments.
    /// </summary>
    internal static Action<ThingSpaceEvent>[] Listeners { get; } = [.. MakeMeters(), Trace];

    private static List<Action<ThingSpaceEvent>> MakeMeters()
    {
        var meter = new Meter(Name, s_version);
        var meters = new List<Action<ThingSpaceEvent>>();
        foreach (SessionMetric metric in SessionMetric.All)
        {
            switch (metric.Instrument)
            {
                case SessionInstrument.Counter:
                    Counter<long> counter = meter.CreateCounter<long>(
                        metric.Name, metric.Unit, metric.Description);
                    meters.Add(happened => Count(happened, metric, counter));
                    break;

                case SessionInstrument.Histogram:
                    Histogram<double> histogram = meter.CreateHistogram<double>(
                        metric.Name, metric.Unit, metric.Description);
                    meters.Add(happened => Measure(happened, metric, histogram));
                    break;

                default:
                    // Of several sessions the least: sessions of one account may have looked at
                    // different times.
                    meter.CreateObservableGauge(
                        metric.Name,
                        static () => Callbacks.SlotsLeft
                            .OrderBy(static slots => slots)
                            .Take(1)
                            .Select(static slots => new Measurement<int>(slots)),
                        metric.Unit,
                        metric.Description);
                    break;
            }
        }

        LetGoWhenUnloaded(meter);
        return meters;
    }

    /// <summary>
    /// The framework keeps every meter, and by what that calls the whole assembly, which a program
    /// with plug-ins may want to unload.
    /// </summary>
    private static void LetGoWhenUnloaded(Meter meter)
    {
        var plugin = AssemblyLoadContext.GetLoadContext(typeof(Telemetry).Assembly);
        if (plugin is { IsCollectible: true })
        {
            plugin.Unloading += _ =>
            {
                meter.Dispose();
                s_source.Dispose();
            };
        }
    }

    private static void Count(
        ThingSpaceEvent happened, SessionMetric metric, Counter<long> counter)
    {
        if (happened.Kind == metric.Kind)
        {
            counter.Add(1, Tags(metric, happened));
        }
    }

    private static void Measure(
        ThingSpaceEvent happened, SessionMetric metric, Histogram<double> histogram)
    {
        if (happened.Kind == metric.Kind && happened.Duration is { } duration)
        {
            histogram.Record(duration.TotalSeconds, Tags(metric, happened));
        }
    }

    private static TagList Tags(SessionMetric metric, ThingSpaceEvent happened)
    {
        var tags = default(TagList);
        if (metric.Attribute.Length != 0)
        {
            tags.Add(metric.Attribute, happened.Detail);
        }

        return tags;
    }

    /// <summary>
    /// An activity that is over already, within the one that the call is part of.
    /// </summary>
    private static void Trace(ThingSpaceEvent happened)
    {
        if (happened.Duration is not { } duration || !s_source.HasListeners())
        {
            return;
        }

        (string Name, ActivityKind Kind)? span = happened.Kind switch
        {
            TsmEventKind.LoginEnded => ("tsm.login", ActivityKind.Client),
            TsmEventKind.ApiTokenFetched => ("tsm.api_token.fetch", ActivityKind.Client),
            TsmEventKind.Waited => ("tsm.wait", ActivityKind.Internal),
            _ => null,
        };
        if (span is null)
        {
            return;
        }

        using Activity? activity = s_source.StartActivity(
            span.Value.Name,
            span.Value.Kind,
            parentContext: default,
            startTime: happened.Time - duration);
        if (activity is null)
        {
            return;
        }

        foreach (SessionMetric metric in SessionMetric.All)
        {
            if (metric.Kind == happened.Kind && metric.Attribute.Length != 0)
            {
                activity.SetTag(metric.Attribute, happened.Detail);
            }
        }

        if (happened.Status != TsmStatus.Ok)
        {
            activity.SetTag("error.type", NativeError.Name(happened.Status));
            activity.SetStatus(ActivityStatusCode.Error, happened.Message);
        }

        if (happened.HttpStatus is { } httpStatus)
        {
            activity.SetTag("http.response.status_code", httpStatus);
        }

        activity.SetEndTime(happened.Time.UtcDateTime);
    }
}
#endif
