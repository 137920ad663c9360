using System;

namespace ThingSpace;

/// <summary>
/// Something that happened to a session, for <see cref="SessionOptions.OnEvent"/>. It holds no
/// secret.
/// </summary>
public sealed class ThingSpaceEvent
{
    /// <summary>Makes an event, for a program's tests.</summary>
    /// <param name="kind">What happened.</param>
    /// <param name="detail">What tells it from others of its kind.</param>
    /// <param name="time">When it happened.</param>
    /// <param name="duration">How long it took.</param>
    /// <param name="slotsLeft">How many logins the lockout guard has left.</param>
    /// <param name="status">The failure that it was, or came of.</param>
    /// <param name="message">What failed and what to do.</param>
    /// <param name="code">The platform's code for the failure.</param>
    /// <param name="httpStatus">The HTTP status of the failure.</param>
    public ThingSpaceEvent(
        TsmEventKind kind,
        string detail = "",
        DateTimeOffset time = default,
        TimeSpan? duration = null,
        int? slotsLeft = null,
        TsmStatus status = TsmStatus.Ok,
        string message = "",
        string code = "",
        int? httpStatus = null)
    {
        Kind = kind;
        Detail = detail ?? "";
        Time = time;
        Duration = duration;
        SlotsLeft = slotsLeft;
        Status = status;
        Message = message ?? "";
        Code = code ?? "";
        HttpStatus = httpStatus;
    }

    /// <summary>What happened. Later versions of the library may add kinds.</summary>
    public TsmEventKind Kind { get; }

    /// <summary>
    /// What tells it from others of its kind, in a word of the library's: <c>success</c>,
    /// <c>rejected</c>, …; empty for none.
    /// </summary>
    public string Detail { get; }

    /// <summary>When it happened; what took time ended then.</summary>
    public DateTimeOffset Time { get; }

    /// <summary>How long it took; null where that has no meaning.</summary>
    public TimeSpan? Duration { get; }

    /// <summary>
    /// How many logins the lockout guard has left, as the session saw last; null before it has
    /// looked.
    /// </summary>
    public int? SlotsLeft { get; }

    /// <summary>
    /// The failure that it was, or came of; <see cref="TsmStatus.Ok"/> if it is none.
    /// </summary>
    public TsmStatus Status { get; }

    /// <summary>What failed and what to do; empty if nothing failed.</summary>
    public string Message { get; }

    /// <summary>The platform's code for the failure; empty if there was none.</summary>
    public string Code { get; }

    /// <summary>The HTTP status of the failure; null if there was none.</summary>
    public int? HttpStatus { get; }

    /// <summary>The kind and the detail, and the message of a failure.</summary>
    public override string ToString()
    {
        string what = Detail.Length == 0 ? Kind.ToString() : $"{Kind} ({Detail})";
        return Message.Length == 0 ? what : $"{what}: {Message}";
    }
}
