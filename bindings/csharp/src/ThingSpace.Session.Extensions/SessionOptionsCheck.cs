using System;
using System.Collections.Generic;
using System.Linq;
using Microsoft.Extensions.Options;

namespace ThingSpace.Extensions;

/// <summary>Where the configuration holds the options of a session.</summary>
internal sealed class SessionSection(string name, string path)
{
    internal string Name => name;

    internal string Path => path;
}

/// <summary>
/// Has the library check options as a whole, and says what it has against them by the key that they
/// have in the configuration. Nothing is sent.
/// </summary>
internal sealed class SessionOptionsCheck(IEnumerable<SessionSection> paths)
    : IValidateOptions<SessionOptions>
{
    public ValidateOptionsResult Validate(string? name, SessionOptions options)
    {
        try
        {
            Session.Open(options).Dispose();
            return ValidateOptionsResult.Success;
        }
        catch (ArgumentException e)
        {
            return Failure(name, e.ParamName, WithoutParameter(e));
        }
        catch (ThingSpaceException e)
        {
            string? property = e.Status switch
            {
                TsmStatus.Store => nameof(SessionOptions.Store),
                TsmStatus.Tls => nameof(SessionOptions.CaFile),
                _ => null,
            };
            return Failure(name, property, e.Message);
        }
    }

    private ValidateOptionsResult Failure(string? name, string? property, string message)
    {
        string? path = paths.LastOrDefault(path => path.Name == (name ?? ""))?.Path;
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
