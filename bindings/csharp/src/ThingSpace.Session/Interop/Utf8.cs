// Text across the border: strict UTF-8 in both directions that matter, on the stack where it is
// short.

using System;
using System.Runtime.InteropServices;
using System.Text;
using System.Threading;

namespace ThingSpace.Interop;

internal static unsafe class Utf8
{
    private static readonly UTF8Encoding s_strict =
        new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private const int MostText = 1 << 20;

    internal static int Count(string text, string parameter)
    {
        try
        {
            return s_strict.GetByteCount(text);
        }
        catch (EncoderFallbackException e)
        {
            throw Unpaired(parameter, e);
        }
    }

    /// <summary>A text as bytes of the program's.</summary>
    internal static byte[] Bytes(string text, string parameter)
    {
        try
        {
            return s_strict.GetBytes(text);
        }
        catch (EncoderFallbackException e)
        {
            throw Unpaired(parameter, e);
        }
    }

    /// <summary>Writes a text and a NUL; gives the length without the NUL.</summary>
    internal static int Write(string text, byte* destination, int capacity, string parameter)
    {
        try
        {
            fixed (char* chars = text)
            {
                int length = s_strict.GetBytes(chars, text.Length, destination, capacity - 1);
                destination[length] = 0;
                return length;
            }
        }
        catch (EncoderFallbackException e)
        {
            throw Unpaired(parameter, e);
        }
    }

    /// <summary>A NUL-terminated text; NULL is empty.</summary>
    internal static string Read(byte* text)
    {
        if (text == null)
        {
            return "";
        }

        int length = 0;
        while (text[length] != 0)
        {
            length++;
        }

        return Read(text, length);
    }

    /// <summary>A native function that copies a text out.</summary>
    internal delegate int CopyOut(byte* buffer, nuint capacity, out nint error);

    /// <summary>
    /// A text of any length, which may be a secret, from a function that copies it out.
    /// </summary>
    internal static string ReadWhole(int capacity, CopyOut copyOut, Session? session = null)
    {
        while (true)
        {
            byte[] buffer = new byte[capacity];
            fixed (byte* start = buffer)
            {
                int status = copyOut(start, (nuint)capacity, out nint error);
                if (status == 0)
                {
                    string text = Read(start);
                    Array.Clear(buffer, 0, capacity);
                    return text;
                }

                Exception e = NativeError.Take(status, error, session);
                if (status != (int)TsmStatus.BufferTooSmall || capacity > MostText)
                {
                    throw e;
                }
            }

            capacity *= 4;
        }
    }

    internal static string Read(byte* text, int length) =>
        length == 0 ? "" : Encoding.UTF8.GetString(text, length);

    /// <summary>
    /// The same for a text that is nearly always the one that was read the last time, into a buffer
    /// of the same size: that is given again.
    /// </summary>
    internal static string Read(byte* text, ref string? last)
    {
        string? known = Volatile.Read(ref last);
        if (known is null || !AreEqual(text, known))
        {
            known = Read(text);
            Volatile.Write(ref last, known);
        }

        return known;
    }

    private static bool AreEqual(byte* buffer, string other)
    {
#if NET8_0_OR_GREATER
        return Ascii.Equals(new ReadOnlySpan<byte>(buffer, other.Length), other) &&
            buffer[other.Length] == 0;
#else
        for (int i = 0; i < other.Length; i++)
        {
            if (buffer[i] != other[i])
            {
                return false;
            }
        }

        return buffer[other.Length] == 0;
#endif
    }

    internal static void RequireNoNul(string text, string parameter)
    {
        if (text.IndexOf('\0') >= 0)
        {
            throw new ArgumentException("The text holds a NUL character.", parameter);
        }
    }

    private static ArgumentException Unpaired(string parameter, Exception inner) =>
        new(
            "The text holds half a surrogate pair, which is no Unicode character.",
            parameter,
            inner);
}

/// <summary>
/// One text as an argument of a native call: in the caller's stack buffer when it fits, else in
/// native memory until disposed.
/// </summary>
internal unsafe ref struct Utf8Argument
{
    private byte* _heap;

    /// <param name="text">The text; null gives NULL.</param>
    /// <param name="stack">A buffer of the caller's.</param>
    /// <param name="stackSize">Its size.</param>
    /// <param name="parameter">What to call the text in an error.</param>
    /// <param name="isText">Whether it is handed over as a C string, which can hold no NUL.</param>
    internal Utf8Argument(
        string? text, byte* stack, int stackSize, string parameter, bool isText = true)
    {
        if (text is null)
        {
            return;
        }

        if (isText)
        {
            Utf8.RequireNoNul(text, parameter);
        }

        int capacity = stackSize;
        Pointer = stack;
        if (text.Length > (stackSize - 1) / 3)
        {
            int exact = checked(Utf8.Count(text, parameter) + 1);
            if (exact > stackSize)
            {
                capacity = exact;
                _heap = (byte*)Marshal.AllocHGlobal(exact);
                Pointer = _heap;
            }
        }

        try
        {
            Length = Utf8.Write(text, Pointer, capacity, parameter);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    internal byte* Pointer { get; }

    internal int Length { get; }

    /// <summary>Overwrites the copy: it was a secret.</summary>
    internal readonly void Wipe()
    {
        for (int i = 0; i < Length; i++)
        {
            Volatile.Write(ref Pointer[i], 0);
        }
    }

    public void Dispose()
    {
        if (_heap != null)
        {
            Marshal.FreeHGlobal((nint)_heap);
            _heap = null;
        }
    }
}
