using System;
using System.Collections.Generic;
using System.Linq;

namespace ThingSpace.Extensions;

/// <summary>Which option somebody means who writes a name that is none.</summary>
internal static class SimilarNames
{
    /// <summary>
    /// One letter of so many may be wrong, missing or too many: else it is another name.
    /// </summary>
    private const int LettersForSlip = 3;

    /// <summary>A name as long as this that begins another is the same, shortened.</summary>
    private const int Beginning = 4;

    /// <summary>The names of all options, as a configuration may write them.</summary>
    private static readonly HashSet<string> s_options = new(
        typeof(SessionOptions).GetProperties().Select(static property => property.Name),
        StringComparer.OrdinalIgnoreCase);

    /// <summary>The option that is most like a name which is none; null if none is.</summary>
    internal static string? Find(string name)
    {
        if (s_options.Contains(name))
        {
            return null;
        }

        string letters = Letters(name);
        return s_options
            .Select(option => (Option: option, Distance: Distance(letters, Letters(option))))
            .Where(found => found.Distance * LettersForSlip <= letters.Length)
            .OrderBy(static found => found.Distance)
            .Select(static found => found.Option)
            .FirstOrDefault() ??
            s_options.FirstOrDefault(option => Begins(letters, Letters(option)));
    }

    /// <summary>Those that tell names apart: timeout_ms is TimeoutMs.</summary>
    private static string Letters(string name) =>
        string.Concat(name.Where(char.IsLetterOrDigit)).ToUpperInvariant();

    private static bool Begins(string one, string other) =>
        Math.Min(one.Length, other.Length) >= Beginning &&
        (one.StartsWith(other, StringComparison.Ordinal) ||
            other.StartsWith(one, StringComparison.Ordinal));

    /// <summary>How many letters must be changed, added or left out (Levenshtein).</summary>
    private static int Distance(string from, string to)
    {
        int[] row = [.. Enumerable.Range(0, to.Length + 1)];
        for (int i = 0; i < from.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i + 1;
            for (int j = 0; j < to.Length; j++)
            {
                int changed = diagonal + (from[i] == to[j] ? 0 : 1);
                diagonal = row[j + 1];
                row[j + 1] = Math.Min(changed, Math.Min(row[j], diagonal) + 1);
            }
        }

        return row[to.Length];
    }
}
