using System.Diagnostics;

namespace ThingSpace;

/// <summary>The tokens that a request is sent with: <see cref="Exchange.GetTokens"/>.</summary>
/// <remarks>These are secrets: do not serialize or log them.</remarks>
public sealed class RequestTokens
{
    internal RequestTokens(string sessionToken, string apiToken)
    {
        SessionToken = sessionToken;
        ApiToken = apiToken;
    }

    /// <summary>
    /// For the header that <see cref="Session.SessionTokenHeader"/> names; in SOAP for the element
    /// <c>token</c> of the envelope's header.
    /// </summary>
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public string SessionToken { get; }

    /// <summary>For <c>Authorization: Bearer</c>; empty with SOAP, which needs none.</summary>
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public string ApiToken { get; }
}
