// Says "ready", then does the steps that standard input names, a line each, and answers "done" to
// each, so that who drives it can count what went over the wire meanwhile: "cold" is a login and
// the first request, "request" one request that is mended where the platform refuses a token.
// TSM_BASE_URL and TSM_CA_FILE say where.

using System;
using System.Net.Http;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using System.Threading.Tasks;
using ThingSpace.Tests;

namespace ThingSpace.Bench;

internal static class Trips
{
    internal static async Task Run(string name)
    {
        var place = new Place(Wanted("TSM_BASE_URL"), Wanted("TSM_CA_FILE"), 1024);
        using IClient client = name switch
        {
            "Session" => new BySession(place),
            "ThingSpaceHandler" => new ByHandler(place),
            _ => new ByHand(place),
        };
        Console.WriteLine("ready");
        while (Console.ReadLine() is { } step)
        {
            if (step == "cold")
            {
                await client.LogIn();
            }

            await client.Request();
            Console.WriteLine("done");
        }
    }

    private static string Wanted(string variable) =>
        Environment.GetEnvironmentVariable(variable) ??
        throw new InvalidOperationException($"{variable} is not set.");

    private interface IClient : IDisposable
    {
        Task LogIn();

        Task Request();
    }

    private sealed class BySession(Place place) : IClient
    {
        private Session? _session;

        public void Dispose() => _session?.Dispose();

        public Task LogIn()
        {
            _session = place.Login();
            return Task.CompletedTask;
        }

        public Task Request()
        {
            Place.Require(_session!.Post(Sandbox.DeviceList, place.Body).StatusCode);
            return Task.CompletedTask;
        }
    }

    private sealed class ByHandler(Place place) : IClient
    {
        private HttpClient? _http;

        public void Dispose() => _http?.Dispose();

        public Task LogIn()
        {
            _http = new HttpClient(new ThingSpaceHandler(place.Login(), place.Sockets()));
            return Task.CompletedTask;
        }

        public Task Request() => place.Post(_http!, null, null);
    }

    /// <summary>The platform's documented pattern.</summary>
    private sealed class ByHand(Place place) : IClient
    {
        private readonly HttpClient _http = place.Http();
        private string _apiToken = "";
        private string _token = "";

        public void Dispose() => _http.Dispose();

        public async Task LogIn()
        {
            await FetchApiToken();
            await LogInAlone();
        }

        public async Task Request()
        {
            for (int attempt = 0; attempt < 3; attempt++)
            {
                using HttpRequestMessage request = place.Request(_apiToken, _token);
                using HttpResponseMessage response = await _http.SendAsync(request);
                string text = await response.Content.ReadAsStringAsync();
                if (response.IsSuccessStatusCode)
                {
                    return;
                }

                await (text.Contains("900901", StringComparison.Ordinal)
                    ? FetchApiToken()
                    : LogInAlone());
            }

            Place.Require(0);
        }

        private async Task FetchApiToken()
        {
            string key = Convert.ToBase64String(Encoding.ASCII.GetBytes("key:secret"));
            using HttpRequestMessage request = Post(
                "/ts/v1/oauth2/token", "grant_type=client_credentials",
                "application/x-www-form-urlencoded");
            request.Headers.Authorization = new AuthenticationHeaderValue("Basic", key);
            _apiToken = await Answered(request, "access_token");
        }

        private async Task LogInAlone()
        {
            using HttpRequestMessage request = Post(
                "/m2m/v1/session/login",
                "{\"username\":\"zbeeblebrox\",\"password\":\"IMgr8\"}", "application/json");
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _apiToken);
            _token = await Answered(request, "sessionToken");
        }

        private HttpRequestMessage Post(string path, string body, string type) =>
            new(HttpMethod.Post, place.BaseUrl + path)
            {
                Content = new StringContent(body, Encoding.ASCII, type),
            };

        private async Task<string> Answered(HttpRequestMessage request, string member)
        {
            using HttpResponseMessage response = await _http.SendAsync(request);
            Place.Require((int)response.StatusCode);
            return (string)JsonNode.Parse(await response.Content.ReadAsStringAsync())![member]!;
        }
    }
}
