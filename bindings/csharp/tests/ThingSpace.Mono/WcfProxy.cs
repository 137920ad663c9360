// ThingSpaceTokenBehavior with a WCF proxy against the sandbox: the session supplies the header's
// token and the re-login, by the platform's documented pattern and by the behavior's calls.

using System;
using System.Linq;
using System.ServiceModel;
using System.ServiceModel.Channels;
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

internal sealed class DeviceClient : ClientBase<IDeviceService>
{
    internal DeviceClient(string soapUrl)
        : base(new BasicHttpBinding(), new EndpointAddress(soapUrl + "/DeviceService.svc"))
    {
    }

    internal IDeviceService Devices => Channel;
}

internal static class WcfProxy
{
    internal static Task DocumentedPattern() => With((sandbox, session, client, tokens) =>
    {
        string token = session.Token;
        string answer;
        try
        {
            Call(client);
            throw new InvalidOperationException("The session was expired.");
        }
        catch (FaultException ex) when (ex.Code.Name.Contains("SessionToken.Expired"))
        {
            session.Relogin(token);
            answer = Call(client);
        }

        return Task.FromResult(answer);
    });

    internal static Task Behavior() => With((sandbox, session, client, tokens) =>
    {
        string answer = tokens.Call(() => Call(client));
        tokens.Call(() => { Call(client); });
        try
        {
            tokens.Call<string>(() => throw new FaultException("mine"));
            throw new InvalidOperationException("Another fault is the caller's.");
        }
        catch (FaultException e) when (e.Message == "mine")
        {
        }

        return Task.FromResult(answer);
    });

    internal static Task BehaviorAsync() => With(async (sandbox, session, client, tokens) =>
    {
        string[] answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(
            _ => tokens.CallAsync(() => Task.Run(() => Call(client)))));
        await tokens.CallAsync(async () =>
        {
            await Task.Yield();
            Call(client);
        });
        return answers[7];
    });

    internal static Task Rest()
    {
        using Sandbox sandbox = Sandbox.Start();
        using Session session = Session.Open(sandbox.Options());
        try
        {
            _ = new ThingSpaceTokenBehavior(session);
        }
        catch (ArgumentException)
        {
            return Task.CompletedTask;
        }

        throw new InvalidOperationException("A REST session is refused.");
    }

    /// <summary>A call that succeeds, and then one of an expired session.</summary>
    private static async Task With(
        Func<Sandbox, Session, DeviceClient, ThingSpaceTokenBehavior, Task<string>> expired)
    {
        using Sandbox sandbox = Sandbox.Start();
        using Session session = Session.Login(sandbox.Options(ThingSpaceProtocol.Soap));
        var tokens = new ThingSpaceTokenBehavior(session);
        using var client = new DeviceClient(sandbox.SoapUrl);
        client.Endpoint.EndpointBehaviors.Add(tokens);
        Require(Call(client).Contains("GetDeviceListResponse"), "the call succeeds");
        sandbox.Expire();
        string answer = await expired(sandbox, session, client, tokens);
        Require(answer.Contains("GetDeviceListResponse"), "the resent call succeeds");
        Require(sandbox.Count("soap_login") == 2, "one login is sent");
    }

    private static string Call(DeviceClient client)
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
        using Message reply = client.Devices.GetDeviceList(request);
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
