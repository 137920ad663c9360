namespace ThingSpace;

/// <summary>Which of the platform's interfaces a session uses.</summary>
public enum ThingSpaceProtocol
{
    /// <summary>The REST interface, for <c>Session.Send</c> and its like.</summary>
    Rest,

    /// <summary>The Unified Web Service, for <see cref="Session.SoapCall"/>.</summary>
    Soap,
}
