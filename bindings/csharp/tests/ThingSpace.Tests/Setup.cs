using System.Runtime.CompilerServices;

namespace ThingSpace.Tests;

internal static class Setup
{
#pragma warning disable CA2255 // The library must be named before the first test touches it.
    [ModuleInitializer]
    internal static void UseBuiltLibrary() => Repository.UseBuiltLibrary();
#pragma warning restore CA2255
}
