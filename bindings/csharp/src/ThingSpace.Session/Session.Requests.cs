using System;
using System.Collections.Generic;
using System.IO;
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

    private static readonly char[] s_endOfScheme = ['/', '?', ':'];

    /// <summary>
    /// Sends a request with both tokens. A refused session is renewed and the request sent again,
    /// once, unless <see cref="SessionOptions.AutoRelogin"/> is off.
    /// </summary>
    /// <param name="method">The HTTP method, in letters of either case.</param>
    /// <param name="path">
    /// What follows the base URL, query included: <c>m2m/v1/devices/actions/list</c>. A slash at
    /// its start makes no difference.
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
    public virtual unsafe Response Send(
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
    public virtual Response Send(
        string method,
        string path,
        byte[]? body,
        IEnumerable<KeyValuePair<string, string>>? headers = null,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default) =>
        Send(method, path, body, headers, (CallTime)timeout, cancellationToken);

    /// <param name="body">
    /// The body, read from where it stands and left open. It is sent again, after a renewal, if it
    /// can seek; if not, the token is renewed and the call throws, to be made anew. What the stream
    /// throws while it is read is thrown by the call. Without a <c>Content-Type</c> among the
    /// headers it is JSON.
    /// </param>
    /// <inheritdoc cref="Send(string, string, string, IEnumerable{KeyValuePair{string, string}},
    /// TimeSpan?, CancellationToken)"/>
    public virtual Response Send(
        string method,
        string path,
        Stream body,
        IEnumerable<KeyValuePair<string, string>>? headers = null,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default)
    {
        RequireReadable(body);
        return SendStream(
            method, path, body, headers, timeout, isAsync: false, cancellationToken)
            .GetAwaiter().GetResult();
    }

    /// <inheritdoc cref="Send(string, string, string, IEnumerable{KeyValuePair{string, string}},
    /// TimeSpan?, CancellationToken)"/>
    [OverloadResolutionPriority(1)]
    public virtual Task<Response> SendAsync(
        string method,
        string path,
        string? body = null,
        IEnumerable<KeyValuePair<string, string>>? headers = null,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default) =>
        SendBytes(
            method,
            path,
            body is null ? null : Utf8.Bytes(body, nameof(body)),
            headers,
            timeout,
            cancellationToken);

    /// <param name="body">
    /// The body; null sends none. It must not change until the call is over. Without a
    /// <c>Content-Type</c> among the headers it is JSON.
    /// </param>
    /// <inheritdoc cref="Send(string, string, string, IEnumerable{KeyValuePair{string, string}},
    /// TimeSpan?, CancellationToken)"/>
    public virtual Task<Response> SendAsync(
        string method,
        string path,
        byte[]? body,
        IEnumerable<KeyValuePair<string, string>>? headers = null,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default) =>
        SendBytes(method, path, body, headers, timeout, cancellationToken);

    /// <inheritdoc cref="Send(string, string, Stream, IEnumerable{KeyValuePair{string, string}},
    /// TimeSpan?, CancellationToken)"/>
    public virtual Task<Response> SendAsync(
        string method,
        string path,
        Stream body,
        IEnumerable<KeyValuePair<string, string>>? headers = null,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default)
    {
        RequireReadable(body);
        return SendStream(
            method, path, body, headers, timeout, isAsync: true, cancellationToken);
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
    public virtual Response SoapCall(
        string service,
        string operation,
        string bodyXml,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default)
    {
        RequireSoap(service, operation, bodyXml);
        return CallSoap(service, operation, bodyXml, timeout, cancellationToken);
    }

    /// <inheritdoc cref="SoapCall"/>
    public virtual Task<Response> SoapCallAsync(
        string service,
        string operation,
        string bodyXml,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default)
    {
        RequireSoap(service, operation, bodyXml);
        return SendSoapCall(service, operation, bodyXml, timeout, cancellationToken);
    }

    private static void RequireSoap(string service, string operation, string bodyXml)
    {
        _ = service ?? throw new ArgumentNullException(nameof(service));
        _ = operation ?? throw new ArgumentNullException(nameof(operation));
        _ = bodyXml ?? throw new ArgumentNullException(nameof(bodyXml));
    }

    private static void RequireReadable(Stream body)
    {
        _ = body ?? throw new ArgumentNullException(nameof(body));
        if (!body.CanRead)
        {
            throw new ArgumentException(
                "The stream cannot be read: it was closed, or is for writing.", nameof(body));
        }
    }

    /// <summary>Gives the method as it is sent: one in small letters is none.</summary>
    private static string Require(string method, string path)
    {
        _ = method ?? throw new ArgumentNullException(nameof(method));
        _ = path ?? throw new ArgumentNullException(nameof(path));
        return method.ToUpperInvariant();
    }

    /// <summary>
    /// The path as the library wants it. What names another place than one below the base URL is
    /// refused.
    /// </summary>
    private static string BelowBase(string path)
    {
        int start = path.IndexOfAny(s_endOfScheme);
        bool isElsewhere = path.Length == 0 || (start >= 0 && path[start] == ':') ||
            path.StartsWith("//", StringComparison.Ordinal);
        if (isElsewhere)
        {
            throw new ArgumentException(
                "The path is what follows BaseUrl, such as m2m/v1/accounts: it must not be " +
                "empty, nor a whole URL, nor begin with two slashes.",
                nameof(path));
        }

        return path[0] == '/' ? path : "/" + path;
    }

    private unsafe Response Send(
        string method,
        string path,
        byte[]? body,
        IEnumerable<KeyValuePair<string, string>>? headers,
        CallTime time,
        CancellationToken cancellationToken)
    {
        fixed (byte* start = body)
        {
            return Send(
                method, path, start, body?.Length ?? 0, headers, time, cancellationToken);
        }
    }

    private unsafe Response Send(
        string method,
        string path,
        byte* body,
        int bodyLength,
        IEnumerable<KeyValuePair<string, string>>? headers,
        CallTime time,
        CancellationToken cancellationToken)
    {
        method = Require(method, path);
        byte* methodBuffer = stackalloc byte[MethodBuffer];
        byte* pathBuffer = stackalloc byte[PathBuffer];
        using var methodText = new Utf8Argument(method, methodBuffer, MethodBuffer, nameof(method));
        using var pathText = new Utf8Argument(
            BelowBase(path), pathBuffer, PathBuffer, nameof(path));
        using var headerBlock = new HeaderBlock(headers);
        using NativeCall call = Start(time, cancellationToken);
        int status = NativeMethods.tsm_request(
            _handle.Number, call.Handle, methodText.Pointer, pathText.Pointer, headerBlock.Pointer,
            body, (nuint)bodyLength,
            out nint response, out nint error);
        return Finish(status, response, error, nameof(path), cancellationToken);
    }

    private unsafe Response CallSoap(
        string service,
        string operation,
        string bodyXml,
        CallTime time,
        CancellationToken cancellationToken)
    {
        byte* serviceBuffer = stackalloc byte[PathBuffer];
        byte* operationBuffer = stackalloc byte[PathBuffer];
        byte* bodyBuffer = stackalloc byte[BodyBuffer];
        using var serviceText = new Utf8Argument(
            service, serviceBuffer, PathBuffer, nameof(service));
        using var operationText = new Utf8Argument(
            operation, operationBuffer, PathBuffer, nameof(operation));
        using var bodyText = new Utf8Argument(
            bodyXml, bodyBuffer, BodyBuffer, nameof(bodyXml), isText: false);
        using NativeCall call = Start(time, cancellationToken);
        int status = NativeMethods.tsm_soap_call(
            _handle.Number, call.Handle, serviceText.Pointer, operationText.Pointer,
            bodyText.Pointer, (nuint)bodyText.Length,
            out nint response, out nint error);
        return Finish(status, response, error, nameof(operation), cancellationToken);
    }

    private Response Finish(
        int status,
        nint response,
        nint error,
        string place,
        CancellationToken cancellationToken)
    {
        GC.KeepAlive(this);
        if (status != 0)
        {
            throw NativeError.Take(status, error, this, place, cancellationToken);
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
        Func<TState, CallTime, CancellationToken, TResult> call,
        Deadline deadline,
        CancellationToken cancellationToken) =>
        workers.Run(state, call, deadline, _ended.Token, cancellationToken);

    /// <summary>Begins a call that waits for no native one.</summary>
    private Deadline Begin(TimeSpan? timeout)
    {
        _ = Milliseconds.From(timeout, nameof(timeout));
        ThrowIfDisposed();
        _handle.FollowLogLevel();
        return new Deadline(timeout ?? _options.Timeout);
    }

    internal NativeCall Start(CallTime time, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        ThrowIfDisposed();
        _handle.FollowLogLevel();
        return new NativeCall(time, cancellationToken);
    }
}
