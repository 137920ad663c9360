// The same 1 KiB POST by Session.Send and by a warm HttpClient, in turns, against one sandbox; and
// reading the token. Prints one JSON object with the medians of the rounds, wall and processor time
// of this process per call, in microseconds. TSM_BENCH_ROUNDS and TSM_BENCH_CALLS change how long
// it takes.

using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.Linq;
using System.Net.Http;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Threading.Tasks;
using ThingSpace;
using ThingSpace.Tests;

const int TokenReads = 200;

int rounds = Setting("TSM_BENCH_ROUNDS", 25);
int calls = Setting("TSM_BENCH_CALLS", 400);
Repository.UseBuiltLibrary();
using Sandbox sandbox = Sandbox.Start();
sandbox.Set("api_answer_bytes", 1024);
using Session session = sandbox.Login();
using var http = new HttpClient(Sockets());
using var adapted = new HttpClient(new ThingSpaceHandler(session, Sockets()));
var url = new Uri(sandbox.BaseUrl + Sandbox.DeviceList);
string apiToken = session.GetApiToken();
byte[] body = Encoding.UTF8.GetBytes(
    "{\"accountName\":\"0000123456-00001\",\"filler\":\"" + new string('x', 1024 - 46) + "\"}");

var subjects = new (string Name, int PerCall, Func<Task> Once)[]
{
    ("csharp_session_send", 1, () =>
    {
        Require(session.Post(Sandbox.DeviceList, body).StatusCode);
        return Task.CompletedTask;
    }),
    ("csharp_session_send_async", 1, async () =>
        Require((await session.PostAsync(Sandbox.DeviceList, body)).StatusCode)),
    ("csharp_httpclient", 1, async () =>
    {
        using HttpRequestMessage request = Request();
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", apiToken);
        request.Headers.TryAddWithoutValidation("VZ-M2M-Token", session.Token);
        using HttpResponseMessage response = await http.SendAsync(request);
        await response.Content.ReadAsByteArrayAsync();
        Require((int)response.StatusCode);
    }),
    ("csharp_httpclient_blocking", 1, () =>
    {
        using HttpRequestMessage request = Request();
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", apiToken);
        request.Headers.TryAddWithoutValidation("VZ-M2M-Token", session.Token);
        using HttpResponseMessage response = http.Send(request);
        response.Content.ReadAsByteArrayAsync().GetAwaiter().GetResult();
        Require((int)response.StatusCode);
        return Task.CompletedTask;
    }),
    ("csharp_httpclient_handler", 1, async () =>
    {
        using HttpRequestMessage request = Request();
        using HttpResponseMessage response = await adapted.SendAsync(request);
        await response.Content.ReadAsByteArrayAsync();
        Require((int)response.StatusCode);
    }),
    ("csharp_token_read", TokenReads, () =>
    {
        for (int i = 0; i < TokenReads; i++)
        {
            Require(session.Token.Length == 36 ? 200 : 0);
        }

        return Task.CompletedTask;
    }),
};

var measured = subjects.ToDictionary(
    subject => subject.Name, _ => new List<(double Wall, double Cpu)>());
for (int round = -1; round < rounds; round++)
{
    foreach ((string name, int perCall, Func<Task> once) in subjects)
    {
        GC.Collect();
        TimeSpan cpu = Environment.CpuUsage.TotalTime;
        var watch = Stopwatch.StartNew();
        for (int i = 0; i < calls; i++)
        {
            await once();
        }

        watch.Stop();
        cpu = Environment.CpuUsage.TotalTime - cpu;
        double each = 1e6 / ((double)calls * perCall);
        if (round >= 0)
        {
            measured[name].Add((watch.Elapsed.TotalSeconds * each, cpu.TotalSeconds * each));
        }
    }

    Console.Error.WriteLine(round < 0 ? "warmed up" : $"round {round + 1} of {rounds}");
}

Console.WriteLine(JsonSerializer.Serialize(measured.ToDictionary(
    entry => entry.Key,
    entry => new Dictionary<string, double>
    {
        ["wall_us"] = Median(entry.Value.Select(round => round.Wall)),
        ["cpu_us"] = Median(entry.Value.Select(round => round.Cpu)),
    })));

static SocketsHttpHandler Sockets() =>
    new() { UseProxy = false, UseCookies = false, AllowAutoRedirect = false };

HttpRequestMessage Request()
{
    var content = new ByteArrayContent(body);
    var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = content };
    request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
    return request;
}

static double Median(IEnumerable<double> values)
{
    double[] sorted = [.. values.Order()];
    double middle = (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    return Math.Round(middle, 3);
}

static void Require(int status)
{
    if (status != 200)
    {
        throw new InvalidOperationException($"A call answered {status}.");
    }
}

static int Setting(string name, int otherwise) =>
    Environment.GetEnvironmentVariable(name) is { Length: > 0 } text
        ? int.Parse(text, CultureInfo.InvariantCulture)
        : otherwise;
