#if NET8_0_OR_GREATER
using System;
#endif
using System.Collections.Generic;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
#if NET8_0_OR_GREATER
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
#endif
using ThingSpace.Interop;

namespace ThingSpace;

/// <summary>
/// The platform's answer. It belongs to the program alone: nothing native hangs on it, it needs no
/// disposal, and any thread may read it.
/// </summary>
public sealed class Response
{
    private const int MostBytes = 0x7FFFFFC7;

    private string? _text;

    /// <summary>Makes an answer, for a program's tests.</summary>
    /// <param name="statusCode">The HTTP status.</param>
    /// <param name="body">The body; null is none.</param>
    /// <param name="headers">The headers; null is none.</param>
    [OverloadResolutionPriority(1)]
    public Response(
        int statusCode,
        string? body = null,
        IEnumerable<KeyValuePair<string, string>>? headers = null)
        : this(statusCode, body is null ? null : Encoding.UTF8.GetBytes(body), headers)
    {
    }

    /// <inheritdoc cref="Response(int, string, IEnumerable{KeyValuePair{string, string}})"/>
    public Response(
        int statusCode, byte[]? body, IEnumerable<KeyValuePair<string, string>>? headers = null)
        : this(statusCode, new ResponseHeaders(headers), body ?? [])
    {
    }

    internal Response(int statusCode, ResponseHeaders headers, byte[] body)
    {
        StatusCode = statusCode;
        Headers = headers;
        Body = body;
    }

    /// <summary>The HTTP status.</summary>
    public int StatusCode { get; }

    /// <summary>
    /// Whether the status is one of the 2xx. A SOAP fault or an HTML page may have such a status:
    /// see <see cref="EnsureSuccess"/>.
    /// </summary>
    public bool IsSuccessStatusCode => StatusCode is >= 200 and < 300;

    /// <summary>The headers.</summary>
    public ResponseHeaders Headers { get; }

    /// <summary>
    /// The body as it came; of a SOAP call the whole envelope. Empty, never null, when there is
    /// none.
    /// </summary>
    public byte[] Body { get; }

    /// <summary>The body as UTF-8 text, without a byte order mark.</summary>
    public string Text => _text ??= Decode(Body);

#if NET8_0_OR_GREATER
    internal static readonly JsonSerializerOptions Web = new(JsonSerializerDefaults.Web);

    /// <summary>The body as JSON.</summary>
    /// <exception cref="JsonException">It is not JSON.</exception>
    public JsonElement Json()
    {
        var reader = new Utf8JsonReader(WithoutMark(Body));
        return JsonElement.ParseValue(ref reader);
    }

    /// <summary>The body as JSON, made an object.</summary>
    /// <typeparam name="T">The object's type.</typeparam>
    /// <param name="options">
    /// How to read it; by default as web programs do: names in any case.
    /// </param>
    /// <exception cref="JsonException">
    /// It is not JSON, or not that of a <typeparamref name="T"/>.
    /// </exception>
    [RequiresUnreferencedCode("Reads by reflection. Trimmed programs use Json(JsonTypeInfo).")]
    [RequiresDynamicCode(
        "Reads by reflection. Programs compiled ahead of time use Json(JsonTypeInfo).")]
    public T? Json<T>(JsonSerializerOptions? options = null) =>
        JsonSerializer.Deserialize<T>(WithoutMark(Body), options ?? Web);

    /// <summary>The body as JSON, made an object without reflection.</summary>
    /// <typeparam name="T">The object's type.</typeparam>
    /// <param name="typeInfo">What the source generator knows of it.</param>
    /// <exception cref="JsonException">
    /// It is not JSON, or not that of a <typeparamref name="T"/>.
    /// </exception>
    public T? Json<T>(JsonTypeInfo<T> typeInfo) =>
        JsonSerializer.Deserialize(WithoutMark(Body), typeInfo);

    private static ReadOnlySpan<byte> WithoutMark(ReadOnlySpan<byte> body) =>
        body.StartsWith("\uFEFF"u8) ? body[3..] : body;
#endif

    /// <summary>
    /// Throws unless the answer is a success: a status other than 2xx is an error, and so are a
    /// SOAP fault and an HTML page with any status.
    /// </summary>
    /// <returns>This answer.</returns>
    /// <exception cref="ThingSpaceException">It is an error.</exception>
    public Response EnsureSuccess()
    {
        // A program's test may have made this answer, and no session.
        LibraryLoader.Ensure();
        return NativeError.Judge(StatusCode, Headers["Retry-After"], Body) is { } error
            ? throw error
            : this;
    }

    /// <summary>The status and the size. The body may be private and is not shown.</summary>
    public override string ToString() => $"HTTP {StatusCode}, {Body.Length} bytes";

    /// <summary>Copies a native response.</summary>
    internal static Response From(nint response) => new(
        NativeMethods.tsm_response_status(response),
        ResponseHeaders.From(response),
        CopyBody(response));

    /// <summary>The length of an array for so many bytes.</summary>
    internal static int ArrayLength(nuint bytes) =>
        bytes <= MostBytes
            ? (int)bytes
            : throw new ThingSpaceException(
                TsmStatus.Protocol,
                $"The answer has {bytes} bytes, more than an array can hold: set " +
                $"MaxResponseBytes to {MostBytes} or less.");

    private static unsafe byte[] CopyBody(nint response)
    {
        byte* start = NativeMethods.tsm_response_body(response, out nuint length);
        if (start == null || length == 0)
        {
            return [];
        }

#if NET8_0_OR_GREATER
        byte[] body = GC.AllocateUninitializedArray<byte>(ArrayLength(length));
#else
        byte[] body = new byte[ArrayLength(length)];
#endif
        Marshal.Copy((nint)start, body, 0, body.Length);
        return body;
    }

    private static string Decode(byte[] body)
    {
        bool hasMark = body.Length >= 3 && body[0] == 0xEF && body[1] == 0xBB && body[2] == 0xBF;
        int start = hasMark ? 3 : 0;
        return Encoding.UTF8.GetString(body, start, body.Length - start);
    }
}
