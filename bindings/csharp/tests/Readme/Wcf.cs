// What the READMEs show of WCF, in C# 7.3.

using System.ServiceModel;
using System.Threading.Tasks;
using ThingSpace;

namespace Readme
{
    internal static class Wcf
    {
        internal static void Call(SessionOptions options, object input)
        {
            object list;
            options.Protocol = ThingSpaceProtocol.Soap;
            var session = Session.Login(options);
            var tokens = new ThingSpaceTokenBehavior(session);

            var client = new DeviceServiceClient();
            client.Endpoint.EndpointBehaviors.Add(tokens);    // every call carries the token

            list = tokens.Call(() => client.GetDeviceList(input));
        }

        internal static async Task CallAsync(
            ThingSpaceTokenBehavior tokens, DeviceServiceClient client, object input)
        {
            object list;
            list = await tokens.CallAsync(() => client.GetDeviceListAsync(input));
        }

        internal static object Documented(Session session, DeviceServiceClient client, object input)
        {
            object list;
            string token = session.Token;
            try
            {
                list = client.GetDeviceList(input);
            }
            catch (FaultException ex) when (ex.Code.Name.Contains("SessionToken.Expired"))
            {
                session.Relogin(token);
                list = client.GetDeviceList(input);
            }

            return list;
        }
    }

    // As svcutil makes it.
    [ServiceContract]
    internal interface IDeviceService
    {
        [OperationContract]
        object GetDeviceList(object input);

        [OperationContract]
        Task<object> GetDeviceListAsync(object input);
    }

    internal class DeviceServiceClient : ClientBase<IDeviceService>
    {
        internal object GetDeviceList(object input) => Channel.GetDeviceList(input);

        internal Task<object> GetDeviceListAsync(object input) => Channel.GetDeviceListAsync(input);
    }
}
