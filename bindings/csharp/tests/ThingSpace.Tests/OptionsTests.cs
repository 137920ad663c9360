using System;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Serialization;
using System.Text;
#if !TSM_NETSTANDARD
using System.Text.Json;
#endif
using System.Threading.Tasks;
using Xunit;

namespace ThingSpace.Tests;

[CollectionDefinition("environment", DisableParallelization = true)]
public class EnvironmentChanges;

[Collection("environment")]
public class OptionsTests
{
    [Theory]
    [InlineData("longer than max_response_bytes", "longer than MaxResponseBytes")]
    [InlineData("set the option proxy to none", "set the option Proxy to none")]
    [InlineData("rejected the password", "rejected the password")]
    [InlineData("it said \"no ca_file, no proxy\"", "it said \"no ca_file, no proxy\"")]
    [InlineData("no_such_option and TSM_CA_FILE", "no_such_option and TSM_CA_FILE")]
    public void What_the_library_says_of_options_names_properties(string said, string wanted) =>
        Assert.Equal(wanted, SessionOptions.InProperties(said, out _));

    [Fact]
    public void The_environment_fills_in_what_is_not_set_by_hand()
    {
        using Sandbox sandbox = Sandbox.Start();
        (string Name, string Value)[] variables =
        [
            ("TSM_BASE_URL", sandbox.BaseUrl), ("TSM_USERNAME", "zbeeblebrox"),
            ("TSM_PASSWORD", "not this"), ("TSM_APP_KEY", "key"), ("TSM_APP_SECRET", "secret"),
            ("TSM_STORE", "memory:"), ("TSM_AUTO_RELOGIN", "false"), ("TSM_REALM", ""),
        ];
        try
        {
            foreach ((string name, string value) in variables)
            {
                SetVariable(name, value);
            }

            using (Session session = Session.Login(new SessionOptions { Password = "IMgr8" }))
            {
                Assert.Equal(sandbox.BaseUrl + "/", session.BaseAddress.AbsoluteUri);
                sandbox.Expire();
                Assert.Equal(
                    TsmStatus.SessionExpired,
                    Assert.Throws<ThingSpaceException>(() => session.Get(Sandbox.Account)).Status);
            }

            var options = new SessionOptions { Password = "IMgr8", UseEnvironment = false };
            Assert.Throws<ArgumentException>(() => Session.Login(options));
            SetVariable("TSM_PASSWORD", "IMgr8");
            using (Session session = Session.Login())
            {
                Assert.Equal(200, session.Get(Sandbox.Account).StatusCode);
            }

            SetVariable("TSM_STORE", "somewhere");
            ArgumentException refused = Assert.Throws<ArgumentException>(() => Session.Login());
            Assert.Equal("Store", refused.ParamName);
            Assert.Contains("TSM_STORE: Store: must", refused.Message, StringComparison.Ordinal);
            SetVariable("TSM_STORE", "memory:");

            SetVariable("TSM_TIMEOUT_MS", "soon");
            refused = Assert.Throws<ArgumentException>(() => Session.Login());
            Assert.Equal("Timeout", refused.ParamName);
            Assert.Contains("TSM_TIMEOUT_MS: Tim", refused.Message, StringComparison.Ordinal);
            options = new SessionOptions { Timeout = TimeSpan.FromSeconds(30) };
            using (Session session = Session.Login(options))
            {
                Assert.Equal(200, session.Get(Sandbox.Account).StatusCode);
            }
        }
        finally
        {
            SetVariable("TSM_TIMEOUT_MS", null);
            foreach ((string name, _) in variables)
            {
                SetVariable(name, null);
            }
        }
    }

    [Fact]
    public void The_environment_is_the_process_s_and_not_NET_s_copy()
    {
        using Sandbox sandbox = Sandbox.Start();
        SessionOptions options = sandbox.Options();
        options.UseEnvironment = true;
        options.Username = null;
        try
        {
            Environment.SetEnvironmentVariable("TSM_USERNAME", "zbeeblebrox");
            ArgumentException refused = Assert.Throws<ArgumentException>(
                () => Session.Login(options));
            Assert.Contains("Username", refused.Message, StringComparison.Ordinal);
            SetVariable("TSM_USERNAME", "zbeeblebrox");
            using Session session = Session.Login(options);
            Assert.Equal(200, session.Get(Sandbox.Account).StatusCode);
        }
        finally
        {
            SetVariable("TSM_USERNAME", null);
            Environment.SetEnvironmentVariable("TSM_USERNAME", null);
        }
    }

    [Fact]
    public async Task Asynchronous_calls_have_the_time_that_the_environment_gives()
    {
        using Sandbox sandbox = Sandbox.Start();
        SessionOptions options = sandbox.Options();
        options.UseEnvironment = true;
        SetVariable("TSM_TIMEOUT_MS", "500");
        try
        {
            // Its login would have no more time than that.
            using Session session = Session.Open(options);
            sandbox.Fault("api", "hold");
            ThingSpaceException e = await Assert.ThrowsAsync<ThingSpaceException>(
                () => session.GetAsync(Sandbox.Account));
            Assert.Equal(TsmStatus.Timeout, e.Status);
        }
        finally
        {
            SetVariable("TSM_TIMEOUT_MS", null);
        }
    }

    [Fact]
    public void The_options_are_copied_by_the_login()
    {
        using Sandbox sandbox = Sandbox.Start();
        SessionOptions options = sandbox.Options();
        using Session session = Session.Login(options);
        options.Password = "another";
        options.BaseUrl = "https://localhost:1/api";
        sandbox.Expire();
        Assert.Equal(200, session.Get(Sandbox.Account).StatusCode);
    }

    public static TheoryData<string, Action<SessionOptions>, string> Refused() => new()
    {
        { "Username", o => o.Username = null, "Username is missing: set this option, or TSM_" },
        { "Username", o => o.Username = "a\nb", "Username: must not hold a control character" },
        { "BaseUrl", o => o.BaseUrl = "http://example.com/api", "BaseUrl: " },
        { "Proxy", o => o.Proxy = "gopher://me:hunter2@proxy", "Proxy: " },
        { "MaxLoginFailures", o => o.MaxLoginFailures = 5, "MaxLoginFailures: must be a whole" },
        { "Timeout", o => o.Timeout = TimeSpan.Zero, "Timeout: must be" },
        { "Timeout", o => o.Timeout = TimeSpan.FromSeconds(-1), "The time must not be negative" },
        { "Timeout", o => o.Timeout = TimeSpan.FromDays(30), "not 30.00:00:00; 00:00:30 is half" },
        { "ApiToken", o => o.ApiToken = "abc", "ApiToken and AppKey/AppSecret contradict" },
        { "AppSecret", o => o.AppSecret = null, "AppSecret (or AppSecretFile) is missing" },
        {
            "StoreUser",
            o => o.StoreUser = "me",
            "StoreUser is of no use without StorePassword or StorePasswordFile"
        },
        { "Other", o => o.Other["pasword"] = "x", "no option \"pasword\"; did you mean \"pass" },
        { "Other", o => o.Other["timeout_ms"] = "soon", "timeout_ms: must be" },
    };

    [Theory]
    [MemberData(nameof(Refused), DisableDiscoveryEnumeration = true)]
    public void What_is_wrong_is_said_in_the_names_of_properties(
        string parameter, Action<SessionOptions> change, string words)
    {
        SessionOptions options = Valid();
        change(options);
        foreach (Action call in new Action[]
        {
            () => Session.Open(options), () => Session.Login(options),
        })
        {
            ArgumentException refused = Assert.ThrowsAny<ArgumentException>(call);
            Assert.Equal(parameter, refused.ParamName);
            Assert.Contains(words, refused.Message, StringComparison.Ordinal);
            Assert.DoesNotContain("hunter2", refused.ToString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Unblocking_says_it_so_too()
    {
        var nobody = new SessionOptions { UseEnvironment = false, Store = "memory:" };
        ArgumentException refused = Assert.Throws<ArgumentException>(
            () => Session.Unblock(nobody));
        Assert.Equal("Username", refused.ParamName);
    }

    [Fact]
    public void Secrets_are_in_no_text_and_written_by_no_serializer()
    {
        SessionOptions options = Valid();
        string[] secrets = ["s-pass", "s-secret", "s-store", "s-proxy", "s-other", "s-token"];
        options.Password = "s-pass";
        options.AppSecret = "s-secret";
        options.StorePassword = "s-store";
        options.Proxy = "http://me:s-proxy@proxy:3128";
        options.ApiToken = "s-token";
        options.Other["password"] = "s-other";
        options.Log = (_, _) => { };
        var tokens = new RequestTokens("s-token", "s-token");
        var error = new ThingSpaceException(TsmStatus.SessionExpired, "expired", token: "s-token");
        string written = string.Join(
            "\n",
            options.ToString(),
            tokens.ToString(),
            error.ToString(),
            WriteContract(options),
            WriteContract(tokens, isOpaque: true));
#if !TSM_NETSTANDARD
        written += JsonSerializer.Serialize(options) + JsonSerializer.Serialize(tokens);
        Assert.Contains("zbeeblebrox", JsonSerializer.Serialize(options), StringComparison.Ordinal);
#endif
        Assert.Contains("zbeeblebrox", WriteContract(options), StringComparison.Ordinal);
        Assert.All(
            secrets, secret => Assert.DoesNotContain(secret, written, StringComparison.Ordinal));
    }

    [Fact]
    public void What_one_serializer_leaves_out_the_others_do_too()
    {
        PropertyInfo[] left =
        [
            .. typeof(Session).Assembly.GetExportedTypes()
                .SelectMany(static type => type.GetProperties())
                .Where(static property => property.CustomAttributes.Any(
                    static mark => mark.AttributeType.Name == "JsonIgnoreAttribute")),
        ];
        Assert.NotEmpty(left);
        Assert.All(left, static property => Assert.True(
            property.IsDefined(typeof(IgnoreDataMemberAttribute)), property.Name));
    }

    private static string WriteContract(object value, bool isOpaque = false)
    {
        using var stream = new MemoryStream();
        try
        {
            new DataContractSerializer(value.GetType()).WriteObject(stream, value);
        }
        catch (InvalidDataContractException) when (isOpaque)
        {
            return "";
        }

        return Encoding.UTF8.GetString(stream.ToArray());
    }

    private static SessionOptions Valid() => new()
    {
        UseEnvironment = false,
        BaseUrl = "http://127.0.0.1:9/api",
        Username = "zbeeblebrox",
        Password = "IMgr8",
        AppKey = "key",
        AppSecret = "secret",
        Store = "memory:",
    };

    /// <summary>Changes the process's environment; null takes the variable away.</summary>
    private static void SetVariable(string name, string? value)
    {
        byte[] text = Encoding.UTF8.GetBytes(name + '\0');
        _ = value is null
            ? unsetenv(text)
            : setenv(text, Encoding.UTF8.GetBytes(value + '\0'), 1);
    }

    [DllImport("libc")]
    private static extern int setenv(byte[] name, byte[] value, int overwrite);

    [DllImport("libc")]
    private static extern int unsetenv(byte[] name);
}
