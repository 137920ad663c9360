using System;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Http;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace ThingSpace.Tests;

/// <summary>The handler for HttpClient.</summary>
public sealed class HandlerTests : IDisposable
{
    private const string Filter = """{"accountName":"0000123456-00001"}""";

    private readonly Sandbox _sandbox = Sandbox.Start();
    private readonly Session _session;
    private readonly HttpClient _http;

    public HandlerTests()
    {
        _session = _sandbox.Login();
        _http = Client(_session);
    }

    private static Uri Account => new(Sandbox.Account.TrimStart('/'), UriKind.Relative);

    private static Uri DeviceList => new(Sandbox.DeviceList.TrimStart('/'), UriKind.Relative);

    public static TheoryData<string> Replayable() =>
        ["string", "bytes", "form", "json", "memory", "seekable", "multipart", "none"];

    public void Dispose()
    {
        _http.Dispose();
        _session.Dispose();
        _sandbox.Dispose();
    }

    [Fact]
    public async Task Both_tokens_are_attached_and_taken_off_again()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, Account);
        request.Headers.Authorization = new AuthenticationHeaderValue("Basic", "mine");
        using HttpResponseMessage response = await _http.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Null(request.Headers.Authorization);
        Assert.False(request.Headers.Contains("VZ-M2M-Token"));
    }

    [Theory]
    [MemberData(nameof(Replayable))]
    public async Task A_content_that_can_be_read_twice_is_sent_again(string kind)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(Filter);
        using HttpContent? content = kind switch
        {
            "string" => new StringContent(Filter, Encoding.UTF8, "application/json"),
            "bytes" => new ByteArrayContent(bytes),
            "form" => new FormUrlEncodedContent([new("a", "b")]),
            "json" => JsonContent.Create(JsonNode.Parse(Filter)),
            "memory" => new ReadOnlyMemoryContent(bytes),
            "seekable" => new StreamContent(new MemoryStream(bytes)),
            "multipart" => new MultipartContent
            {
                new StringContent(Filter), new StreamContent(new MemoryStream(bytes)),
            },
            _ => null,
        };
        _sandbox.Control("DELETE", "/log");
        _sandbox.Expire();
        using HttpResponseMessage response = await _http.PostAsync(DeviceList, content);
        long[] sizes = [.. Log()
            .Where(line => (string)line!["kind"]! == "api")
            .Select(line => (long)line!["body_bytes"]!)];
        Assert.Equal(2, sizes.Length);
        Assert.Equal(sizes[0], sizes[1]);
        Assert.Equal(kind == "none", sizes[0] == 0);
        Assert.Equal(1, _sandbox.Count("login"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_stream_that_is_spent_is_a_clear_error_and_the_session_is_renewed(
        bool inMultipart)
    {
        HttpContent Content()
        {
            var stream = new StreamContent(new OneWayStream(Encoding.UTF8.GetBytes(Filter)));
            stream.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            return inMultipart ? new MultipartContent { stream } : stream;
        }

        _sandbox.Expire();
        string expired = _session.Token;
        ThingSpaceException e = await Assert.ThrowsAsync<ThingSpaceException>(
            () => _http.PostAsync(DeviceList, Content()));
        Assert.Contains("SessionToken.Expired", e.Code, StringComparison.Ordinal);
        Assert.Contains("cannot be sent again", e.Message, StringComparison.Ordinal);
        Assert.Equal(TsmStatus.SessionExpired, e.Status);
        Assert.Equal(expired, e.Token);
        Assert.True(e.Retryable);
        Assert.NotEqual(expired, _session.Token);
        _session.Relogin(e.Token);
        using HttpResponseMessage response = await _http.PostAsync(DeviceList, Content());
        Assert.Equal(
            inMultipart ? HttpStatusCode.BadRequest : HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(2, _sandbox.Count("login"));
    }

    [Fact]
    public async Task A_derived_content_is_not_trusted_to_give_the_same_twice()
    {
        _sandbox.Expire();
        using var content = new GivesOnce(Encoding.UTF8.GetBytes(Filter));
        ThingSpaceException e = await Assert.ThrowsAsync<ThingSpaceException>(
            () => _http.PostAsync(DeviceList, content));
        Assert.Contains("cannot be sent again", e.Message, StringComparison.Ordinal);
        Assert.Contains("SessionToken.Expired", e.Code, StringComparison.Ordinal);
        Assert.Equal(1, _sandbox.Count("api"));
    }

    [Theory]
    [InlineData(true)]
#if !TSM_NETSTANDARD
    [InlineData(false)]
#endif
    public async Task A_content_derived_from_bytes_is_written_once(bool isAsync)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(Filter);
        using var content = new WritesOnce(bytes);
        _sandbox.Expire();
        _sandbox.Control("DELETE", "/log");
        using var request = new HttpRequestMessage(HttpMethod.Post, DeviceList)
        {
            Content = content,
        };
#if TSM_NETSTANDARD
        Assert.True(isAsync);
        using HttpResponseMessage response = await _http.SendAsync(request);
#else
        using HttpResponseMessage response =
            isAsync ? await _http.SendAsync(request) : _http.Send(request);
#endif
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(
            [bytes.Length, bytes.Length],
            Log().Where(static line => (string)line!["kind"]! == "api")
                .Select(static line => (int)line!["body_bytes"]!));

        using var parts = new MultipartContent { new WritesOnce(bytes) };
        Assert.NotNull(parts.Headers.ContentLength);
        _sandbox.Expire();
        ThingSpaceException e = await Assert.ThrowsAsync<ThingSpaceException>(
            () => _http.PostAsync(DeviceList, parts));
        Assert.Contains("cannot be sent again", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_spent_stream_that_was_buffered_is_sent_again()
    {
        _sandbox.Expire();
        using var content = new StreamContent(new OneWayStream(Encoding.UTF8.GetBytes(Filter)));
        await content.LoadIntoBufferAsync();
        using HttpResponseMessage response = await _http.PostAsync(DeviceList, content);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(2, _sandbox.Count("api"));
    }

    [Fact]
    public async Task An_API_token_that_was_renewed_elsewhere_is_not_sent_again()
    {
        using (await _http.GetAsync(Account))
        {
        }

        _sandbox.Expire("api_token");
        Assert.Equal(200, _session.Get(Sandbox.Account).StatusCode);
        Assert.Equal(3, _sandbox.Count("api"));
        using HttpResponseMessage response = await _http.GetAsync(Account);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(4, _sandbox.Count("api"));
        Assert.Equal(2, _sandbox.Count("oauth"));
    }

    [Fact]
    public async Task A_rejected_API_token_is_renewed()
    {
        _sandbox.Expire("api_token");
        using HttpResponseMessage response = await _http.PostAsync(
            DeviceList, new StringContent(Filter));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(2, _sandbox.Count("oauth"));
        Assert.Equal(1, _sandbox.Count("login"));
    }

    [Fact]
    public async Task Both_tokens_may_be_renewed_for_one_request()
    {
        _sandbox.Expire("all");
        using HttpResponseMessage response = await _http.GetAsync(Account);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(2, _sandbox.Count("oauth"));
        Assert.Equal(2, _sandbox.Count("login"));
    }

    [Theory]
    [InlineData("proxied")]
    [InlineData("bare401")]
    public async Task The_other_shapes_of_expiry_are_known(string shape)
    {
        _sandbox.Set("expired_shape", shape);
        _sandbox.Expire();
        using HttpResponseMessage response = await _http.GetAsync(Account);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(2, _sandbox.Count("login"));
    }

    [Fact]
    public async Task A_fixed_API_token_leaves_the_session_to_be_renewed()
    {
        SessionOptions options = _sandbox.Options();
        (options.AppKey, options.AppSecret, options.ApiToken) = (null, null, "static-test-token");
        using Session session = Session.Login(options);
        using HttpClient http = Client(session);
        _sandbox.Set("expired_shape", "bare401");
        _sandbox.Expire();
        using (HttpResponseMessage response = await http.GetAsync(Account))
        {
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }

        _sandbox.Fault("api", "api_token_rejected");
        using HttpResponseMessage rejected = await http.GetAsync(Account);
        Assert.Equal(HttpStatusCode.Unauthorized, rejected.StatusCode);
        Assert.False(Session.TryCheck(
            401, await rejected.Content.ReadAsStringAsync(), out ThingSpaceException? e));
        Assert.Equal(TsmStatus.ApiToken, e.Status);
    }

    [Fact]
    public async Task A_bare_401_to_a_spent_stream_renews_both_tokens()
    {
        _sandbox.Set("expired_shape", "bare401");
        _sandbox.Expire();
        HttpContent Content() =>
            new StreamContent(new OneWayStream(Encoding.UTF8.GetBytes(Filter)));
        ThingSpaceException e = await Assert.ThrowsAsync<ThingSpaceException>(
            () => _http.PostAsync(DeviceList, Content()));
        Assert.Equal(TsmStatus.SessionExpired, e.Status);
        using HttpResponseMessage response = await _http.PostAsync(DeviceList, Content());
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(2, _sandbox.Count("login"));
    }

    [Fact]
    public async Task There_are_no_loops()
    {
        _sandbox.Fault("api", "status", -1, new JsonObject { ["status"] = 401, ["body"] = "" });
        using HttpResponseMessage response = await _http.GetAsync(Account);
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Equal(3, _sandbox.Count("api"));
        Assert.Equal(2, _sandbox.Count("login"));
        Assert.Equal(2, _sandbox.Count("oauth"));
    }

    [Fact]
    public async Task An_expiry_that_stays_is_the_caller_s_answer()
    {
        _sandbox.Fault("api", "expired", -1);
        using HttpResponseMessage response = await _http.GetAsync(Account);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        string body = await response.Content.ReadAsStringAsync();
        Assert.False(
            Session.TryCheck((int)response.StatusCode, body, out ThingSpaceException? e));
        Assert.Equal(TsmStatus.SessionExpired, e.Status);
        Assert.Equal(2, _sandbox.Count("api"));
    }

    [Fact]
    public async Task A_login_that_fails_is_thrown()
    {
        _sandbox.ChangePassword("changed");
        _sandbox.Expire();
        ThingSpaceException e = await Assert.ThrowsAsync<ThingSpaceException>(
            () => _http.GetAsync(Account));
        Assert.Equal(TsmStatus.Credentials, e.Status);
    }

    [Fact]
    public async Task Json_of_a_sequence_that_is_there_once_is_the_same_the_second_time()
    {
        const string Text = "[1,2,3]";
        foreach (bool isInside in new[] { false, true })
        {
            var once = new System.Collections.Concurrent.BlockingCollection<int> { 1, 2, 3 };
            once.CompleteAdding();
            System.Collections.Generic.IEnumerable<int> items = once.GetConsumingEnumerable();
            using JsonContent content =
                isInside ? JsonContent.Create(new { items }) : JsonContent.Create(items);
            int length = isInside ? "{\"items\":}".Length + Text.Length : Text.Length;
            _sandbox.Expire();
            _sandbox.Control("DELETE", "/log");
            using HttpResponseMessage response = await _http.PostAsync(DeviceList, content);
            Assert.Equal(
                [length, length],
                Log().Where(static line => (string)line!["kind"]! == "api")
                    .Select(static line => (int)line!["body_bytes"]!));
        }
    }

    [Fact]
    public async Task Each_sending_belongs_to_an_activity_of_its_own()
    {
        using var listener = new ActivityListener
        {
            ShouldListenTo = static source => source.Name == "System.Net.Http",
            Sample = static (ref ActivityCreationOptions<ActivityContext> _) =>
                ActivitySamplingResult.AllDataAndRecorded,
        };
        ActivitySource.AddActivityListener(listener);
        using Activity parent = new Activity("test").SetIdFormat(ActivityIdFormat.W3C).Start();
        _sandbox.Expire();
        _sandbox.Control("DELETE", "/log");
        using HttpResponseMessage response = await _http.GetAsync(Account);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        string[] ids =
        [
            .. Log().Where(static line => (string)line!["kind"]! == "api")
                .Select(static line => (string)line!["headers"]!["traceparent"]!),
        ];
        Assert.Equal(2, ids.Length);
        Assert.NotEqual(ids[0], ids[1]);
        Assert.All(ids, id => Assert.Contains(
            parent.TraceId.ToHexString(), id, StringComparison.Ordinal));

        // The program's own goes with both.
        _sandbox.Expire();
        _sandbox.Control("DELETE", "/log");
        using var request = new HttpRequestMessage(HttpMethod.Get, Account);
        request.Headers.Add("traceparent", ids[0]);
        using HttpResponseMessage other = await _http.SendAsync(request);
        Assert.Equal(
            [ids[0], ids[0]],
            Log().Where(static line => (string)line!["kind"]! == "api")
                .Select(static line => (string)line!["headers"]!["traceparent"]!));
    }

    [Theory]
    [InlineData("m2m/v1/accounts/0000123456-00001?a=b")]
    [InlineData("/m2m/v1/accounts/0000123456-00001?a=b")]
    public async Task An_address_means_the_same_with_and_without_a_slash(string address)
    {
        _sandbox.Control("DELETE", "/log");
        using HttpResponseMessage response = await _http.GetAsync(
            new Uri(address, UriKind.Relative));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(
            "/api/m2m/v1/accounts/0000123456-00001?a=b", (string)Log().Single()!["path"]!);
    }

    [Fact]
    public async Task A_logout_meanwhile_is_not_undone()
    {
        using HttpClient http = Client(_session, new LogsOut(_session));
        long logins = _sandbox.Count("login");
        ThingSpaceException e = await Assert.ThrowsAsync<ThingSpaceException>(
            () => http.GetAsync(Account));
        Assert.Equal(TsmStatus.NotLoggedIn, e.Status);
        Assert.Equal(logins, _sandbox.Count("login"));
    }

    [Fact]
    public async Task It_renews_whatever_auto_relogin_says()
    {
        SessionOptions options = _sandbox.Options();
        options.AutoRelogin = false;
        using Session session = Session.Login(options);
        using HttpClient http = Client(session);
        _sandbox.Expire();
        long logins = _sandbox.Count("login");
        using HttpResponseMessage response = await http.GetAsync(Account);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(logins + 1, _sandbox.Count("login"));
    }

    [Theory]
    [InlineData("http://127.0.0.1:9/api/m2m/v1/x")]
    [InlineData("https://127.0.0.1/api/m2m/v1/x")]
    [InlineData("http://example.com/api/m2m/v1/x")]
    public async Task The_tokens_go_to_no_other_origin(string url)
    {
        InvalidOperationException e = await Assert.ThrowsAsync<InvalidOperationException>(
            () => _http.GetAsync(new Uri(url)));
        string origin = _session.BaseAddress.GetLeftPart(UriPartial.Authority);
        Assert.Contains(origin, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Redirects_are_not_followed()
    {
        using Sandbox elsewhere = Sandbox.Start();
        var location = new JsonObject { ["location"] = elsewhere.BaseUrl + "/stolen" };
        _sandbox.Fault("api", "redirect", -1, (JsonObject)location.DeepClone());
        using (HttpResponseMessage response = await _http.GetAsync(Account))
        {
            Assert.Equal(HttpStatusCode.Redirect, response.StatusCode);
        }

        using var sockets = new SocketsHttpHandler();
        using HttpClient http = Client(_session, sockets);
        using (HttpResponseMessage response = await http.GetAsync(Account))
        {
            Assert.Equal(HttpStatusCode.Redirect, response.StatusCode);
        }

        Assert.Equal(0, elsewhere.Count("requests"));
    }

    [Fact]
    public async Task Redirects_of_a_WinHttpHandler_are_turned_off()
    {
        using var inner = new LikeWinHttp();
        using HttpClient http = Client(_session, inner);
        using HttpResponseMessage response = await http.GetAsync(Account);
        Assert.False(inner.AutomaticRedirection);
    }

    [Fact]
    public async Task A_handler_in_use_that_follows_redirects_is_refused()
    {
        using var shared = new HttpClientHandler();
        using (var before = new HttpClient(shared, disposeHandler: false))
        {
            using HttpResponseMessage _ = await before.GetAsync(
                new Uri(_sandbox.ControlUrl + "/state"));
        }

        using HttpClient http = Client(_session, shared);
        InvalidOperationException e = await Assert.ThrowsAsync<InvalidOperationException>(
            () => http.GetAsync(Account));
        Assert.Contains("AllowAutoRedirect", e.Message, StringComparison.Ordinal);
        Assert.Equal(0, _sandbox.Count("api"));
    }

    [Fact]
    public async Task It_works_with_the_client_factory()
    {
        var services = new ServiceCollection();
        services.AddSingleton(_session);
        services.AddTransient(
            provider => new ThingSpaceHandler(provider.GetRequiredService<Session>()));
        services
            .AddHttpClient("thingspace", (provider, http) =>
                http.BaseAddress = provider.GetRequiredService<Session>().BaseAddress)
            .AddHttpMessageHandler<ThingSpaceHandler>();
        await using ServiceProvider provider = services.BuildServiceProvider();
        IHttpClientFactory factory = provider.GetRequiredService<IHttpClientFactory>();
        _sandbox.Expire();
        for (int i = 0; i < 2; i++)
        {
            using HttpClient http = factory.CreateClient("thingspace");
            using HttpResponseMessage response = await http.GetAsync(Account);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }

        Assert.Equal(2, _sandbox.Count("login"));
    }

    [Theory]
    [InlineData(1 << 10)]
    [InlineData(1 << 20)]
    public async Task An_error_answer_reaches_the_caller_whole(int size)
    {
        string body = new('e', size);
        _sandbox.Fault("api", "answer", 2, new JsonObject { ["status"] = 404, ["body"] = body });
        using (HttpResponseMessage response = await _http.GetAsync(Account))
        {
            Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
            Assert.Equal(body, await response.Content.ReadAsStringAsync());
        }

        using (HttpResponseMessage response = await _http.GetAsync(
            Account, HttpCompletionOption.ResponseHeadersRead))
        {
            using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
            Assert.Equal(body, await reader.ReadToEndAsync());
        }
    }

    [Fact]
    public async Task An_error_answer_without_a_length_reaches_the_caller_whole()
    {
        string body = new('e', 1 << 20);
        using var inner = new Answering(new OneWayStream(Encoding.UTF8.GetBytes(body)));
        using HttpClient http = Client(_session, inner);
        using HttpResponseMessage response = await http.GetAsync(
            Account, HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        Assert.Equal(body, await reader.ReadToEndAsync());
    }

    [Theory]
    [InlineData(true)]
#if !TSM_NETSTANDARD
    [InlineData(false)]
#endif
    public async Task Cancellation_reaches_an_error_answer_that_stands_still(bool isAsync)
    {
        using var cancellation = new CancellationTokenSource();
        using var inner = new Answering(new StandingStill(cancellation));
        using HttpClient http = Client(_session, inner);
        using var request = new HttpRequestMessage(HttpMethod.Get, Account);
        OperationCanceledException e = await Assert.ThrowsAnyAsync<OperationCanceledException>(
            async () => _ = isAsync
                ? await http.SendAsync(request, cancellation.Token)
                : http.Send(request, cancellation.Token));
        Assert.Equal(cancellation.Token, e.CancellationToken);
    }

    [Fact]
    public async Task Cancellation_reaches_a_waiting_request()
    {
        _sandbox.Fault("api", "hold");
        using var cancellation = new CancellationTokenSource();
        Task<HttpResponseMessage> call = _http.GetAsync(Account, cancellation.Token);
        _sandbox.WaitFor("api", 1);
        cancellation.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        _sandbox.DropFaults();
        using HttpResponseMessage response = await _http.GetAsync(Account);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Fact]
    public async Task Cancellation_reaches_a_request_that_waits_for_a_login()
    {
        _sandbox.Expire();
        _sandbox.Fault("login", "hold");
        using var cancellation = new CancellationTokenSource();
        Task<HttpResponseMessage> one = _http.GetAsync(Account, cancellation.Token);
        _sandbox.WaitFor("login", 2);
        cancellation.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => one);
    }

    [Fact]
    public void A_SOAP_session_is_refused()
    {
        using Session session = Session.Login(_sandbox.Options(ThingSpaceProtocol.Soap));
        ArgumentException e = Assert.Throws<ArgumentException>(
            () => new ThingSpaceHandler(session));
        Assert.Contains("SOAP", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_disposed_session_says_so()
    {
        _session.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => _http.GetAsync(Account));
    }

    [Fact]
    public async Task A_handler_leaves_its_session_alone()
    {
        _http.Dispose();
        Assert.Equal(200, (await _session.GetAsync(Sandbox.Account)).StatusCode);
    }

#if !TSM_NETSTANDARD
    [Fact]
    public void The_blocking_way_works_too()
    {
        _sandbox.Expire("all");
        using var request = new HttpRequestMessage(HttpMethod.Post, DeviceList)
        {
            Content = new StreamContent(new MemoryStream(Encoding.UTF8.GetBytes(Filter))),
        };
        using HttpResponseMessage response = _http.Send(request);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(2, _sandbox.Count("login"));
    }

    [Fact]
    public void The_blocking_way_needs_no_thread_but_its_caller_s()
    {
        byte[] body = new byte[1 << 20];
        using var inner = new Answering(new OfOneThread(body));
        using HttpClient http = Client(_session, inner);
        using var request = new HttpRequestMessage(HttpMethod.Get, Account);
        using HttpResponseMessage response = http.Send(request);
        using Stream read = response.Content.ReadAsStream();
        Assert.Equal(body.Length, read.Length);
    }
#endif

    private static HttpClient Client(Session session, HttpMessageHandler? inner = null) =>
        new(inner is null ? new ThingSpaceHandler(session) : new ThingSpaceHandler(session, inner))
        {
            BaseAddress = session.BaseAddress,
        };

    private JsonArray Log()
    {
        JsonNode log = _sandbox.Control("GET", "/log");
        return log as JsonArray ?? log["log"]?.AsArray() ?? log["lines"]!.AsArray();
    }

    [Fact]
    public async Task A_status_that_is_none_of_HTTP_is_handed_on()
    {
        using Session session = _sandbox.Login();
        using HttpClient http = Client(session, new Beyond());
        for (int i = 0; i < 3; i++)
        {
            using HttpResponseMessage answer = await http.GetAsync(Account);
            Assert.Equal(99, (int)answer.StatusCode);
        }
    }

    private sealed class Beyond : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(
            HttpRequestMessage request, CancellationToken cancellationToken) =>
            Task.FromResult(new HttpResponseMessage((HttpStatusCode)99));
    }

    private sealed class Answering(Stream body) : HttpMessageHandler
    {
        protected override HttpResponseMessage Send(
            HttpRequestMessage request, CancellationToken cancellationToken) =>
            new(HttpStatusCode.NotFound) { Content = new StreamContent(body) };

        protected override Task<HttpResponseMessage> SendAsync(
            HttpRequestMessage request, CancellationToken cancellationToken) =>
            Task.FromResult(Send(request, cancellationToken));
    }

    /// <summary>The session is logged out while a request of it is on its way.</summary>
    private sealed class LogsOut(Session session)
        : DelegatingHandler(new HttpClientHandler { AllowAutoRedirect = false })
    {
        protected override async Task<HttpResponseMessage> SendAsync(
            HttpRequestMessage request, CancellationToken cancellationToken)
        {
            await session.LogoutAsync(cancellationToken: cancellationToken);
            return await base.SendAsync(request, cancellationToken);
        }
    }

    private sealed class LikeWinHttp : HttpMessageHandler
    {
        public bool AutomaticRedirection { get; set; } = true;

        protected override Task<HttpResponseMessage> SendAsync(
            HttpRequestMessage request, CancellationToken cancellationToken) =>
            Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK));
    }

    /// <summary>A content of its own kind that gives nothing the second time.</summary>
    private sealed class GivesOnce(byte[] bytes) : StreamContent(new MemoryStream(bytes))
    {
        private bool _isSpent;

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            Task writing = _isSpent
                ? Task.CompletedTask
                : base.SerializeToStreamAsync(stream, context);
            _isSpent = true;
            return writing;
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }

    private sealed class WritesOnce(byte[] bytes) : ByteArrayContent(bytes)
    {
        private bool _isSpent;

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            Assert.False(_isSpent);
            _isSpent = true;
            return base.SerializeToStreamAsync(stream, context);
        }
    }

    /// <summary>
    /// A stream that gives nothing until it is cancelled, and is as soon as somebody waits. A
    /// blocking read ends when it is closed.
    /// </summary>
    private sealed class StandingStill(CancellationTokenSource cancellation) : MemoryStream
    {
        private readonly ManualResetEventSlim _closed = new();

        public override bool CanSeek => false;

        public override int Read(byte[] buffer, int offset, int count)
        {
            cancellation.CancelAfter(0);
            _closed.Wait();
            throw new ObjectDisposedException(nameof(StandingStill));
        }

        public override Task<int> ReadAsync(
            byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            ReadAsync(buffer.AsMemory(), cancellationToken).AsTask();

        public override async ValueTask<int> ReadAsync(
            Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            cancellation.CancelAfter(0);
            await Task.Delay(Timeout.Infinite, cancellationToken);
            return 0;
        }

        protected override void Dispose(bool disposing)
        {
            _closed.Set();
            base.Dispose(disposing);
        }
    }

#if !TSM_NETSTANDARD
    /// <summary>A stream for the thread that made it, which waits for nobody else.</summary>
    private sealed class OfOneThread(byte[] bytes) : MemoryStream(bytes)
    {
        private readonly int _thread = Environment.CurrentManagedThreadId;

        public override bool CanSeek => false;

        public override int Read(byte[] buffer, int offset, int count)
        {
            Assert.Equal(_thread, Environment.CurrentManagedThreadId);
            return base.Read(buffer, offset, count);
        }

        public override ValueTask<int> ReadAsync(
            Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            throw new InvalidOperationException("It is not read by a task.");
    }
#endif

    /// <summary>A stream as it comes from a socket: forwards only.</summary>
    private sealed class OneWayStream(byte[] bytes) : MemoryStream(bytes)
    {
        public override bool CanSeek => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override long Seek(long offset, SeekOrigin loc) => throw new NotSupportedException();
    }
}
