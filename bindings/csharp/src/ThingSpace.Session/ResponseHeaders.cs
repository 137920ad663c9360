using System;
using System.Collections;
using System.Collections.Generic;
using System.Linq;
#if NET8_0_OR_GREATER
using System.Net.Http;
using System.Net.Http.Headers;
#endif
using System.Threading;
using ThingSpace.Interop;

namespace ThingSpace;

/// <summary>
/// An answer's headers in the order in which they came; with asynchronous calls those that describe
/// the body, such as <c>Content-Type</c>, come last.
/// </summary>
public sealed class ResponseHeaders : IReadOnlyList<KeyValuePair<string, string>>
{
    private KeyValuePair<string, string>[]? _headers;

    /// <summary>What they are listed from when one is asked for: most are never read.</summary>
    private readonly string? _block;
#if NET8_0_OR_GREATER
    private readonly HttpResponseHeaders? _ofResponse;
    private readonly HttpContentHeaders? _ofContent;
#endif

    internal ResponseHeaders(IEnumerable<KeyValuePair<string, string>>? headers) =>
        _headers = headers?.ToArray() ?? [];

    /// <param name="block">Name, value, name, value, each with a NUL behind it.</param>
    private ResponseHeaders(string block) => _block = block;

#if NET8_0_OR_GREATER
    /// <summary>Those of the body come last.</summary>
    internal ResponseHeaders(HttpResponseMessage response)
    {
        _ofResponse = response.Headers;
        _ofContent = response.Content.Headers;
    }
#endif

    /// <inheritdoc/>
    public int Count => Headers.Length;

    /// <inheritdoc/>
    public KeyValuePair<string, string> this[int index] => Headers[index];

    /// <summary>
    /// The first header of that name, whatever its case; null when there is none.
    /// </summary>
    /// <param name="name">The name.</param>
    public string? this[string name]
    {
        get
        {
            foreach (KeyValuePair<string, string> header in Headers)
            {
                if (string.Equals(header.Key, name, StringComparison.OrdinalIgnoreCase))
                {
                    return header.Value;
                }
            }

            return null;
        }
    }

    /// <summary>Threads that ask for the first time at once list the same.</summary>
    private KeyValuePair<string, string>[] Headers
    {
        get
        {
            if (Volatile.Read(ref _headers) is { } known)
            {
                return known;
            }

            KeyValuePair<string, string>[] headers = List();
            Volatile.Write(ref _headers, headers);
            return headers;
        }
    }

    /// <inheritdoc/>
    public IEnumerator<KeyValuePair<string, string>> GetEnumerator() =>
        ((IEnumerable<KeyValuePair<string, string>>)Headers).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => Headers.GetEnumerator();

    internal static unsafe ResponseHeaders From(nint response)
    {
        byte* block = NativeMethods.tsm_response_headers(response, out nuint length);
        return new ResponseHeaders(Utf8.Read(block, (int)length));
    }

    private KeyValuePair<string, string>[] List()
    {
#if NET8_0_OR_GREATER
        if (_block is null)
        {
            var headers = new List<KeyValuePair<string, string>>();
            Add(headers, _ofResponse!.NonValidated);
            Add(headers, _ofContent!.NonValidated);
            return [.. headers];
        }

#endif
        // The last text is what is after the last NUL.
        string[] texts = _block!.Split('\0');
        var pairs = new KeyValuePair<string, string>[texts.Length / 2];
        for (int i = 0; i < pairs.Length; i++)
        {
            pairs[i] = new KeyValuePair<string, string>(texts[2 * i], texts[(2 * i) + 1]);
        }

        return pairs;
    }

#if NET8_0_OR_GREATER
    private static void Add(
        List<KeyValuePair<string, string>> headers, HttpHeadersNonValidated some)
    {
        foreach (KeyValuePair<string, HeaderStringValues> header in some)
        {
            foreach (string value in header.Value)
            {
                headers.Add(new KeyValuePair<string, string>(header.Key, value));
            }
        }
    }
#endif
}
