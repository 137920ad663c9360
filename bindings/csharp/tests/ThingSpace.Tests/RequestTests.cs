using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
#if !TSM_NETSTANDARD
using System.Text.Json.Serialization;
#endif
using System.Threading.Tasks;
using Xunit;

namespace ThingSpace.Tests;

/// <summary>Requests, answers and errors as a program sees them.</summary>
public partial class RequestTests
{
    private const string Filter = """{"accountName":"0000123456-00001"}""";

    [Fact]
    public void An_answer_has_status_headers_and_body()
    {
        using Sandbox sandbox = Sandbox.Start();
        using Session session = sandbox.Login();
        Response response = session.Post(Sandbox.DeviceList, Filter).EnsureSuccess();
        Assert.Equal(200, response.StatusCode);
        Assert.True(response.IsSuccessStatusCode);
        Assert.StartsWith(
            "application/json", response.Headers["content-type"], StringComparison.Ordinal);
        Assert.Equal(
            response.Body.Length.ToString(CultureInfo.InvariantCulture),
            response.Headers["Content-Length"]);
        Assert.Null(response.Headers["No-Such-Header"]);
        Assert.Equal(
            response.Headers.Count, new List<KeyValuePair<string, string>>(response.Headers).Count);
        Assert.Equal(response.Text, Encoding.UTF8.GetString(response.Body));
        Assert.DoesNotContain(response.Text, response.ToString(), StringComparison.Ordinal);
        using var json = JsonDocument.Parse(response.Text);
        Assert.True(json.RootElement.TryGetProperty("devices", out _));
    }

    [Fact]
    public async Task Every_method_arrives_as_itself()
    {
        using Sandbox sandbox = Sandbox.Start();
        using Session session = sandbox.Login();
        byte[] bytes = Encoding.UTF8.GetBytes(Filter);
        sandbox.Control("DELETE", "/log");
        session.Get("/1");
        session.Post("/2", Filter);
        session.Post("/3", bytes);
        session.Put("/4", Filter);
        session.Put("/5", bytes);
        session.Delete("/6");
        await session.GetAsync("/7");
        await session.PostAsync("/8", Filter);
        await session.PostAsync("/9", bytes);
        await session.PutAsync("/10", Filter);
        await session.PutAsync("/11", bytes);
        await session.DeleteAsync("/12");
        session.Send("PATCH", "/13", null);
        int size = bytes.Length;
        Assert.Equal(
            [
                "GET /1 0", $"POST /2 {size}", $"POST /3 {size}", $"PUT /4 {size}",
                $"PUT /5 {size}", "DELETE /6 0",
                "GET /7 0", $"POST /8 {size}", $"POST /9 {size}", $"PUT /10 {size}",
                $"PUT /11 {size}", "DELETE /12 0",
                "PATCH /13 0",
            ],
            Lines(sandbox.Control("GET", "/log")).Select(Described));
    }

    [Fact]
    public void Headers_are_sent()
    {
        using Sandbox sandbox = Sandbox.Start();
        using Session session = sandbox.Login();
        sandbox.Control("DELETE", "/log");
        string text = new('x', 3000);
        session.Get(
            Sandbox.Account,
            new Dictionary<string, string> { ["X-One"] = "1", ["X-Long"] = text });
        string log = sandbox.Control("GET", "/log").ToJsonString().ToUpperInvariant();
        Assert.Contains("X-ONE", log, StringComparison.Ordinal);
        Assert.Contains(new string('X', 3000), log, StringComparison.Ordinal);
    }

    [Fact]
    public void The_documented_pattern_works()
    {
        using Sandbox sandbox = Sandbox.Start();
        SessionOptions options = sandbox.Options();
        options.AutoRelogin = false;
        using Session session = Session.Login(options);
        sandbox.Expire();
        Response response;
        try
        {
            response = session.Post(Sandbox.DeviceList, Filter);
            Assert.Fail("The session was expired.");
        }
        catch (ThingSpaceException ex) when (ex.Code.Contains("SessionToken.Expired"))
        {
            Assert.Equal(TsmStatus.SessionExpired, ex.Status);
            Assert.Equal(400, ex.HttpStatus);
            Assert.NotNull(ex.Token);
            Assert.DoesNotContain(ex.Token, ex.ToString(), StringComparison.Ordinal);
            session.Relogin(ex.Token);
            response = session.Post(Sandbox.DeviceList, Filter);
            session.Relogin(ex.Token);
        }

        Assert.Equal(200, response.StatusCode);
        Assert.Equal(2, sandbox.Count("login"));
    }

    [Fact]
    public async Task The_documented_pattern_works_asynchronously()
    {
        using Sandbox sandbox = Sandbox.Start();
        SessionOptions options = sandbox.Options();
        options.AutoRelogin = false;
        using Session session = await Session.LoginAsync(options);
        sandbox.Expire();
        ThingSpaceException ex = await Assert.ThrowsAsync<ThingSpaceException>(
            () => session.GetAsync(Sandbox.Account));
        Assert.Contains("SessionToken.Expired", ex.Code, StringComparison.Ordinal);
        await session.ReloginAsync(ex.Token);
        Assert.Equal(200, (await session.GetAsync(Sandbox.Account)).StatusCode);
    }

    [Fact]
    public void The_documented_pattern_works_on_SOAP()
    {
        const string Operation =
            """<v2:GetDeviceList xmlns:v2="http://nphase.com/unifiedwebservice/v2"/>""";
        using Sandbox sandbox = Sandbox.Start();
        SessionOptions options = sandbox.Options(ThingSpaceProtocol.Soap);
        options.AutoRelogin = false;
        using Session session = Session.Login(options);
        sandbox.Expire();
        try
        {
            session.SoapCall("DeviceService", "GetDeviceList", Operation);
            Assert.Fail("The session was expired.");
        }
        catch (ThingSpaceException ex) when (ex.Code.Contains("SessionToken.Expired"))
        {
            session.Relogin(ex.Token);
        }

        Response response = session.SoapCall("DeviceService", "GetDeviceList", Operation);
        Assert.Contains(
            "GetDeviceListResponse", response.EnsureSuccess().Text, StringComparison.Ordinal);
        Assert.Equal(0, sandbox.Count("oauth"));
    }

    [Fact]
    public async Task An_expired_session_mends_itself()
    {
        using Sandbox sandbox = Sandbox.Start();
        using Session session = await Session.LoginAsync(sandbox.Options());
        string before = session.Token;
        Assert.Same(before, session.Token);
        sandbox.Expire();
        Assert.Equal(200, (await session.GetAsync(Sandbox.Account)).StatusCode);
        Assert.NotEqual(before, session.Token);
        SessionInfo info = session.Info;
        Assert.Equal(2, info.Logins);
        Assert.Equal(1, info.Resends);
        Assert.Equal(0, info.LoginFailures);
        Assert.Equal(1, info.ApiTokenFetches);
        Assert.Equal("memory:", info.Store);
        Assert.Equal("as long as the process", info.StoreLasts);
        Assert.NotNull(info.TokenAge);
        Assert.DoesNotContain(session.Token, info.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_API_token_is_handed_out_and_renewed()
    {
        using Sandbox sandbox = Sandbox.Start();
        using Session session = sandbox.Login();
        string first = session.GetApiToken();
        Assert.Equal(first, await session.GetApiTokenAsync());
        sandbox.Expire("api_token");
        session.RenewApiToken(first);
        string second = session.GetApiToken();
        Assert.NotEqual(first, second);
        await session.RenewApiTokenAsync(first);
        Assert.Equal(second, session.GetApiToken());
        Assert.Equal(2, sandbox.Count("oauth"));
    }

    [Fact]
    public void After_logout_there_is_no_session_until_relogin()
    {
        using Sandbox sandbox = Sandbox.Start();
        using Session session = sandbox.Login();
        session.Logout();
        Assert.Equal(
            TsmStatus.NotLoggedIn, Assert.Throws<ThingSpaceException>(() => session.Token).Status);
        Assert.Equal(TsmStatus.NotLoggedIn, Assert.Throws<ThingSpaceException>(
            () => session.Get(Sandbox.Account)).Status);
        session.Relogin();
        Assert.Equal(200, session.Get(Sandbox.Account).StatusCode);
    }

    [Fact]
    public void A_bad_answer_is_an_answer_until_success_is_asked_for()
    {
        using Sandbox sandbox = Sandbox.Start();
        using Session session = sandbox.Login();
        sandbox.Fault("api", "status", 1, new JsonObject { ["status"] = 429, ["retry_after"] = 7 });
        Response response = session.Get(Sandbox.Account);
        Assert.Equal(429, response.StatusCode);
        ThingSpaceException first = Assert.Throws<ThingSpaceException>(
            () => response.EnsureSuccess());
        ThingSpaceException second = Assert.Throws<ThingSpaceException>(
            () => response.EnsureSuccess());
        Assert.NotSame(first, second);
        Assert.Equal(TsmStatus.RateLimited, first.Status);
        Assert.Equal(TimeSpan.FromSeconds(7), first.RetryAfter);
        Assert.Equal(429, first.HttpStatus);
        Assert.True(first.Retryable);
        Assert.NotNull(first.Code);
        Assert.Null(first.Token);
    }

    [Fact]
    public void An_answer_too_long_for_an_array_is_an_error()
    {
        Assert.Equal(7, Response.ArrayLength(7));
        ThingSpaceException e = Assert.Throws<ThingSpaceException>(
            () => Response.ArrayLength(int.MaxValue));
        Assert.Equal(TsmStatus.Protocol, e.Status);
        Assert.Contains("MaxResponseBytes", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_the_library_says_of_a_session_is_read()
    {
        var info = new SessionInfo(
            """{"logins":3,"store":"file:\\x \u00e9","token_age_ms":null,"share_token":true}""");
        Assert.Equal(3, info.Logins);
        Assert.Equal(0, info.Requests);
        Assert.Equal("file:\\x \u00e9", info.Store);
        Assert.Null(info.StoreLasts);
        Assert.Null(info.TokenAge);
        Assert.Equal("true", info.Values["share_token"]);
        Assert.Equal(
            TimeSpan.FromSeconds(2), new SessionInfo("""{"token_age_ms":2000}""").TokenAge);
    }

    [Fact]
    public void Errors_name_what_a_program_can_find()
    {
        using Sandbox sandbox = Sandbox.Start();
        using Session session = sandbox.Login();
        session.Logout();
        Assert.Contains("log in again", Assert.Throws<ThingSpaceException>(
            () => session.Token).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Timeouts_are_typed()
    {
        using Sandbox sandbox = Sandbox.Start();
        using Session session = sandbox.Login();
        sandbox.Fault("api", "hold", -1);
        ThingSpaceException e = Assert.Throws<ThingSpaceException>(
            () => session.Get(Sandbox.Account, timeout: TimeSpan.FromMilliseconds(20)));
        Assert.Equal(TsmStatus.Timeout, e.Status);
        Assert.IsType<TimeoutException>(e.InnerException);
        Assert.Contains("0.02 s", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("timeout_ms", e.Message, StringComparison.Ordinal);
        Assert.Null(e.HttpStatus);
        Assert.Equal("", e.Code);
        sandbox.DropFaults();
        Assert.Equal(
            200, session.Get(Sandbox.Account, timeout: TimeSpan.FromMinutes(1)).StatusCode);
        Assert.Equal(200, session.Get(Sandbox.Account).StatusCode);
    }

    [Fact]
    public async Task The_longest_time_is_no_time_limit()
    {
        using Sandbox sandbox = Sandbox.Start();
        using Session session = sandbox.Login();
        Assert.Equal(200, session.Get(Sandbox.Account, timeout: TimeSpan.MaxValue).StatusCode);
        Assert.Equal(
            200, (await session.GetAsync(Sandbox.Account, timeout: TimeSpan.MaxValue)).StatusCode);
        Assert.Equal(TsmStatus.Timeout, Assert.Throws<ThingSpaceException>(
            () => session.Get(Sandbox.Account, timeout: TimeSpan.Zero)).Status);
    }

    [Fact]
    public async Task Timeouts_are_typed_asynchronously()
    {
        using Sandbox sandbox = Sandbox.Start();
        using Session session = sandbox.Login();
        sandbox.Fault("api", "hold", -1);

        // Elsewhere a comma would stand in the number.
        CultureInfo.CurrentCulture = CultureInfo.GetCultureInfo("de-DE");
        ThingSpaceException e = await Assert.ThrowsAsync<ThingSpaceException>(
            () => session.GetAsync(Sandbox.Account, timeout: TimeSpan.FromMilliseconds(20)));
        Assert.Equal(TsmStatus.Timeout, e.Status);
        Assert.Contains("(0.02 s)", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_platform_that_cannot_be_reached_is_a_network_error()
    {
        using Sandbox sandbox = Sandbox.Start();
        using Session session = sandbox.Login();
        sandbox.Fault("api", "reset_before", -1);
        ThingSpaceException e = Assert.Throws<ThingSpaceException>(
            () => session.Get(Sandbox.Account));
        Assert.Equal(TsmStatus.Network, e.Status);
        Assert.Equal("", e.Code);
    }

    [Fact]
    public void TLS_trusts_the_given_root_and_no_other()
    {
        using Sandbox sandbox = Sandbox.Start();
        SessionOptions options = sandbox.Options();
        options.BaseUrl = sandbox.TlsBaseUrl;
        options.CaFile = sandbox.CaFile;
        using (Session session = Session.Login(options))
        {
            Assert.Equal(200, session.Get(Sandbox.Account).StatusCode);
        }

        options.BaseUrl = sandbox.BadTlsBaseUrl;
        Assert.Equal(
            TsmStatus.Tls, Assert.Throws<ThingSpaceException>(() => Session.Login(options)).Status);
    }

    [Fact]
    public void A_rejected_password_is_sent_once_until_unblocked()
    {
        using Sandbox sandbox = Sandbox.Start();
        SessionOptions options = sandbox.Options();
        options.Password = "wrong";
        ThingSpaceException rejected = Assert.Throws<ThingSpaceException>(
            () => Session.Login(options));
        Assert.Equal(TsmStatus.Credentials, rejected.Status);
        Assert.NotEqual("", rejected.Code);
        Assert.Equal(TsmStatus.LoginBlocked, Assert.Throws<ThingSpaceException>(
            () => Session.Login(options)).Status);
        Assert.Equal(1, sandbox.Count("login"));
        Session.Unblock(options);
        Assert.Equal(TsmStatus.Credentials, Assert.Throws<ThingSpaceException>(
            () => Session.Login(options)).Status);
        Assert.Equal(2, sandbox.Count("login"));
    }

    [Fact]
    public void Check_judges_the_answers_of_other_clients()
    {
        Session.Check(200, """{"errorCode":"x"}""");
        Session.Check(200, (byte[]?)null);
        Assert.True(Session.TryCheck(200, null, out ThingSpaceException? none));
        Assert.Null(none);
        ThingSpaceException e = Assert.Throws<ThingSpaceException>(
            () => Session.Check(
                400,
                """
                {"errorCode": "UnifiedWebService.REQUEST_FAILED.SessionToken.Expired",
                 "errorMessage": "m"}
                """));
        Assert.Equal(TsmStatus.SessionExpired, e.Status);
        Assert.Equal("UnifiedWebService.REQUEST_FAILED.SessionToken.Expired", e.Code);
        Assert.False(Session.TryCheck(503, [], out ThingSpaceException? unavailable));
        Assert.Equal(TsmStatus.Unavailable, unavailable.Status);
        Assert.False(Session.TryCheck(429, "slow down", out ThingSpaceException? limited));
        Assert.Equal(TsmStatus.RateLimited, limited.Status);
        Assert.Null(limited.RetryAfter);
        Assert.False(Session.TryCheck(429, "slow down", out limited, retryAfter: "3"));
        Assert.Equal(TimeSpan.FromSeconds(3), limited.RetryAfter);
        Assert.Equal(TimeSpan.FromSeconds(7), Assert.Throws<ThingSpaceException>(
            () => Session.Check(503, "", "7")).RetryAfter);
    }

    [Fact]
    public void A_shared_token_makes_the_second_session_ready()
    {
        using Sandbox sandbox = Sandbox.Start();
        SessionOptions options = sandbox.Options();
        options.ShareToken = true;
        using Session first = Session.Login(options);
        using Session second = Session.Login(options);
        Assert.Equal(first.Token, second.Token);
        Assert.Equal(1, sandbox.Count("login"));
    }

#if !TSM_NETSTANDARD
    [Fact]
    public async Task JSON_goes_in_and_comes_out()
    {
        using Sandbox sandbox = Sandbox.Start();
        using Session session = sandbox.Login();
        Response response = await session.PostAsJsonAsync(
            Sandbox.DeviceList, new { accountName = "0000123456-00001" });
        Assert.Equal(200, response.StatusCode);
        Assert.Equal(JsonValueKind.Array, response.Json().GetProperty("devices").ValueKind);
        Response again = session.PostAsJson(
            Sandbox.DeviceList, new { accountName = "0000123456-00001" });
        Assert.NotNull(again.Json<Devices>()?.DEVICES);
    }

    [Fact]
    public async Task JSON_goes_in_all_ways()
    {
        using Sandbox sandbox = Sandbox.Start();
        using Session session = sandbox.Login();
        var body = new Body("x");
        sandbox.Control("DELETE", "/log");
        session.PostAsJson("/1", body);
        session.PostAsJson("/2", body, Written.Default.Body);
        await session.PostAsJsonAsync("/3", body);
        await session.PostAsJsonAsync("/4", body, Written.Default.Body);
        session.PutAsJson("/5", body);
        session.PutAsJson("/6", body, Written.Default.Body);
        await session.PutAsJsonAsync("/7", body);
        await session.PutAsJsonAsync("/8", body, Written.Default.Body);
        int size = """{"name":"x"}""".Length;
        Assert.Equal(
            [.. Enumerable.Range(1, 8).Select(i => $"{(i <= 4 ? "POST" : "PUT")} /{i} {size}")],
            Lines(sandbox.Control("GET", "/log")).Select(Described));
    }

    private sealed record Devices(JsonElement[] DEVICES);

    internal sealed record Body(string Name);

    [JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
    [JsonSerializable(typeof(Body))]
    internal sealed partial class Written : JsonSerializerContext;
#endif

    private static string Described(JsonNode? line)
    {
        string path = (string)line!["path"]!;
        return $"{line["method"]} {path.Substring(path.LastIndexOf('/'))} {line["body_bytes"]}";
    }

    private static JsonArray Lines(JsonNode log) =>
        log as JsonArray ?? log["log"]?.AsArray() ?? log["lines"]!.AsArray();
}
