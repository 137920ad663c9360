// Runs Consumer.exe as ASP.NET runs a site: its assemblies lie in the folder bin and are copied
// elsewhere before they are loaded.

using System;
using System.IO;
using System.Reflection;

internal sealed class Site : MarshalByRefObject
{
    private static int Main(string[] args)
    {
        AppDomain domain = AppDomain.CreateDomain("site", null, new AppDomainSetup
        {
            ApplicationBase = args[0],
            ApplicationName = "site",
            CachePath = Path.Combine(args[0], "copies"),
            PrivateBinPath = "bin",
            ShadowCopyFiles = "true",
        });
        string here = typeof(Site).Assembly.Location;
        return ((Site)domain.CreateInstanceFromAndUnwrap(here, "Site")).Run();
    }

    private int Run()
    {
        return (int)Assembly.Load("Consumer").EntryPoint.Invoke(null, new object[] { new string[0] });
    }
}
