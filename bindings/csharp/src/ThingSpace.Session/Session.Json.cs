#if NET8_0_OR_GREATER
using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using System.Threading;
using System.Threading.Tasks;

namespace ThingSpace;

// Objects as JSON bodies, where the framework has System.Text.Json.
public partial class Session
{
    private const string Reflects =
        "Writes by reflection. Trimmed programs and those compiled ahead of time give a " +
        "JsonTypeInfo.";

#pragma warning disable CS1573 // The other parameters are inherited.
    /// <summary>Sends a <c>POST</c> request with an object as its JSON body.</summary>
    /// <typeparam name="T">The object's type.</typeparam>
    /// <param name="path">The path below the base URL.</param>
    /// <param name="value">The object.</param>
    /// <param name="options">
    /// How to write it; by default as web programs do: names in camel case.
    /// </param>
    /// <param name="headers">More headers.</param>
    /// <param name="timeout">The deadline of this call instead of the session's.</param>
    /// <param name="cancellationToken">Ends the call early.</param>
    /// <inheritdoc cref="Send(string, string, string, IEnumerable{KeyValuePair{string, string}},
    /// TimeSpan?, CancellationToken)"
    /// path="/returns|/exception"/>
    [RequiresUnreferencedCode(Reflects)]
    [RequiresDynamicCode(Reflects)]
    public virtual Response PostAsJson<T>(
        string path,
        T value,
        JsonSerializerOptions? options = null,
        IEnumerable<KeyValuePair<string, string>>? headers = null,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default) =>
        Send("POST", path, Json(value, options), headers, timeout, cancellationToken);

    /// <summary>Sends a <c>POST</c> request with an object as its JSON body.</summary>
    /// <inheritdoc cref="PostAsJson{T}(string, T, JsonSerializerOptions,
    /// IEnumerable{KeyValuePair{string, string}}, TimeSpan?, CancellationToken)"/>
    [RequiresUnreferencedCode(Reflects)]
    [RequiresDynamicCode(Reflects)]
    public virtual Task<Response> PostAsJsonAsync<T>(
        string path,
        T value,
        JsonSerializerOptions? options = null,
        IEnumerable<KeyValuePair<string, string>>? headers = null,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default) =>
        SendAsync("POST", path, Json(value, options), headers, timeout, cancellationToken);

    /// <summary>
    /// Sends a <c>POST</c> request with an object as its JSON body, without reflection.
    /// </summary>
    /// <param name="typeInfo">What the source generator knows of the object.</param>
    /// <inheritdoc cref="PostAsJson{T}(string, T, JsonSerializerOptions,
    /// IEnumerable{KeyValuePair{string, string}}, TimeSpan?, CancellationToken)"/>
    public virtual Response PostAsJson<T>(
        string path,
        T value,
        JsonTypeInfo<T> typeInfo,
        IEnumerable<KeyValuePair<string, string>>? headers = null,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default) =>
        Send("POST", path, Json(value, typeInfo), headers, timeout, cancellationToken);

    /// <summary>
    /// Sends a <c>POST</c> request with an object as its JSON body, without reflection.
    /// </summary>
    /// <inheritdoc cref="PostAsJson{T}(string, T, JsonTypeInfo{T}, IEnumerable{KeyValuePair{string,
    /// string}}, TimeSpan?, CancellationToken)"/>
    public virtual Task<Response> PostAsJsonAsync<T>(
        string path,
        T value,
        JsonTypeInfo<T> typeInfo,
        IEnumerable<KeyValuePair<string, string>>? headers = null,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default) =>
        SendAsync("POST", path, Json(value, typeInfo), headers, timeout, cancellationToken);

    /// <summary>Sends a <c>PUT</c> request with an object as its JSON body.</summary>
    /// <inheritdoc cref="PostAsJson{T}(string, T, JsonSerializerOptions,
    /// IEnumerable{KeyValuePair{string, string}}, TimeSpan?, CancellationToken)"/>
    [RequiresUnreferencedCode(Reflects)]
    [RequiresDynamicCode(Reflects)]
    public virtual Response PutAsJson<T>(
        string path,
        T value,
        JsonSerializerOptions? options = null,
        IEnumerable<KeyValuePair<string, string>>? headers = null,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default) =>
        Send("PUT", path, Json(value, options), headers, timeout, cancellationToken);

    /// <summary>Sends a <c>PUT</c> request with an object as its JSON body.</summary>
    /// <inheritdoc cref="PostAsJson{T}(string, T, JsonSerializerOptions,
    /// IEnumerable{KeyValuePair{string, string}}, TimeSpan?, CancellationToken)"/>
    [RequiresUnreferencedCode(Reflects)]
    [RequiresDynamicCode(Reflects)]
    public virtual Task<Response> PutAsJsonAsync<T>(
        string path,
        T value,
        JsonSerializerOptions? options = null,
        IEnumerable<KeyValuePair<string, string>>? headers = null,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default) =>
        SendAsync("PUT", path, Json(value, options), headers, timeout, cancellationToken);

    /// <summary>
    /// Sends a <c>PUT</c> request with an object as its JSON body, without reflection.
    /// </summary>
    /// <inheritdoc cref="PostAsJson{T}(string, T, JsonTypeInfo{T}, IEnumerable{KeyValuePair{string,
    /// string}}, TimeSpan?, CancellationToken)"/>
    public virtual Response PutAsJson<T>(
        string path,
        T value,
        JsonTypeInfo<T> typeInfo,
        IEnumerable<KeyValuePair<string, string>>? headers = null,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default) =>
        Send("PUT", path, Json(value, typeInfo), headers, timeout, cancellationToken);

    /// <summary>
    /// Sends a <c>PUT</c> request with an object as its JSON body, without reflection.
    /// </summary>
    /// <inheritdoc cref="PostAsJson{T}(string, T, JsonTypeInfo{T}, IEnumerable{KeyValuePair{string,
    /// string}}, TimeSpan?, CancellationToken)"/>
    public virtual Task<Response> PutAsJsonAsync<T>(
        string path,
        T value,
        JsonTypeInfo<T> typeInfo,
        IEnumerable<KeyValuePair<string, string>>? headers = null,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default) =>
        SendAsync("PUT", path, Json(value, typeInfo), headers, timeout, cancellationToken);

    /// <summary>Sends a <c>PATCH</c> request with an object as its JSON body.</summary>
    /// <inheritdoc cref="PostAsJson{T}(string, T, JsonSerializerOptions,
    /// IEnumerable{KeyValuePair{string, string}}, TimeSpan?, CancellationToken)"/>
    [RequiresUnreferencedCode(Reflects)]
    [RequiresDynamicCode(Reflects)]
    public virtual Response PatchAsJson<T>(
        string path,
        T value,
        JsonSerializerOptions? options = null,
        IEnumerable<KeyValuePair<string, string>>? headers = null,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default) =>
        Send("PATCH", path, Json(value, options), headers, timeout, cancellationToken);

    /// <summary>Sends a <c>PATCH</c> request with an object as its JSON body.</summary>
    /// <inheritdoc cref="PostAsJson{T}(string, T, JsonSerializerOptions,
    /// IEnumerable{KeyValuePair{string, string}}, TimeSpan?, CancellationToken)"/>
    [RequiresUnreferencedCode(Reflects)]
    [RequiresDynamicCode(Reflects)]
    public virtual Task<Response> PatchAsJsonAsync<T>(
        string path,
        T value,
        JsonSerializerOptions? options = null,
        IEnumerable<KeyValuePair<string, string>>? headers = null,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default) =>
        SendAsync("PATCH", path, Json(value, options), headers, timeout, cancellationToken);

    /// <summary>
    /// Sends a <c>PATCH</c> request with an object as its JSON body, without reflection.
    /// </summary>
    /// <inheritdoc cref="PostAsJson{T}(string, T, JsonTypeInfo{T}, IEnumerable{KeyValuePair{string,
    /// string}}, TimeSpan?, CancellationToken)"/>
    public virtual Response PatchAsJson<T>(
        string path,
        T value,
        JsonTypeInfo<T> typeInfo,
        IEnumerable<KeyValuePair<string, string>>? headers = null,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default) =>
        Send("PATCH", path, Json(value, typeInfo), headers, timeout, cancellationToken);

    /// <summary>
    /// Sends a <c>PATCH</c> request with an object as its JSON body, without reflection.
    /// </summary>
    /// <inheritdoc cref="PostAsJson{T}(string, T, JsonTypeInfo{T}, IEnumerable{KeyValuePair{string,
    /// string}}, TimeSpan?, CancellationToken)"/>
    public virtual Task<Response> PatchAsJsonAsync<T>(
        string path,
        T value,
        JsonTypeInfo<T> typeInfo,
        IEnumerable<KeyValuePair<string, string>>? headers = null,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default) =>
        SendAsync("PATCH", path, Json(value, typeInfo), headers, timeout, cancellationToken);

    /// <summary>Sends a <c>DELETE</c> request with an object as its JSON body.</summary>
    /// <inheritdoc cref="PostAsJson{T}(string, T, JsonSerializerOptions,
    /// IEnumerable{KeyValuePair{string, string}}, TimeSpan?, CancellationToken)"/>
    [RequiresUnreferencedCode(Reflects)]
    [RequiresDynamicCode(Reflects)]
    public virtual Response DeleteAsJson<T>(
        string path,
        T value,
        JsonSerializerOptions? options = null,
        IEnumerable<KeyValuePair<string, string>>? headers = null,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default) =>
        Send("DELETE", path, Json(value, options), headers, timeout, cancellationToken);

    /// <summary>Sends a <c>DELETE</c> request with an object as its JSON body.</summary>
    /// <inheritdoc cref="PostAsJson{T}(string, T, JsonSerializerOptions,
    /// IEnumerable{KeyValuePair{string, string}}, TimeSpan?, CancellationToken)"/>
    [RequiresUnreferencedCode(Reflects)]
    [RequiresDynamicCode(Reflects)]
    public virtual Task<Response> DeleteAsJsonAsync<T>(
        string path,
        T value,
        JsonSerializerOptions? options = null,
        IEnumerable<KeyValuePair<string, string>>? headers = null,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default) =>
        SendAsync("DELETE", path, Json(value, options), headers, timeout, cancellationToken);

    /// <summary>
    /// Sends a <c>DELETE</c> request with an object as its JSON body, without reflection.
    /// </summary>
    /// <inheritdoc cref="PostAsJson{T}(string, T, JsonTypeInfo{T}, IEnumerable{KeyValuePair{string,
    /// string}}, TimeSpan?, CancellationToken)"/>
    public virtual Response DeleteAsJson<T>(
        string path,
        T value,
        JsonTypeInfo<T> typeInfo,
        IEnumerable<KeyValuePair<string, string>>? headers = null,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default) =>
        Send("DELETE", path, Json(value, typeInfo), headers, timeout, cancellationToken);

    /// <summary>
    /// Sends a <c>DELETE</c> request with an object as its JSON body, without reflection.
    /// </summary>
    /// <inheritdoc cref="PostAsJson{T}(string, T, JsonTypeInfo{T}, IEnumerable{KeyValuePair{string,
    /// string}}, TimeSpan?, CancellationToken)"/>
    public virtual Task<Response> DeleteAsJsonAsync<T>(
        string path,
        T value,
        JsonTypeInfo<T> typeInfo,
        IEnumerable<KeyValuePair<string, string>>? headers = null,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default) =>
        SendAsync("DELETE", path, Json(value, typeInfo), headers, timeout, cancellationToken);
#pragma warning restore CS1573

    [RequiresUnreferencedCode(Reflects)]
    [RequiresDynamicCode(Reflects)]
    private static byte[] Json<T>(T value, JsonSerializerOptions? options) =>
        JsonSerializer.SerializeToUtf8Bytes(value, options ?? Response.Web);

    private static byte[] Json<T>(T value, JsonTypeInfo<T> typeInfo) =>
        JsonSerializer.SerializeToUtf8Bytes(value, typeInfo);
}
#endif
