using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using ThingSpace.Interop;

namespace ThingSpace;

/// <summary>
/// How to log in. What is null here is taken from the environment (<c>TSM_USERNAME</c>, <c>TSM_BASE_URL</c>, …), then from the library's
/// default.
/// </summary>
/// <remarks>
/// The options are copied by the login; changing them later changes no session. They hold secrets as plain text: do not serialize them.
/// </remarks>
public sealed class SessionOptions
{
    /// <summary>REST (the default) or SOAP. <c>TSM_PROTOCOL</c>.</summary>
    public ThingSpaceProtocol? Protocol { get; set; }

    /// <summary>
    /// The REST interface's address, to which paths are appended. <c>TSM_BASE_URL</c>; default <c>https://thingspace.verizon.com/api</c>.
    /// </summary>
    public string? BaseUrl { get; set; }

    /// <summary>The folder of the SOAP services. <c>TSM_SOAP_URL</c>; default <c>https://uws.apps.nphase.com/api/v2</c>.</summary>
    public string? SoapUrl { get; set; }

    /// <summary>The user. <c>TSM_USERNAME</c>.</summary>
    public string? Username { get; set; }

    /// <summary>The user's password. <c>TSM_PASSWORD</c>.</summary>
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public string? Password { get; set; }

    /// <summary>
    /// An API token of the developer portal, instead of <see cref="AppKey"/> and <see cref="AppSecret"/>. <c>TSM_API_TOKEN</c>.
    /// </summary>
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public string? ApiToken { get; set; }

    /// <summary>The application's key, with which API tokens are fetched. <c>TSM_APP_KEY</c>.</summary>
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public string? AppKey { get; set; }

    /// <summary>The application's secret. <c>TSM_APP_SECRET</c>.</summary>
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public string? AppSecret { get; set; }

    /// <summary>
    /// Whether an expired session is logged in again and the refused request sent again, once. <c>TSM_AUTO_RELOGIN</c>; default true.
    /// With false the request throws and the program calls <see cref="Session.Relogin"/>.
    /// </summary>
    public bool? AutoRelogin { get; set; }

    /// <summary>
    /// Where the lockout guard's count is kept: <c>memory:</c> (for this process) or <c>file:DIR</c> (for those of one host).
    /// <c>TSM_STORE</c>; default <c>file:</c>, the user's state directory.
    /// </summary>
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public string? Store { get; set; }

    /// <summary>
    /// Whether all who use the <see cref="Store"/> share one session token, so that a new process is ready without a login.
    /// <c>TSM_SHARE_TOKEN</c>; default false.
    /// </summary>
    public bool? ShareToken { get; set; }

    /// <summary>
    /// The platform behind a private gateway, by a name that all who log in to it use: they count failed logins together. <c>TSM_REALM</c>.
    /// </summary>
    public string? Realm { get; set; }

    /// <summary>
    /// After how many failed logins in a row no more are sent, 1 to 4. The platform locks the contact at the fifth.
    /// <c>TSM_MAX_LOGIN_FAILURES</c>; default 3.
    /// </summary>
    public int? MaxLoginFailures { get; set; }

    /// <summary>How long one call may take as a whole. <c>TSM_TIMEOUT_MS</c>; default 30 seconds.</summary>
    public TimeSpan? Timeout { get; set; }

    /// <summary>How long connecting may take. <c>TSM_CONNECT_TIMEOUT_MS</c>; default 10 seconds.</summary>
    public TimeSpan? ConnectTimeout { get; set; }

    /// <summary>A PEM file of the root certificates to trust, instead of the system's. <c>TSM_CA_FILE</c>.</summary>
    public string? CaFile { get; set; }

    /// <summary>The proxy's URL. <c>TSM_PROXY</c>; default the environment's proxy settings.</summary>
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public string? Proxy { get; set; }

    /// <summary>What requests say as their <c>User-Agent</c>. <c>TSM_USER_AGENT</c>.</summary>
    public string? UserAgent { get; set; }

    /// <summary>The size above which an answer is an error. <c>TSM_MAX_RESPONSE_BYTES</c>; default 16 MiB.</summary>
    public long? MaxResponseBytes { get; set; }

    /// <summary>Options by the names they have in the C library, for those without a property here. They win over the properties.</summary>
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public IDictionary<string, string> Other { get; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Whether the environment is read for what is not set here. Default true.</summary>
    public bool UseEnvironment { get; set; } = true;

    /// <summary>
    /// Is given the log's lines. It may be called by any thread that is in a call of the session, several at once. What it throws is
    /// ignored, and so are the lines of what it does itself. It is kept until the session is disposed, and so is all it refers to: one that
    /// refers to the session keeps that from being collected.
    /// </summary>
    public Action<TsmLogLevel, string>? Log { get; set; }

    /// <summary>The least that matters enough to be logged. Default <see cref="TsmLogLevel.Information"/>.</summary>
    public TsmLogLevel LogLevel { get; set; } = TsmLogLevel.Information;

    /// <summary>The timeout as the library will have it, which says so at the login if it is none.</summary>
    internal TimeSpan EffectiveTimeout =>
        long.TryParse(Effective("timeout_ms", Text(Timeout, nameof(Timeout))), NumberStyles.None, CultureInfo.InvariantCulture, out long ms)
            ? TimeSpan.FromMilliseconds(ms)
            : TimeSpan.FromSeconds(30);

    /// <summary>Makes the native configuration. The log sink belongs to whoever owns the session made with it.</summary>
    internal ConfigHandle ToNative(out LogSink? log)
    {
        log = null;
        ConfigHandle config = NativeMethods.tsm_config_new();
        try
        {
            foreach ((string name, string? value) in Named())
            {
                // Not by tsm_config_load_env: that reads what the process was started with, not what Environment.SetEnvironmentVariable
                // did since.
                Set(config, name, Effective(name, value));
            }

            foreach (KeyValuePair<string, string> option in Other)
            {
                Set(config, option.Key, option.Value);
            }

            if (Log is not null)
            {
                log = new LogSink(Log);
                int status = NativeMethods.tsm_config_set_log(config, (int)LogLevel, LogSink.FunctionPointer, log.Context);
                if (status != 0)
                {
                    throw NativeError.Take(status, 0);
                }
            }

            return config;
        }
        catch
        {
            config.Dispose();
            log?.Dispose();
            throw;
        }
    }

    private (string Name, string? Value)[] Named() =>
    [
        ("protocol", Protocol switch
        {
            null => null,
            ThingSpaceProtocol.Rest => "rest",
            ThingSpaceProtocol.Soap => "soap",
            _ => throw new ArgumentException($"There is no protocol {Protocol}.", nameof(Protocol)),
        }),
        ("base_url", BaseUrl),
        ("soap_url", SoapUrl),
        ("username", Username),
        ("password", Password),
        ("api_token", ApiToken),
        ("app_key", AppKey),
        ("app_secret", AppSecret),
        ("auto_relogin", Text(AutoRelogin)),
        ("store", Store),
        ("share_token", Text(ShareToken)),
        ("realm", Realm),
        ("max_login_failures", Text(MaxLoginFailures)),
        ("timeout_ms", Text(Timeout, nameof(Timeout))),
        ("connect_timeout_ms", Text(ConnectTimeout, nameof(ConnectTimeout))),
        ("ca_file", CaFile),
        ("proxy", Proxy),
        ("user_agent", UserAgent),
        ("max_response_bytes", Text(MaxResponseBytes)),
    ];

    private string? Effective(string option, string? value)
    {
        if (Other.TryGetValue(option, out string? other))
        {
            return other;
        }

        if (value is not null || !UseEnvironment)
        {
            return value;
        }

        string? variable = Environment.GetEnvironmentVariable("TSM_" + option.ToUpperInvariant());
        return string.IsNullOrEmpty(variable) ? null : variable;
    }

    private static string? Text(bool? value) => value is null ? null : value.Value ? "true" : "false";

    private static string? Text(long? value) => value?.ToString(CultureInfo.InvariantCulture);

    private static string? Text(TimeSpan? value, string parameter) =>
        value is null ? null : Milliseconds.From(value.Value, parameter).ToString(CultureInfo.InvariantCulture);

    private static unsafe void Set(ConfigHandle config, string name, string? value)
    {
        if (value is null)
        {
            return;
        }

        const int StackSize = 512;
        byte* nameBuffer = stackalloc byte[StackSize];
        byte* valueBuffer = stackalloc byte[StackSize];
        using var option = new Utf8Argument(name, nameBuffer, StackSize, nameof(Other));
        var text = new Utf8Argument(value, valueBuffer, StackSize, name);
        try
        {
            int status = NativeMethods.tsm_config_set(config, option.Pointer, text.Pointer, out nint error);
            if (status != 0)
            {
                throw NativeError.Take(status, error);
            }
        }
        finally
        {
            text.Wipe();
            text.Dispose();
        }
    }
}
