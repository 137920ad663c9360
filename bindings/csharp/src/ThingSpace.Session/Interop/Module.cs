using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

// The buffers on the stack are written by the library before they are read; clearing them first
// would cost more than a call.
[module: SkipLocalsInit]

// Where LibraryLoader.cs names no file, Windows must not look into the working directory or PATH,
// where others may have put a library of this name.
[assembly: DefaultDllImportSearchPaths(
    DllImportSearchPath.AssemblyDirectory | DllImportSearchPath.SafeDirectories)]
