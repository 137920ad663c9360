// What the READMEs show that needs System.Text.Json in the framework.

using System;
using System.Net.Http;
using System.Net.Http.Json;
using System.Threading.Tasks;
using ThingSpace;

namespace Readme
{
    internal static class Json
    {
        internal static void Session(SessionOptions options)
        {
            using (Session session = ThingSpace.Session.Login(options))
            {
                var query = new { accountName = "0000123456-00001" };
                Response answer = session.PostAsJson("/m2m/v1/devices/actions/list", query);
                Console.WriteLine(answer.EnsureSuccess().Json().GetProperty("devices"));
            }
        }

        internal static async Task Handler(Session session, HttpClient http)
        {
            var query = new { accountName = "0000123456-00001" };
            await http.PostAsJsonAsync("m2m/v1/devices/actions/list", query);
        }
    }
}
