// A ThingSpace of the test's own: one process, ended with the test.

using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Net.Http;
using System.Text;
using System.Text.Json.Nodes;
using System.Threading;
using System.Threading.Tasks;

namespace ThingSpace.Tests;

internal sealed class Sandbox : IDisposable
{
    internal const string Account = "/m2m/v1/accounts/0000123456-00001";
    internal const string DeviceList = "/m2m/v1/devices/actions/list";

    // The lockout guard of memory: is the process's and counts by host and port, so a port that
    // comes again would bring an older test's count.
    private static readonly HashSet<int> s_used = new();

    private static readonly HttpClient s_http = new(new HttpClientHandler { UseProxy = false });

    private readonly Process _process;

    private Sandbox(Process process, JsonNode places)
    {
        _process = process;
        BaseUrl = (string)places["base_url"]!;
        SoapUrl = (string)places["soap_url"]!;
        ControlUrl = (string)places["control_url"]!;
        TlsBaseUrl = (string)places["tls_base_url"]!;
        BadTlsBaseUrl = (string)places["bad_tls_base_url"]!;
        CaFile = (string)places["ca_file"]!;
    }

    internal string BaseUrl { get; }

    internal string SoapUrl { get; }

    internal string ControlUrl { get; }

    internal string TlsBaseUrl { get; }

    internal string BadTlsBaseUrl { get; }

    internal string CaFile { get; }

    internal static Sandbox Start()
    {
        while (true)
        {
            var start = new ProcessStartInfo(Repository.Sandbox, "--json --exit-with-stdin")
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                UseShellExecute = false,
            };
            Process process = Process.Start(start)!;
            string line = process.StandardOutput.ReadLine() ??
                throw new InvalidOperationException("The sandbox ended at once.");
            var sandbox = new Sandbox(process, JsonNode.Parse(line)!);
            lock (s_used)
            {
                string[] urls = [sandbox.BaseUrl, sandbox.TlsBaseUrl, sandbox.BadTlsBaseUrl];
                int[] ports = [.. urls.Select(static url => new Uri(url).Port)];
                if (!s_used.Overlaps(ports))
                {
                    s_used.UnionWith(ports);
                    return sandbox;
                }
            }

            sandbox.Dispose();
        }
    }

    /// <summary>The options of one who may log in here.</summary>
    internal SessionOptions Options(ThingSpaceProtocol protocol = ThingSpaceProtocol.Rest) => new()
    {
        UseEnvironment = false,
        Protocol = protocol,
        BaseUrl = BaseUrl,
        SoapUrl = SoapUrl,
        Username = "zbeeblebrox",
        Password = "IMgr8",
        AppKey = protocol == ThingSpaceProtocol.Rest ? "key" : null,
        AppSecret = protocol == ThingSpaceProtocol.Rest ? "secret" : null,
        Store = "memory:",
    };

    internal Session Login() => Session.Login(Options());

    internal JsonNode Control(string method, string path, JsonNode? body = null)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), ControlUrl + path);
        if (body is not null)
        {
            request.Content = new StringContent(
                body.ToJsonString(), Encoding.UTF8, "application/json");
        }

        using HttpResponseMessage response =
            Task.Run(() => s_http.SendAsync(request)).GetAwaiter().GetResult();
        string text = Task.Run(() => response.Content.ReadAsStringAsync()).GetAwaiter().GetResult();
        if ((int)response.StatusCode != 200)
        {
            throw new InvalidOperationException($"The sandbox refuses {method} {path}: {text}");
        }

        return JsonNode.Parse(text)!;
    }

    /// <summary>
    /// Deletes a folder in which a session had its store. The library notes there that a password
    /// works some time after the login: what it writes just then stays.
    /// </summary>
    internal static void Discard(string folder)
    {
        try
        {
            Directory.Delete(folder, recursive: true);
        }
        catch (IOException)
        {
            // The system clears its folder for temporary files.
        }
    }

    internal void Expire(string what = "session") =>
        Control("POST", "/expire", new JsonObject { ["what"] = what });

    internal void Fault(string on, string fault, int times = 1, JsonObject? parameters = null)
    {
        JsonObject body = parameters ?? [];
        body["on"] = on;
        body["fault"] = fault;
        body["times"] = times;
        Control("POST", "/faults", body);
    }

    internal void DropFaults() => Control("DELETE", "/faults");

    internal void Set(string setting, JsonNode value) =>
        Control("POST", "/settings", new JsonObject { [setting] = value });

    internal void ChangePassword(string password) => Control(
        "POST",
        "/contacts",
        new JsonObject { ["username"] = "zbeeblebrox", ["password"] = password });

    internal long Count(string counter) => (long)Control("GET", "/state")["counters"]![counter]!;

    /// <summary>Returns when so many of a kind have arrived.</summary>
    internal void WaitFor(string counter, long count)
    {
        var watch = Stopwatch.StartNew();
        while (Count(counter) < count)
        {
            if (watch.Elapsed > TimeSpan.FromMinutes(1))
            {
                throw new TimeoutException($"{counter} did not reach {count}.");
            }

            Thread.Yield();
        }
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        _process.WaitForExit();
        _process.Dispose();
    }
}
