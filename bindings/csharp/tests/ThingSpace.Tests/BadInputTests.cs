using System;
using System.Collections.Generic;
using System.Linq;
using System.Net.Http;
using System.Text.Json.Nodes;
using System.Threading.Tasks;
using Xunit;

namespace ThingSpace.Tests;

/// <summary>
/// What a program may get wrong: the language's own kind of error, never a crash or a hang.
/// </summary>
public class BadInputTests
{
    private const string HalfAPair = "\uD83D";

    [Fact]
    public async Task Null_where_text_is_due()
    {
        using Sandbox sandbox = Sandbox.Start();
        using Session session = sandbox.Login();
        Assert.Equal("method", Assert.Throws<ArgumentNullException>(
            () => session.Send(null!, "/")).ParamName);
        Assert.Equal(
            "path", Assert.Throws<ArgumentNullException>(() => session.Get(null!)).ParamName);
        ArgumentNullException e = await Assert.ThrowsAsync<ArgumentNullException>(
            () => session.GetAsync(null!));
        Assert.Equal("path", e.ParamName);
        Assert.Equal(
            "json", Assert.Throws<ArgumentNullException>(() => new SessionInfo(null!)).ParamName);
        Assert.Throws<ArgumentNullException>(() => session.SoapCall(null!, "a", "<a/>"));
        Assert.Throws<ArgumentNullException>(() => session.SoapCall("a", null!, "<a/>"));
        Assert.Throws<ArgumentNullException>(() => session.SoapCall("a", "a", null!));
        Assert.Equal("session", Assert.Throws<ArgumentNullException>(
            () => new ThingSpaceHandler(null!)).ParamName);
        Assert.Equal("innerHandler", Assert.Throws<ArgumentNullException>(
            () => new ThingSpaceHandler(session, null!)).ParamName);
        Assert.Throws<ArgumentException>(
            () => session.Get(Sandbox.Account, [new KeyValuePair<string, string>(null!, "x")]));
        Assert.Throws<ArgumentException>(
            () => session.Get(Sandbox.Account, [new KeyValuePair<string, string>("X", null!)]));
    }

    [Theory]
    [InlineData("half a pair")]
    [InlineData("the other half")]
    [InlineData("NUL")]
    public void Text_that_is_no_text(string what)
    {
        // Attributes are stored as UTF-8, which cannot hold the first two.
        string text = what switch
        {
            "half a pair" => HalfAPair,
            "the other half" => "\uDE00x",
            _ => "a\0b",
        };
        using Sandbox sandbox = Sandbox.Start();
        using Session session = sandbox.Login();
        string longer = text + new string('x', 5000);
        Assert.Throws<ArgumentException>(() => session.Send(text, "/"));
        Assert.Throws<ArgumentException>(() => session.Get("/" + text));
        Assert.Throws<ArgumentException>(() => session.Get("/" + longer));
        Assert.Equal("expiredToken", Assert.Throws<ArgumentException>(
            () => session.Relogin(text)).ParamName);
        Assert.Equal("rejectedToken", Assert.Throws<ArgumentException>(
            () => session.RenewApiToken(text)).ParamName);
        Assert.Throws<ArgumentException>(() => session.Get(Sandbox.Account, Header("X", text)));
        Assert.Throws<ArgumentException>(() => session.Get(Sandbox.Account, Header(text, "x")));
        SessionOptions options = sandbox.Options();
        options.Password = text;
        Assert.Throws<ArgumentException>(() => Session.Login(options));
        options.Password = longer;
        Assert.Throws<ArgumentException>(() => Session.Login(options));
        Assert.Equal(1, sandbox.Count("login"));
        Assert.Equal(0, sandbox.Count("api"));
    }

    [Fact]
    public void A_body_that_is_no_text()
    {
        using Sandbox sandbox = Sandbox.Start();
        using Session session = sandbox.Login();
        Assert.Throws<ArgumentException>(() => session.Post(Sandbox.DeviceList, HalfAPair));
        Assert.Throws<ArgumentException>(
            () => session.Post(Sandbox.DeviceList, HalfAPair + new string('x', 10_000)));
    }

    [Theory]
    [InlineData("Authorization", "Bearer x")]
    [InlineData("vz-m2m-token", "x")]
    [InlineData("Host", "x")]
    [InlineData("Content-Length", "0")]
    [InlineData("Bad Name", "x")]
    [InlineData("X:Y", "x")]
    [InlineData("", "x")]
    [InlineData("X", "a\r\nInjected: b")]
    public void Headers_that_are_refused(string name, string value)
    {
        using Sandbox sandbox = Sandbox.Start();
        using Session session = sandbox.Login();
        Assert.Equal("headers", Assert.Throws<ArgumentException>(
            () => session.Get(Sandbox.Account, Header(name, value))).ParamName);
        Assert.Equal(0, sandbox.Count("api"));
    }

    [Theory]
    [InlineData("GET", "", "path")]
    [InlineData("GET", "//elsewhere/a", "path")]
    [InlineData("GET", "https://elsewhere/a", "path")]
    [InlineData("GET", "/a b", "path")]
    [InlineData("POST", "/m2m/v1/session/login", "path")]
    [InlineData("G T", "/a", "method")]
    [InlineData("connect", "/a", "method")]
    public async Task What_is_wrong_has_its_name(string method, string path, string parameter)
    {
        using Sandbox sandbox = Sandbox.Start();
        using Session session = sandbox.Login();
        Assert.Equal(parameter, Assert.Throws<ArgumentException>(
            () => session.Send(method, path)).ParamName);
        ArgumentException e = await Assert.ThrowsAsync<ArgumentException>(
            () => session.SendAsync(method, path));
        Assert.Equal(parameter, e.ParamName);
    }

    [Fact]
    public void What_is_wrong_with_other_calls_has_its_name_too()
    {
        using Sandbox sandbox = Sandbox.Start();
        using Session rest = sandbox.Login();
        using Session soap = Session.Login(sandbox.Options(ThingSpaceProtocol.Soap));
        var login = new Uri(sandbox.BaseUrl + "/m2m/v1/session/login");
        foreach ((string parameter, Action call) in new (string, Action)[]
        {
            ("httpStatus", () => Session.Check(0, "")),
            ("httpStatus", () => new Response(0).EnsureSuccess()),
            ("url", () => rest.BeginExchange(login)),
            ("url", () => rest.BeginExchange(new Uri("https://elsewhere/"))),
            ("operation", () => soap.SoapCall("SessionService", "LogIn", "<a/>")),
            ("operation", () => soap.SoapCallAsync("SessionService", "LogIn", "<a/>")
                .GetAwaiter().GetResult()),
            ("Protocol", () => soap.Get(Sandbox.Account)),
            ("Protocol", () => soap.GetApiToken()),
            ("Protocol", () => rest.SoapCall("DeviceService", "GetDeviceList", "<a/>")),
        })
        {
            ArgumentException e = Assert.Throws<ArgumentException>(call);
            Assert.Equal(parameter, e.ParamName);
            Assert.DoesNotContain("http_status", e.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task What_has_no_arguments_names_none()
    {
        using Sandbox sandbox = Sandbox.Start();
        using Session session = sandbox.Login();
        using var http = new HttpClient(new ThingSpaceHandler(session));
        using Exchange exchange = session.BeginExchange();
        foreach (InvalidOperationException e in new[]
        {
            await Assert.ThrowsAsync<InvalidOperationException>(
                () => http.GetAsync(new Uri("https://elsewhere/"))),
            Assert.Throws<InvalidOperationException>(() => exchange.Answered(0, "")),
        })
        {
            Assert.NotNull(Assert.IsType<ArgumentException>(e.InnerException).ParamName);
            Assert.DoesNotContain("arameter", e.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Times_that_are_none()
    {
        using Sandbox sandbox = Sandbox.Start();
        using Session session = sandbox.Login();
        Assert.Throws<ArgumentOutOfRangeException>(
            () => session.Get(Sandbox.Account, timeout: TimeSpan.FromTicks(-1)));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
            () => session.GetAsync(
                Sandbox.Account, timeout: System.Threading.Timeout.InfiniteTimeSpan));
        SessionOptions options = sandbox.Options();
        options.Timeout = TimeSpan.FromSeconds(-1);
        Assert.Throws<ArgumentOutOfRangeException>(() => Session.Login(options));
    }

    [Fact]
    public async Task Options_that_do_not_hold()
    {
        ArgumentException e = Assert.Throws<ArgumentException>(
            () => Session.Login(new SessionOptions { UseEnvironment = false }));
        Assert.Contains("Username", e.Message, StringComparison.Ordinal);
        var options = new SessionOptions { UseEnvironment = false, Other = { ["usrname"] = "x" } };
        Assert.Contains("username", Assert.Throws<ArgumentException>(
            () => Session.Login(options)).Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<ArgumentException>(() => Session.LoginAsync(options));
        Assert.Throws<ArgumentException>(
            () => Session.Login(new SessionOptions { MaxLoginFailures = 5 }));
        Assert.Throws<ArgumentException>(
            () => Session.Login(new SessionOptions { Protocol = (ThingSpaceProtocol)7 }));
        Assert.Throws<ArgumentException>(
            () => Session.Login(new SessionOptions { BaseUrl = "http://example.com" }));
        Assert.Throws<ArgumentException>(
            () => Session.Unblock(new SessionOptions { UseEnvironment = false }));
    }

    [Fact]
    public void The_wrong_kind_of_session()
    {
        using Sandbox sandbox = Sandbox.Start();
        using Session rest = sandbox.Login();
        using Session soap = Session.Login(sandbox.Options(ThingSpaceProtocol.Soap));
        Assert.Throws<ArgumentException>(
            () => rest.SoapCall("DeviceService", "GetDeviceList", "<a/>"));
        Assert.Throws<ArgumentException>(() => soap.Get(Sandbox.Account));
        Assert.Equal("service", Assert.Throws<ArgumentException>(
            () => soap.SoapCall("Device/Service", "GetDeviceList", "<a/>")).ParamName);
        Assert.Equal("operation", Assert.Throws<ArgumentException>(
            () => soap.SoapCall("DeviceService", "Get DeviceList", "<a/>")).ParamName);
        Assert.Equal("bodyXml", Assert.Throws<ArgumentException>(
            () => soap.SoapCall("DeviceService", "GetDeviceList", "<a>")).ParamName);
    }

    [Fact]
    public async Task Huge_bodies_go_and_huge_answers_are_refused()
    {
        using Sandbox sandbox = Sandbox.Start();
        SessionOptions options = sandbox.Options();
        options.MaxResponseBytes = 1 << 20;
        using Session session = Session.Login(options);
        string filler = new('x', 8 << 20);
        string body = $$"""{"accountName":"0000123456-00001","filler":"{{filler}}"}""";
        Assert.Equal(200, session.Post(Sandbox.DeviceList, body).StatusCode);
        Assert.Equal(200, (await session.PostAsync(Sandbox.DeviceList, body)).StatusCode);
        sandbox.Fault("api", "huge", 1, new JsonObject { ["bytes"] = 2 << 20 });
        ThingSpaceException huge = Assert.Throws<ThingSpaceException>(
            () => session.Get(Sandbox.Account));
        Assert.Equal(TsmStatus.Protocol, huge.Status);
        Assert.Contains("MaxResponseBytes", huge.Message, StringComparison.Ordinal);
        sandbox.Fault("api", "huge", 1, new JsonObject { ["bytes"] = 1 << 19 });
        Assert.InRange(session.Get(Sandbox.Account).Body.Length, 1 << 18, 1 << 20);
    }

    [Fact]
    public void Headers_that_throw_while_they_are_read()
    {
        using Sandbox sandbox = Sandbox.Start();
        using Session session = sandbox.Login();
        IEnumerable<KeyValuePair<string, string>> failing = Enumerable.Range(0, 2).Select(
            i => i == 0
                ? new KeyValuePair<string, string>("X", "1")
                : throw new InvalidOperationException("mine"));
        Assert.Equal("mine", Assert.Throws<InvalidOperationException>(
            () => session.Get(Sandbox.Account, failing)).Message);
        Assert.Equal(200, session.Get(Sandbox.Account).StatusCode);
    }

    [Fact]
    public async Task Headers_are_read_before_an_asynchronous_call_returns()
    {
        using Sandbox sandbox = Sandbox.Start();
        using Session session = sandbox.Login();
        int reader = 0;
        IEnumerable<KeyValuePair<string, string>> headers = Enumerable.Range(0, 1).Select(_ =>
        {
            reader = Environment.CurrentManagedThreadId;
            return new KeyValuePair<string, string>("X", "1");
        });
        int caller = Environment.CurrentManagedThreadId;
        Task<Response> call = session.GetAsync(Sandbox.Account, headers);
        Assert.Equal(caller, reader);
        Assert.Equal(200, (await call).StatusCode);
    }

    private static KeyValuePair<string, string>[] Header(string name, string value) =>
        [new(name, value)];
}
