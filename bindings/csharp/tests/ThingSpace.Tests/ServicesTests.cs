using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Linq;
using System.Net.Http;
using System.Threading.Tasks;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Xunit;

namespace ThingSpace.Tests;

/// <summary>ThingSpace.Session.Extensions: services, options, logging, typed clients.</summary>
public class ServicesTests
{
    private static readonly Uri s_account = new(Sandbox.Account.TrimStart('/'), UriKind.Relative);

    [Fact]
    public async Task A_host_starts_without_a_login_and_its_typed_client_mends_an_expiry()
    {
        using Sandbox sandbox = Sandbox.Start();
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Configuration.AddInMemoryCollection(Section(sandbox));
        builder.Services.AddThingSpace(builder.Configuration);
        builder.Services.AddHttpClient<Devices>().AddThingSpaceHandler();
        using IHost host = builder.Build();
        await host.StartAsync();
        Assert.Equal(0, sandbox.Count("oauth") + sandbox.Count("login"));

        Devices devices = host.Services.GetRequiredService<Devices>();
        await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => devices.Ask()));
        sandbox.Expire("all");
        await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => devices.Ask()));
        Assert.Equal(2, sandbox.Count("login"));
        Session session = host.Services.GetRequiredService<Session>();
        Assert.Same(session, host.Services.GetRequiredService<Session>());

        await host.StopAsync();
        host.Dispose();
        Assert.Throws<ObjectDisposedException>(() => session.Token);
        Assert.Equal(0, sandbox.Count("logout"));
    }

    [Fact]
    public async Task Sessions_have_names()
    {
        using Sandbox one = Sandbox.Start();
        using Sandbox two = Sandbox.Start();
        var services = new ServiceCollection();
        IConfiguration configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(Section(one, "ThingSpace:one"))
            .Build();
        services.AddThingSpace("one", configuration);
        services.AddThingSpace("two", options => Copy(two.Options(), options));
        services.AddHttpClient<Devices>().AddThingSpaceHandler("two");
        await using ServiceProvider provider = services.BuildServiceProvider();
        Assert.Equal(200, provider
            .GetRequiredKeyedService<Session>("one").Get(Sandbox.Account).StatusCode);
        await provider.GetRequiredService<Devices>().Ask();
        Assert.Equal((1, 1), (one.Count("api"), two.Count("api")));
        Assert.Null(provider.GetService<Session>());

        configuration["ThingSpace:three:Username"] = "somebody";
        services.AddThingSpace("three", configuration);
        await using ServiceProvider wrong = services.BuildServiceProvider();
        OptionsValidationException e = Assert.Throws<OptionsValidationException>(
            () => wrong.GetRequiredKeyedService<Session>("three"));
        Assert.Contains(
            "ThingSpace:three:Password (or PasswordFile) is miss",
            e.Message,
            StringComparison.Ordinal);
        Assert.NotNull(wrong.GetRequiredKeyedService<Session>("one"));
    }

    [Theory]
    [InlineData("Username", "", "ThingSpace:Username is missing")]
    [InlineData("BaseUrl", "ftp://host", "ThingSpace:BaseUrl: ")]
    [InlineData("MaxLoginFailures", "7", "ThingSpace:MaxLoginFailures: must be")]
    [InlineData("AppKey", "", "ThingSpace:AppKey is missing")]
    [InlineData("ApiToken", "abc", "ThingSpace:ApiToken and AppKey/AppSecret contradict")]
    [InlineData("CaFile", "/no/such.pem", "ThingSpace:CaFile /no/such.pem")]
    [InlineData("Timeout", "soon", "ThingSpace:Timeout")]
    [InlineData("Protocol", "carrier pigeon", "ThingSpace:Protocol")]
    public async Task A_host_does_not_start_with_options_that_are_wrong(
        string key, string value, string words)
    {
        using Sandbox sandbox = Sandbox.Start();
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Configuration.AddInMemoryCollection(Section(sandbox));
        builder.Configuration["ThingSpace:" + key] = value.Length == 0 ? null : value;
        if (key == "CaFile")
        {
            builder.Configuration["ThingSpace:BaseUrl"] = sandbox.TlsBaseUrl;
        }

        builder.Services.AddThingSpace(builder.Configuration);
        using IHost host = builder.Build();
        Exception e = await Assert.ThrowsAnyAsync<Exception>(() => host.StartAsync());
        Assert.True(e is OptionsValidationException or InvalidOperationException, e.ToString());
        Assert.Contains(words, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("IMgr8", e.ToString(), StringComparison.Ordinal);
        Assert.Equal(0, sandbox.Count("oauth") + sandbox.Count("login"));
    }

    [Theory]
    [InlineData("Usrname", "Username")]
    [InlineData("Tiemout", "Timeout")]
    [InlineData("timeout_ms", "Timeout")]
    [InlineData("MaxLoginFailure", "MaxLoginFailures")]
    [InlineData("max-login-failures", "MaxLoginFailures")]
    [InlineData("ApiKey", "AppKey")]
    [InlineData("Stores", "Store")]
    [InlineData("User", "Username")]
    [InlineData("AccountName", null)]
    [InlineData("Stage", null)]
    [InlineData("Region", null)]
    [InlineData("Url", null)]
    [InlineData("east:Usrname", null)]
    [InlineData("TIMEOUT", null)]
    public async Task A_key_that_looks_like_an_options_stops_the_host(string key, string? meant)
    {
        using Sandbox sandbox = Sandbox.Start();
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Configuration.AddInMemoryCollection(Section(sandbox));
        builder.Configuration["ThingSpace:" + key] = "00:00:30";
        builder.Services.AddThingSpace(builder.Configuration);
        using IHost host = builder.Build();
        if (meant is null)
        {
            await host.StartAsync();
            return;
        }

        OptionsValidationException e =
            await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync());
        Assert.Equal(
            $"ThingSpace:{key} is no option; did you mean ThingSpace:{meant}?", e.Message);
    }

    [Fact]
    public void A_whole_configuration_is_not_taken_for_the_section()
    {
        using Sandbox sandbox = Sandbox.Start();
        IConfiguration configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(Section(sandbox))
            .AddInMemoryCollection([new("USERNAME", "whoever is at this machine")])
            .Build();
        var services = new ServiceCollection();
        services.AddThingSpace(configuration);
        using ServiceProvider provider = services.BuildServiceProvider();
        Assert.Equal(
            "zbeeblebrox",
            provider.GetRequiredService<IOptions<SessionOptions>>().Value.Username);
        Assert.Equal(
            200, provider.GetRequiredService<Session>().Get(Sandbox.Account).StatusCode);
    }

    [Fact]
    public void The_section_sets_every_kind_of_option()
    {
        (string Key, string Value)[] section =
        [
            ("Protocol", "soap"),
            ("Username", "u"),
            ("Password", "p"),
            ("AutoRelogin", "false"),
            ("MaxLoginFailures", "2"),
            ("MaxResponseBytes", "5000000000"),
            ("Timeout", "00:00:07"),
            ("UseEnvironment", "false"),
            ("Store", "memory:"),
            ("Other:realm", "here"),
        ];
        IConfiguration configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(section.Select(
                option => new KeyValuePair<string, string?>("Mine:" + option.Key, option.Value)))
            .Build();
        var services = new ServiceCollection();
        services.AddThingSpace(configuration.GetSection("Mine"));
        using ServiceProvider provider = services.BuildServiceProvider();
        SessionOptions options = provider.GetRequiredService<IOptions<SessionOptions>>().Value;
        Assert.Equal(ThingSpaceProtocol.Soap, options.Protocol);
        Assert.Equal("p", options.Password);
        Assert.False(options.AutoRelogin);
        Assert.Equal(2, options.MaxLoginFailures);
        Assert.Equal(5_000_000_000, options.MaxResponseBytes);
        Assert.Equal(TimeSpan.FromSeconds(7), options.Timeout);
        Assert.False(options.UseEnvironment);
        Assert.Equal("here", options.Other["realm"]);
    }

    [Fact]
    public void A_login_that_fails_is_not_repeated_by_those_who_are_given_the_session()
    {
        using Sandbox sandbox = Sandbox.Start();
        var services = new ServiceCollection();
        services.AddThingSpace(options =>
        {
            Copy(sandbox.Options(), options);
            options.Password = "wrong";
        });
        using ServiceProvider provider = services.BuildServiceProvider();
        for (int i = 0; i < 20; i++)
        {
            Session session = provider.GetRequiredService<Session>();
            Assert.Throws<ThingSpaceException>(() => session.Get(Sandbox.Account));
        }

        Assert.Equal(1, sandbox.Count("login"));
    }

    [Fact]
    public void Lines_go_to_the_program_s_log_as_its_level_is_now()
    {
        using Sandbox sandbox = Sandbox.Start();
        using var log = new Lines();
        var services = new ServiceCollection();
        services.AddLogging(logging => logging
            .SetMinimumLevel(LogLevel.Trace)
            .AddFilter((_, level) => level >= log.Least)
            .AddProvider(log));
        services.AddThingSpace();
        services.AddThingSpace(options => Copy(sandbox.Options(), options));
        using ServiceProvider provider = services.BuildServiceProvider();
        Session session = provider.GetRequiredService<Session>();
        log.Least = LogLevel.Information;
        session.Get(Sandbox.Account);
        Assert.NotEmpty(log.Written);
        Assert.All(log.Written, line =>
        {
            Assert.Equal("ThingSpace.Session", line.Category);
            Assert.NotEqual(0, line.Id.Id);
            Assert.NotNull(line.Id.Name);
            Assert.True(line.Level >= LogLevel.Information);
            Assert.DoesNotContain(session.Token, line.Text, StringComparison.Ordinal);
        });
        var login = log.Written.Single(line => line.Id.Name == nameof(TsmEventKind.LoginEnded));
        Assert.Equal((int)TsmEventKind.LoginEnded, login.Id.Id);
        Assert.Equal(LogLevel.Information, login.Level);
        Assert.Contains("success", login.Text, StringComparison.Ordinal);
        log.Written.Clear();
        sandbox.ChangePassword("another");
        Assert.Throws<ThingSpaceException>(() => session.Relogin());
        login = log.Written.Single(line => line.Id.Name == nameof(TsmEventKind.LoginEnded));
        Assert.Equal(LogLevel.Warning, login.Level);
        log.Written.Clear();
        session.Get(Sandbox.Account);
        Assert.Empty(log.Written);
        log.Least = LogLevel.Trace;
        session.Get(Sandbox.Account);
        Assert.NotEmpty(log.Written);
    }

    [Fact]
    public void Callbacks_of_the_program_s_own_and_the_log_are_told_as_each_would_be_alone()
    {
        using Sandbox sandbox = Sandbox.Start();
        using var log = new Lines();
        var events = new ConcurrentQueue<ThingSpaceEvent>();
        var lines = new ConcurrentQueue<TsmLogLevel>();
        TsmLogLevel now = TsmLogLevel.Warning;
        var services = new ServiceCollection();
        services.AddLogging(logging => logging
            .SetMinimumLevel(LogLevel.Trace)
            .AddFilter((_, level) => level >= log.Least)
            .AddProvider(log));
        services.AddThingSpace(options =>
        {
            Copy(sandbox.Options(), options);
            options.OnEvent = events.Enqueue;
            options.Log = (level, _) => lines.Enqueue(level);
            options.LogLevel = TsmLogLevel.Warning;
            options.LogLevelNow = () => now;
        });
        using ServiceProvider provider = services.BuildServiceProvider();
        Session session = provider.GetRequiredService<Session>();
        session.Get(Sandbox.Account);
        Assert.NotEmpty(events);
        Assert.Empty(lines);
        Assert.Contains(log.Written, line => line.Id.Name == nameof(TsmEventKind.LoginEnded));
        Assert.Contains(log.Written, line => line.Level == LogLevel.Debug);

        now = TsmLogLevel.Debug;
        log.Least = LogLevel.Error;
        log.Written.Clear();
        session.Get(Sandbox.Account);
        Assert.Contains(TsmLogLevel.Debug, lines);
        Assert.DoesNotContain(TsmLogLevel.Trace, lines);
        Assert.Empty(log.Written);
    }

    [Fact]
    public void The_log_tells_sessions_with_names_apart()
    {
        using Sandbox sandbox = Sandbox.Start();
        using var log = new Lines();
        var services = new ServiceCollection();
        services.AddLogging(logging => logging
            .AddFilter("ThingSpace.Session", LogLevel.Information)
            .AddFilter("ThingSpace.Session.west", LogLevel.None)
            .AddProvider(log));
        foreach (string name in (string[])["east", "west"])
        {
            services.AddThingSpace(name, options => Copy(sandbox.Options(), options));
        }

        using ServiceProvider provider = services.BuildServiceProvider();
        provider.GetRequiredKeyedService<Session>("east").Get(Sandbox.Account);
        provider.GetRequiredKeyedService<Session>("west").Get(Sandbox.Account);
        Assert.NotEmpty(log.Written);
        Assert.All(
            log.Written, line => Assert.Equal("ThingSpace.Session.east", line.Category));
    }

    private static void Copy(SessionOptions from, SessionOptions to)
    {
        to.UseEnvironment = from.UseEnvironment;
        to.BaseUrl = from.BaseUrl;
        to.Username = from.Username;
        to.Password = from.Password;
        to.AppKey = from.AppKey;
        to.AppSecret = from.AppSecret;
        to.Store = from.Store;
    }

    private static List<KeyValuePair<string, string?>> Section(
        Sandbox sandbox, string path = "ThingSpace")
    {
        SessionOptions options = sandbox.Options();
        return
        [
            new(path + ":UseEnvironment", "false"),
            new(path + ":BaseUrl", options.BaseUrl),
            new(path + ":Username", options.Username),
            new(path + ":Password", options.Password),
            new(path + ":AppKey", options.AppKey),
            new(path + ":AppSecret", options.AppSecret),
            new(path + ":Store", options.Store),
            new(path + ":AccountName", "for the program's own use"),
        ];
    }

    private sealed class Devices(HttpClient http)
    {
        internal async Task Ask()
        {
            using HttpResponseMessage answer = await http.GetAsync(s_account);
            answer.EnsureSuccessStatusCode();
        }
    }

    private sealed class Lines : ILoggerProvider
    {
        internal ConcurrentQueue<(string Category, LogLevel Level, EventId Id, string Text)> Written
        {
            get;
        } = new();

        internal LogLevel Least { get; set; }

        public ILogger CreateLogger(string categoryName) => new Logger(this, categoryName);

        public void Dispose()
        {
        }

        private sealed class Logger(Lines lines, string category) : ILogger
        {
            public IDisposable? BeginScope<TState>(TState state)
                where TState : notnull => null;

            public bool IsEnabled(LogLevel logLevel) => true;

            public void Log<TState>(
                LogLevel logLevel,
                EventId eventId,
                TState state,
                Exception? exception,
                Func<TState, Exception?, string> formatter) =>
                lines.Written.Enqueue((category, logLevel, eventId, formatter(state, exception)));
        }
    }
}
