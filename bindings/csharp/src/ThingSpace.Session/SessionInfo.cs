using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Runtime.Serialization.Json;
using System.Text;
using System.Xml;
using System.Xml.Linq;

namespace ThingSpace;

/// <summary>
/// What a session did so far, at one moment. It holds no secret. A count never goes back.
/// </summary>
public sealed class SessionInfo
{
    /// <summary>Makes what a session says of itself, for a program's tests.</summary>
    /// <param name="json">The library's JSON: an object of texts, numbers and truths.</param>
    public SessionInfo(string json)
    {
        Json = json ?? throw new ArgumentNullException(nameof(json));
        using XmlDictionaryReader reader = JsonReaderWriterFactory.CreateJsonReader(
            Encoding.UTF8.GetBytes(json), XmlDictionaryReaderQuotas.Max);
        Values = XElement.Load(reader).Elements().ToDictionary(
            static value => value.Name.LocalName,
            static value => (string?)value.Attribute("type") == "null" ? null : value.Value,
            StringComparer.Ordinal);
    }

    /// <summary>
    /// Everything the library says, by the library's keys; numbers and truths as text.
    /// </summary>
    public IReadOnlyDictionary<string, string?> Values { get; }

    /// <summary>The same as the library's JSON.</summary>
    public string Json { get; }

    /// <summary>Logins that succeeded.</summary>
    public long Logins => Count("logins");

    /// <summary>Logins that failed.</summary>
    public long LoginFailures => Count("login_failures");

    /// <summary>API tokens fetched.</summary>
    public long ApiTokenFetches => Count("api_token_fetches");

    /// <summary>Requests and SOAP calls sent for the program.</summary>
    public long Requests => Count("requests");

    /// <summary>Requests sent again with a renewed token.</summary>
    public long Resends => Count("resends");

    /// <summary>Where the lockout guard's count is kept.</summary>
    public string Store => Text("store") ?? "";

    /// <summary>
    /// How long the store remembers: <c>for good</c>, or what ends its memory in the library's
    /// words; null before its first use.
    /// </summary>
    public string? StoreLasts => Text("store_lasts");

    /// <summary>How long ago the session token was got; null when there is none.</summary>
    public TimeSpan? TokenAge => Text("token_age_ms") is { } text
        ? TimeSpan.FromMilliseconds(double.Parse(text, CultureInfo.InvariantCulture))
        : null;

    /// <summary>The library's JSON.</summary>
    public override string ToString() => Json;

    private string? Text(string key) => Values.TryGetValue(key, out string? text) ? text : null;

    private long Count(string key) =>
        Text(key) is { } text ? long.Parse(text, CultureInfo.InvariantCulture) : 0;
}
