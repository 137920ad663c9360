#if NET8_0_OR_GREATER
// What carries the session's asynchronous requests: the framework's own HTTP client, which holds no
// thread while it waits, under the options that the library's own connections follow. It sends what
// an exchange says and knows no tokens of its own. The netstandard2.0 build has none: below it is
// .NET Framework's client, whose connections, certificates and protocols are settings of the whole
// process, so that these options could not be kept.

using System;
using System.Buffers;
using System.IO;
using System.Net;
using System.Net.Http;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using ThingSpace.Interop;

namespace ThingSpace;

internal sealed class Carrier : IDisposable
{
    /// <summary>As the library's own connections: servers forget a silent one later.</summary>
    private static readonly TimeSpan s_keptFor = TimeSpan.FromSeconds(90);

    /// <summary>The longest head of an answer, in KiB.</summary>
    private const int HeadMax = 64;

    private readonly HttpMessageInvoker _client;
    private readonly CarrierOptions _options;
    private readonly string _otherSide;

    /// <param name="options">The session's options.</param>
    /// <param name="to">Where it carries to.</param>
    /// <param name="proxy">The proxy's URL; empty is none.</param>
    internal Carrier(CarrierOptions options, Uri to, string proxy)
    {
        _options = options;
        _otherSide = to.Authority;
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            ConnectTimeout = options.ConnectTimeout,
            MaxResponseHeadersLength = HeadMax,
            PooledConnectionIdleTimeout = s_keptFor,
            RequestHeaderEncodingSelector = static (_, _) => Encoding.UTF8,
            // A call whose time is up must not wait for the rest of its answer.
            ResponseDrainTimeout = TimeSpan.Zero,
            UseCookies = false,
            UseProxy = proxy.Length > 0,
        };
        if (proxy.Length > 0)
        {
            Uri place = new(proxy);
            _otherSide += $" behind the proxy {place.Authority}";

            // Its user is none of the address, or would be in the framework's errors.
            handler.Proxy = new WebProxy(place.GetLeftPart(UriPartial.Scheme) + place.Authority)
            {
                Credentials = CredentialsOf(place),
            };
        }

        if (options.CaFile.Length > 0)
        {
            handler.SslOptions = new SslClientAuthenticationOptions
            {
                CertificateChainPolicy = Trust(options.CaFile),
            };
        }

        _client = new HttpMessageInvoker(handler);
    }

    public void Dispose() => _client.Dispose();

    /// <summary>
    /// Sends a request and takes the whole answer, whatever its status. Not asynchronous, it is
    /// over when it returns.
    /// </summary>
    internal async Task<Response> Send(
        HttpRequestMessage request, bool isAsync, CancellationToken cancellationToken)
    {
        HttpResponseMessage response = isAsync
            ? await _client.SendAsync(request, cancellationToken).ConfigureAwait(false)
            : _client.Send(request, cancellationToken);
        using (response)
        {
            if ((int)response.StatusCode < (int)HttpStatusCode.OK)
            {
                // None at all, or of a protocol that nobody asked for.
                throw new ThingSpaceException(
                    TsmStatus.Protocol,
                    $"no whole answer from {_otherSide}: its HTTP status is " +
                    $"{(int)response.StatusCode}");
            }

            // A blocking read heeds no token, but ends when the answer is disposed.
            using CancellationTokenRegistration cancelled = isAsync
                ? default
                : cancellationToken.UnsafeRegister(
                    static answer => ((IDisposable)answer!).Dispose(), response);
            byte[] body = request.Method == HttpMethod.Head
                ? []
                : await ReadBody(response.Content, isAsync, cancellationToken)
                    .ConfigureAwait(false);
            return new Response(
                (int)response.StatusCode,
                new ResponseHeaders(response),
                body);
        }
    }

    /// <summary>
    /// What the failure of a request is, unless the call was ended from outside.
    /// </summary>
    internal ThingSpaceException Explain(Exception e)
    {
        if (e is ThingSpaceException known)
        {
            return known;
        }

        HttpRequestError error = (e as HttpRequestException)?.HttpRequestError ??
            (e as HttpIOException)?.HttpRequestError ?? HttpRequestError.Unknown;
        TsmStatus status = error switch
        {
            HttpRequestError.SecureConnectionError => TsmStatus.Tls,
            HttpRequestError.InvalidResponse or
                HttpRequestError.HttpProtocolError or
                HttpRequestError.ConfigurationLimitExceeded or
                HttpRequestError.VersionNegotiationError => TsmStatus.Protocol,
            _ when e is OperationCanceledException => TsmStatus.Timeout,
            _ when e.InnerException is AuthenticationException => TsmStatus.Tls,
            _ => TsmStatus.Network,
        };
        bool isUnsent = status == TsmStatus.Timeout || error is
            HttpRequestError.NameResolutionError or
            HttpRequestError.ConnectionError or
            HttpRequestError.SecureConnectionError or
            HttpRequestError.ProxyTunnelError;
        string what = isUnsent ? "could not be sent to" : "no whole answer from";
        string why = status switch
        {
            TsmStatus.Timeout => FormattableString.Invariant(
                $"no connection within {_options.ConnectTimeout.TotalSeconds} s"),
            // The outer message only says to see the inner one.
            TsmStatus.Tls => (e.InnerException ?? e).Message,
            // Of a connection that was there it only says that there was an error.
            _ => isUnsent ? e.Message : e.GetBaseException().Message,
        };
        return new ThingSpaceException(
            status,
            $"{what} {_otherSide}: {why}",
            retryable: NativeMethods.tsm_status_retryable((int)status) != 0,
            innerException: status == TsmStatus.Timeout ? new TimeoutException(why, e) : e);
    }

    private async ValueTask<byte[]> ReadBody(
        HttpContent content, bool isAsync, CancellationToken cancellationToken)
    {
        long max = Math.Min(_options.MaxResponseBytes, Array.MaxLength);
        if (content.Headers.ContentLength is not { } length)
        {
            return await ReadToEnd(content, max, isAsync, cancellationToken).ConfigureAwait(false);
        }

        if (length > max)
        {
            throw TooLong();
        }

        if (length == 0)
        {
            return [];
        }

        byte[] body = GC.AllocateUninitializedArray<byte>((int)length);
        int count = await Fill(
            content.ReadAsStream(cancellationToken), body, 0, isAsync, cancellationToken)
                .ConfigureAwait(false);
        return count == body.Length ? body : body.AsSpan(0, count).ToArray();
    }

    /// <summary>A body that does not say its length.</summary>
    private async ValueTask<byte[]> ReadToEnd(
        HttpContent content, long max, bool isAsync, CancellationToken cancellationToken)
    {
        Stream stream = content.ReadAsStream(cancellationToken);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(8 * 1024);
        try
        {
            int count = 0;
            while (true)
            {
                int before = count;
                count = await Fill(stream, buffer, count, isAsync, cancellationToken)
                    .ConfigureAwait(false);
                if (count > max)
                {
                    throw TooLong();
                }

                if (count < buffer.Length)
                {
                    return buffer.AsSpan(0, count).ToArray();
                }

                if (count == Array.MaxLength)
                {
                    throw TooLong();
                }

                long room = Math.Min(2L * buffer.Length, Array.MaxLength);
                byte[] larger = ArrayPool<byte>.Shared.Rent((int)room);
                buffer.AsSpan(0, count).CopyTo(larger);
                ArrayPool<byte>.Shared.Return(buffer, clearArray: true);
                buffer = larger;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer, clearArray: true);
        }
    }

    /// <summary>
    /// Reads until the buffer is full or the stream ends; says how much it holds.
    /// </summary>
    private static async ValueTask<int> Fill(
        Stream stream, byte[] buffer, int start, bool isAsync, CancellationToken cancellationToken)
    {
        while (start < buffer.Length)
        {
            int count = isAsync
                ? await stream.ReadAsync(buffer.AsMemory(start), cancellationToken)
                    .ConfigureAwait(false)
                : stream.Read(buffer, start, buffer.Length - start);
            if (count == 0)
            {
                break;
            }

            start += count;
        }

        return start;
    }

    private ThingSpaceException TooLong() => new(
        TsmStatus.Protocol,
        $"no whole answer from {_otherSide}: it is longer than {_options.MaxResponseBytes} bytes " +
        "(MaxResponseBytes)");

    private static NetworkCredential? CredentialsOf(Uri proxy)
    {
        string[] parts = proxy.UserInfo.Split(':', 2);
        return proxy.UserInfo.Length == 0
            ? null
            : new NetworkCredential(
                Uri.UnescapeDataString(parts[0]),
                parts.Length == 2 ? Uri.UnescapeDataString(parts[1]) : "");
    }

    private static X509ChainPolicy Trust(string caFile)
    {
        var trust = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
        };
        try
        {
            trust.CustomTrustStore.ImportFromPemFile(caFile);
        }
        catch (Exception e) when (
            e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new ThingSpaceException(
                TsmStatus.Tls, $"CaFile {caFile} cannot be read: {e.Message}", innerException: e);
        }

        return trust;
    }
}
#endif
