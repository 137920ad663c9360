using System;
using System.Collections;
using System.Collections.Generic;
using Tsm.Interop;

namespace Tsm;

/// <summary>An answer's headers in the order in which they came.</summary>
public sealed class ResponseHeaders : IReadOnlyList<KeyValuePair<string, string>>
{
    private readonly KeyValuePair<string, string>[] _headers;

    private ResponseHeaders(KeyValuePair<string, string>[] headers) => _headers = headers;

    /// <inheritdoc/>
    public int Count => _headers.Length;

    /// <inheritdoc/>
    public KeyValuePair<string, string> this[int index] => _headers[index];

    /// <summary>The first header of that name, whatever its case; null when there is none.</summary>
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

    internal static unsafe ResponseHeaders From(nint response)
    {
        var headers = new KeyValuePair<string, string>[8];
        int count = 0;
        while (NativeMethods.tsm_response_header_at(response, (nuint)count, out byte* name, out byte* value) == 0)
        {
            if (count == headers.Length)
            {
                Array.Resize(ref headers, count * 2);
            }

            headers[count++] = new KeyValuePair<string, string>(Utf8.Read(name), Utf8.Read(value));
        }

        if (count != headers.Length)
        {
            Array.Resize(ref headers, count);
        }

        return new ResponseHeaders(headers);
    }
}
