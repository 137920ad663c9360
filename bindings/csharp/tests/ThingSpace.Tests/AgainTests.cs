using System;
using System.Collections.Generic;
using System.Linq;
using System.Net.Http;
using System.Text.Json.Nodes;
#if !TSM_NETSTANDARD
using System.Threading;
#endif
using System.Threading.Tasks;
using Xunit;

namespace ThingSpace.Tests;

/// <summary>
/// Requests that begin where the one before ended: what they know of it saves them most of the
/// work, and must not be wrong.
/// </summary>
public sealed class AgainTests : IDisposable
{
    private const string Filter = """{"accountName":"0000123456-00001"}""";

    private readonly Sandbox _sandbox = Sandbox.Start();
    private readonly Session _session;
    private readonly HttpClient _http;

    public AgainTests()
    {
        _session = _sandbox.Login();
        _http = new HttpClient(new ThingSpaceHandler(_session))
        {
            BaseAddress = _session.BaseAddress,
        };
    }

    public void Dispose()
    {
        _http.Dispose();
        _session.Dispose();
        _sandbox.Dispose();
    }

    [Fact]
    public async Task Tokens_that_somebody_renewed_go_with_the_next_request()
    {
        await AskBothWays();
        _session.Relogin();
        await AskBothWays();
        _session.RenewApiToken();
        await AskBothWays();
        _sandbox.Expire();
        await AskBothWays();
        await AskBothWays();
        int[] statuses = [.. Answers().Select(answer => (int)answer["status"]!)];
        Assert.Equal([200, 200, 200, 200, 200, 200, 400, 200, 200, 200, 200], statuses);
    }

    [Fact]
    public async Task Each_request_may_have_its_token_renewed()
    {
        await AskBothWays();
        for (int i = 0; i < 3; i++)
        {
            _sandbox.Expire();
            await AskBothWays();
        }

        Assert.Equal(4, _sandbox.Count("login"));
    }

    [Fact]
    public async Task Another_request_is_another_whatever_went_before()
    {
        var headers = new Dictionary<string, string> { ["X-Mine"] = "1" };
        for (int i = 0; i < 2; i++)
        {
            await _session.GetAsync("/a");
            await _session.GetAsync("/a");
            await _session.PostAsync("/a", Filter);
            await _session.PostAsync("/a");
            await _session.GetAsync("/a", headers);
            await _session.GetAsync("/b");
            await Assert.ThrowsAsync<ArgumentException>(() => _session.GetAsync("/c#d"));
        }

        string[] sent = [.. Answers().Select(answer =>
            $"{answer["method"]} {answer["path"]} {answer["body_bytes"]} " +
            (answer["headers"]!.ToJsonString().Contains("x-mine", StringComparison.OrdinalIgnoreCase)
                ? "mine"
                : ""))];
        string path = new Uri(_sandbox.BaseUrl).AbsolutePath;
        string[] wanted =
        [
            $"GET {path}/a 0 ", $"GET {path}/a 0 ", $"POST {path}/a {Filter.Length} ",
            $"POST {path}/a 0 ", $"GET {path}/a 0 mine", $"GET {path}/b 0 ",
        ];
        Assert.Equal([.. wanted, .. wanted], sent);
    }

    [Fact]
    public async Task Every_request_is_counted()
    {
        for (int i = 0; i < 5; i++)
        {
            await AskBothWays();
        }

        Assert.Equal(10, _session.Info.Requests);
    }

    [Fact]
    public async Task Many_at_once_and_again_are_all_answered()
    {
        for (int round = 0; round < 3; round++)
        {
            await Task.WhenAll(Enumerable.Range(0, 40).Select(_ => AskBothWays()));
            _sandbox.Expire();
        }

        Assert.Equal(3, _sandbox.Count("login"));
        Assert.Equal(240, _session.Info.Requests);
    }

    [Fact]
    public async Task An_address_that_leads_out_of_the_base_URL_is_still_taken_as_one_below()
    {
        await AskBothWays();
        string account = Sandbox.Account.TrimStart('/');
        foreach (string address in new[]
        {
            _sandbox.BaseUrl + "/../" + account,
            _sandbox.BaseUrl + "/./" + account,
            _sandbox.BaseUrl + "/%2E%2e/" + account,
            _sandbox.BaseUrl + "\\..\\" + account,
        })
        {
            using HttpResponseMessage answer = await _http.GetAsync(new Uri(address));
            Assert.Equal(200, (int)answer.StatusCode);
        }

        var elsewhere = new Uri(_sandbox.BaseUrl.Replace("://", "://user@"));
        await Assert.ThrowsAsync<InvalidOperationException>(() => _http.GetAsync(elsewhere));
    }

    [Fact]
    public async Task A_session_that_ended_begins_none()
    {
        await AskBothWays();
        _session.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(
            () => _http.GetAsync(_sandbox.BaseUrl + Sandbox.Account));
        await Assert.ThrowsAsync<ObjectDisposedException>(
            () => _session.GetAsync(Sandbox.Account));
    }

#if !TSM_NETSTANDARD
    /// <summary>What it takes beside the bare client, in bytes: time would not repeat.</summary>
    [Fact]
    public async Task The_handler_makes_next_to_nothing_for_a_request()
    {
        using var bare = new HttpMessageInvoker(new Fine());
        using var handled = new HttpMessageInvoker(new ThingSpaceHandler(_session, new Fine()));
        long least = long.MaxValue;
        for (int i = 0; i < 50; i++)
        {
            least = Math.Min(least, await Allocated(handled) - await Allocated(bare));
        }

        Assert.InRange(least, 0, 500);

        async Task<long> Allocated(HttpMessageInvoker client)
        {
            using var request = new HttpRequestMessage(
                HttpMethod.Get, _sandbox.BaseUrl + Sandbox.Account);
            long before = GC.GetAllocatedBytesForCurrentThread();
            using HttpResponseMessage answer = await client.SendAsync(request, default);
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }
    }

    /// <summary>Answers at once.</summary>
    private sealed class Fine : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(
            HttpRequestMessage request, CancellationToken cancellationToken) =>
            Task.FromResult(new HttpResponseMessage());
    }
#endif

    private async Task AskBothWays()
    {
        using HttpResponseMessage answer = await _http.GetAsync(
            new Uri(Sandbox.Account.TrimStart('/'), UriKind.Relative));
        Assert.Equal(200, (int)answer.StatusCode);
        Assert.Equal(200, (await _session.GetAsync(Sandbox.Account)).StatusCode);
    }

    private JsonNode[] Answers() => [.. _sandbox.Control("GET", "/log").AsArray()
        .Where(line => (string)line!["kind"]! is not ("login" or "oauth"))
        .Select(line => line!)];
}
