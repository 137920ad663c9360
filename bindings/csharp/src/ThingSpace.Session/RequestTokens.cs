using System.Diagnostics;
using System.Net.Http.Headers;
using System.Runtime.Serialization;
using System.Text.Json.Serialization;

namespace ThingSpace;

/// <summary>The tokens that a request is sent with: <see cref="Exchange.GetTokens"/>.</summary>
/// <remarks>These are secrets: do not log them. Serializers leave them out.</remarks>
public sealed class RequestTokens
{
    private const string Authorization = "Authorization";

    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    private string? _bearer;

    /// <summary>Makes tokens, for a program's tests.</summary>
    /// <param name="sessionToken">The session token.</param>
    /// <param name="apiToken">The API token; empty with SOAP.</param>
    public RequestTokens(string sessionToken, string apiToken)
    {
        SessionToken = sessionToken;
        ApiToken = apiToken;
    }

    /// <summary>
    /// For the header that <see cref="Session.SessionTokenHeader"/> names; in SOAP for the element
    /// <c>token</c> of the envelope's header.
    /// </summary>
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    [IgnoreDataMember]
    [JsonIgnore]
    public string SessionToken { get; }

    /// <summary>For <c>Authorization: Bearer</c>; empty with SOAP, which needs none.</summary>
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    [IgnoreDataMember]
    [JsonIgnore]
    public string ApiToken { get; }

    /// <summary>Puts both into headers, in place of what is there of them.</summary>
    internal void AddTo(HttpRequestHeaders headers, string sessionTokenHeader)
    {
#if NET8_0_OR_GREATER
        if (headers.NonValidated.Count != 0)
#endif
        {
            TakeFrom(headers, sessionTokenHeader);
        }

        headers.TryAddWithoutValidation(Authorization, _bearer ??= "Bearer " + ApiToken);
        headers.TryAddWithoutValidation(sessionTokenHeader, SessionToken);
    }

    /// <summary>Takes off what is there of both.</summary>
    internal static void TakeFrom(HttpRequestHeaders headers, string sessionTokenHeader)
    {
        headers.Remove(Authorization);
        headers.Remove(sessionTokenHeader);
    }
}
