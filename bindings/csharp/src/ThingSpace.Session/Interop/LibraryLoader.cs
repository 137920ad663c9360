// Finds the native library, loads it and checks that it speaks the ABI this assembly was written
// for. Every entry point of the assembly comes through Ensure(), and calls no native function
// itself, since Mono looks for those when it compiles the method. What goes wrong is said in words,
// not left to a DllNotFoundException about "thingspace_session".

using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace ThingSpace.Interop;

internal static class LibraryLoader
{
    internal const string Variable = "TSM_LIBRARY";
    internal const uint Abi = NativeMethods.AbiVersion;

    private const string OneRelease =
        "Install the ThingSpace.Session package and the native library of one release, or let " +
        Variable + " name a library that fits.";

    private static readonly object s_gate = new();
    private static volatile bool s_ready;

    /// <summary>Whether this class says where the library is; null before it was tried.</summary>
    private static bool? s_isOurs;

    /// <summary>A library answered. The runtime keeps that one whatever is named later.</summary>
    private static bool s_isBound;
    private static string? s_path;

    /// <summary>
    /// Loads the library at the first call; throws, each time anew, while there is none that fits.
    /// </summary>
    internal static void Ensure()
    {
        if (!s_ready)
        {
            lock (s_gate)
            {
                if (!s_ready)
                {
                    Load();
                    s_ready = true;
                }
            }
        }
    }

    /// <summary>
    /// What to say of a library with this ABI version; null when it is the right one.
    /// </summary>
    internal static string? Refusal(uint abi, string? path) => abi == Abi
        ? null
        : $"{Named(path)} has ABI version {abi}, and this ThingSpace.Session assembly needs " +
            $"version {Abi}. {OneRelease}";

    /// <summary>Where the library may lie, the likeliest place first.</summary>
    internal static IEnumerable<string> Candidates()
    {
        string file = FileName();
        foreach (string folder in Folders())
        {
            foreach (string rid in RuntimeIdentifiers())
            {
                yield return Path.Combine(folder, "runtimes", rid, "native", file);
            }
        }

        foreach (string folder in Folders())
        {
            yield return Path.Combine(folder, file);
        }
    }

    private static void Load()
    {
        s_isOurs ??= NativeLoading.Redirect(static () => s_path);
        if (!s_isBound && s_isOurs.Value)
        {
            s_path = Find();
        }

        uint abi;
        try
        {
            NativeLoading.Preload(s_path);
            abi = ReadAbi();
            s_isBound = true;
        }
        catch (EntryPointNotFoundException e)
        {
            throw new DllNotFoundException(
                $"{Named(s_path)} is not libthingspace_session: it has no function " +
                "tsm_abi_version.",
                e);
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
        {
            throw new DllNotFoundException(NotFound(e), e);
        }

        if (Refusal(abi, s_path) is { } refusal)
        {
            throw new NotSupportedException(refusal);
        }

        try
        {
            CallNewest();
        }
        catch (EntryPointNotFoundException e)
        {
            throw new NotSupportedException(
                $"{Named(s_path)} is too old for this ThingSpace.Session assembly: {e.Message} " +
                OneRelease,
                e);
        }
    }

    private static string? Find()
    {
        string? named = Environment.GetEnvironmentVariable(Variable);
        if (string.IsNullOrEmpty(named))
        {
            return Candidates().FirstOrDefault(File.Exists);
        }

        string path = Path.GetFullPath(named);
        if (Directory.Exists(path))
        {
            throw new DllNotFoundException(
                $"{Variable} names {path}, which is a folder: it must name the library's file.");
        }

        return File.Exists(path)
            ? path
            : throw new DllNotFoundException(
                $"{Variable} names {path}, and there is no such file.");
    }

    /// <summary>
    /// Mono looks for a function when it compiles the method that calls it: this one must not be
    /// part of one that comes before the library.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static uint ReadAbi() => NativeMethods.tsm_abi_version();

    /// <summary>
    /// Calls the function that came last into the library, as a sign that those before it are
    /// there.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static unsafe void CallNewest()
    {
        // The project file looks for its name in what is packed.
        _ = NativeMethods.tsm_waited(0, 0, out nint error);
        NativeMethods.tsm_error_free(error);
    }

    internal static unsafe string ReadVersion() => Utf8.Read(NativeMethods.tsm_version());

    private static string Named(string? path) =>
        $"The native library {path ?? "thingspace_session"}";

    private static string NotFound(Exception cause) => s_path is not null
        ? $"{Named(s_path)} cannot be loaded: {cause.Message}"
        : "The native library of ThingSpace.Session was not found. Looked for " +
            $"{string.Join(", ", Candidates())} and in the system's own places. " +
            $"Let {Variable} name the file, or put it beside the program. ({cause.Message})";

    private static string FileName()
    {
        if (RuntimeInformation.IsOSPlatform(OSPlatform.Windows))
        {
            return "thingspace_session.dll";
        }

        return RuntimeInformation.IsOSPlatform(OSPlatform.OSX)
            ? "libthingspace_session.dylib"
            : "libthingspace_session.so";
    }

    /// <summary>
    /// The folder of this assembly (a plug-in's may not be the program's) and that of the program.
    /// </summary>
    private static IEnumerable<string> Folders()
    {
        string? own = OwnFolder();
        if (!string.IsNullOrEmpty(own))
        {
            yield return own!;
        }

        if (AppContext.BaseDirectory is { Length: > 0 } program &&
            program.TrimEnd('/', '\\') != own?.TrimEnd('/', '\\'))
        {
            yield return program;
        }
    }

    [UnconditionalSuppressMessage(
        "SingleFile",
        "IL3000",
        Justification = "In a single file the location is empty and the program's folder serves.")]
    private static string? OwnFolder()
    {
        Assembly own = typeof(LibraryLoader).Assembly;
        string location = own.Location;
#if !NET
        // ASP.NET runs a copy, which has nothing beside it: this is where it was deployed.
        location = location.Length > 0 ? new Uri(own.EscapedCodeBase).LocalPath : "";
#endif
        return string.IsNullOrEmpty(location) ? null : Path.GetDirectoryName(location);
    }

    private static IEnumerable<string> RuntimeIdentifiers()
    {
        string architecture = RuntimeInformation.ProcessArchitecture switch
        {
            Architecture.X64 => "x64",
            Architecture.X86 => "x86",
            Architecture.Arm64 => "arm64",
            Architecture.Arm => "arm",
            Architecture other => other.ToString(),
        };
        if (RuntimeInformation.IsOSPlatform(OSPlatform.Windows))
        {
            yield return "win-" + architecture;
        }
        else if (RuntimeInformation.IsOSPlatform(OSPlatform.OSX))
        {
            yield return "osx-" + architecture;
        }
        else
        {
            yield return (IsMusl() ? "linux-musl-" : "linux-") + architecture;
        }
    }

    private static bool IsMusl() =>
#if NET8_0_OR_GREATER
        // The runtime's own name for the platform, where it was built for it; a distribution's
        // build may have another.
        RuntimeInformation.RuntimeIdentifier.Contains("musl", StringComparison.Ordinal) ||
#endif
        File.Exists("/etc/alpine-release");
}
