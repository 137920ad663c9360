using System.Collections.Generic;
#if NET8_0_OR_GREATER
using System.Diagnostics;
#endif
using System.Net.Http.Headers;

namespace ThingSpace;

/// <summary>
/// The headers that say which activity a request belongs to. The framework puts them in where it
/// sends, unless they are there: what it put in for one sending must be gone before the next, or
/// both would look like one.
/// </summary>
internal readonly struct TraceHeaders
{
    private readonly HttpRequestHeaders _headers;

    /// <summary>Those of the program's own.</summary>
    private readonly List<string>? _own = null;

    internal TraceHeaders(HttpRequestHeaders headers)
    {
        _headers = headers;
#if NET8_0_OR_GREATER
        if (headers.NonValidated.Count == 0)
        {
            return;
        }

#endif
        foreach (string name in Names)
        {
            if (headers.Contains(name))
            {
                (_own ??= []).Add(name);
            }
        }
    }

#if NET8_0_OR_GREATER
    private static IReadOnlyCollection<string> Names => DistributedContextPropagator.Current.Fields;
#else
    private static string[] Names { get; } =
        ["traceparent", "tracestate", "baggage", "Request-Id", "Correlation-Context"];
#endif

    /// <summary>Takes off what a sending put in.</summary>
    internal void TakeOff()
    {
        foreach (string name in Names)
        {
            if (_own?.Contains(name) != true)
            {
                _headers.Remove(name);
            }
        }
    }
}
