// Where the platform is and whom to trust, and the one POST that everything here sends to it.

using System;
using System.IO;
using System.Net.Http;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Threading.Tasks;
using ThingSpace.Tests;

namespace ThingSpace.Bench;

internal sealed class Place(string baseUrl, string caFile, int bytes)
{
    internal string BaseUrl { get; } = baseUrl;

    internal byte[] Body { get; } = Encoding.UTF8.GetBytes(
        "{\"accountName\":\"0000123456-00001\",\"filler\":\"" + new string('x', bytes - 46) + "\"}");

    internal Session Login() => Session.Login(new SessionOptions
    {
        UseEnvironment = false,
        BaseUrl = BaseUrl,
        CaFile = caFile,
        Username = "zbeeblebrox",
        Password = "IMgr8",
        AppKey = "key",
        AppSecret = "secret",
        Store = "memory:",
    });

    internal HttpClient Http() => new(Sockets());

    internal SocketsHttpHandler Sockets()
    {
        var trust = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
        };
        trust.CustomTrustStore.ImportFromPem(File.ReadAllText(caFile));
        return new SocketsHttpHandler
        {
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = trust },
        };
    }

    internal async Task Post(HttpClient http, string? apiToken, string? token)
    {
        using HttpRequestMessage request = Request(apiToken, token);
        using HttpResponseMessage response = await http.SendAsync(request);
        await response.Content.ReadAsByteArrayAsync();
        Require((int)response.StatusCode);
    }

    internal void PostBlocking(HttpClient http, string? apiToken, string? token)
    {
        using HttpRequestMessage request = Request(apiToken, token);
        using HttpResponseMessage response = http.Send(request);
        response.Content.ReadAsByteArrayAsync().GetAwaiter().GetResult();
        Require((int)response.StatusCode);
    }

    /// <summary>Without tokens, for a handler that adds them.</summary>
    internal HttpRequestMessage Request(string? apiToken, string? token)
    {
        var url = new Uri(BaseUrl + Sandbox.DeviceList);
        var content = new ByteArrayContent(Body);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = content };
        if (apiToken is not null)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", apiToken);
            request.Headers.TryAddWithoutValidation("VZ-M2M-Token", token);
        }

        return request;
    }

    internal static void Require(int status)
    {
        if (status != 200)
        {
            throw new InvalidOperationException($"A call answered {status}.");
        }
    }
}
