using System;

namespace ThingSpace;

internal static class Milliseconds
{
    /// <summary>
    /// A span of time in whole milliseconds, rounded up, so that a short wait does not become none.
    /// </summary>
    internal static long From(TimeSpan span, string parameter)
    {
        if (span < TimeSpan.Zero)
        {
            throw new ArgumentOutOfRangeException(
                parameter,
                "The time must not be negative, nor infinite: every call has a deadline.");
        }

        return (span.Ticks / TimeSpan.TicksPerMillisecond) +
            (span.Ticks % TimeSpan.TicksPerMillisecond == 0 ? 0 : 1);
    }

    /// <summary>The same for an optional span; -1 stands for none.</summary>
    internal static long From(TimeSpan? span, string parameter) =>
        span is null ? -1 : From(span.Value, parameter);
}
