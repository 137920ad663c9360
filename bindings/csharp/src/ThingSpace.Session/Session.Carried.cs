#if NET8_0_OR_GREATER
using System;
using System.Collections.Generic;
using System.IO;
using System.Net.Http;
using System.Runtime.ExceptionServices;
using System.Threading;
using System.Threading.Tasks;
using ThingSpace.Interop;

namespace ThingSpace;

// Asynchronous requests, and those whose body is a stream: the library says what to send and what
// an answer means, the carrier sends.
public partial class Session
{
    private readonly object _carrierGate = new();
    private Carrier? _carrier;
    private RequestHead? _head;

    /// <summary>Those of requests that are carried, but of SOAP calls.</summary>
    private readonly IdleExchanges _idleCarried;

    /// <summary>Made when it is needed: not every program sends asynchronous requests.</summary>
    private Carrier Carrying
    {
        get
        {
            if (Volatile.Read(ref _carrier) is { } known)
            {
                return known;
            }

            lock (_carrierGate)
            {
                ThrowIfDisposed();
                return _carrier ??= new Carrier(_options, BaseAddress, ReadProxy());
            }
        }
    }

    private Task<Response> SendBytes(
        string method,
        string path,
        byte[]? body,
        IEnumerable<KeyValuePair<string, string>>? headers,
        TimeSpan? timeout,
        CancellationToken cancellationToken)
    {
        method = Require(method, path);
        Deadline deadline = Begin(timeout);
        if (cancellationToken.IsCancellationRequested)
        {
            return Task.FromCanceled<Response>(cancellationToken);
        }

        bool hasBody = body is { Length: > 0 };
        return Carry(
            BeginRequest(method, path, headers, hasBody, out RequestTokens? tokens),
            tokens,
            HttpMethod.Parse(method),
            hasBody ? new ByteArrayContent(body!) : null,
            canResend: true,
            deadline,
            isAsync: true,
            cancellationToken);
    }

    /// <summary>Not asynchronous, it is over when it returns.</summary>
    private Task<Response> SendStream(
        string method,
        string path,
        Stream body,
        IEnumerable<KeyValuePair<string, string>>? headers,
        TimeSpan? timeout,
        bool isAsync,
        CancellationToken cancellationToken)
    {
        method = Require(method, path);
        Deadline deadline = Begin(timeout);
        if (isAsync && cancellationToken.IsCancellationRequested)
        {
            return Task.FromCanceled<Response>(cancellationToken);
        }

        cancellationToken.ThrowIfCancellationRequested();
        return Carry(
            BeginRequest(method, path, headers, hasBody: true, out RequestTokens? tokens),
            tokens,
            HttpMethod.Parse(method),
            new StreamBody(body),
            body.CanSeek,
            deadline,
            isAsync,
            cancellationToken);
    }

    private Task<Response> SendSoapCall(
        string service,
        string operation,
        string bodyXml,
        TimeSpan? timeout,
        CancellationToken cancellationToken)
    {
        Deadline deadline = Begin(timeout);
        if (cancellationToken.IsCancellationRequested)
        {
            return Task.FromCanceled<Response>(cancellationToken);
        }

        return Carry(
            BeginSoapCall(service, operation, bodyXml),
            tokens: null,
            HttpMethod.Post,
            body: null,
            canResend: true,
            deadline,
            isAsync: true,
            cancellationToken);
    }

    /// <summary>
    /// A whole exchange, which ends with this: sends, renews what is refused and sends again.
    /// Without tokens to send first, it is asked for them.
    /// </summary>
    private async Task<Response> Carry(
        Exchange exchange,
        RequestTokens? tokens,
        HttpMethod method,
        HttpContent? body,
        bool canResend,
        Deadline deadline,
        bool isAsync,
        CancellationToken cancellationToken)
    {
        bool isOver = false;
        try
        {
            using var end =
                CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, Ended);
            TimeSpan left = deadline.Remaining;
            using Alarm? alarm = isAsync ? null : new Alarm(this, end, left);
            if (isAsync)
            {
                end.CancelAfter(Deadline.AsWait(left));
            }

            // A session that ends from here on finds the alarm.
            ThrowIfEnded();
            RequestHead head = exchange.ReadHead(ref _head);
            body = body is null ? head.NoBody(method) : head.Body(body);
            tokens ??= exchange.GetTokens();
            while (true)
            {
                if (tokens is not null)
                {
                    if (left == TimeSpan.Zero)
                    {
                        throw deadline.Over("nothing was sent");
                    }

                    HttpContent? content = IsSoap ? head.Body(exchange.ReadEnvelope()) : body;
                    HttpRequestMessage request = head.Request(method, content);
                    if (!IsSoap)
                    {
                        tokens.AddTo(request.Headers, SessionTokenHeader);
                    }

                    Response answer;
                    try
                    {
                        answer = await Carrying.Send(request, isAsync, end.Token)
                            .ConfigureAwait(false);
                    }
                    catch (Exception e) when (
                        e is HttpRequestException or IOException or OperationCanceledException or
                        ObjectDisposedException or ThingSpaceException)
                    {
                        throw Failure(e, body, deadline, end.Token, cancellationToken);
                    }

                    isOver = exchange.IsOver(answer.StatusCode) ||
                        exchange.Answered(answer.StatusCode, answer.Body);
                    if (isOver)
                    {
                        return answer;
                    }
                }

                if (isAsync)
                {
                    await RenewAsync(exchange, canResend, deadline, cancellationToken)
                        .ConfigureAwait(false);
                }
                else
                {
                    exchange.RenewWithin(canResend, deadline.ForCall, cancellationToken);
                }

                tokens = exchange.GetTokens();
                left = deadline.Remaining;
            }
        }
        finally
        {
            if (isOver && !IsSoap)
            {
                _idleCarried.Put(exchange);
            }
            else
            {
                exchange.Dispose();
            }
        }
    }

    /// <summary>Gives the tokens to send first where these are known to be good.</summary>
    private unsafe Exchange BeginRequest(
        string method,
        string path,
        IEnumerable<KeyValuePair<string, string>>? headers,
        bool hasBody,
        out RequestTokens? tokens)
    {
        (string, string, bool) request = headers is null ? (method, path, hasBody) : default;
        if (_idleCarried.TryTake(out Exchange? idle) && headers is null &&
            idle.Carries == request && idle.BeginsAgain(out tokens))
        {
            return idle;
        }

        byte* methodBuffer = stackalloc byte[MethodBuffer];
        byte* pathBuffer = stackalloc byte[PathBuffer];
        using var methodText = new Utf8Argument(method, methodBuffer, MethodBuffer, nameof(method));
        using var pathText = new Utf8Argument(
            BelowBase(path), pathBuffer, PathBuffer, nameof(path));
        using var headerBlock = new HeaderBlock(headers);
        if (idle is not null)
        {
            idle.Carries = request;
            if (idle.BeginsAgain(
                methodText.Pointer, pathText.Pointer, headerBlock.Pointer, hasBody, out tokens))
            {
                return idle;
            }

            idle.Dispose();
        }

        tokens = null;
        int status = NativeMethods.tsm_exchange_request(
            _handle.Number, methodText.Pointer, pathText.Pointer, headerBlock.Pointer,
            hasBody ? 1 : 0,
            out ExchangeHandle handle, out nint error);
        Exchange exchange = Begun(status, handle, error, nameof(path));
        exchange.Carries = request;
        return exchange;
    }

    private unsafe Exchange BeginSoapCall(string service, string operation, string bodyXml)
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
        int status = NativeMethods.tsm_exchange_soap_call(
            _handle.Number, serviceText.Pointer, operationText.Pointer, bodyText.Pointer,
            (nuint)bodyText.Length,
            out ExchangeHandle exchange, out nint error);
        return Begun(status, exchange, error, nameof(operation));
    }

    private unsafe string ReadProxy() => Utf8.ReadWhole(
        1024,
        (byte* buffer, nuint capacity, out nint error) =>
            NativeMethods.tsm_proxy(_handle.Number, buffer, capacity, out error),
        this);

    /// <summary>What a request without an answer is to its caller.</summary>
    private Exception Failure(
        Exception e,
        HttpContent? body,
        Deadline deadline,
        CancellationToken end,
        CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return new OperationCanceledException(
                "The call was cancelled. What was sent may have been acted on.",
                e,
                cancellationToken);
        }

        if (IsDisposed)
        {
            return new ObjectDisposedException(
                nameof(Session), "The session was disposed while the call was running.");
        }

        if (_cancelled)
        {
            return new OperationCanceledException("The session was cancelled.", e);
        }

        if (end.IsCancellationRequested)
        {
            return deadline.Over($"there is no whole answer from {BaseAddress.Authority}");
        }

        if (body is StreamBody { Failure: { } own })
        {
            ExceptionDispatchInfo.Throw(own);
        }

        return Volatile.Read(ref _carrier)?.Explain(e) ?? e;
    }

    private void DisposeCarrier()
    {
        _idleCarried.Clear();
        lock (_carrierGate)
        {
            _carrier?.Dispose();
        }
    }
}
#endif
