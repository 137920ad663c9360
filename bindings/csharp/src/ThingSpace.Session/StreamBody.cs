#if NET8_0_OR_GREATER
using System;
using System.IO;
using System.Net;
using System.Net.Http;
using System.Threading;
using System.Threading.Tasks;

namespace ThingSpace;

/// <summary>
/// A request's body that is read from a stream of the program's, from where it stands. It stays
/// open: <see cref="StreamContent"/> would close one that cannot seek.
/// </summary>
internal sealed class StreamBody(Stream stream) : HttpContent
{
    private const int BufferSize = 80 * 1024;

    private readonly long? _start = stream.CanSeek ? stream.Position : null;

    /// <summary>
    /// What the stream threw while it was read: the HTTP client would take it for a failure of the
    /// network.
    /// </summary>
    internal Exception? Failure { get; private set; }

    protected override bool TryComputeLength(out long length)
    {
        length = _start is { } start ? stream.Length - start : 0;
        return _start is not null;
    }

    protected override void SerializeToStream(
        Stream to, TransportContext? context, CancellationToken cancellationToken)
    {
        Rewind();
        if (IsWhole)
        {
            stream.CopyTo(to);
            return;
        }

        byte[] buffer = new byte[BufferSize];
        int count;
        while ((count = Read(buffer)) > 0)
        {
            to.Write(buffer, 0, count);
        }
    }

    protected override Task SerializeToStreamAsync(Stream to, TransportContext? context) =>
        SerializeToStreamAsync(to, context, default);

    protected override async Task SerializeToStreamAsync(
        Stream to, TransportContext? context, CancellationToken cancellationToken)
    {
        Rewind();
        if (IsWhole)
        {
            await stream.CopyToAsync(to, cancellationToken).ConfigureAwait(false);
            return;
        }

        byte[] buffer = new byte[BufferSize];
        int count;
        while ((count = await ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0)
        {
            await to.WriteAsync(buffer.AsMemory(0, count), cancellationToken)
                .ConfigureAwait(false);
        }
    }

    /// <summary>Its bytes are there already, and are written as they are.</summary>
    private bool IsWhole => stream.GetType() == typeof(MemoryStream);

    private void Rewind()
    {
        if (_start is { } start)
        {
            stream.Position = start;
        }
    }

    private int Read(byte[] buffer)
    {
        try
        {
            return stream.Read(buffer, 0, buffer.Length);
        }
        catch (Exception e)
        {
            Failure = e;
            throw;
        }
    }

    /// <summary>Waits no longer than the call may, whether or not the stream heeds that.</summary>
    private async ValueTask<int> ReadAsync(byte[] buffer, CancellationToken cancellationToken)
    {
        try
        {
            ValueTask<int> reading = stream.ReadAsync(buffer, cancellationToken);
            return reading.IsCompleted
                ? await reading.ConfigureAwait(false)
                : await reading.AsTask().WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            Failure = e;
            throw;
        }
    }
}
#endif
