using System;
using System.Runtime.InteropServices;
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
            ("TSM_BASE_URL", sandbox.BaseUrl), ("TSM_USERNAME", "zbeeblebrox"), ("TSM_PASSWORD", "not this"), ("TSM_APP_KEY", "key"),
            ("TSM_APP_SECRET", "secret"), ("TSM_STORE", "memory:"), ("TSM_AUTO_RELOGIN", "false"), ("TSM_REALM", ""),
        ];
        try
        {
            foreach ((string name, string value) in variables)
            {
                Environment.SetEnvironmentVariable(name, value);
            }

            using (Session session = Session.Login(new SessionOptions { Password = "IMgr8" }))
            {
                Assert.Equal(sandbox.BaseUrl + "/", session.BaseAddress.AbsoluteUri);
                sandbox.Expire();
                Assert.Equal(TsmStatus.SessionExpired, Assert.Throws<ThingSpaceException>(() => session.Get(Sandbox.Account)).Status);
            }

            Assert.Throws<ArgumentException>(() => Session.Login(new SessionOptions { Password = "IMgr8", UseEnvironment = false }));
            Environment.SetEnvironmentVariable("TSM_PASSWORD", "IMgr8");
            using (Session session = Session.Login())
            {
                Assert.Equal(200, session.Get(Sandbox.Account).StatusCode);
            }

            Environment.SetEnvironmentVariable("TSM_TIMEOUT_MS", "soon");
            Assert.Contains("timeout_ms", Assert.Throws<ArgumentException>(() => Session.Login()).Message, StringComparison.OrdinalIgnoreCase);
        }
        finally
        {
            Environment.SetEnvironmentVariable("TSM_TIMEOUT_MS", null);
            foreach ((string name, _) in variables)
            {
                Environment.SetEnvironmentVariable(name, null);
            }
        }
    }

    [Fact]
    public void Only_what_the_program_sees_of_the_environment_counts()
    {
        using Sandbox sandbox = Sandbox.Start();
        SessionOptions options = sandbox.Options();
        options.UseEnvironment = true;
        options.Username = null;
        try
        {
            _ = setenv([.. "TSM_USERNAME\0"u8], [.. "zbeeblebrox\0"u8], 1); // as when it was set at the start and the program took it away
            Assert.Contains("username", Assert.Throws<ArgumentException>(() => Session.Login(options)).Message, StringComparison.Ordinal);

            Environment.SetEnvironmentVariable("TSM_USERNAME", "zbeeblebrox");
            Environment.SetEnvironmentVariable("TSM_TIMEOUT_MS", "soon");
            options.Timeout = TimeSpan.FromSeconds(30);
            using Session session = Session.Login(options);
            Assert.Equal(200, session.Get(Sandbox.Account).StatusCode);
        }
        finally
        {
            _ = unsetenv([.. "TSM_USERNAME\0"u8]);
            Environment.SetEnvironmentVariable("TSM_USERNAME", null);
            Environment.SetEnvironmentVariable("TSM_TIMEOUT_MS", null);
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

    [DllImport("libc")]
    private static extern int setenv(byte[] name, byte[] value, int overwrite);

    [DllImport("libc")]
    private static extern int unsetenv(byte[] name);
}
