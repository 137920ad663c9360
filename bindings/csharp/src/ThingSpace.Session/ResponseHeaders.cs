using System;
using System.Collections;
using System.Collections.Generic;
using System.Linq;
#if NET8_0_OR_GREATER
using System.Net.Http;
using System.Net.Http.Headers;
#endif
using ThingSpace.Interop;

namespace ThingSpace;

/// <summary>
/// An answer's headers in the order in which they came; with asynchronous calls those that describe
/// the body, such as <c>Content-Type</c>, come last.
/// </summary>
public sealed class ResponseHeaders : IReadOnlyList<KeyValuePair<string, string>>
{
    private readonly KeyValuePair<string, string>[] _headers;

    internal ResponseHeaders(IEnumerable<KeyValuePair<string, string>>? headers) =>
        _headers = headers?.ToArray() ?? [];

    /// <inheritdoc/>
    public int Count => _headers.Length;

    /// <inheritdoc/>
    public KeyValuePair<string, string> this[int index] => _headers[index];

    /// <summary>
    /// The first header of that name, whatever its case; null when there is none.
    /// </summary>
    /// <param name="name">The name.</param>
    public string? this[string name]
    {
        get
        {
            foreach (KeyValuePair<string, string> header in _headers)
            {
                if (string.Equals(header.Key, name, StringComparison.OrdinalIgnoreCase))
                {
                    return header.Value;
                }
            }

            return null;
        }
    }

    /// <inheritdoc/>
    public IEnumerator<KeyValuePair<string, string>> GetEnumerator() =>
        ((IEnumerable<KeyValuePair<string, string>>)_headers).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => _headers.GetEnumerator();

#if NET8_0_OR_GREATER
    /// <summary>Those of the body come last.</summary>
    internal static ResponseHeaders From(HttpResponseMessage response)
    {
        var headers = new List<KeyValuePair<string, string>>();
        Add(response.Headers.NonValidated);
        Add(response.Content.Headers.NonValidated);
        return new ResponseHeaders(headers);

        void Add(HttpHeadersNonValidated some)
        {
            foreach (KeyValuePair<string, HeaderStringValues> header in some)
            {
                foreach (string value in header.Value)
                {
                    headers.Add(new KeyValuePair<string, string>(header.Key, value));
                }
            }
        }
    }
#endif

    internal static unsafe ResponseHeaders From(nint response)
    {
        byte* block = NativeMethods.tsm_response_headers(response, out nuint length);

        // Name, value, name, value, and what is after the last NUL.
        string[] texts = Utf8.Read(block, (int)length).Split('\0');
        var headers = new KeyValuePair<string, string>[texts.Length / 2];
        for (int i = 0; i < headers.Length; i++)
        {
            headers[i] = new KeyValuePair<string, string>(texts[2 * i], texts[(2 * i) + 1]);
        }

        return new ResponseHeaders(headers);
    }
}
