#if !NET8_0_OR_GREATER
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;

namespace ThingSpace;

// Asynchronous requests where there is no carrier: the library's blocking calls, on threads of the
// session's own.
public partial class Session
{
    private readonly BlockingWorkers _requests = new(256);

    private Task<Response> SendBytes(
        string method,
        string path,
        byte[]? body,
        IEnumerable<KeyValuePair<string, string>>? headers,
        TimeSpan? timeout,
        CancellationToken cancellationToken)
    {
        Require(method, path);
        return SendBytes(
            method, path, body, headers?.ToArray(), Begin(timeout), cancellationToken);
    }

    private Task<Response> SendBytes(
        string method,
        string path,
        byte[]? body,
        IEnumerable<KeyValuePair<string, string>>? headers,
        Deadline deadline,
        CancellationToken cancellationToken) =>
        OnWorker(
            _requests,
            (session: this, method, path, body, headers),
            static (call, time, token) =>
                call.session.Send(call.method, call.path, call.body, call.headers, time, token),
            deadline,
            cancellationToken);

    /// <summary>The library takes a body whole. Not asynchronous, it is over when it returns.
    /// </summary>
    private async Task<Response> SendStream(
        string method,
        string path,
        Stream body,
        IEnumerable<KeyValuePair<string, string>>? headers,
        TimeSpan? timeout,
        bool isAsync,
        CancellationToken cancellationToken)
    {
        Require(method, path);
        Deadline deadline = Begin(timeout);
        var whole = new MemoryStream();
        if (!isAsync)
        {
            body.CopyTo(whole);
            return Send(
                method, path, whole.ToArray(), headers, deadline.ForCall, cancellationToken);
        }

        headers = headers?.ToArray();
        Task reading = body.CopyToAsync(whole, 81920, cancellationToken);
        using (var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, Ended))
        {
            if (!await deadline.WaitFor(reading, end.Token).ConfigureAwait(false))
            {
                cancellationToken.ThrowIfCancellationRequested();
                ThrowIfEnded();
                throw deadline.Over("the body was being read, and nothing was sent");
            }
        }

        await reading.ConfigureAwait(false);
        return await SendBytes(
            method, path, whole.ToArray(), headers, deadline, cancellationToken)
                .ConfigureAwait(false);
    }

    private Task<Response> SendSoapCall(
        string service,
        string operation,
        string bodyXml,
        TimeSpan? timeout,
        CancellationToken cancellationToken) =>
        OnWorker(
            _requests,
            (session: this, service, operation, bodyXml),
            static (call, time, token) =>
                call.session.CallSoap(call.service, call.operation, call.bodyXml, time, token),
            Begin(timeout),
            cancellationToken);

    private static void DisposeCarrier()
    {
    }
}
#endif
