// What the READMEs show of a session, in C# 7.3. Between what they show, what it needs to compile.

using System;
using System.Collections.Generic;
using System.Net.Http;
using System.Threading;
using System.Threading.Tasks;
using ThingSpace;

namespace Readme
{
    internal static class Sessions
    {
        private const string path = "/m2m/v1/devices/actions/list";
        private const string body = "{\"accountName\": \"0000123456-00001\"}";
        private const string bodyXml = "<v2:GetDeviceList/>";

        internal static void Options()
        {
            var options = new SessionOptions
            {
                Username = "zbeeblebrox",
                Password = "…",
                AppKey = "…",
                AppSecret = "…",
                Store = "file:/var/lib/my-service",
            };
            using (Session session = Session.Login(options))
            {
                session.Logout();
            }
        }

        internal static void Events(SessionOptions options)
        {
            options.OnEvent = happened => Console.Error.WriteLine(happened);
        }

        internal static void Soap(SessionOptions options)
        {
            options.Protocol = ThingSpaceProtocol.Soap;
            using (Session session = Session.Login(options))
            {
                Response envelope = session.SoapCall("DeviceService", "GetDeviceList", bodyXml);
                Console.WriteLine(envelope.EnsureSuccess().Text);
            }
        }

        internal static Response Documented(Session session)
        {
            Response answer;
            try
            {
                answer = session.Post(path, body);
            }
            catch (ThingSpaceException ex) when (ex.Code.Contains("SessionToken.Expired"))
            {
                session.Relogin(ex.Token);            // one login, however many threads are here
                answer = session.Post(path, body);    // then resend the last request
            }

            return answer;
        }

        internal static void Errors(Session session)
        {
            try
            {
                Console.WriteLine(session.Post(path, body).EnsureSuccess().Text);
            }
            catch (ThingSpaceException ex) when (ex.Status == TsmStatus.LoginBlocked)
            {
                Console.Error.WriteLine(ex.Message + " Again in " + ex.RetryAfter);
            }
            catch (ThingSpaceException ex) when (ex.Retryable)
            {
                Console.Error.WriteLine("Later: " + ex.Message);
            }
        }

        internal static async Task Async(
            SessionOptions options, CancellationToken cancellationToken)
        {
            using (Session session = await Session.LoginAsync(options, cancellationToken))
            {
                Response answer = await session.PostAsync(
                    path, body, cancellationToken: cancellationToken);
                Console.WriteLine(answer.EnsureSuccess().Text);
            }
        }

        internal static async Task Handler(Session session)
        {
            using (var http = new HttpClient(new ThingSpaceHandler(session)))
            {
                http.BaseAddress = session.BaseAddress;
                Console.WriteLine(await http.GetStringAsync("m2m/v1/accounts/0000123456-00001"));
            }
        }

        internal static (int Status, string Body) OtherClient(Session session, Uri url)
        {
            // ArgumentException if the tokens are not for that origin.
            using (Exchange exchange = session.BeginExchange(url))
            {
                while (true)
                {
                    if (exchange.GetTokens() is RequestTokens tokens)
                    {
                        // Yours: tokens.ApiToken as "Authorization: Bearer …", and
                        // tokens.SessionToken in the header session.SessionTokenHeader.
                        var answer = Send(url, tokens);
                        if (exchange.Answered(answer.Status, answer.Body))
                        {
                            return answer;
                        }
                    }

                    exchange.Renew();    // or await exchange.RenewAsync()
                }
            }
        }

        private static (int Status, string Body) Send(Uri url, RequestTokens tokens) =>
            throw new NotSupportedException();
    }

    class FakeSession : Session
    {
        public override Response Send(
            string method,
            string path,
            string body = null,
            IEnumerable<KeyValuePair<string, string>> headers = null,
            TimeSpan? timeout = null,
            CancellationToken cancellationToken = default)
        {
            return new Response(200, "{\"devices\": []}");
        }
    }
}
