// Turns what a native call says into the exception that a .NET program expects.

using System;
using System.Threading;

namespace ThingSpace.Interop;

internal static unsafe class NativeError
{
    /// <summary>
    /// Reads and frees a native error. Gives the exception; the caller throws it. The place is the
    /// parameter that says where a request goes: at fault where the error names none.
    /// </summary>
    internal static Exception Take(
        int status,
        nint error,
        Session? session = null,
        string? place = null,
        CancellationToken cancellationToken = default)
    {
        ThingSpaceException problem = Read(status, error);
        switch ((TsmStatus)status)
        {
            case TsmStatus.InvalidArgument when session is null:
                // Of options, which a session has already, it is for them to say.
                return new ArgumentException(problem.Message, Parameter(problem.Message));

            case TsmStatus.InvalidArgument:
                string message = SessionOptions.InProperties(problem.Message, out string? option);
                return new ArgumentException(
                    message, Parameter(problem.Message) ?? option ?? place);

            case TsmStatus.InvalidHandle when session is not null:
                return new ObjectDisposedException(nameof(Session));

            case TsmStatus.Cancelled when cancellationToken.IsCancellationRequested:
                return new OperationCanceledException(problem.Message, cancellationToken);

            case TsmStatus.Cancelled when session is { IsDisposed: true }:
                return new ObjectDisposedException(
                    nameof(Session), "The session was disposed while the call was running.");

            case TsmStatus.Cancelled:
                return new OperationCanceledException(problem.Message);

            default:
                return problem;
        }
    }

    /// <summary>
    /// A refused argument as what it is to those who gave none: a call at the wrong moment, or of
    /// what was given before. Any other exception is left as it is, one about an option included:
    /// a file that it names may turn out to be wrong at any time.
    /// </summary>
    internal static Exception WithoutArgument(Exception e)
    {
        if (e is not ArgumentException refused || SessionOptions.Has(refused.ParamName))
        {
            return e;
        }

        // The framework adds the parameter's name, in its language.
        string added = new ArgumentException("", refused.ParamName).Message;
        string message = refused.ParamName is not null &&
            e.Message.EndsWith(added, StringComparison.Ordinal)
                ? e.Message.Substring(0, e.Message.Length - added.Length)
                : e.Message;
        return new InvalidOperationException(message, e);
    }

    /// <summary>What an answer means that another HTTP client got; null for a success.</summary>
    internal static ThingSpaceException? Judge(
        int httpStatus, string? retryAfter, byte[]? body)
    {
        const int Size = 64;
        byte* buffer = stackalloc byte[Size];
        using var after = new Utf8Argument(retryAfter, buffer, Size, nameof(retryAfter));
        fixed (byte* start = body)
        {
            int status = NativeMethods.tsm_check_answer(
                httpStatus, after.Pointer, start, (nuint)(body?.Length ?? 0), out nint error);
            return (TsmStatus)status switch
            {
                TsmStatus.Ok => null,
                TsmStatus.InvalidArgument => throw Take(status, error),
                _ => Read(status, error),
            };
        }
    }

    /// <summary>The library's name of a status, the same in every language.</summary>
    internal static string Name(TsmStatus status) =>
        Utf8.Read(NativeMethods.tsm_status_name((int)status));

    /// <summary>
    /// Which parameter of a request the library has something against; null if it does not say.
    /// </summary>
    private static string? Parameter(string message)
    {
        (string Words, string Name)[] parameters =
        [
            ("path ", "path"),
            ("header ", "headers"),
            ("CONNECT ", "method"),
            ("the service name ", "service"),
            ("the operation name ", "operation"),
            ("the SOAP body ", "bodyXml"),
            ("the HTTP status ", "httpStatus"),
            ("a SOAP session ", nameof(SessionOptions.Protocol)),
        ];
        foreach ((string words, string name) in parameters)
        {
            if (message.StartsWith(words, StringComparison.Ordinal))
            {
                return name;
            }
        }

        return message.EndsWith(" is not an HTTP method", StringComparison.Ordinal)
            ? "method"
            : null;
    }

    /// <summary>Reads and frees a native error.</summary>
    internal static ThingSpaceException Read(int status, nint error)
    {
        try
        {
            string message = Utf8.Read(NativeMethods.tsm_error_message(error));
            if (message.Length == 0)
            {
                message = Name((TsmStatus)status);
            }
            else if ((TsmStatus)status != TsmStatus.InvalidArgument)
            {
                message = SessionOptions.InProperties(message, out _);
            }

            int httpStatus = NativeMethods.tsm_error_http_status(error);
            long retryAfterMs = NativeMethods.tsm_error_retry_after_ms(error);
            return new ThingSpaceException(
                (TsmStatus)status,
                message,
                Utf8.Read(NativeMethods.tsm_error_code(error)),
                httpStatus == 0 ? null : httpStatus,
                NativeMethods.tsm_error_retryable(error) != 0,
                retryAfterMs < 0 ? null : TimeSpan.FromMilliseconds(retryAfterMs),
                ReadToken(error),
                status == (int)TsmStatus.Timeout ? new TimeoutException(message) : null);
        }
        finally
        {
            NativeMethods.tsm_error_free(error);
        }
    }

    private static string? ReadToken(nint error)
    {
        byte* buffer = stackalloc byte[NativeMethods.ApiTokenMax];
        buffer[0] = 0;
        int status = NativeMethods.tsm_error_token(error, buffer, NativeMethods.ApiTokenMax);
        return status != 0 || buffer[0] == 0 ? null : Utf8.Read(buffer);
    }
}
