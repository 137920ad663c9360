using System;
using System.Collections.Generic;
#if !TSM_NETSTANDARD
using System.Diagnostics;
#endif
using System.IO;
using System.Linq;
using System.Text;
using System.Text.Json.Nodes;
using System.Threading;
using System.Threading.Tasks;
using Xunit;

namespace ThingSpace.Tests;

/// <summary>
/// Asynchronous requests, and those whose body is a stream, beside the blocking ones: what carries
/// them is another client, and nobody shall notice.
/// </summary>
public class CarriedTests
{
    private const string Filter = """{"accountName":"0000123456-00001"}""";

    [Fact]
    public async Task The_same_goes_over_the_wire_either_way()
    {
        using Sandbox sandbox = Sandbox.Start();
        using Session session = sandbox.Login();
        var headers = new Dictionary<string, string>
        {
            ["X-One"] = "1",
            ["Accept"] = "text/csv",
            ["Content-Language"] = "en",
            ["X-Place"] = "Zürich",
        };
        sandbox.Control("DELETE", "/log");
        session.Post("/a%2Fb//c/../d?x=%41&y", Filter, headers);
        session.Delete("/e");
        session.Send("patch", "/e");
        session.Send("Report", "/e");
        await session.PostAsync("/a%2Fb//c/../d?x=%41&y", Filter, headers);
        await session.DeleteAsync("/e");
        await session.SendAsync("patch", "/e");
        await session.SendAsync("Report", "/e");
        JsonArray log = Log(sandbox);
        Assert.Equal(8, log.Count);
        Assert.Equal("PATCH", (string)log[2]!["method"]!);
        Assert.Equal("REPORT", (string)log[3]!["method"]!);
        for (int i = 0; i < 4; i++)
        {
            JsonNode one = log[i]!, other = log[i + 4]!;
            Assert.Equal((string)one["method"]!, (string)other["method"]!);
            Assert.Equal((string)one["path"]!, (string)other["path"]!);
            Assert.Equal((long)one["body_bytes"]!, (long)other["body_bytes"]!);
            Assert.Equal(Headers(one), Headers(other));
        }
    }

    [Fact]
    public void The_rest_of_an_answer_is_not_waited_for()
    {
        using Sandbox sandbox = Sandbox.Start();
        using Session session = sandbox.Login();
        // Of a day for each byte: nobody would live to see the end.
        sandbox.Fault("api", "drip", 1, new JsonObject { ["ms"] = 86_400_000 });
        Assert.Equal(TsmStatus.Timeout, Assert.Throws<ThingSpaceException>(() => session.Send(
            "POST",
            Sandbox.DeviceList,
            new MemoryStream(Encoding.UTF8.GetBytes(Filter)),
            timeout: TimeSpan.FromMilliseconds(200))).Status);
    }

    [Theory]
    [InlineData("m2m/v1/accounts/0000123456-00001")]
    [InlineData("/m2m/v1/accounts/0000123456-00001")]
    public async Task A_path_means_the_same_with_and_without_a_slash(string path)
    {
        using Sandbox sandbox = Sandbox.Start();
        using Session session = sandbox.Login();
        Assert.Equal(200, session.Get(path).StatusCode);
        Assert.Equal(200, (await session.GetAsync(path)).StatusCode);
    }

    [Theory]
    [InlineData("")]
    [InlineData("//host/m2m")]
    [InlineData("https://host/m2m")]
    [InlineData("/a b")]
    [InlineData("/a#b")]
    public async Task A_path_that_is_none_is_refused(string path)
    {
        using Sandbox sandbox = Sandbox.Start();
        using Session session = sandbox.Login();
        Assert.Throws<ArgumentException>(() => session.Get(path));
        await Assert.ThrowsAsync<ArgumentException>(() => session.GetAsync(path));
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public async Task A_stream_is_sent_and_sent_again_where_it_can_seek(bool canSeek, bool isAsync)
    {
        using Sandbox sandbox = Sandbox.Start();
        using Session session = sandbox.Login();
        byte[] bytes = Encoding.UTF8.GetBytes("##" + Filter);
        using Stream body = canSeek ? new MemoryStream(bytes) : new OneWay(bytes);
        body.ReadByte();
        body.ReadByte();
        async Task<Response> Send() => isAsync
            ? await session.PostAsync(Sandbox.DeviceList, body)
            : session.Post(Sandbox.DeviceList, body);
        sandbox.Control("DELETE", "/log");
        sandbox.Expire();
#if TSM_NETSTANDARD
        bool isKept = true;
#else
        bool isKept = canSeek;
#endif
        if (isKept)
        {
            Assert.Equal(200, (await Send()).StatusCode);
            long[] sizes =
            [
                .. Log(sandbox).Where(static entry => (string)entry!["kind"]! == "api")
                    .Select(static entry => (long)entry!["body_bytes"]!),
            ];
            Assert.Equal([Filter.Length, Filter.Length], sizes);
        }
        else
        {
            string before = session.Token;
            ThingSpaceException e = await Assert.ThrowsAsync<ThingSpaceException>(Send);
            Assert.Equal(TsmStatus.SessionExpired, e.Status);
            Assert.Equal(before, e.Token);
            Assert.True(e.Retryable);
            Assert.NotEqual(before, session.Token);
        }

        Assert.True(body.CanRead);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_a_stream_throws_is_the_program_s_own(bool isAsync)
    {
        using Sandbox sandbox = Sandbox.Start();
        using Session session = sandbox.Login();
        Exception[] failures =
        [
            new IOException("mine"), new InvalidOperationException("mine"),
            new ObjectDisposedException("mine"), new OperationCanceledException("mine"),
        ];
        foreach (Exception failure in failures)
        {
            Assert.Same(failure, await Record.ExceptionAsync(() => Send(new Failing(failure))));
        }

        var closed = new MemoryStream();
        closed.Dispose();
        ArgumentException e = await Assert.ThrowsAsync<ArgumentException>(() => Send(closed));
        Assert.Equal("body", e.ParamName);
        Assert.Equal(200, (await session.GetAsync(Sandbox.Account)).StatusCode);

        async Task<Response> Send(Stream body) => isAsync
            ? await session.PostAsync(Sandbox.DeviceList, body)
            : session.Post(Sandbox.DeviceList, body);
    }

    [Fact]
    public async Task A_stream_that_heeds_nothing_is_not_waited_for()
    {
        using Sandbox sandbox = Sandbox.Start();
        using Session session = sandbox.Login();
        using var cancellation = new CancellationTokenSource();
        var body = new Failing(null);
        Task<Response> call = session.PostAsync(
            Sandbox.DeviceList, body, cancellationToken: cancellation.Token);
        await body.IsRead;
        cancellation.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        ThingSpaceException e = await Assert.ThrowsAsync<ThingSpaceException>(
            () => session.PostAsync(
                Sandbox.DeviceList, new Failing(null), timeout: TimeSpan.FromMilliseconds(50)));
        Assert.Equal(TsmStatus.Timeout, e.Status);
    }

    [Fact]
    public async Task An_answer_is_bounded()
    {
        using Sandbox sandbox = Sandbox.Start();
        SessionOptions options = sandbox.Options();
        options.MaxResponseBytes = 5000;
        using Session session = Session.Login(options);
        sandbox.Set("api_answer_bytes", 5000);
        Task<Response> Ask() => session.PostAsync(Sandbox.DeviceList, Filter);
        Assert.Equal(5000, (await Ask()).Body.Length);
        sandbox.Set("api_answer_bytes", 5001);
        ThingSpaceException e = await Assert.ThrowsAsync<ThingSpaceException>(Ask);
        Assert.Equal(TsmStatus.Protocol, e.Status);
        Assert.False(e.Retryable);
    }

    [Fact]
    public async Task Who_is_not_to_be_trusted_is_not_sent_to()
    {
        using Sandbox sandbox = Sandbox.Start();
        SessionOptions options = sandbox.Options();
        options.BaseUrl = sandbox.TlsBaseUrl;
        options.CaFile = sandbox.CaFile;
        using Session session = Session.Login(options);
        Assert.Equal(200, (await session.GetAsync(Sandbox.Account)).StatusCode);
    }

    [Fact]
    public async Task A_protocol_that_nobody_asked_for_is_no_answer()
    {
        using Sandbox sandbox = Sandbox.Start();
        using Session session = sandbox.Login();
        sandbox.Fault("api", "interim", -1, new JsonObject { ["interim"] = new JsonArray(101) });
        foreach (Func<Task> call in new Func<Task>[]
        {
            () => Task.Run(() => session.Get(Sandbox.Account)),
            () => session.GetAsync(Sandbox.Account),
        })
        {
            ThingSpaceException e = await Assert.ThrowsAsync<ThingSpaceException>(call);
            Assert.Equal(TsmStatus.Protocol, e.Status);
        }
    }

#if !TSM_NETSTANDARD
    [Theory]
    [InlineData("reset_before")]
    [InlineData("close_after")]
    [InlineData("half_body")]
    public async Task A_connection_that_broke_says_what_broke_it(string fault)
    {
        using Sandbox sandbox = Sandbox.Start();
        using Session session = sandbox.Login();
        sandbox.Fault("api", fault, -1);
        ThingSpaceException e = await Assert.ThrowsAsync<ThingSpaceException>(
            () => session.PostAsync(Sandbox.DeviceList, "{}"));
        Assert.Equal(TsmStatus.Network, e.Status);
        Assert.EndsWith(e.GetBaseException().Message, e.Message, StringComparison.Ordinal);
    }
#endif

    [Fact]
    public async Task Errors_are_of_the_same_kind_either_way()
    {
        Sandbox sandbox = Sandbox.Start();
        using Session session = sandbox.Login();
        await session.GetAsync(Sandbox.Account);
        sandbox.Dispose();
        ThingSpaceException one = Assert.Throws<ThingSpaceException>(
            () => session.Get(Sandbox.Account));
        ThingSpaceException other = await Assert.ThrowsAsync<ThingSpaceException>(
            () => session.GetAsync(Sandbox.Account));
        Assert.Equal(TsmStatus.Network, one.Status);
        Assert.Equal((one.Status, one.Retryable), (other.Status, other.Retryable));
        Assert.Contains(
            new Uri(sandbox.BaseUrl).Authority, other.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_refusal_that_stays_is_an_error_with_its_token()
    {
        using Sandbox sandbox = Sandbox.Start();
        SessionOptions options = sandbox.Options();
        options.AutoRelogin = false;
        using Session session = Session.Login(options);
        sandbox.Expire();
        ThingSpaceException e = await Assert.ThrowsAsync<ThingSpaceException>(
            () => session.GetAsync(Sandbox.Account));
        Assert.Equal(TsmStatus.SessionExpired, e.Status);
        Assert.Equal(session.Token, e.Token);
        Assert.Contains("SessionToken.Expired", e.Code, StringComparison.Ordinal);
    }

    [Fact]
    public async Task When_to_try_again_is_passed_on()
    {
        using Sandbox sandbox = Sandbox.Start();
        using Session session = sandbox.Login();
        sandbox.Fault(
            "api", "status", 2, new JsonObject { ["status"] = 429, ["retry_after"] = 7 });
        foreach (Response answer in new[]
        {
            session.Get(Sandbox.Account), await session.GetAsync(Sandbox.Account),
        })
        {
            ThingSpaceException e = Assert.Throws<ThingSpaceException>(answer.EnsureSuccess);
            Assert.Equal(TsmStatus.RateLimited, e.Status);
            Assert.Equal(TimeSpan.FromSeconds(7), e.RetryAfter);
        }
    }

    [Fact]
    public async Task SOAP_calls_are_mended_asynchronously()
    {
        const string Body = "<v2:GetDeviceList " +
            "xmlns:v2=\"http://nphase.com/unifiedwebservice/v2\"><v2:Input/></v2:GetDeviceList>";
        using Sandbox sandbox = Sandbox.Start();
        using Session session = Session.Login(sandbox.Options(ThingSpaceProtocol.Soap));
        for (int i = 0; i < 2; i++)
        {
            Response answer =
                await session.SoapCallAsync("DeviceService", "GetDeviceList", Body);
            Assert.Contains(
                "GetDeviceListResponse", answer.EnsureSuccess().Text, StringComparison.Ordinal);
            sandbox.Expire();
        }

        Assert.Equal(2, session.Info.Logins);
    }

    [Fact]
    public async Task A_long_store_path_leaves_a_session()
    {
        using Sandbox sandbox = Sandbox.Start();
        string top = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        try
        {
            string folder = Path.Combine(
                [top, .. Enumerable.Repeat(new string('x', 200), 18)]);
            Directory.CreateDirectory(folder);
            SessionOptions options = sandbox.Options();
            options.Store = "file:" + folder;
            using Session session = await Session.LoginAsync(options);
            Assert.Equal(options.Store, session.Info.Store);
        }
        finally
        {
            Sandbox.Discard(top);
        }
    }

    [Fact]
    public void A_page_is_no_success()
    {
        Assert.False(Session.TryCheck(200, "<html>", out ThingSpaceException? error));
        Assert.Equal(TsmStatus.Protocol, error.Status);
        Assert.Throws<ThingSpaceException>(
            () => new Response(200, "<!DOCTYPE html><p>").EnsureSuccess());
        Assert.Equal(200, new Response(200, "{}").EnsureSuccess().StatusCode);
    }

    [Fact]
    public void An_answer_can_be_made_for_a_test()
    {
        var headers = new Dictionary<string, string> { ["Retry-After"] = "3" };
        var answer = new Response(429, "{\"a\":1}", headers);
        Assert.Equal("{\"a\":1}", answer.Text);
        ThingSpaceException e = Assert.Throws<ThingSpaceException>(answer.EnsureSuccess);
        Assert.Equal(TimeSpan.FromSeconds(3), e.RetryAfter);
        Assert.Empty(new Response(204).Body);
        Assert.Empty(new Response(204).Headers);
    }

#if !TSM_NETSTANDARD
    [Fact]
    public async Task Requests_that_hang_hold_no_threads()
    {
        using Sandbox sandbox = Sandbox.Start();
        using Session session = sandbox.Login();
        await session.GetAsync(Sandbox.Account);
        sandbox.Fault("api", "hold", -1);
        Task<Response>[] held =
            [.. Enumerable.Range(0, 256).Select(_ => session.GetAsync(Sandbox.Account))];
        sandbox.WaitFor("api", 257);
        using var process = Process.GetCurrentProcess();
        Assert.InRange(process.Threads.Count, 1, 150);
        sandbox.DropFaults();
        Assert.All(await Task.WhenAll(held), answer => Assert.Equal(200, answer.StatusCode));
    }
#endif

    [Fact]
    public async Task Logins_and_tokens_do_not_wait_for_requests()
    {
        using Sandbox sandbox = Sandbox.Start();
        using Session session = await Session.LoginAsync(sandbox.Options());
        sandbox.Fault("api", "hold", -1);
        Task<Response>[] held =
            [.. Enumerable.Range(0, 300).Select(_ => session.GetAsync(Sandbox.Account))];
        sandbox.WaitFor("api", 256);
        string before = session.Token;
        await session.ReloginAsync(before);
        Assert.NotEqual(before, session.Token);
        await session.RenewApiTokenAsync();
        Assert.Equal(session.GetApiToken(), await session.GetApiTokenAsync());
        sandbox.DropFaults();
        await Task.WhenAll(held);
        await session.LogoutAsync();
    }

    private static JsonArray Log(Sandbox sandbox) =>
        sandbox.Control("GET", "/log") is JsonArray lines
            ? lines
            : throw new InvalidOperationException("The log is no list.");

    private static string[] Headers(JsonNode entry) =>
    [
        .. entry["headers"]!.AsObject()
            .Select(static header => $"{header.Key}: {header.Value}".ToLowerInvariant())
            .Where(static line => !line.StartsWith("connection:", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal),
    ];

    /// <summary>A stream that cannot seek.</summary>
    private sealed class OneWay(byte[] bytes) : MemoryStream(bytes)
    {
        public override bool CanSeek => false;
    }

    /// <summary>A stream that fails, or that never has anything.</summary>
    private sealed class Failing(Exception? failure) : MemoryStream
    {
        private readonly TaskCompletionSource<bool> _isRead = new();

        internal Task IsRead => _isRead.Task;

        public override bool CanSeek => false;

        public override int Read(byte[] buffer, int offset, int count) => throw failure!;

        public override Task<int> ReadAsync(
            byte[] buffer, int offset, int count, CancellationToken cancellationToken) => Read();

        public override ValueTask<int> ReadAsync(
            Memory<byte> buffer, CancellationToken cancellationToken = default) => new(Read());

        private Task<int> Read()
        {
            _isRead.TrySetResult(true);
            return failure is null
                ? new TaskCompletionSource<int>().Task
                : Task.FromException<int>(failure);
        }
    }
}
