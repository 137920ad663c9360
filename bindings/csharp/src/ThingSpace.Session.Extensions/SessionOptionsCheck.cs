using System;
using System.Collections.Generic;
using System.Linq;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace ThingSpace.Extensions;

/// <summary>Where the configuration holds the options of a session.</summary>
internal sealed class SessionSection(string name, IConfigurationSection section)
{
    internal string Name => name;

    internal string Path => section.Path;

    /// <summary>
    /// What is wrong with keys that look like an option's and are none: no binder minds them, and
    /// the session would go without. Other keys are the program's own, and one without a value is
    /// another session's section.
    /// </summary>
    internal IEnumerable<string> Misspelt() =>
        from entry in section.GetChildren()
        where entry.Value is not null
        let meant = SimilarNames.Find(entry.Key)
        where meant is not null
        select $"{entry.Path} is no option; did you mean {Path}:{meant}?";
}

/// <summary>
/// Has the library check options as a whole, and says what it has against them by the key that they
/// have in the configuration. Nothing is sent.
/// </summary>
internal sealed class SessionOptionsCheck(IEnumerable<SessionSection> sections)
    : IValidateOptions<SessionOptions>
{
    public ValidateOptionsResult Validate(string? name, SessionOptions options)
    {
        SessionSection? section = sections.LastOrDefault(section => section.Name == (name ?? ""));
        string[] misspelt = section is null ? [] : [.. section.Misspelt()];
        if (misspelt.Length > 0)
        {
            return ValidateOptionsResult.Fail(misspelt);
        }

        try
        {
            Session.Open(options).Dispose();
            return ValidateOptionsResult.Success;
        }
        catch (ArgumentException e)
        {
            return Failure(section?.Path, e.ParamName, WithoutParameter(e));
        }
        catch (ThingSpaceException e)
        {
            string? property = e.Status switch
            {
                TsmStatus.Store => nameof(SessionOptions.Store),
                TsmStatus.Tls => nameof(SessionOptions.CaFile),
                _ => null,
            };
            return Failure(section?.Path, property, e.Message);
        }
    }

    private static ValidateOptionsResult Failure(string? path, string? property, string message)
    {
        string key = string.Join(":", new[] { path, property }.Where(part => part is not null));
        if (property is not null && message.StartsWith(property, StringComparison.Ordinal))
        {
            return ValidateOptionsResult.Fail(message.Insert(0, path is null ? "" : path + ":"));
        }

        return ValidateOptionsResult.Fail(key.Length == 0 ? message : key + ": " + message);
    }

    /// <summary>
    /// The exception's own words: the framework adds the parameter's name, in its language.
    /// </summary>
    private static string WithoutParameter(ArgumentException e)
    {
        if (e.ParamName is null)
        {
            return e.Message;
        }

        string added = new ArgumentException("", e.ParamName).Message;
        return e.Message.EndsWith(added, StringComparison.Ordinal)
            ? e.Message.Substring(0, e.Message.Length - added.Length)
            : e.Message;
    }
}
