using System;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.CompilerServices;
using System.Threading;
using System.Threading.Tasks;
using ThingSpace.Interop;

namespace ThingSpace;

public partial class Session
{
    private const int MethodBuffer = 64;
    private const int PathBuffer = 512;
    private const int BodyBuffer = 4096;

    private static readonly BlockingWorkers s_requests = new(256);

    /// <summary>
    /// Sends a request with both tokens. A refused session is renewed and the request sent again,
    /// once, unless <see cref="SessionOptions.AutoRelogin"/> is off.
    /// </summary>
    /// <param name="method">The HTTP method.</param>
    /// <param name="path">
    /// What follows the base URL, with a slash at its start and the query included:
    /// <c>/m2m/v1/devices/actions/list</c>.
    /// </param>
    /// <param name="body">
    /// The body, sent as UTF-8; null sends none. Without a <c>Content-Type</c> among the headers it
    /// is JSON.
    /// </param>
    /// <param name="headers">
    /// More headers; not those that the session sets itself (<c>Authorization</c>,
    /// <see cref="SessionTokenHeader"/>, …).
    /// </param>
    /// <param name="timeout">The deadline of this call instead of the session's.</param>
    /// <param name="cancellationToken">Ends the call early.</param>
    /// <returns>
    /// The answer, whatever its status; see <see cref="Response.EnsureSuccess"/>.
    /// </returns>
    /// <exception cref="ThingSpaceException">
    /// There was no answer, or it is about the tokens and no renewal helped.
    /// </exception>
    [OverloadResolutionPriority(1)]
    public unsafe Response Send(
        string method,
        string path,
        string? body = null,
        IEnumerable<KeyValuePair<string, string>>? headers = null,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default)
    {
        byte* buffer = stackalloc byte[BodyBuffer];
        using var text = new Utf8Argument(body, buffer, BodyBuffer, nameof(body), isText: false);
        return Send(
            method, path, text.Pointer, text.Length, headers, timeout, cancellationToken);
    }

    /// <param name="body">
    /// The body; null sends none. Without a <c>Content-Type</c> among the headers it is JSON.
    /// </param>
    /// <inheritdoc cref="Send(string, string, string, IEnumerable{KeyValuePair{string, string}},
    /// TimeSpan?, CancellationToken)"/>
#pragma warning disable CS1573 // The other parameters are inherited.
    public unsafe Response Send(
        string method,
        string path,
        byte[]? body,
        IEnumerable<KeyValuePair<string, string>>? headers = null,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default)
    {
        fixed (byte* start = body)
        {
            return Send(
                method, path, start, body?.Length ?? 0, headers, timeout, cancellationToken);
        }
    }

    /// <inheritdoc cref="Send(string, string, string, IEnumerable{KeyValuePair{string, string}},
    /// TimeSpan?, CancellationToken)"/>
    [OverloadResolutionPriority(1)]
    public Task<Response> SendAsync(
        string method,
        string path,
        string? body = null,
        IEnumerable<KeyValuePair<string, string>>? headers = null,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default)
    {
        Require(method, path);
        return OnWorker(
            s_requests,
            (session: this, method, path, body, headers: headers?.ToArray()),
            static (call, left, token) =>
                call.session.Send(call.method, call.path, call.body, call.headers, left, token),
            timeout,
            cancellationToken);
    }

    /// <param name="body">
    /// The body; null sends none. It must not change until the call is over. Without a
    /// <c>Content-Type</c> among the headers it is JSON.
    /// </param>
    /// <inheritdoc cref="Send(string, string, string, IEnumerable{KeyValuePair{string, string}},
    /// TimeSpan?, CancellationToken)"/>
    public Task<Response> SendAsync(
        string method,
        string path,
        byte[]? body,
        IEnumerable<KeyValuePair<string, string>>? headers = null,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default)
    {
        Require(method, path);
        return OnWorker(
            s_requests,
            (session: this, method, path, body, headers: headers?.ToArray()),
            static (call, left, token) =>
                call.session.Send(call.method, call.path, call.body, call.headers, left, token),
            timeout,
            cancellationToken);
    }
#pragma warning restore CS1573

    /// <summary>
    /// Calls an operation of a SOAP service: wraps the body in an envelope with the session token
    /// and posts it. A refused session is renewed and the call sent again, once, unless
    /// <see cref="SessionOptions.AutoRelogin"/> is off.
    /// </summary>
    /// <param name="service">The service, such as <c>DeviceService</c>.</param>
    /// <param name="operation">The operation, such as <c>GetDeviceList</c>.</param>
    /// <param name="bodyXml">The element that goes into the envelope's body.</param>
    /// <param name="timeout">The deadline of this call instead of the session's.</param>
    /// <param name="cancellationToken">Ends the call early.</param>
    /// <returns>
    /// The answer's envelope; a fault that is not about the token is an answer too, see
    /// <see cref="Response.EnsureSuccess"/>.
    /// </returns>
    /// <exception cref="ThingSpaceException">
    /// There was no answer, or it is about the token and no renewal helped.
    /// </exception>
    public unsafe Response SoapCall(
        string service,
        string operation,
        string bodyXml,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default)
    {
        RequireSoap(service, operation, bodyXml);
        byte* serviceBuffer = stackalloc byte[PathBuffer];
        byte* operationBuffer = stackalloc byte[PathBuffer];
        byte* bodyBuffer = stackalloc byte[BodyBuffer];
        using var serviceText = new Utf8Argument(
            service, serviceBuffer, PathBuffer, nameof(service));
        using var operationText = new Utf8Argument(
            operation, operationBuffer, PathBuffer, nameof(operation));
        using var bodyText = new Utf8Argument(
            bodyXml, bodyBuffer, BodyBuffer, nameof(bodyXml), isText: false);
        using NativeCall call = Start(timeout, cancellationToken);
        int status = NativeMethods.tsm_soap_call(
            _handle.Number, call.Handle, serviceText.Pointer, operationText.Pointer,
            bodyText.Pointer, (nuint)bodyText.Length,
            out nint response, out nint error);
        return Finish(status, response, error, cancellationToken);
    }

    /// <inheritdoc cref="SoapCall"/>
    public Task<Response> SoapCallAsync(
        string service,
        string operation,
        string bodyXml,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default)
    {
        RequireSoap(service, operation, bodyXml);
        return OnWorker(
            s_requests,
            (session: this, service, operation, bodyXml),
            static (call, left, token) =>
                call.session.SoapCall(call.service, call.operation, call.bodyXml, left, token),
            timeout,
            cancellationToken);
    }

    private static void RequireSoap(string service, string operation, string bodyXml)
    {
        _ = service ?? throw new ArgumentNullException(nameof(service));
        _ = operation ?? throw new ArgumentNullException(nameof(operation));
        _ = bodyXml ?? throw new ArgumentNullException(nameof(bodyXml));
    }

    private static void Require(string method, string path)
    {
        _ = method ?? throw new ArgumentNullException(nameof(method));
        _ = path ?? throw new ArgumentNullException(nameof(path));
    }

    private unsafe Response Send(
        string method,
        string path,
        byte* body,
        int bodyLength,
        IEnumerable<KeyValuePair<string, string>>? headers,
        TimeSpan? timeout,
        CancellationToken cancellationToken)
    {
        Require(method, path);
        byte* methodBuffer = stackalloc byte[MethodBuffer];
        byte* pathBuffer = stackalloc byte[PathBuffer];
        using var methodText = new Utf8Argument(method, methodBuffer, MethodBuffer, nameof(method));
        using var pathText = new Utf8Argument(path, pathBuffer, PathBuffer, nameof(path));
        using var headerBlock = new HeaderBlock(headers);
        using NativeCall call = Start(timeout, cancellationToken);
        int status = NativeMethods.tsm_request(
            _handle.Number, call.Handle, methodText.Pointer, pathText.Pointer, headerBlock.Pointer,
            body, (nuint)bodyLength,
            out nint response, out nint error);
        return Finish(status, response, error, cancellationToken);
    }

    private Response Finish(
        int status, nint response, nint error, CancellationToken cancellationToken)
    {
        GC.KeepAlive(this);
        if (status != 0)
        {
            throw NativeError.Take(status, error, this, cancellationToken);
        }

        try
        {
            return Response.From(response);
        }
        finally
        {
            NativeMethods.tsm_response_free(response);
        }
    }

    /// <summary>
    /// Runs a call on a thread for blocking calls, for as long as its own time says or else the
    /// session's.
    /// </summary>
    private Task<TResult> OnWorker<TState, TResult>(
        BlockingWorkers workers,
        TState state,
        Func<TState, TimeSpan, CancellationToken, TResult> call,
        TimeSpan? timeout,
        CancellationToken cancellationToken)
    {
        _ = Milliseconds.From(timeout, nameof(timeout));
        return workers.Run(state, call, timeout ?? _timeout, _ended.Token, cancellationToken);
    }

    internal NativeCall Start(TimeSpan? timeout, CancellationToken cancellationToken)
    {
        long timeoutMs = Milliseconds.From(timeout, nameof(timeout));
        cancellationToken.ThrowIfCancellationRequested();
        ThrowIfDisposed();
        return new NativeCall(timeoutMs, cancellationToken);
    }
}
