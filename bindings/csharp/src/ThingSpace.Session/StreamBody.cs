#if NET8_0_OR_GREATER
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

    protected override bool TryComputeLength(out long length)
    {
        length = _start is { } start ? stream.Length - start : 0;
        return _start is not null;
    }

    protected override void SerializeToStream(
        Stream to, TransportContext? context, CancellationToken cancellationToken)
    {
        Rewind();
        stream.CopyTo(to, BufferSize);
    }

    protected override Task SerializeToStreamAsync(Stream to, TransportContext? context) =>
        SerializeToStreamAsync(to, context, default);

    protected override Task SerializeToStreamAsync(
        Stream to, TransportContext? context, CancellationToken cancellationToken)
    {
        Rewind();
        return stream.CopyToAsync(to, BufferSize, cancellationToken);
    }

    private void Rewind()
    {
        if (_start is { } start)
        {
            stream.Position = start;
        }
    }
}
#endif
