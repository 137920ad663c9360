using System.IO;
using System.Linq;
using System.Threading.Tasks;
using Xunit;

namespace ThingSpace.Tests;

/// <summary>The behaviour that all languages share, by the blocking and by the asynchronous methods.</summary>
public class ScenarioTests
{
    public static TheoryData<string> Names() => new(Scenario.Files().Select(file => Path.GetFileName(file)!));

    [Theory]
    [MemberData(nameof(Names))]
    public Task Blocking(string name) => Scenario.Run(Path.Combine(Repository.Scenarios, name), isAsync: false);

    [Theory]
    [MemberData(nameof(Names))]
    public Task Asynchronous(string name) => Scenario.Run(Path.Combine(Repository.Scenarios, name), isAsync: true);

    [Fact]
    public void There_are_scenarios() => Assert.NotEmpty(Scenario.Files());
}
