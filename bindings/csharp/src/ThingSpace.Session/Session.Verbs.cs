using System;
using System.Collections.Generic;
using System.Runtime.CompilerServices;
using System.Threading;
using System.Threading.Tasks;

namespace ThingSpace;

// The usual methods by name. Each is Send or SendAsync, whose documentation holds for all.
public partial class Session
{
    /// <summary>Sends a <c>GET</c> request.</summary>
    /// <inheritdoc cref="Send(string, string, string, IEnumerable{KeyValuePair{string, string}},
    /// TimeSpan?, CancellationToken)"/>
    public Response Get(
        string path,
        IEnumerable<KeyValuePair<string, string>>? headers = null,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default) =>
        Send("GET", path, (string?)null, headers, timeout, cancellationToken);

    /// <summary>Sends a <c>GET</c> request.</summary>
    /// <inheritdoc cref="Send(string, string, string, IEnumerable{KeyValuePair{string, string}},
    /// TimeSpan?, CancellationToken)"/>
    public Task<Response> GetAsync(
        string path,
        IEnumerable<KeyValuePair<string, string>>? headers = null,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default) =>
        SendAsync("GET", path, (string?)null, headers, timeout, cancellationToken);

    /// <summary>Sends a <c>POST</c> request.</summary>
    /// <inheritdoc cref="Send(string, string, string, IEnumerable{KeyValuePair{string, string}},
    /// TimeSpan?, CancellationToken)"/>
    [OverloadResolutionPriority(1)]
    public Response Post(
        string path,
        string? body = null,
        IEnumerable<KeyValuePair<string, string>>? headers = null,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default) =>
        Send("POST", path, body, headers, timeout, cancellationToken);

    /// <summary>Sends a <c>POST</c> request.</summary>
    /// <inheritdoc cref="Send(string, string, string, IEnumerable{KeyValuePair{string, string}},
    /// TimeSpan?, CancellationToken)"/>
    public Response Post(
        string path,
        byte[]? body,
        IEnumerable<KeyValuePair<string, string>>? headers = null,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default) =>
        Send("POST", path, body, headers, timeout, cancellationToken);

    /// <summary>Sends a <c>POST</c> request.</summary>
    /// <inheritdoc cref="Send(string, string, string, IEnumerable{KeyValuePair{string, string}},
    /// TimeSpan?, CancellationToken)"/>
    [OverloadResolutionPriority(1)]
    public Task<Response> PostAsync(
        string path,
        string? body = null,
        IEnumerable<KeyValuePair<string, string>>? headers = null,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default) =>
        SendAsync("POST", path, body, headers, timeout, cancellationToken);

    /// <summary>Sends a <c>POST</c> request.</summary>
    /// <inheritdoc cref="Send(string, string, string, IEnumerable{KeyValuePair{string, string}},
    /// TimeSpan?, CancellationToken)"/>
    public Task<Response> PostAsync(
        string path,
        byte[]? body,
        IEnumerable<KeyValuePair<string, string>>? headers = null,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default) =>
        SendAsync("POST", path, body, headers, timeout, cancellationToken);

    /// <summary>Sends a <c>PUT</c> request.</summary>
    /// <inheritdoc cref="Send(string, string, string, IEnumerable{KeyValuePair{string, string}},
    /// TimeSpan?, CancellationToken)"/>
    [OverloadResolutionPriority(1)]
    public Response Put(
        string path,
        string? body = null,
        IEnumerable<KeyValuePair<string, string>>? headers = null,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default) =>
        Send("PUT", path, body, headers, timeout, cancellationToken);

    /// <summary>Sends a <c>PUT</c> request.</summary>
    /// <inheritdoc cref="Send(string, string, string, IEnumerable{KeyValuePair{string, string}},
    /// TimeSpan?, CancellationToken)"/>
    public Response Put(
        string path,
        byte[]? body,
        IEnumerable<KeyValuePair<string, string>>? headers = null,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default) =>
        Send("PUT", path, body, headers, timeout, cancellationToken);

    /// <summary>Sends a <c>PUT</c> request.</summary>
    /// <inheritdoc cref="Send(string, string, string, IEnumerable{KeyValuePair{string, string}},
    /// TimeSpan?, CancellationToken)"/>
    [OverloadResolutionPriority(1)]
    public Task<Response> PutAsync(
        string path,
        string? body = null,
        IEnumerable<KeyValuePair<string, string>>? headers = null,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default) =>
        SendAsync("PUT", path, body, headers, timeout, cancellationToken);

    /// <summary>Sends a <c>PUT</c> request.</summary>
    /// <inheritdoc cref="Send(string, string, string, IEnumerable{KeyValuePair{string, string}},
    /// TimeSpan?, CancellationToken)"/>
    public Task<Response> PutAsync(
        string path,
        byte[]? body,
        IEnumerable<KeyValuePair<string, string>>? headers = null,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default) =>
        SendAsync("PUT", path, body, headers, timeout, cancellationToken);

    /// <summary>Sends a <c>DELETE</c> request.</summary>
    /// <inheritdoc cref="Send(string, string, string, IEnumerable{KeyValuePair{string, string}},
    /// TimeSpan?, CancellationToken)"/>
    public Response Delete(
        string path,
        IEnumerable<KeyValuePair<string, string>>? headers = null,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default) =>
        Send("DELETE", path, (string?)null, headers, timeout, cancellationToken);

    /// <summary>Sends a <c>DELETE</c> request.</summary>
    /// <inheritdoc cref="Send(string, string, string, IEnumerable{KeyValuePair{string, string}},
    /// TimeSpan?, CancellationToken)"/>
    public Task<Response> DeleteAsync(
        string path,
        IEnumerable<KeyValuePair<string, string>>? headers = null,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default) =>
        SendAsync("DELETE", path, (string?)null, headers, timeout, cancellationToken);
}
