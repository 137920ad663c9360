// Runs one scenario of tests/scenarios: the behaviour that all languages share, as data. README.md
// there says what the fields mean.

using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using System.Threading.Tasks;

namespace ThingSpace.Tests;

internal sealed class Scenario : IDisposable
{
    private readonly JsonNode _scenario;
    private readonly Via _via;
    private readonly bool _isAsync;
    private readonly Sandbox _sandbox = Sandbox.Start();
    private readonly string _temp = Path.Combine(
        Path.GetTempPath(), "thingspace-scenario-" + Guid.NewGuid().ToString("N"));

    private readonly Dictionary<string, Session> _sessions = [];
    private readonly Dictionary<string, string> _tokens = [];
    private readonly List<string> _events = [];
    private string? _refused;

    private Scenario(string file, Via via, bool isAsync)
    {
        _scenario = Read(file);
        _via = via;
        _isAsync = isAsync;
        MakePrivateFolder(_temp);
    }

    /// <summary>Every scenario, in each way that it says.</summary>
    internal static IEnumerable<(string Name, Via Via)> All() =>
        from file in Directory.GetFiles(Repository.Scenarios, "*.json")
        orderby file
        from via in Ways(Read(file))
        select (Path.GetFileNameWithoutExtension(file), via);

    /// <summary>
    /// Runs a scenario by the blocking or by the asynchronous methods; throws what is not as it
    /// should be.
    /// </summary>
    internal static async Task Run(string name, Via via, bool isAsync)
    {
        string file = Path.Combine(Repository.Scenarios, name + ".json");
        using var scenario = new Scenario(file, via, isAsync);
        await scenario.Run();
    }

    public void Dispose()
    {
        foreach (Session session in _sessions.Values)
        {
            session.Dispose();
        }

        _sandbox.Dispose();
        Sandbox.Discard(_temp);
    }

    private static JsonNode Read(string file) => JsonNode.Parse(File.ReadAllText(file))!;

    /// <summary>"adapter" stands for each of this language's.</summary>
    private static IEnumerable<Via> Ways(JsonNode scenario)
    {
        JsonArray steps = scenario["steps"]!.AsArray();
        bool hasRequests = steps.Any(step => (string)step!["do"]! == "request");
        string[] ways = scenario["via"] is JsonArray said ? [.. said.Select(way => (string)way!)]
            : hasRequests ? ["session", "adapter"]
            : ["session"];
        return ways.SelectMany(way => way switch
        {
            "session" => new[] { Via.Session },
            "adapter" => [Via.Handler, Via.Exchange],
            _ => throw new NotSupportedException($"There is no way {way}."),
        });
    }

    private async Task Run()
    {
        int number = 0;
        foreach (JsonNode? step in _scenario["steps"]!.AsArray())
        {
            number++;
            try
            {
                await Run(step!);
            }
            catch (Exception e)
            {
                throw new InvalidOperationException(
                    $"Step {number} {step!.ToJsonString()}: {e.Message}", e);
            }
        }

        JsonNode counters = _sandbox.Control("GET", "/state")["counters"]!;
        foreach (KeyValuePair<string, JsonNode?> wire in _scenario["wire"]?.AsObject() ?? [])
        {
            Expect($"wire {wire.Key}", (long)wire.Value!, (long)counters[wire.Key]!);
        }

        if (_scenario["events"] is JsonArray events)
        {
            lock (_events)
            {
                string wanted = string.Join(", ", events.Select(told => (string)told!));
                Expect("events", wanted, string.Join(", ", _events));
            }
        }
    }

    private void Note(ThingSpaceEvent happened)
    {
        string kind = Regex.Replace(happened.Kind.ToString(), "(?<=.)(?=[A-Z])", "_");
        string words = $"{kind.ToLowerInvariant()} {happened.Detail}".TrimEnd();

        // Whether the lease is free yet when the next login wants it is chance.
        if (words == "waited lease")
        {
            return;
        }

        lock (_events)
        {
            _events.Add(words);
        }
    }

    private async Task Run(JsonNode step)
    {
        JsonNode expect = step["expect"] ?? new JsonObject();
        Outcome outcome;
        try
        {
            outcome = await Act(step);
        }
        catch (Exception e) when (StatusName(e) is { } status)
        {
            if (e is ThingSpaceException { Token: { } token })
            {
                _refused = token;
            }

            if (expect["error"] is null)
            {
                throw;
            }

            Expect("error", (string)expect["error"]!, status);
            CompareError(expect, e, _via != Via.Session && (string)step["do"]! == "request");
            return;
        }

        Expect("error", (string?)expect["error"], null);
        Compare(step, expect, outcome);
    }

    private async Task<Outcome> Act(JsonNode step)
    {
        string name = (string?)step["as"] ?? "main";
        string what = (string)step["do"]!;
        switch (what)
        {
            case "sandbox":
                JsonNode? body = step["body"] is { } given
                    ? JsonNode.Parse(Filled(given.ToJsonString()))
                    : null;
                _sandbox.Control((string)step["method"]!, (string)step["path"]!, body);
                return default;

            case "login":
                Session opened = _isAsync
                    ? await Session.LoginAsync(Options(step))
                    : Session.Login(Options(step));
                if (_sessions.TryGetValue(name, out Session? older))
                {
                    older.Dispose();
                }

                _sessions[name] = opened;
                return default;

            case "unblock":
                Session.Unblock(Options(step));
                return default;

            case "check":
                Session.Check((int)step["http"]!, (string?)step["body"]);
                return default;
        }

        Session session = _sessions[name];
        switch (what)
        {
            case "request" when _via != Via.Session:
                var adapter = new Adapter(session, _via, _isAsync);
                Answer answer = await adapter.Send(
                    (string)step["method"]!, (string)step["path"]!, Headers(step),
                    (string?)step["body"]);
                answer.Check(isThorough: (bool?)step["check"] == true);
                return new Outcome { Answer = answer };

            case "request":
                return Answered(step, _isAsync
                    ? await session.SendAsync(
                        (string)step["method"]!, (string)step["path"]!, (string?)step["body"],
                        Headers(step))
                    : session.Send(
                        (string)step["method"]!, (string)step["path"]!, (string?)step["body"],
                        Headers(step)));

            case "soap":
                return Answered(step, _isAsync
                    ? await session.SoapCallAsync(
                        (string)step["service"]!, (string)step["operation"]!,
                        (string)step["body"]!)
                    : session.SoapCall(
                        (string)step["service"]!, (string)step["operation"]!,
                        (string)step["body"]!));

            case "relogin" when _isAsync:
                await session.ReloginAsync(Token(step));
                return default;

            case "relogin":
                session.Relogin(Token(step));
                return default;

            case "renew_api_token" when _isAsync:
                await session.RenewApiTokenAsync(Token(step));
                return default;

            case "renew_api_token":
                session.RenewApiToken(Token(step));
                return default;

            case "logout" when _isAsync:
                await session.LogoutAsync();
                return default;

            case "logout":
                session.Logout();
                return default;

            case "token":
                return new Outcome { Token = session.Token };

            case "api_token":
                return new Outcome
                {
                    Token = _isAsync ? await session.GetApiTokenAsync() : session.GetApiToken(),
                };

            case "cancel":
                session.Cancel();
                return default;

            case "free":
                session.Dispose();
                return default;

            case "info":
                return new Outcome { Info = session.Info };

            default:
                throw new NotSupportedException($"There is no step {what}.");
        }
    }

    private static Outcome Answered(JsonNode step, Response response)
    {
        if ((bool?)step["check"] == true)
        {
            response.EnsureSuccess();
        }

        return new Outcome { Answer = new Answer(response.StatusCode, response.Body) };
    }

    private string? Token(JsonNode step) => (string?)step["token"] switch
    {
        null or "held" => null,
        "refused" => _refused ??
            throw new InvalidOperationException("No error carried a token so far."),
        string text => text,
    };

    private static List<KeyValuePair<string, string>> Headers(JsonNode step)
    {
        var headers = new List<KeyValuePair<string, string>>();
        foreach (JsonNode? line in step["headers"]?.AsArray() ?? [])
        {
            string text = (string)line!;
            int colon = text.IndexOf(':');
            (string name, string value) = colon < 0
                ? (text, "")
                : (text.Substring(0, colon), text.Substring(colon + 1).Trim(' '));
            headers.Add(new KeyValuePair<string, string>(name, value));
        }

        return headers;
    }

    private SessionOptions Options(JsonNode step)
    {
        var texts = new Dictionary<string, string?>
        {
            ["base_url"] = _sandbox.BaseUrl,
            ["soap_url"] = _sandbox.SoapUrl,
            ["username"] = "zbeeblebrox",
            ["password"] = "IMgr8",
            ["app_key"] = "key",
            ["app_secret"] = "secret",
            ["store"] = "memory:",
        };
        foreach (JsonNode? layer in new[] { _scenario["options"], step["options"] })
        {
            foreach (KeyValuePair<string, JsonNode?> option in layer?.AsObject() ?? [])
            {
                texts[option.Key] = (string?)option.Value is { } text ? Filled(text) : null;
            }
        }

        var options = new SessionOptions { UseEnvironment = false, OnEvent = Note };
        foreach (KeyValuePair<string, string?> option in texts)
        {
            if (option.Value is not null && !SetProperty(options, option.Key, option.Value))
            {
                options.Other[option.Key] = option.Value;
            }
        }

        return options;
    }

    private string Filled(string text) => text
        .Replace("{{soap_url}}", _sandbox.SoapUrl)
        .Replace("{{base_url}}", _sandbox.BaseUrl)
        .Replace("{{temp}}", _temp)
        .Replace("{{padding}}", new string('x', 100_000));

    /// <summary>
    /// Sets the property of an option; false when there is none, or its type cannot hold that
    /// value.
    /// </summary>
    private static bool SetProperty(SessionOptions options, string name, string value)
    {
        const BindingFlags AnyCase =
            BindingFlags.Public | BindingFlags.Instance | BindingFlags.IgnoreCase;
        string property = Regex.Replace(name, "_ms$", "").Replace("_", "");
        PropertyInfo? found = typeof(SessionOptions).GetProperty(property, AnyCase);
        object? typed = found is null ? null : Typed(found.PropertyType, value);
        if (typed is null)
        {
            return false;
        }

        found!.SetValue(options, typed);
        return true;
    }

    private static object? Typed(Type type, string value)
    {
        if (type == typeof(string))
        {
            return value;
        }

        if (type == typeof(bool?))
        {
            return value is "true" or "false" ? value == "true" : null;
        }

        if (type == typeof(ThingSpaceProtocol?))
        {
            return value switch
            {
                "rest" => ThingSpaceProtocol.Rest,
                "soap" => ThingSpaceProtocol.Soap,
                _ => null,
            };
        }

        if (!Number(value, out long number))
        {
            return null;
        }

        return type == typeof(TimeSpan?) ? TimeSpan.FromMilliseconds(number)
            : type == typeof(int?) ? (int)number
            : type == typeof(long?) ? number
            : null;
    }

    private static bool Number(string text, out long number) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number) &&
        number <= int.MaxValue;

    private void Compare(JsonNode step, JsonNode expect, Outcome outcome)
    {
        foreach (KeyValuePair<string, JsonNode?> wanted in expect.AsObject())
        {
            switch (wanted.Key)
            {
                case "http":
                    Expect("http", (int)wanted.Value!, outcome.Answer?.Status);
                    break;
                case "body_has":
                    ExpectPart("body", (string)wanted.Value!, outcome.Answer?.Text);
                    break;
                case "same_token":
                case "new_token":
                    string key = TokenKey(step);
                    _tokens.TryGetValue(key, out string? last);
                    bool holds = (last == outcome.Token) == (wanted.Key == "same_token");
                    Expect(wanted.Key, (bool)wanted.Value!, holds);
                    break;
                case "info":
                    foreach (KeyValuePair<string, JsonNode?> fact in wanted.Value!.AsObject())
                    {
                        outcome.Info!.Values.TryGetValue(fact.Key, out string? is_);
                        Expect($"info {fact.Key}", fact.Value?.ToString(), is_);
                    }

                    break;
                default:
                    throw new NotSupportedException(
                        $"expect.{wanted.Key} is not known for a step that succeeds.");
            }
        }

        if (outcome.Token is not null)
        {
            _tokens[TokenKey(step)] = outcome.Token;
        }
    }

    private static string TokenKey(JsonNode step) => $"{step["do"]} {step["as"] ?? "main"}";

    /// <summary>An adapter's may be made without the answer's headers and the tokens.</summary>
    private static void CompareError(JsonNode expect, Exception e, bool isOfAdapter)
    {
        var error = e as ThingSpaceException;
        foreach (KeyValuePair<string, JsonNode?> wanted in expect.AsObject())
        {
            switch (wanted.Key)
            {
                case "error":
                    break;
                case "code":
                    Expect("code", (string)wanted.Value!, error?.Code);
                    break;
                case "http":
                    Expect("http", (int)wanted.Value!, error?.HttpStatus ?? 0);
                    break;
                case "retryable":
                    Expect("retryable", (bool)wanted.Value!, error?.Retryable ?? false);
                    break;
                case "retry_after_ms" or "refused_token" when isOfAdapter:
                    break;
                case "retry_after_ms":
                    double milliseconds = error?.RetryAfter?.TotalMilliseconds ?? -1;
                    Expect("retry_after_ms", (double)wanted.Value!, milliseconds);
                    break;
                case "refused_token":
                    Expect("refused_token", (bool)wanted.Value!, error?.Token is not null);
                    break;
                case "message_has":
                    // Of options the exception speaks by the names of their properties.
                    ExpectPart("message", Folded((string)wanted.Value!), Folded(e.Message));
                    break;
                default:
                    throw new NotSupportedException(
                        $"expect.{wanted.Key} is not known for an error.");
            }
        }
    }

    /// <summary>
    /// The C name of what an exception stands for; null when it is none of the package's.
    /// </summary>
    private static string? StatusName(Exception e) => e switch
    {
        ThingSpaceException error => "TSM_E_" + SnakeCase(error.Status.ToString()),
        ObjectDisposedException => "TSM_E_INVALID_HANDLE",
        OperationCanceledException => "TSM_E_CANCELLED",
        ArgumentException => "TSM_E_INVALID_ARGUMENT",

        // What an HttpClient throws of a request that cannot be sent.
        InvalidOperationException { InnerException: ArgumentException } =>
            "TSM_E_INVALID_ARGUMENT",
        _ => null,
    };

    private static string SnakeCase(string name) =>
        Regex.Replace(name, "(?<=.)(?=[A-Z])", "_").ToUpperInvariant();

    private static void Expect<T>(string what, T wanted, T got)
    {
        if (!EqualityComparer<T>.Default.Equals(wanted, got))
        {
            throw new InvalidOperationException($"{what} should be {wanted} and is {got}.");
        }
    }

    private static string Folded(string text) =>
        text.Replace("_", "").ToUpperInvariant();

    private static void ExpectPart(string what, string wanted, string? got)
    {
        if (got is null || got.IndexOf(wanted, StringComparison.Ordinal) < 0)
        {
            throw new InvalidOperationException(
                $"{what} should hold \"{wanted}\" and is \"{got}\".");
        }
    }

    private static void MakePrivateFolder(string path)
    {
        Directory.CreateDirectory(path);
        using var chmod = System.Diagnostics.Process.Start("chmod", "700 " + path);
        chmod.WaitForExit();
    }

    private struct Outcome
    {
        internal Answer? Answer { get; set; }

        internal string? Token { get; set; }

        internal SessionInfo? Info { get; set; }
    }
}
