using System;
using System.Collections.Generic;
using System.IO;
using System.Runtime.CompilerServices;
using System.Threading;
using System.Threading.Tasks;

namespace ThingSpace;

#pragma warning disable CA1716 // Get is a keyword of Visual Basic, which writes [Get].

// The usual methods by name. Each is Send or SendAsync, whose documentation holds for all.
public partial class Session
{
    /// <summary>Sends a <c>GET</c> request.</summary>
    /// <inheritdoc cref="Send(string, string, string, IEnumerable{KeyValuePair{string, string}},
    /// TimeSpan?, CancellationToken)"/>
    public virtual Response Get(
        string path,
        IEnumerable<KeyValuePair<string, string>>? headers = null,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default) =>
        Send("GET", path, (string?)null, headers, timeout, cancellationToken);

    /// <summary>Sends a <c>GET</c> request.</summary>
    /// <inheritdoc cref="Send(string, string, string, IEnumerable{KeyValuePair{string, string}},
    /// TimeSpan?, CancellationToken)"/>
    public virtual Task<Response> GetAsync(
        string path,
        IEnumerable<KeyValuePair<string, string>>? headers = null,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default) =>
        SendAsync("GET", path, (string?)null, headers, timeout, cancellationToken);

    /// <summary>Sends a <c>POST</c> request.</summary>
    /// <inheritdoc cref="Send(string, string, string, IEnumerable{KeyValuePair{string, string}},
    /// TimeSpan?, CancellationToken)"/>
    [OverloadResolutionPriority(1)]
    public virtual Response Post(
        string path,
        string? body = null,
        IEnumerable<KeyValuePair<string, string>>? headers = null,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default) =>
        Send("POST", path, body, headers, timeout, cancellationToken);

    /// <summary>Sends a <c>POST</c> request.</summary>
    /// <inheritdoc cref="Send(string, string, string, IEnumerable{KeyValuePair{string, string}},
    /// TimeSpan?, CancellationToken)"/>
    public virtual Response Post(
        string path,
        byte[]? body,
        IEnumerable<KeyValuePair<string, string>>? headers = null,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default) =>
        Send("POST", path, body, headers, timeout, cancellationToken);

    /// <summary>Sends a <c>POST</c> request.</summary>
    /// <inheritdoc cref="Send(string, string, Stream, IEnumerable{KeyValuePair{string, string}},
    /// TimeSpan?, CancellationToken)"/>
    public virtual Response Post(
        string path,
        Stream body,
        IEnumerable<KeyValuePair<string, string>>? headers = null,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default) =>
        Send("POST", path, body, headers, timeout, cancellationToken);

    /// <summary>Sends a <c>POST</c> request.</summary>
    /// <inheritdoc cref="Send(string, string, string, IEnumerable{KeyValuePair{string, string}},
    /// TimeSpan?, CancellationToken)"/>
    [OverloadResolutionPriority(1)]
    public virtual Task<Response> PostAsync(
        string path,
        string? body = null,
        IEnumerable<KeyValuePair<string, string>>? headers = null,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default) =>
        SendAsync("POST", path, body, headers, timeout, cancellationToken);

    /// <summary>Sends a <c>POST</c> request.</summary>
    /// <inheritdoc cref="Send(string, string, string, IEnumerable{KeyValuePair{string, string}},
    /// TimeSpan?, CancellationToken)"/>
    public virtual Task<Response> PostAsync(
        string path,
        byte[]? body,
        IEnumerable<KeyValuePair<string, string>>? headers = null,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default) =>
        SendAsync("POST", path, body, headers, timeout, cancellationToken);

    /// <summary>Sends a <c>POST</c> request.</summary>
    /// <inheritdoc cref="Send(string, string, Stream, IEnumerable{KeyValuePair{string, string}},
    /// TimeSpan?, CancellationToken)"/>
    public virtual Task<Response> PostAsync(
        string path,
        Stream body,
        IEnumerable<KeyValuePair<string, string>>? headers = null,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default) =>
        SendAsync("POST", path, body, headers, timeout, cancellationToken);

    /// <summary>Sends a <c>PUT</c> request.</summary>
    /// <inheritdoc cref="Send(string, string, string, IEnumerable{KeyValuePair{string, string}},
    /// TimeSpan?, CancellationToken)"/>
    [OverloadResolutionPriority(1)]
    public virtual Response Put(
        string path,
        string? body = null,
        IEnumerable<KeyValuePair<string, string>>? headers = null,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default) =>
        Send("PUT", path, body, headers, timeout, cancellationToken);

    /// <summary>Sends a <c>PUT</c> request.</summary>
    /// <inheritdoc cref="Send(string, string, string, IEnumerable{KeyValuePair{string, string}},
    /// TimeSpan?, CancellationToken)"/>
    public virtual Response Put(
        string path,
        byte[]? body,
        IEnumerable<KeyValuePair<string, string>>? headers = null,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default) =>
        Send("PUT", path, body, headers, timeout, cancellationToken);

    /// <summary>Sends a <c>PUT</c> request.</summary>
    /// <inheritdoc cref="Send(string, string, Stream, IEnumerable{KeyValuePair{string, string}},
    /// TimeSpan?, CancellationToken)"/>
    public virtual Response Put(
        string path,
        Stream body,
        IEnumerable<KeyValuePair<string, string>>? headers = null,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default) =>
        Send("PUT", path, body, headers, timeout, cancellationToken);

    /// <summary>Sends a <c>PUT</c> request.</summary>
    /// <inheritdoc cref="Send(string, string, string, IEnumerable{KeyValuePair{string, string}},
    /// TimeSpan?, CancellationToken)"/>
    [OverloadResolutionPriority(1)]
    public virtual Task<Response> PutAsync(
        string path,
        string? body = null,
        IEnumerable<KeyValuePair<string, string>>? headers = null,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default) =>
        SendAsync("PUT", path, body, headers, timeout, cancellationToken);

    /// <summary>Sends a <c>PUT</c> request.</summary>
    /// <inheritdoc cref="Send(string, string, string, IEnumerable{KeyValuePair{string, string}},
    /// TimeSpan?, CancellationToken)"/>
    public virtual Task<Response> PutAsync(
        string path,
        byte[]? body,
        IEnumerable<KeyValuePair<string, string>>? headers = null,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default) =>
        SendAsync("PUT", path, body, headers, timeout, cancellationToken);

    /// <summary>Sends a <c>PUT</c> request.</summary>
    /// <inheritdoc cref="Send(string, string, Stream, IEnumerable{KeyValuePair{string, string}},
    /// TimeSpan?, CancellationToken)"/>
    public virtual Task<Response> PutAsync(
        string path,
        Stream body,
        IEnumerable<KeyValuePair<string, string>>? headers = null,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default) =>
        SendAsync("PUT", path, body, headers, timeout, cancellationToken);

    /// <summary>Sends a <c>PATCH</c> request.</summary>
    /// <inheritdoc cref="Send(string, string, string, IEnumerable{KeyValuePair{string, string}},
    /// TimeSpan?, CancellationToken)"/>
    [OverloadResolutionPriority(1)]
    public virtual Response Patch(
        string path,
        string? body = null,
        IEnumerable<KeyValuePair<string, string>>? headers = null,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default) =>
        Send("PATCH", path, body, headers, timeout, cancellationToken);

    /// <summary>Sends a <c>PATCH</c> request.</summary>
    /// <inheritdoc cref="Send(string, string, string, IEnumerable{KeyValuePair{string, string}},
    /// TimeSpan?, CancellationToken)"/>
    public virtual Response Patch(
        string path,
        byte[]? body,
        IEnumerable<KeyValuePair<string, string>>? headers = null,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default) =>
        Send("PATCH", path, body, headers, timeout, cancellationToken);

    /// <summary>Sends a <c>PATCH</c> request.</summary>
    /// <inheritdoc cref="Send(string, string, Stream, IEnumerable{KeyValuePair{string, string}},
    /// TimeSpan?, CancellationToken)"/>
    public virtual Response Patch(
        string path,
        Stream body,
        IEnumerable<KeyValuePair<string, string>>? headers = null,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default) =>
        Send("PATCH", path, body, headers, timeout, cancellationToken);

    /// <summary>Sends a <c>PATCH</c> request.</summary>
    /// <inheritdoc cref="Send(string, string, string, IEnumerable{KeyValuePair{string, string}},
    /// TimeSpan?, CancellationToken)"/>
    [OverloadResolutionPriority(1)]
    public virtual Task<Response> PatchAsync(
        string path,
        string? body = null,
        IEnumerable<KeyValuePair<string, string>>? headers = null,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default) =>
        SendAsync("PATCH", path, body, headers, timeout, cancellationToken);

    /// <summary>Sends a <c>PATCH</c> request.</summary>
    /// <inheritdoc cref="Send(string, string, string, IEnumerable{KeyValuePair{string, string}},
    /// TimeSpan?, CancellationToken)"/>
    public virtual Task<Response> PatchAsync(
        string path,
        byte[]? body,
        IEnumerable<KeyValuePair<string, string>>? headers = null,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default) =>
        SendAsync("PATCH", path, body, headers, timeout, cancellationToken);

    /// <summary>Sends a <c>PATCH</c> request.</summary>
    /// <inheritdoc cref="Send(string, string, Stream, IEnumerable{KeyValuePair{string, string}},
    /// TimeSpan?, CancellationToken)"/>
    public virtual Task<Response> PatchAsync(
        string path,
        Stream body,
        IEnumerable<KeyValuePair<string, string>>? headers = null,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default) =>
        SendAsync("PATCH", path, body, headers, timeout, cancellationToken);

    /// <summary>Sends a <c>DELETE</c> request.</summary>
    /// <inheritdoc cref="Send(string, string, string, IEnumerable{KeyValuePair{string, string}},
    /// TimeSpan?, CancellationToken)"/>
    public virtual Response Delete(
        string path,
        IEnumerable<KeyValuePair<string, string>>? headers = null,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default) =>
        Send("DELETE", path, (string?)null, headers, timeout, cancellationToken);

    /// <summary>Sends a <c>DELETE</c> request.</summary>
    /// <inheritdoc cref="Send(string, string, string, IEnumerable{KeyValuePair{string, string}},
    /// TimeSpan?, CancellationToken)"/>
    public virtual Task<Response> DeleteAsync(
        string path,
        IEnumerable<KeyValuePair<string, string>>? headers = null,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default) =>
        SendAsync("DELETE", path, (string?)null, headers, timeout, cancellationToken);
}
