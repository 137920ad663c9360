using System;
using System.Diagnostics;
using System.Runtime.Serialization;
using System.Text.Json.Serialization;

namespace ThingSpace;

/// <summary>What the platform, the network or the lockout guard had against a call.</summary>
/// <example>
/// The platform's documented test for an expired session, for a session with
/// <see cref="SessionOptions.AutoRelogin"/> off:
/// <code>
/// catch (ThingSpaceException ex) when (ex.Code.Contains("SessionToken.Expired"))
/// {
///     session.Relogin(ex.Token);
///     // then resend the last request
/// }
/// </code>
/// </example>
#if !NET8_0_OR_GREATER
[Serializable]
#endif
public sealed class ThingSpaceException : Exception
{
    /// <summary>Makes an exception, for a program's tests.</summary>
    /// <param name="status">The kind of error.</param>
    /// <param name="message">What happened and what to do about it.</param>
    /// <param name="code">The platform's code; null is none.</param>
    /// <param name="httpStatus">The status of the answer, if there was one.</param>
    /// <param name="retryable">Whether the same call may succeed later.</param>
    /// <param name="retryAfter">How long the platform asks to wait.</param>
    /// <param name="token">The token that was refused.</param>
    /// <param name="innerException">The cause.</param>
    public ThingSpaceException(
        TsmStatus status,
        string message,
        string? code = null,
        int? httpStatus = null,
        bool retryable = false,
        TimeSpan? retryAfter = null,
        string? token = null,
        Exception? innerException = null)
        : base(message, innerException)
    {
        Status = status;
        Code = code ?? "";
        HttpStatus = httpStatus;
        Retryable = retryable;
        RetryAfter = retryAfter;
        Token = token;
    }

#if !NET8_0_OR_GREATER
    private ThingSpaceException(SerializationInfo info, StreamingContext context)
        : base(info, context)
    {
        Status = (TsmStatus)info.GetInt32(nameof(Status));
        Code = info.GetString(nameof(Code)) ?? "";
        HttpStatus = (int?)info.GetValue(nameof(HttpStatus), typeof(int?));
        Retryable = info.GetBoolean(nameof(Retryable));
        RetryAfter = (TimeSpan?)info.GetValue(nameof(RetryAfter), typeof(TimeSpan?));
    }

    /// <summary>
    /// Writes all but <see cref="Token"/>, for another AppDomain: a secret is not written anywhere.
    /// </summary>
    /// <inheritdoc/>
    public override void GetObjectData(SerializationInfo info, StreamingContext context)
    {
        base.GetObjectData(info, context);
        info.AddValue(nameof(Status), (int)Status);
        info.AddValue(nameof(Code), Code);
        info.AddValue(nameof(HttpStatus), HttpStatus, typeof(int?));
        info.AddValue(nameof(Retryable), Retryable);
        info.AddValue(nameof(RetryAfter), RetryAfter, typeof(TimeSpan?));
    }
#endif

    /// <summary>The kind of error.</summary>
    public TsmStatus Status { get; }

    /// <summary>
    /// The platform's <c>errorCode</c> or <c>faultcode</c> as it was sent, such as
    /// <c>UnifiedWebService.REQUEST_FAILED.SessionToken.Expired</c>. Empty, never null, when there
    /// is none.
    /// </summary>
    public string Code { get; }

    /// <summary>The HTTP status of the answer; null when there was no answer.</summary>
    public int? HttpStatus { get; }

    /// <summary>Whether the same call may succeed later without a change.</summary>
    public bool Retryable { get; }

    /// <summary>How long the platform asks to wait; null when it does not say.</summary>
    public TimeSpan? RetryAfter { get; }

    /// <summary>
    /// The token that was refused, for <see cref="Session.Relogin"/> or
    /// <see cref="Session.RenewApiToken"/>; null when the error is about no token. A secret: it is
    /// not part of the message or of <see cref="Exception.ToString"/>.
    /// </summary>
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    [IgnoreDataMember]
    [JsonIgnore]
    public string? Token { get; }

    /// <summary>
    /// A copy to be thrown: an exception that is thrown twice would show the first stack.
    /// </summary>
    internal ThingSpaceException Again() =>
        new(Status, Message, Code, HttpStatus, Retryable, RetryAfter, Token, InnerException);
}
