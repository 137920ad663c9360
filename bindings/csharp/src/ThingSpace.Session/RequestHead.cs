#if NET8_0_OR_GREATER
using System;
using System.Collections.Generic;
using System.Net.Http;
using System.Text;

namespace ThingSpace;

/// <summary>
/// Where a request goes and its headers but those of the tokens, as the library says them.
/// </summary>
internal sealed class RequestHead
{
    private readonly byte[] _block;
    private readonly Uri _url;
    private readonly List<(string Name, string Value)> _headers = [];
    private readonly List<(string Name, string Value)> _contentHeaders = [];

    /// <param name="block">The URL, name, value, name, value, each with a NUL behind it.</param>
    internal RequestHead(ReadOnlySpan<byte> block)
    {
        _block = block.ToArray();
        string[] texts = Encoding.UTF8.GetString(block).Split('\0');

        // The path is sent as it is, as the library sends it.
        _url = new Uri(
            texts[0],
            new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
        using var kinds = new HttpRequestMessage();
        for (int i = 1; i + 1 < texts.Length; i += 2)
        {
            bool isOfRequest = kinds.Headers.TryAddWithoutValidation(texts[i], texts[i + 1]);
            (isOfRequest ? _headers : _contentHeaders).Add((texts[i], texts[i + 1]));
        }
    }

    /// <summary>Whether it is made of this: many requests have the same.</summary>
    internal bool Is(ReadOnlySpan<byte> block) => block.SequenceEqual(_block);

    /// <summary>Gives a body its headers.</summary>
    internal HttpContent Body(HttpContent body)
    {
        foreach ((string name, string value) in _contentHeaders)
        {
            body.Headers.TryAddWithoutValidation(name, value);
        }

        return body;
    }

    /// <summary>What goes with a request that has no body.</summary>
    /// <remarks>
    /// The framework's client sends a request without a content again by itself when a kept
    /// connection proves dead. One that changes something is never to be sent twice: it gets an
    /// empty one.
    /// </remarks>
    internal HttpContent? NoBody(HttpMethod method)
    {
        bool changesNothing = method == HttpMethod.Get || method == HttpMethod.Head ||
            method == HttpMethod.Options || method == HttpMethod.Trace;
        return changesNothing && _contentHeaders.Count == 0 ? null : Body(new ByteArrayContent([]));
    }

    internal HttpRequestMessage Request(HttpMethod method, HttpContent? body)
    {
        var request = new HttpRequestMessage(method, _url) { Content = body };
        foreach ((string name, string value) in _headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return request;
    }
}
#endif
