using System;
using System.Security;
using System.ServiceModel;
using System.ServiceModel.Channels;
using System.ServiceModel.Description;
using System.ServiceModel.Dispatcher;
using System.Threading;
using System.Threading.Tasks;

namespace ThingSpace;

/// <summary>
/// Lets a WCF proxy use a session: puts the session token into the header of every message, and
/// calls again when the platform says that the session expired.
/// </summary>
/// <remarks>
/// <para>
/// Add it to the proxy's endpoint, and make the calls through <see cref="Call{T}(Func{T})"/> or
/// <see cref="CallAsync{T}(Func{Task{T}}, CancellationToken)"/>. A call that is made past them gets
/// the token too, but an expired session is its own to mend: catch the
/// <see cref="FaultException"/> whose code says <c>SessionToken.Expired</c>,
/// <see cref="Session.Relogin"/>, call again.
/// </para>
/// <para>One behavior serves any number of proxies and threads. The session is left alone.</para>
/// <para>
/// WCF follows redirects, and on .NET Framework and Mono a behavior cannot turn that off: one of
/// status 307 takes the message with the token to wherever it points.
/// <see cref="Session.SoapCall"/> follows none.
/// </para>
/// </remarks>
/// <example>
/// <code>
/// var tokens = new ThingSpaceTokenBehavior(session);
/// client.Endpoint.EndpointBehaviors.Add(tokens);
/// list = tokens.Call(() => client.GetDeviceList(input));
/// </code>
/// </example>
public class ThingSpaceTokenBehavior : IEndpointBehavior, IClientMessageInspector
{
    private const string HeaderName = "token";
    private const string HeaderNamespace = "http://nphase.com/unifiedwebservice/v2";

    // WCF keeps the HTTP status of a fault to itself; SOAP 1.1 sends faults with this one.
    private const int StatusOfFaults = 500;

    private readonly Session _session;
    private readonly AsyncLocal<string?> _token = new();

    /// <summary>Makes a behavior for the proxies of a session.</summary>
    /// <param name="session">A session with <see cref="ThingSpaceProtocol.Soap"/>.</param>
    /// <exception cref="ArgumentException">It is a REST session.</exception>
    public ThingSpaceTokenBehavior(Session session)
    {
        _session = session ?? throw new ArgumentNullException(nameof(session));
        if (session.Info.Values["protocol"] != "soap")
        {
            throw new ArgumentException(
                "The session speaks REST, and this is for SOAP messages: set Protocol.",
                nameof(session));
        }
    }

    /// <summary>Makes a call of the proxy, again after a login if the session expired.</summary>
    /// <typeparam name="T">What the call gives.</typeparam>
    /// <param name="call">The call: <c>() => client.GetDeviceList(input)</c>.</param>
    /// <returns>What the call gives.</returns>
    /// <exception cref="FaultException">The platform's fault, unless a login mended it.</exception>
    /// <exception cref="ThingSpaceException">
    /// The login did not succeed; <see cref="TsmStatus.LoginBlocked"/> when it was not sent.
    /// </exception>
    public T Call<T>(Func<T> call)
    {
        _ = call ?? throw new ArgumentNullException(nameof(call));
        using Exchange exchange = _session.BeginExchange();
        string? outer = _token.Value;
        try
        {
            while (true)
            {
                if (exchange.GetTokens() is { } tokens)
                {
                    _token.Value = tokens.SessionToken;
                    try
                    {
                        return call();
                    }
                    catch (FaultException e) when (!exchange.Answered(StatusOfFaults, Envelope(e)))
                    {
                        // The session expired: renewed below.
                    }
                }

                exchange.Renew();
            }
        }
        finally
        {
            _token.Value = outer;
        }
    }

    /// <inheritdoc cref="Call{T}(Func{T})"/>
    public void Call(Action call)
    {
        _ = call ?? throw new ArgumentNullException(nameof(call));
        Call(() =>
        {
            call();
            return true;
        });
    }

    /// <inheritdoc cref="Call{T}(Func{T})"/>
    /// <param name="call">The call: <c>() => client.GetDeviceListAsync(input)</c>.</param>
    /// <param name="cancellationToken">Ends the waiting for a login; not the call.</param>
    public async Task<T> CallAsync<T>(
        Func<Task<T>> call, CancellationToken cancellationToken = default)
    {
        _ = call ?? throw new ArgumentNullException(nameof(call));
        using Exchange exchange = _session.BeginExchange();
        while (true)
        {
            if (exchange.GetTokens() is { } tokens)
            {
                // Seen by what is called from here, and by nobody who called this.
                _token.Value = tokens.SessionToken;
                try
                {
                    return await call().ConfigureAwait(false);
                }
                catch (FaultException e) when (!exchange.Answered(StatusOfFaults, Envelope(e)))
                {
                    // The session expired: renewed below.
                }
            }

            await exchange.RenewAsync(cancellationToken: cancellationToken).ConfigureAwait(false);
        }
    }

    /// <inheritdoc cref="CallAsync{T}(Func{Task{T}}, CancellationToken)"/>
    public Task CallAsync(Func<Task> call, CancellationToken cancellationToken = default)
    {
        _ = call ?? throw new ArgumentNullException(nameof(call));
        return CallAsync(
            async () =>
            {
                await call().ConfigureAwait(false);
                return true;
            },
            cancellationToken);
    }

    /// <summary>Puts the token into the message's header.</summary>
    /// <param name="request">The message.</param>
    /// <param name="channel">Where it goes.</param>
    /// <returns>Null.</returns>
    public object? BeforeSendRequest(ref Message request, IClientChannel channel)
    {
        _ = request ?? throw new ArgumentNullException(nameof(request));
        // A proxy may have a header of its own for it.
        request.Headers.RemoveAll(HeaderName, HeaderNamespace);
        request.Headers.Add(MessageHeader.CreateHeader(
            HeaderName, HeaderNamespace, _token.Value ?? _session.Token));
        return null;
    }

    /// <summary>Does nothing.</summary>
    /// <param name="reply">The answer.</param>
    /// <param name="correlationState">Null.</param>
    public void AfterReceiveReply(ref Message reply, object correlationState)
    {
    }

    /// <summary>Has the proxy's messages pass through here.</summary>
    /// <param name="endpoint">The proxy's endpoint.</param>
    /// <param name="clientRuntime">Where inspectors are added.</param>
    public void ApplyClientBehavior(ServiceEndpoint endpoint, ClientRuntime clientRuntime)
    {
        _ = clientRuntime ?? throw new ArgumentNullException(nameof(clientRuntime));
        // ClientMessageInspectors is newer; Mono lacks it.
        clientRuntime.MessageInspectors.Add(this);
    }

    /// <summary>Does nothing.</summary>
    /// <param name="endpoint">The proxy's endpoint.</param>
    /// <param name="endpointDispatcher">A service's, which this is not for.</param>
    public void ApplyDispatchBehavior(
        ServiceEndpoint endpoint, EndpointDispatcher endpointDispatcher)
    {
    }

    /// <summary>Does nothing.</summary>
    /// <param name="endpoint">The proxy's endpoint.</param>
    /// <param name="bindingParameters">Its parameters.</param>
    public void AddBindingParameters(
        ServiceEndpoint endpoint, BindingParameterCollection bindingParameters)
    {
    }

    /// <summary>Does nothing.</summary>
    /// <param name="endpoint">The proxy's endpoint.</param>
    public void Validate(ServiceEndpoint endpoint)
    {
    }

    /// <summary>
    /// The fault as the service sent it, as far as it tells what a fault is. WCF's own way back to
    /// XML fails for a fault that was made without a code.
    /// </summary>
    private static string Envelope(FaultException e) =>
        "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body><s:Fault>" +
        "<faultcode>" + SecurityElement.Escape(e.Code?.Name) + "</faultcode>" +
        "<faultstring>" + SecurityElement.Escape(e.Message) + "</faultstring>" +
        "</s:Fault></s:Body></s:Envelope>";
}
