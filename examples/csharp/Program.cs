// Log in, list devices, let the session token expire twice - mended once by the library and once by
// hand - and log out. With --soap the same over SOAP.
//
// Who logs in where comes from the environment: TSM_USERNAME, TSM_PASSWORD, TSM_APP_KEY,
// TSM_APP_SECRET, TSM_BASE_URL, ... The token expires because TSM_SANDBOX_CONTROL names the
// sandbox's control port; without it the token just stays valid.

using System;
using System.Linq;
using System.Net.Http;
using System.Xml.Linq;
using ThingSpace;

const string Account = "0000123456-00001";

// What goes into the envelope's body. The envelope and its header with the token are made by the
// library.
const string GetDeviceList = $"""
    <v2:GetDeviceList xmlns:v2="http://nphase.com/unifiedwebservice/v2"
        xmlns:nph="http://schemas.datacontract.org/2004/07/NPhase.UnifiedWebService.APIs.v2.Contract.DeviceService">
      <v2:Input><nph:AccountName>{Account}</nph:AccountName></v2:Input>
    </v2:GetDeviceList>
    """;

bool soap = args.Contains("--soap");
ThingSpaceProtocol protocol = soap ? ThingSpaceProtocol.Soap : ThingSpaceProtocol.Rest;

// The usual way: nothing to think of.
using (Session session = Session.Login(new SessionOptions { Protocol = protocol }))
{
    Console.WriteLine($"logged in; {ListDevices(session)} devices");
    LetTheTokenExpire();
    Console.WriteLine($"the token expired and was renewed; {ListDevices(session)} devices");
    session.Logout();
}

// The platform's documented pattern, by hand.
using (Session session = Session.Login(
    new SessionOptions { Protocol = protocol, AutoRelogin = false }))
{
    LetTheTokenExpire();
    int devices;
    try
    {
        devices = ListDevices(session);
    }
    catch (ThingSpaceException ex) when (ex.Code.Contains("SessionToken.Expired"))
    {
        session.Relogin(ex.Token);
        devices = ListDevices(session);
    }

    Console.WriteLine($"the token expired and was renewed by hand; {devices} devices");
    session.Logout();
}

int ListDevices(Session session)
{
    if (soap)
    {
        Response envelope = session.SoapCall("DeviceService", "GetDeviceList", GetDeviceList);
        return XDocument.Parse(envelope.EnsureSuccess().Text)
            .Descendants().Count(element => element.Name.LocalName == "DeviceInformation");
    }

    Response answer = session.PostAsJson(
        "/m2m/v1/devices/actions/list", new { accountName = Account });
    return answer.EnsureSuccess().Json().GetProperty("devices").GetArrayLength();
}

static void LetTheTokenExpire()
{
    if (Environment.GetEnvironmentVariable("TSM_SANDBOX_CONTROL") is { Length: > 0 } control)
    {
        using var http = new HttpClient();
        var what = new StringContent("""{"what": "session"}""");
        http.PostAsync(control + "/expire", what).Result.EnsureSuccessStatusCode();
    }
}
