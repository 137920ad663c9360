// Reading twice what HTTP contents let one read once: whether a request's content can be sent
// again, and the beginning of an answer that the caller still wants whole.

using System;
using System.Collections.Generic;
using System.IO;
using System.Net.Http;
#if NET8_0_OR_GREATER
using System.Net.Http.Json;
#endif
using System.Threading;
using System.Threading.Tasks;

namespace ThingSpace;

internal static class Replay
{
    private static readonly Task<bool> s_yes = Task.FromResult(true);

    /// <summary>
    /// Whether a content gives the same bytes each time. Must be asked before it is sent: a stream
    /// that was sent tells nothing any more. Only of the framework's own classes it is known; one
    /// derived from them may do anything. JSON is written out now: what it is written from, or
    /// something inside of that, may be there once only. So is what has its bytes already and is
    /// of a derived class: other libraries' text and JSON.
    /// </summary>
    internal static Task<bool> IsPossible(
        HttpContent content, bool isAsync, CancellationToken cancellationToken) =>
        IsKnown(content.GetType())
            ? s_yes
            : IsPossibleOnceRead(content, isAsync, cancellationToken);

    private static bool IsKnown(Type type) =>
        type == typeof(ByteArrayContent) || type == typeof(StringContent) ||
        type == typeof(FormUrlEncodedContent) ||
#if NET8_0_OR_GREATER
        type == typeof(ReadOnlyMemoryContent);
#else
        // A later framework's own.
        type.FullName is "System.Net.Http.ReadOnlyMemoryContent";
#endif

    private static async Task<bool> IsPossibleOnceRead(
        HttpContent content, bool isAsync, CancellationToken cancellationToken)
    {
        Type type = content.GetType();
        if (type == typeof(StreamContent))
        {
            Stream stream = await ReadAsStream(content, isAsync, cancellationToken)
                .ConfigureAwait(false);
            return stream.CanSeek;
        }

        if (type == typeof(MultipartContent) || type == typeof(MultipartFormDataContent))
        {
            foreach (HttpContent part in (MultipartContent)content)
            {
                // Written out, a part has one header more, and the length of the whole may be known
                // already.
                if (part is ByteArrayContent && !IsKnown(part.GetType()))
                {
                    return false;
                }

                if (!await IsPossible(part, isAsync, cancellationToken).ConfigureAwait(false))
                {
                    return false;
                }
            }

            return true;
        }

        if (IsJson(content))
        {
            // Its stream is its buffer.
            _ = await ReadAsStream(content, isAsync, cancellationToken).ConfigureAwait(false);
            return true;
        }

        if (content is ByteArrayContent)
        {
            Task writing = content.LoadIntoBufferAsync();
            if (isAsync)
            {
                await writing.ConfigureAwait(false);
            }
            else
            {
                writing.GetAwaiter().GetResult();
            }

            return true;
        }

        return false;
    }

#if NET8_0_OR_GREATER
    private static bool IsJson(HttpContent content) => content is JsonContent;
#else
    private static bool IsJson(HttpContent content) =>
        content.GetType().FullName is "System.Net.Http.Json.JsonContent";
#endif

    /// <summary>
    /// The body of an answer, or its first <paramref name="most"/> bytes. Either way the caller
    /// reads it from its start afterwards.
    /// </summary>
    internal static async Task<byte[]> Peek(
        HttpResponseMessage response,
        int most,
        bool isAsync,
        CancellationToken cancellationToken)
    {
        HttpContent? content = response.Content;
        if (content is null)
        {
            return [];
        }

        Stream stream;
        var start = new MemoryStream();
        bool isWhole;
        try
        {
            // A blocking read heeds no token, but ends when the content is disposed.
            using CancellationTokenRegistration cancelled = isAsync
                ? default
                : cancellationToken.Register(content.Dispose);
            stream = await ReadAsStream(content, isAsync, cancellationToken).ConfigureAwait(false);
            isWhole = await ReadStart(stream, start, most, isAsync, cancellationToken)
                .ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw new HttpRequestException("The answer broke off: " + e.Message, e);
        }

        cancellationToken.ThrowIfCancellationRequested();
        byte[] seen = start.ToArray();
        response.Content = WithHeadersOf(
            content,
            isWhole
                ? new ByteArrayContent(seen)
                : new StreamContent(new Rejoined(start, stream, content)));
        if (isWhole)
        {
            content.Dispose();
        }

        return seen;
    }

    /// <summary>Reads so many bytes at most; says whether the stream ended by then.</summary>
    private static async Task<bool> ReadStart(
        Stream stream,
        MemoryStream start,
        int most,
        bool isAsync,
        CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[8192];
        while (start.Length < most)
        {
            int room = (int)Math.Min(buffer.Length, most - start.Length);
            int count = isAsync
#if NET8_0_OR_GREATER
                ? await stream.ReadAsync(buffer.AsMemory(0, room), cancellationToken)
                    .ConfigureAwait(false)
#else
                ? await stream.ReadAsync(buffer, 0, room, cancellationToken).ConfigureAwait(false)
#endif
                : stream.Read(buffer, 0, room);
            if (count == 0)
            {
                return true;
            }

            start.Write(buffer, 0, count);
        }

        return false;
    }

    private static Task<Stream> ReadAsStream(
        HttpContent content, bool isAsync, CancellationToken cancellationToken)
    {
#if NET8_0_OR_GREATER
        return isAsync
            ? content.ReadAsStreamAsync(cancellationToken)
            : Task.FromResult(content.ReadAsStream(cancellationToken));
#else
        return content.ReadAsStreamAsync();
#endif
    }

    private static HttpContent WithHeadersOf(HttpContent from, HttpContent to)
    {
        foreach (KeyValuePair<string, IEnumerable<string>> header in from.Headers)
        {
            to.Headers.TryAddWithoutValidation(header.Key, header.Value);
        }

        return to;
    }

    /// <summary>A stream whose beginning was read already, made whole.</summary>
    private sealed class Rejoined : Stream
    {
        private readonly MemoryStream _start;
        private readonly Stream _rest;
        private readonly HttpContent _owner;

        internal Rejoined(MemoryStream start, Stream rest, HttpContent owner)
        {
            start.Position = 0;
            _start = start;
            _rest = rest;
            _owner = owner;
        }

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        private Stream Current => _start.Position < _start.Length ? _start : _rest;

        public override int Read(byte[] buffer, int offset, int count) =>
            Current.Read(buffer, offset, count);

        public override Task<int> ReadAsync(
            byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            Current.ReadAsync(buffer, offset, count, cancellationToken);

#if NET8_0_OR_GREATER
        public override int Read(Span<byte> buffer) => Current.Read(buffer);

        public override ValueTask<int> ReadAsync(
            Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            Current.ReadAsync(buffer, cancellationToken);
#endif

        public override void Flush() => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) =>
            throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) =>
            throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                _owner.Dispose();
            }

            base.Dispose(disposing);
        }
    }
}
