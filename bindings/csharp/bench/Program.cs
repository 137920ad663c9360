// Session.Send beside a warm HttpClient. `bench` measures the same POST by both; `bench trips NAME`
// does the steps that standard input names, so that round trips can be counted.

using ThingSpace.Bench;
using ThingSpace.Tests;

Repository.UseBuiltLibrary();
if (args is ["trips", var name])
{
    await Trips.Run(name);
}
else
{
    await Posts.Run();
}
