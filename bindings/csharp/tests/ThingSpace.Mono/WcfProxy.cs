// What README.md shows for programs with generated WCF proxies, against the sandbox: the session
// supplies the header token and the re-login, by the platform's documented pattern and by an
// exchange.

using System;
using System.ServiceModel;
using System.ServiceModel.Channels;
using System.ServiceModel.Description;
using System.ServiceModel.Dispatcher;
using System.Threading;
using System.Threading.Tasks;
using System.Xml;

namespace ThingSpace.Tests;

/// <summary>As a tool would make it of the service's WSDL.</summary>
[ServiceContract(Namespace = "http://nphase.com/unifiedwebservice/v2")]
public interface IDeviceService
{
    [OperationContract(
        Action = "http://nphase.com/unifiedwebservice/v2/IDeviceService/GetDeviceList",
        ReplyAction = "*")]
    Message GetDeviceList(Message request);
}

/// <summary>
/// Puts the session's token into the header of every message; within <see cref="Call"/> that of an
/// exchange, which says whether to call again.
/// </summary>
public sealed class TokenHeader : IClientMessageInspector, IEndpointBehavior
{
    private readonly Session _session;
    private readonly AsyncLocal<string?> _token = new();

    public TokenHeader(Session session) => _session = session;

    public T Call<T>(Func<T> call)
    {
        using Exchange exchange = _session.BeginExchange();
        while (true)
        {
            if (exchange.GetTokens() is { } tokens)
            {
                _token.Value = tokens.SessionToken;
                try
                {
                    return call();
                }
                catch (FaultException e)
                {
                    if (exchange.Answered(500, Envelope(e)))
                    {
                        throw;
                    }
                }
                finally
                {
                    _token.Value = null;
                }
            }

            exchange.Renew();
        }
    }

    /// <summary>The fault as the service sent it, with HTTP status 500 as all faults.</summary>
    private static string Envelope(FaultException e)
    {
        using var fault = Message.CreateMessage(MessageVersion.Soap11, e.CreateMessageFault(), "");
        return fault.ToString();
    }

    public object? BeforeSendRequest(ref Message request, IClientChannel channel)
    {
        string token = _token.Value ?? _session.Token;
        request.Headers.Add(MessageHeader.CreateHeader(
            "token", "http://nphase.com/unifiedwebservice/v2", token));
        return null;
    }

    public void AfterReceiveReply(ref Message reply, object correlationState)
    {
    }

    // ClientMessageInspectors elsewhere; Mono knows the older name only.
    public void ApplyClientBehavior(ServiceEndpoint endpoint, ClientRuntime clientRuntime) =>
        clientRuntime.MessageInspectors.Add(this);

    public void ApplyDispatchBehavior(
        ServiceEndpoint endpoint, EndpointDispatcher endpointDispatcher)
    {
    }

    public void AddBindingParameters(
        ServiceEndpoint endpoint, BindingParameterCollection bindingParameters)
    {
    }

    public void Validate(ServiceEndpoint endpoint)
    {
    }
}

internal static class WcfProxy
{
    internal static Task Run()
    {
        using Sandbox sandbox = Sandbox.Start();
        using Session session = Session.Login(sandbox.Options(ThingSpaceProtocol.Soap));
        var factory = new ChannelFactory<IDeviceService>(
            new BasicHttpBinding(), new EndpointAddress(sandbox.SoapUrl + "/DeviceService.svc"));
        var header = new TokenHeader(session);
        factory.Endpoint.EndpointBehaviors.Add(header);
        IDeviceService devices = factory.CreateChannel();
        Require(Call(devices).Contains("GetDeviceListResponse"), "the call succeeds");

        sandbox.Expire();
        string token = session.Token;
        string answer;
        try
        {
            Call(devices);
            throw new InvalidOperationException("The session was expired.");
        }
        catch (FaultException ex) when (ex.Code.Name.Contains("SessionToken.Expired"))
        {
            session.Relogin(token);
            answer = Call(devices);
        }

        Require(answer.Contains("GetDeviceListResponse"), "the resent call succeeds");
        Require(sandbox.Count("soap_login") == 2, "one login is sent");

        sandbox.Expire();
        answer = header.Call(() => Call(devices));
        Require(answer.Contains("GetDeviceListResponse"), "an exchange has it sent again");
        Require(sandbox.Count("soap_login") == 3, "one login is sent");
        ((IClientChannel)devices).Close();
        return Task.CompletedTask;
    }

    private static string Call(IDeviceService devices)
    {
        using XmlReader body = XmlReader.Create(new System.IO.StringReader(
            """
            <v2:GetDeviceList xmlns:v2="http://nphase.com/unifiedwebservice/v2"
                xmlns:nph="http://schemas.datacontract.org/2004/07/NPhase.UnifiedWebService.APIs.v2.Contract.DeviceService">
              <v2:Input><nph:AccountName>0000123456-00001</nph:AccountName></v2:Input>
            </v2:GetDeviceList>
            """));
        using var request = Message.CreateMessage(
            MessageVersion.Soap11,
            "http://nphase.com/unifiedwebservice/v2/IDeviceService/GetDeviceList",
            body);
        using Message reply = devices.GetDeviceList(request);
        if (reply.IsFault)
        {
            throw new FaultException(MessageFault.CreateFault(reply, int.MaxValue));
        }

        return reply.GetReaderAtBodyContents().ReadOuterXml();
    }

    private static void Require(bool holds, string what)
    {
        if (!holds)
        {
            throw new InvalidOperationException("It does not hold that " + what + ".");
        }
    }
}
