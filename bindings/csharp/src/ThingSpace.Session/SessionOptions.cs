using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.Linq;
using System.Runtime.Serialization;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using ThingSpace.Interop;

namespace ThingSpace;

/// <summary>
/// How to log in. What is null here is taken from the environment (<c>TSM_USERNAME</c>, …), then
/// from the library's default.
/// </summary>
/// <remarks>
/// <para>
/// The options are copied by the login; changing them later changes no session. They hold secrets
/// as plain text. Serializers leave those out; but System.Text.Json on .NET Framework, where this
/// assembly cannot tell it: do not serialize options there.
/// </para>
/// <para>
/// The environment is the process's own: what it was started with. On Unix
/// <see cref="Environment.SetEnvironmentVariable(string, string)"/> changes .NET's copy only, which
/// the library does not see; set the property instead.
/// </para>
/// </remarks>
[DebuggerDisplay("{Username} at {BaseUrl}")]
public sealed partial class SessionOptions
{
    /// <summary>Of the library's options, as a pattern.</summary>
    private const string Names = "\\b[a-z]+(_[a-z]+)+\\b";

    private static readonly Dictionary<string, string> s_properties = new SessionOptions()
        .Named()
        .ToDictionary(
            static option => option.Name,
            static option => option.Property,
            StringComparer.Ordinal);

    /// <summary>
    /// Options by the names they have in the C library, for those without a property here. They win
    /// over the properties.
    /// </summary>
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    [IgnoreDataMember]
    [JsonIgnore]
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
    [IgnoreDataMember]
    [JsonIgnore]
    public Action<TsmLogLevel, string>? Log { get; set; }

    /// <summary>
    /// The least that matters enough to be logged. Default <see cref="TsmLogLevel.Information"/>.
    /// </summary>
    public TsmLogLevel LogLevel { get; set; } = TsmLogLevel.Information;

    /// <summary>
    /// Says how much is to be logged at the moment, for a log whose level changes while the program
    /// runs. It is asked when a call begins and must be quick; <see cref="LogLevel"/> is the least
    /// that is logged whatever it says. Null: the level stays.
    /// </summary>
    /// <remarks>
    /// <see cref="TsmLogLevel.Debug"/> has a line for each request, which costs it some
    /// microseconds even where <see cref="Log"/> drops the line.
    /// </remarks>
    [IgnoreDataMember]
    [JsonIgnore]
    public Func<TsmLogLevel>? LogLevelNow { get; set; }

    /// <summary>
    /// Is told what happens to the session: logins and what came of them, waits, resends, refusals
    /// of the lockout guard, failures of its store. It is called as <see cref="Log"/> is. On .NET 8
    /// and later the same is told to a meter and an activity source, both named
    /// <c>ThingSpace.Session</c>, whether or not this is set.
    /// </summary>
    [IgnoreDataMember]
    [JsonIgnore]
    public Action<ThingSpaceEvent>? OnEvent { get; set; }

    /// <summary>
    /// Makes the native configuration. The callbacks belong to whoever owns the session made with
    /// it.
    /// </summary>
    internal ConfigHandle ToNative(out Callbacks callbacks)
    {
        callbacks = new Callbacks(Log, LogLevel, LogLevelNow, OnEvent);
        ConfigHandle config = NativeMethods.tsm_config_new();
        try
        {
            foreach ((string name, string property, string? value) in Named())
            {
                Set(config, name, property, value);
            }

            foreach (KeyValuePair<string, string> option in Other)
            {
                Set(config, option.Key, nameof(Other), option.Value);
            }

            if (UseEnvironment)
            {
                config.LoadEnvironment();
            }

            callbacks.AddTo(config);
            return config;
        }
        catch
        {
            config.Dispose();
            callbacks.Dispose();
            throw;
        }
    }

    /// <summary>Whether that is the name of an option.</summary>
    internal static bool Has(string? property) =>
        property is not null && s_properties.ContainsValue(property);

    /// <summary>
    /// What the library has against options, in the names they have here: of those without an
    /// underscore it speaks at the sentence's start, or after the variable that sets it.
    /// </summary>
    internal static Exception InProperties(Exception refusal)
    {
        if (refusal is not ArgumentException)
        {
            return refusal;
        }

        string message = InProperties(
            refusal.Message,
            "(?<=^(environment TSM_[A-Z_]+: )?)[a-z]+\\b(?!_)|" + Names,
            out string? first);
        return new ArgumentException(message, first);
    }

    /// <summary>
    /// What the library says with the names that its options have here; but for what it quotes.
    /// </summary>
    /// <param name="message">What it says.</param>
    /// <param name="first">The first option of which it speaks; null for none.</param>
    internal static string InProperties(string message, out string? first) => InProperties(
        message, "\"[^\"]*\"|(?<=\\boption )[a-z]+\\b(?!_)|" + Names, out first);

    private static string InProperties(string message, string names, out string? first)
    {
        string? found = null;
        message = Regex.Replace(
            message,
            names,
            name =>
            {
                if (!s_properties.TryGetValue(name.Value, out string? property))
                {
                    return name.Value;
                }

                found ??= property;
                return property;
            },
            RegexOptions.CultureInvariant);
        first = found;
        return message;
    }

    private static string? Text(bool? value) =>
        value is null ? null : value.Value ? "true" : "false";

    private static string? Text(long? value) => value?.ToString(CultureInfo.InvariantCulture);

    /// <summary>
    /// The library would speak of its milliseconds. A configuration that says 30 means days.
    /// </summary>
    private static string? Text(TimeSpan? value, string parameter)
    {
        if (value is null)
        {
            return null;
        }

        long time = Milliseconds.From(value.Value, parameter);
        return time > 0 && value <= TimeSpan.FromDays(1)
            ? time.ToString(CultureInfo.InvariantCulture)
            : throw new ArgumentOutOfRangeException(
                parameter,
                $"{parameter}: must be from a millisecond to a day (1.00:00:00), not {value}; " +
                "00:00:30 is half a minute.");
    }

    private static unsafe void Set(
        ConfigHandle config, string name, string property, string? value)
    {
        if (value is null)
        {
            return;
        }

        const int StackSize = 512;
        byte* nameBuffer = stackalloc byte[StackSize];
        byte* valueBuffer = stackalloc byte[StackSize];
        using var option = new Utf8Argument(name, nameBuffer, StackSize, nameof(Other));
        var text = new Utf8Argument(value, valueBuffer, StackSize, property);
        try
        {
            int status = NativeMethods.tsm_config_set(
                config, option.Pointer, text.Pointer, out nint error);
            if (status != 0)
            {
                Exception refusal = NativeError.Take(status, error);
                throw property == nameof(Other) && refusal is ArgumentException
                    ? new ArgumentException(refusal.Message, property)
                    : InProperties(refusal);
            }
        }
        finally
        {
            text.Wipe();
            text.Dispose();
        }
    }
}
