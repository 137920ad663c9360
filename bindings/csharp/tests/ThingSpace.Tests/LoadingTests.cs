using System;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;
using ThingSpace.Interop;
using Xunit;

namespace ThingSpace.Tests;

/// <summary>
/// The native library: where it is looked for, what is said of a wrong one, and that its functions are declared as they are.
/// </summary>
public class LoadingTests
{
    private static string Source(string file) => File.ReadAllText(Path.Combine(Repository.Root, "bindings", "csharp", "src", "ThingSpace.Session", "Interop", file));

    [Fact]
    public void Another_ABI_is_refused_in_words()
    {
        Assert.Null(LibraryLoader.Refusal(LibraryLoader.Abi, "/x/libthingspace_session.so"));
        string refusal = LibraryLoader.Refusal(7, "/x/libthingspace_session.so")!;
        Assert.Contains("/x/libthingspace_session.so", refusal, StringComparison.Ordinal);
        Assert.Contains("ABI version 7", refusal, StringComparison.Ordinal);
        Assert.Contains("version 1", refusal, StringComparison.Ordinal);
        Assert.Contains("TSM_LIBRARY", refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void The_runtimes_folder_comes_before_the_program_s_own()
    {
        string[] candidates = [.. LibraryLoader.Candidates()];
        Assert.Contains(Path.Combine("runtimes", "linux-x64", "native", "libthingspace_session.so"), candidates[0], StringComparison.Ordinal);
        Assert.Equal("libthingspace_session.so", Path.GetFileName(candidates[^1]));
        Assert.Equal(AppContext.BaseDirectory.TrimEnd('/'), Path.GetDirectoryName(candidates[^1]));
    }

    [Fact]
    public void The_library_has_a_version() => Assert.Matches(@"^\d+\.\d+\.\d+", Session.LibraryVersion);

    [Fact]
    public void Both_builds_declare_the_same_functions()
    {
        string[] modern = Declarations("NativeMethods.LibraryImport.cs");
        Assert.NotEmpty(modern);
        Assert.Equal(modern, Declarations("NativeMethods.DllImport.cs"));
    }

    [Fact]
    public void Every_declared_function_is_as_the_header_says()
    {
        string header = File.ReadAllText(Path.Combine(Repository.Root, "include", "tsm.h"));
        header = Regex.Replace(Regex.Replace(header, @"/\*.*?\*/", " ", RegexOptions.Singleline), @"\s+", " ");
        foreach (string declaration in Declarations("NativeMethods.LibraryImport.cs"))
        {
            Match ours = Regex.Match(declaration, @"^(\S+) (\w+)\((.*)\)$");
            string name = ours.Groups[2].Value;
            Match theirs = Regex.Match(header, $@"(?<result>(?:const )?\w+[ *]+)\b{name}\((?<parameters>[^;]*)\);");
            Assert.True(theirs.Success, $"{name} is not in tsm.h.");
            string[] wanted = [CType(theirs.Groups["result"].Value + " result"), .. Parameters(theirs.Groups["parameters"].Value).Select(CType)];
            string[] declared = [CSharpType(ours.Groups[1].Value + " result"), .. Parameters(ours.Groups[3].Value).Select(CSharpType)];
            Assert.True(
                wanted.SequenceEqual(declared),
                $"{name}: tsm.h has ({string.Join(", ", wanted)}), NativeMethods ({string.Join(", ", declared)}).");
        }
    }

    [Fact]
    public void The_statuses_are_the_header_s()
    {
        string header = File.ReadAllText(Path.Combine(Repository.Root, "include", "tsm.h"));
        foreach (TsmStatus status in Enum.GetValues<TsmStatus>())
        {
            string name = status == TsmStatus.Ok
                ? "TSM_OK"
                : "TSM_E_" + Regex.Replace(status.ToString(), "(?<=[a-z])(?=[A-Z])", "_").ToUpperInvariant();
            Assert.Matches($@"#define {name} {(int)status}\b", header);
        }

        Assert.Equal(Enum.GetValues<TsmStatus>().Length - 1, Regex.Count(header, @"#define TSM_E_\w+ \d+"));
    }

    private static string[] Declarations(string file) =>
    [
        .. Regex.Matches(Regex.Replace(Source(file), @"\s+", " "), @"internal static (?:extern|partial) ([^;]*);").Select(match => match.Groups[1].Value.Replace("( ", "(")),
    ];

    private static string[] Parameters(string list) =>
        list.Trim() is "" or "void" ? [] : [.. list.Split(',').Select(parameter => parameter.Trim())];

    /// <summary>How many bits a C parameter has and what it points to, in a word.</summary>
    private static string CType(string parameter)
    {
        string type = Regex.Replace(parameter.Replace("const", " "), @"\w+ *$", "").Replace(" ", "");
        return type switch
        {
            "tsm_config*" or "tsm_session*" or "tsm_call*" or "tsm_response*" or "tsm_error*" => "handle",
            "tsm_session**" or "tsm_response**" or "tsm_error**" => "handle*",
            "char*" or "uint8_t*" => "bytes",
            "char**" => "bytes*",
            "void*" or "tsm_log_fn" => "pointer",
            "size_t*" => "size*",
            "size_t" => "size",
            "int32_t" or "tsm_status" => "int32",
            "uint32_t" => "uint32",
            "int64_t" => "int64",
            "uint64_t" => "uint64",
            _ => type,
        };
    }

    private static string CSharpType(string parameter)
    {
        string type = parameter.Substring(0, parameter.LastIndexOf(' '));
        string name = parameter.Substring(parameter.LastIndexOf(' ') + 1);
        return type switch
        {
            "SessionHandle" or "ConfigHandle" => "handle",
            "nint" => name is "callback" or "context" ? "pointer" : "handle",
            "out SessionHandle" or "out nint" => "handle*",
            "byte*" => "bytes",
            "byte**" or "out byte*" => "bytes*",
            "nuint" => "size",
            "out nuint" => "size*",
            "int" => "int32",
            "uint" => "uint32",
            "long" => "int64",
            "ulong" => "uint64",
            _ => type,
        };
    }
}
