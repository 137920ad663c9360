using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Xunit;

namespace ThingSpace.Tests;

/// <summary>What the READMEs show in C# stands in tests/Readme, which is compiled.</summary>
public class ReadmeTests
{
    public static TheoryData<string> Readmes() => new()
    {
        "README.md",
        "bindings/csharp/README.md",
        "bindings/csharp/src/ThingSpace.Session.Extensions/README.md",
    };

    [Theory]
    [MemberData(nameof(Readmes))]
    public void Every_paragraph_of_code_is_compiled(string readme)
    {
        string compiled = string.Concat(Directory
            .EnumerateFiles(
                Path.Combine(Repository.Root, "bindings/csharp/tests/Readme"),
                "*.cs",
                SearchOption.AllDirectories)
            .Select(file => Lines(File.ReadLines(file))));
        int paragraphs = 0;
        foreach (string paragraph in Code(Path.Combine(Repository.Root, readme)))
        {
            paragraphs++;
            Assert.True(
                compiled.Contains(paragraph, StringComparison.Ordinal),
                $"{readme} shows what is not in tests/Readme:\n{paragraph}");
        }

        Assert.NotEqual(0, paragraphs);
    }

    private static IEnumerable<string> Code(string readme)
    {
        bool isCode = false;
        var paragraph = new List<string>();
        foreach (string line in File.ReadLines(readme))
        {
            bool isFence = line.StartsWith("```", StringComparison.Ordinal);
            if (isCode && (isFence || line.Trim().Length == 0))
            {
                if (paragraph.Count != 0)
                {
                    yield return Lines(paragraph);
                }

                paragraph.Clear();
            }
            else if (isCode)
            {
                paragraph.Add(line);
            }

            isCode = isFence
                ? line.StartsWith("```csharp", StringComparison.Ordinal)
                : isCode;
        }
    }

    /// <summary>The lines without their indentation, and without blank ones.</summary>
    private static string Lines(IEnumerable<string> lines) => string.Concat(
        lines
            .Select(line => line.Trim())
            .Where(line => line.Length != 0)
            .Select(line => line + "\n"));
}
