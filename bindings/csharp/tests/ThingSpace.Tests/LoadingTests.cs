using System;
using System.IO;
using System.Reflection;
using System.Runtime.InteropServices;
using ThingSpace.Interop;
using Xunit;

namespace ThingSpace.Tests;

/// <summary>
/// The native library: where it is looked for, and what is said of a wrong one.
/// </summary>
public class LoadingTests
{
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
        Assert.Contains(
            Path.Combine("runtimes", "linux-x64", "native", "libthingspace_session.so"),
            candidates[0],
            StringComparison.Ordinal);
        Assert.Equal("libthingspace_session.so", Path.GetFileName(candidates[^1]));
        Assert.Equal(AppContext.BaseDirectory.TrimEnd('/'), Path.GetDirectoryName(candidates[^1]));
    }

    [Fact]
    public void Windows_does_not_look_for_it_where_others_may_put_one()
    {
        DllImportSearchPath paths = typeof(Session).Assembly
            .GetCustomAttribute<DefaultDllImportSearchPathsAttribute>()!.Paths;
        Assert.Equal(
            DllImportSearchPath.AssemblyDirectory | DllImportSearchPath.SafeDirectories, paths);
    }

    [Fact]
    public void The_library_has_a_version() =>
        Assert.Matches(@"^\d+\.\d+\.\d+", Session.LibraryVersion);
}
