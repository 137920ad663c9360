namespace ThingSpace;

/// <summary>How much a line of the log matters.</summary>
public enum TsmLogLevel
{
    /// <summary>Nothing is logged.</summary>
    Off = 0,

    /// <summary>Something failed.</summary>
    Error = 1,

    /// <summary>
    /// Something needs attention, such as a store that forgets with its container.
    /// </summary>
    Warning = 2,

    /// <summary>What happened to the session: logins, renewals, logouts.</summary>
    Information = 3,

    /// <summary>Each request, without its content.</summary>
    Debug = 4,

    /// <summary>Everything.</summary>
    Trace = 5,
}
