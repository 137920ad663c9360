using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using ThingSpace.Interop;

namespace ThingSpace;

/// <summary>
/// How to log in. What is null here is taken from the environment (<c>TSM_USERNAME</c>, …), then
/// from the library's default.
/// </summary>
/// <remarks>
/// <para>
/// The options are copied by the login; changing them later changes no session. They hold secrets
/// as plain text: do not serialize them.
/// </para>
/// <para>
/// The environment is the process's own: what it was started with. On Unix
/// <see cref="Environment.SetEnvironmentVariable(string, string)"/> changes .NET's copy only, which
/// the library does not see; set the property instead.
/// </para>
/// </remarks>
public sealed partial class SessionOptions
{
    /// <summary>
    /// Options by the names they have in the C library, for those without a property here. They win
    /// over the properties.
    /// </summary>
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public IDictionary<string, string> Other { get; } =
        new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Whether the environment is read for what is not set here. Default true.</summary>
    public bool UseEnvironment { get; set; } = true;

    /// <summary>
    /// Is given the log's lines. It may be called by any thread that is in a call of the session,
    /// several at once. What it throws is ignored, and so are the lines of what it does itself. It
    /// is kept until the session is disposed, and so is all it refers to: one that refers to the
    /// session keeps that from being collected.
    /// </summary>
    public Action<TsmLogLevel, string>? Log { get; set; }

    /// <summary>
    /// The least that matters enough to be logged. Default <see cref="TsmLogLevel.Information"/>.
    /// </summary>
    public TsmLogLevel LogLevel { get; set; } = TsmLogLevel.Information;

    /// <summary>
    /// Makes the native configuration. The log sink belongs to whoever owns the session made with
    /// it.
    /// </summary>
    internal ConfigHandle ToNative(out LogSink? log)
    {
        log = null;
        ConfigHandle config = NativeMethods.tsm_config_new();
        try
        {
            foreach ((string name, string? value) in Named())
            {
                Set(config, name, value);
            }

            foreach (KeyValuePair<string, string> option in Other)
            {
                Set(config, option.Key, option.Value);
            }

            if (UseEnvironment)
            {
                config.LoadEnvironment();
            }

            if (Log is not null)
            {
                log = new LogSink(Log);
                int status = NativeMethods.tsm_config_set_log(
                    config, (int)LogLevel, LogSink.FunctionPointer, log.Context);
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

    private static string? Text(bool? value) =>
        value is null ? null : value.Value ? "true" : "false";

    private static string? Text(long? value) => value?.ToString(CultureInfo.InvariantCulture);

    private static string? Text(TimeSpan? value, string parameter) =>
        value is null
            ? null
            : Milliseconds.From(value.Value, parameter).ToString(CultureInfo.InvariantCulture);

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
            int status = NativeMethods.tsm_config_set(
                config, option.Pointer, text.Pointer, out nint error);
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
