using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using ThingSpace.Interop;

namespace ThingSpace;

/// <summary>
/// A request's headers as the C library wants them: an array of "Name: value", ended by NULL, in
/// one piece of native memory.
/// </summary>
internal unsafe ref struct HeaderBlock
{
    private nint _memory;

    internal HeaderBlock(IEnumerable<KeyValuePair<string, string>>? headers)
    {
        if (headers is null)
        {
            return;
        }

        var lines = new List<string>();
        int size = sizeof(nint);
        foreach (KeyValuePair<string, string> header in headers)
        {
            string line = Line(header, nameof(headers));
            lines.Add(line);
            size = checked(size + sizeof(nint) + Utf8.Count(line, nameof(headers)) + 1);
        }

        _memory = Marshal.AllocHGlobal(size);
        byte** pointers = (byte**)_memory;
        byte* text = (byte*)(pointers + lines.Count + 1);
        byte* end = (byte*)_memory + size;
        for (int i = 0; i < lines.Count; i++)
        {
            pointers[i] = text;
            text += Utf8.Write(lines[i], text, (int)(end - text), nameof(headers)) + 1;
        }

        pointers[lines.Count] = null;
    }

    internal readonly byte** Pointer => (byte**)_memory;

    public void Dispose()
    {
        Marshal.FreeHGlobal(_memory);
        _memory = 0;
    }

    /// <summary>
    /// What joining the two would hide is refused here; the rest of the rules is the library's.
    /// </summary>
    private static string Line(KeyValuePair<string, string> header, string parameter)
    {
        if (string.IsNullOrEmpty(header.Key) || header.Value is null)
        {
            throw new ArgumentException("A header needs a name and a value.", parameter);
        }

        if (header.Key.IndexOf(':') >= 0)
        {
            throw new ArgumentException($"A header's name holds no colon: {header.Key}", parameter);
        }

        string line = header.Key + ": " + header.Value;
        Utf8.RequireNoNul(line, parameter);
        return line;
    }
}
