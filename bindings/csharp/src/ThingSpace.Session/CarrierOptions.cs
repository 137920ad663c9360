using System;
using System.Globalization;
using ThingSpace.Interop;

namespace ThingSpace;

/// <summary>
/// What the options of a session come to for requests that the library does not carry itself, as
/// they were at the login.
/// </summary>
internal sealed class CarrierOptions
{
    private CarrierOptions()
    {
    }

    internal CarrierOptions(ConfigHandle config)
    {
        CaFile = config.Read("ca_file");
        LoginUrl = config.Read(config.Read("protocol") == "soap" ? "soap_url" : "base_url");
        ConnectTimeout = TimeSpan.FromMilliseconds(Number(config, "connect_timeout_ms"));
        MaxResponseBytes = Number(config, "max_response_bytes");
        Timeout = TimeSpan.FromMilliseconds(Number(config, "timeout_ms"));
    }

    /// <summary>For what stands in for a session and carries nothing.</summary>
    internal static CarrierOptions None { get; } = new();

    /// <summary>Empty: the system's roots are trusted.</summary>
    internal string CaFile { get; } = "";

    /// <summary>Where the platform is that it logs in to.</summary>
    internal string LoginUrl { get; } = "";

    internal TimeSpan ConnectTimeout { get; }

    internal long MaxResponseBytes { get; }

    /// <summary>How long a call may take.</summary>
    internal TimeSpan Timeout { get; }

    private static long Number(ConfigHandle config, string option) =>
        long.Parse(config.Read(option), CultureInfo.InvariantCulture);
}
