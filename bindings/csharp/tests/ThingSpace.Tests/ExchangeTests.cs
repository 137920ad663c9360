using System;
using System.Linq;
using System.Net.Http;
using System.Threading;
using System.Threading.Tasks;
using Xunit;

namespace ThingSpace.Tests;

/// <summary>
/// Exchanges for other clients than HttpClient. What they make of answers, the scenarios show.
/// </summary>
public sealed class ExchangeTests : IDisposable
{
    private const string Expired = """{"errorCode":"REQUEST_FAILED.SessionToken.Expired"}""";

    private readonly Sandbox _sandbox = Sandbox.Start();
    private readonly Session _session;

    public ExchangeTests() => _session = _sandbox.Login();

    public void Dispose()
    {
        _session.Dispose();
        _sandbox.Dispose();
    }

    [Fact]
    public void A_refused_token_is_renewed_and_the_request_sent_again()
    {
        using Exchange exchange = _session.BeginExchange(_session.BaseAddress);
        RequestTokens first = exchange.GetTokens()!;
        Assert.Equal(_session.Token, first.SessionToken);
        Assert.Equal(_session.GetApiToken(), first.ApiToken);
        Assert.False(exchange.Answered(400, Expired));
        Assert.Null(exchange.GetTokens());
        exchange.Renew();
        Assert.NotEqual(first.SessionToken, exchange.GetTokens()!.SessionToken);
        Assert.True(exchange.Answered(200, (string?)null));
        Assert.Equal(2, _sandbox.Count("login"));
    }

    [Fact]
    public async Task Renewal_can_be_awaited_and_cancelled()
    {
        using Exchange exchange = _session.BeginExchange();
        string first = exchange.GetTokens()!.SessionToken;
        Assert.False(exchange.Answered(400, Expired));
        _sandbox.Fault("login", "hold");
        using var cancellation = new CancellationTokenSource();
        Task renewal = exchange.RenewAsync(cancellationToken: cancellation.Token);
        _sandbox.WaitFor("login", 2);
        Assert.Throws<InvalidOperationException>(() => exchange.GetTokens());
        cancellation.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => renewal);
        _sandbox.DropFaults();
        await exchange.RenewAsync();
        Assert.NotEqual(first, exchange.GetTokens()!.SessionToken);
    }

    [Fact]
    public void A_request_that_cannot_be_sent_again_ends_with_its_refusal()
    {
        using Exchange exchange = _session.BeginExchange();
        string first = exchange.GetTokens()!.SessionToken;
        Assert.False(exchange.Answered(400, Expired));
        ThingSpaceException e = Assert.Throws<ThingSpaceException>(
            () => exchange.Renew(canResend: false));
        Assert.Equal(TsmStatus.SessionExpired, e.Status);
        Assert.Equal(first, e.Token);
        Assert.True(e.Retryable);
        Assert.NotEqual(first, _session.Token);
    }

    [Fact]
    public void Only_as_much_of_a_body_as_matters_need_be_read()
    {
        using Exchange exchange = _session.BeginExchange();
        Assert.Equal(0, exchange.BodyMax(200));
        int most = exchange.BodyMax(400);
        Assert.True(most > Expired.Length);
        Assert.NotNull(exchange.GetTokens());
        Assert.True(exchange.Answered(400, Expired.PadRight(most + 1)));
    }

    [Fact]
    public void A_SOAP_session_has_one_token()
    {
        using Session session = Session.Login(_sandbox.Options(ThingSpaceProtocol.Soap));
        using Exchange exchange = session.BeginExchange(
            new Uri(_sandbox.SoapUrl + "/DeviceService.svc"));
        Assert.Equal(session.Token, exchange.GetTokens()!.SessionToken);
        Assert.Empty(exchange.GetTokens()!.ApiToken);
        Assert.Throws<ArgumentException>(
            () => session.BeginExchange(new Uri("https://example.com/DeviceService.svc")));
    }

    [Theory]
    [InlineData("http://127.0.0.1:9/api/m2m/v1/x")]
    [InlineData("https://example.com/")]
    [InlineData("/m2m/v1/x")]
    public void The_tokens_go_to_no_other_origin(string url) => Assert.Throws<ArgumentException>(
        () => _session.BeginExchange(new Uri(url, UriKind.RelativeOrAbsolute)));

    [Fact]
    public void What_comes_out_of_turn_is_an_error()
    {
        using Exchange exchange = _session.BeginExchange();
        Assert.Throws<InvalidOperationException>(() => exchange.Answered(200, ""));
        Assert.Throws<InvalidOperationException>(() => exchange.Answered(99, ""));
        Assert.NotNull(exchange.GetTokens());
        Assert.Throws<InvalidOperationException>(() => exchange.Renew());
        Assert.True(exchange.Answered(404, ""));
        Assert.Throws<InvalidOperationException>(() => exchange.GetTokens());
    }

    [Fact]
    public void It_ends_with_its_session()
    {
        using Exchange exchange = _session.BeginExchange();
        Assert.NotNull(exchange.GetTokens());
        _session.Logout();
        ThingSpaceException e = Assert.Throws<ThingSpaceException>(() => exchange.GetTokens());
        Assert.Equal(TsmStatus.NotLoggedIn, e.Status);
        _session.Dispose();
        Assert.Throws<ObjectDisposedException>(() => exchange.GetTokens());
        Assert.Throws<ObjectDisposedException>(() => exchange.Renew());
        Assert.Throws<ObjectDisposedException>(() => _session.BeginExchange());
    }

    [Fact]
    public void What_was_disposed_says_so()
    {
        Exchange exchange = _session.BeginExchange();
        exchange.Dispose();
        exchange.Dispose();
        Assert.Throws<ObjectDisposedException>(() => exchange.GetTokens());
        Assert.Throws<ObjectDisposedException>(() => exchange.BodyMax(400));
        Assert.NotEmpty(_session.Token);
    }

    [Fact]
    public void The_tokens_show_nowhere()
    {
        using Exchange exchange = _session.BeginExchange();
        RequestTokens tokens = exchange.GetTokens()!;
        Assert.DoesNotContain(tokens.SessionToken, tokens.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Clients_that_wait_for_a_login_hold_no_thread_of_the_pool()
    {
        const int Many = 100;
        using var http = new HttpClient(new ThingSpaceHandler(_session));
        var url = new Uri(_sandbox.BaseUrl + Sandbox.Account);
        _sandbox.Expire();
        _sandbox.Fault("login", "hold");
        Task[] waiting = [.. Enumerable.Range(0, Many).Select(_ => http.GetAsync(url))];
        _sandbox.WaitFor("api", Many);
        _sandbox.WaitFor("login", 2);
        ThreadPool.GetAvailableThreads(out int available, out _);
        ThreadPool.GetMaxThreads(out int most, out _);
        Assert.True(most - available < Many, "The waiting clients hold threads of the pool.");
        _session.Cancel();
        foreach (Task task in waiting)
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => task);
        }
    }
}
