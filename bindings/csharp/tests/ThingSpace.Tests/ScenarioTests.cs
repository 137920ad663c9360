using System.Threading.Tasks;
using Xunit;

namespace ThingSpace.Tests;

/// <summary>
/// The behaviour that all languages share, by the blocking and by the asynchronous methods.
/// </summary>
public class ScenarioTests
{
    public static TheoryData<string, Via> All()
    {
        var all = new TheoryData<string, Via>();
        foreach ((string name, Via via) in Scenario.All())
        {
            all.Add(name, via);
        }

        return all;
    }

    [Theory]
    [MemberData(nameof(All))]
    public Task Blocking(string name, Via via) => Scenario.Run(name, via, isAsync: false);

    [Theory]
    [MemberData(nameof(All))]
    public Task Asynchronous(string name, Via via) => Scenario.Run(name, via, isAsync: true);

    [Fact]
    public void There_are_scenarios() => Assert.NotEmpty(Scenario.All());
}
