using System;
using System.Runtime.InteropServices;
using System.Text;
using System.Threading.Tasks;
using Xunit;

namespace ThingSpace.Tests;

[CollectionDefinition("environment", DisableParallelization = true)]
public class EnvironmentChanges;

[Collection("environment")]
public class OptionsTests
{
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

            SetVariable("TSM_TIMEOUT_MS", "soon");
            ArgumentException refused = Assert.Throws<ArgumentException>(() => Session.Login());
            Assert.Contains("TSM_TIMEOUT_MS", refused.Message, StringComparison.Ordinal);
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
            Assert.Contains("username", refused.Message, StringComparison.Ordinal);
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
            using Session session = await Session.LoginAsync(options);
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
