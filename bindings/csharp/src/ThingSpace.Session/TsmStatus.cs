namespace ThingSpace;

/// <summary>What went wrong: the C library's status numbers, which never change their meaning.</summary>
public enum TsmStatus
{
    /// <summary>Success; no exception has it.</summary>
    Ok = 0,

    /// <summary>A missing, contradictory or malformed argument or option. Thrown as <see cref="System.ArgumentException"/>.</summary>
    InvalidArgument = 1,

    /// <summary>The session is gone. Thrown as <see cref="System.ObjectDisposedException"/>.</summary>
    InvalidHandle = 2,

    /// <summary>A buffer was too small. Does not happen through this package.</summary>
    BufferTooSmall = 3,

    /// <summary>The platform rejected the username or the password. This password will not be sent again.</summary>
    Credentials = 10,

    /// <summary>The platform says that the contact is locked; Verizon's support unlocks it.</summary>
    Locked = 11,

    /// <summary>
    /// The login was refused here, before anything was sent, to keep the contact from being locked. See <see cref="Session.Unblock"/>.
    /// </summary>
    LoginBlocked = 12,

    /// <summary>The session token expired or is not accepted, and re-login is off or did not help.</summary>
    SessionExpired = 13,

    /// <summary>There is no API token to be had, or it is rejected.</summary>
    ApiToken = 14,

    /// <summary>The session was logged out; <see cref="Session.Relogin"/> starts it again.</summary>
    NotLoggedIn = 15,

    /// <summary>Any other error of the platform; see <see cref="ThingSpaceException.Code"/>.</summary>
    Platform = 20,

    /// <summary>The platform asks to slow down; see <see cref="ThingSpaceException.RetryAfter"/>.</summary>
    RateLimited = 21,

    /// <summary>The platform answered 5xx without an error of its own.</summary>
    Unavailable = 22,

    /// <summary>The answer is not what the platform documents: malformed, without a token, too large.</summary>
    Protocol = 23,

    /// <summary>The platform could not be reached, or the connection broke.</summary>
    Network = 30,

    /// <summary>The call's time ran out. The inner exception is a <see cref="System.TimeoutException"/>.</summary>
    Timeout = 31,

    /// <summary>The server's certificate is not trusted, or the TLS handshake failed.</summary>
    Tls = 32,

    /// <summary>The call or its session was cancelled. Thrown as <see cref="System.OperationCanceledException"/>.</summary>
    Cancelled = 33,

    /// <summary>The store that holds the lockout guard cannot be used.</summary>
    Store = 40,

    /// <summary>The session was made before a fork.</summary>
    Forked = 41,

    /// <summary>A defect of the library.</summary>
    Internal = 99,
}
