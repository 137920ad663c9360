// How each runtime is told which file "thingspace_session" is. .NET has a resolver for that. The
// netstandard2.0 build finds the same resolver by reflection when it runs on .NET; on .NET
// Framework a library loaded beforehand answers to its name; on Mono the runtime's own map takes
// the path.

using System;
using System.Runtime.InteropServices;
#if !NET8_0_OR_GREATER
using System.ComponentModel;
using System.Reflection;
using System.Text;
#endif

namespace ThingSpace.Interop;

internal static class NativeLoading
{
#if NET8_0_OR_GREATER
    /// <summary>
    /// Makes the runtime ask for the path of the library. False: the program has a resolver of its
    /// own for this assembly.
    /// </summary>
    internal static bool Redirect(Func<string?> path)
    {
        try
        {
            NativeLibrary.SetDllImportResolver(
                typeof(NativeLoading).Assembly,
                (name, _, _) => name == NativeMethods.Library && path() is { } file
                    ? NativeLibrary.Load(file)
                    : 0);
            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    internal static void Preload(string? path)
    {
    }
#else
    private static Func<string?> s_path = static () => null;
    private static MethodInfo? s_load;

    internal static bool Redirect(Func<string?> path)
    {
        s_path = path;
        Type? library = Type.GetType(
            "System.Runtime.InteropServices.NativeLibrary, System.Runtime.InteropServices");
        Type? resolver = Type.GetType(
            "System.Runtime.InteropServices.DllImportResolver, System.Runtime.InteropServices");
        if (library is null || resolver is null)
        {
            return true;
        }

        s_load = library.GetMethod("Load", [typeof(string)]);
        MethodInfo resolve = typeof(NativeLoading).GetMethod(
            nameof(Resolve), BindingFlags.NonPublic | BindingFlags.Static)!;
        try
        {
            library.GetMethod("SetDllImportResolver")!.Invoke(
                null, [typeof(NativeLoading).Assembly, Delegate.CreateDelegate(resolver, resolve)]);
            return true;
        }
        catch (TargetInvocationException e) when (e.InnerException is InvalidOperationException)
        {
            return false;
        }
    }

    /// <summary>
    /// For the runtimes without a resolver: makes the file the one that the name stands for.
    /// </summary>
    internal static void Preload(string? path)
    {
        if (s_load is not null || path is null)
        {
            return;
        }

        if (RuntimeInformation.IsOSPlatform(OSPlatform.Windows))
        {
            if (LoadLibraryEx(path, 0, LoadWithAlteredSearchPath) == 0)
            {
                throw new DllNotFoundException(
                    new Win32Exception(Marshal.GetLastWin32Error()).Message);
            }
        }
        else if (Type.GetType("Mono.Runtime") is not null)
        {
            MapOnMono(NativeMethods.Library, path);
        }
    }

    private static IntPtr Resolve(string name, Assembly assembly, DllImportSearchPath? searchPath)
    {
        if (name != NativeMethods.Library || s_path() is not { } file)
        {
            return IntPtr.Zero;
        }

        try
        {
            return (IntPtr)s_load!.Invoke(null, [file])!;
        }
        catch (TargetInvocationException e) when (e.InnerException is not null)
        {
            throw new DllNotFoundException(e.InnerException.Message, e.InnerException);
        }
    }

    private static unsafe void MapOnMono(string library, string path)
    {
        fixed (byte* from = Encoding.UTF8.GetBytes(library + '\0'))
        fixed (byte* to = Encoding.UTF8.GetBytes(path + '\0'))
        {
            mono_dllmap_insert(0, from, null, to, null);
        }
    }

    private const uint LoadWithAlteredSearchPath = 8;

    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    [DllImport(
        "kernel32",
        CharSet = CharSet.Unicode,
        EntryPoint = "LoadLibraryExW",
        ExactSpelling = true,
        SetLastError = true)]
    private static extern nint LoadLibraryEx(string path, nint reserved, uint flags);

    [DllImport("__Internal", ExactSpelling = true)]
    private static extern unsafe void mono_dllmap_insert(
        nint assembly, byte* library, byte* function, byte* targetLibrary, byte* targetFunction);
#endif
}
