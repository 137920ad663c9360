// Where the tests find what they are run against.

using System;
using System.IO;

namespace ThingSpace.Tests;

internal static class Repository
{
    internal static string Root { get; } = FindRoot();

    internal static string Scenarios => Path.Combine(Root, "tests", "scenarios");

    /// <summary>The sandbox: named by TSM_SANDBOX, or the newest built one.</summary>
    internal static string Sandbox
    {
        get
        {
            string? named = Environment.GetEnvironmentVariable("TSM_SANDBOX");
            if (!string.IsNullOrEmpty(named))
            {
                return named!;
            }

            foreach (string profile in new[] { "release", "debug" })
            {
                string built = Path.Combine(Root, "target", profile, "thingspace-sandbox");
                if (File.Exists(built))
                {
                    return built;
                }
            }

            throw new FileNotFoundException(
                "There is no sandbox: build it (cargo build -p thingspace-sandbox) or let " +
                "TSM_SANDBOX name it.");
        }
    }

    /// <summary>Lets TSM_LIBRARY name the built library unless it names one already.</summary>
    internal static void UseBuiltLibrary()
    {
        if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable("TSM_LIBRARY")))
        {
            Environment.SetEnvironmentVariable(
                "TSM_LIBRARY", Path.Combine(Root, "target", "release", "libthingspace_session.so"));
        }
    }

    private static string FindRoot()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        for (; folder is not null; folder = folder.Parent)
        {
            if (Directory.Exists(Path.Combine(folder.FullName, "tests", "scenarios")))
            {
                return folder.FullName;
            }
        }

        throw new DirectoryNotFoundException(
            "The tests must lie in the repository: no folder above them has tests/scenarios.");
    }
}
