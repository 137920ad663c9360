// Reads one JSON object whose values are texts, numbers, true, false or null. That is all that tsm_info says, and netstandard2.0 has no
// JSON reader of its own.

using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;

namespace Tsm;

internal static class FlatJson
{
    /// <summary>The values by their keys; numbers and truths as they were written, null as null.</summary>
    internal static Dictionary<string, string?> Read(string json)
    {
        var values = new Dictionary<string, string?>(StringComparer.Ordinal);
        int at = 0;
        Expect(json, ref at, '{');
        if (Peek(json, ref at) != '}')
        {
            while (true)
            {
                string key = ReadText(json, ref at);
                Expect(json, ref at, ':');
                values[key] = Peek(json, ref at) == '"' ? ReadText(json, ref at) : ReadBare(json, ref at);
                if (Peek(json, ref at) != ',')
                {
                    break;
                }

                at++;
            }
        }

        Expect(json, ref at, '}');
        return values;
    }

    private static string ReadText(string json, ref int at)
    {
        Expect(json, ref at, '"');
        var text = new StringBuilder();
        while (true)
        {
            char c = Next(json, ref at);
            if (c == '"')
            {
                return text.ToString();
            }

            if (c == '\\')
            {
                c = Next(json, ref at);
                c = c switch
                {
                    'b' => '\b',
                    'f' => '\f',
                    'n' => '\n',
                    'r' => '\r',
                    't' => '\t',
                    'u' => ReadEscape(json, ref at),
                    '"' or '\\' or '/' => c,
                    _ => throw Malformed(json, at),
                };
            }

            text.Append(c);
        }
    }

    private static char ReadEscape(string json, ref int at)
    {
        if (at + 4 > json.Length ||
            !ushort.TryParse(json.Substring(at, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ushort value))
        {
            throw Malformed(json, at);
        }

        at += 4;
        return (char)value;
    }

    private static string? ReadBare(string json, ref int at)
    {
        int start = at;
        while (at < json.Length && (char.IsLetterOrDigit(json[at]) || json[at] is '-' or '+' or '.'))
        {
            at++;
        }

        string word = json.Substring(start, at - start);
        if (word == "null")
        {
            return null;
        }

        return word is "true" or "false" || double.TryParse(word, NumberStyles.Float, CultureInfo.InvariantCulture, out _)
            ? word
            : throw Malformed(json, start);
    }

    private static char Peek(string json, ref int at)
    {
        while (at < json.Length && json[at] is ' ' or '\t' or '\r' or '\n')
        {
            at++;
        }

        return at < json.Length ? json[at] : '\0';
    }

    private static void Expect(string json, ref int at, char wanted)
    {
        if (Peek(json, ref at) != wanted)
        {
            throw Malformed(json, at);
        }

        at++;
    }

    private static char Next(string json, ref int at) => at < json.Length ? json[at++] : throw Malformed(json, at);

    private static FormatException Malformed(string json, int at) => new($"No flat JSON object (at {at}): {json}");
}
