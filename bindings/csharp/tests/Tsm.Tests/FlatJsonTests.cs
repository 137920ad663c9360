using System;
using System.Collections.Generic;
using Xunit;

namespace Tsm.Tests;

public class FlatJsonTests
{
    [Fact]
    public void Values_of_all_kinds()
    {
        Dictionary<string, string?> values = FlatJson.Read("""
            { "a": 1, "b" : -2.5e3, "c":true,"d":false, "e": null, "f": "x\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00", "": "" }
            """);
        Assert.Equal("1", values["a"]);
        Assert.Equal("-2.5e3", values["b"]);
        Assert.Equal("true", values["c"]);
        Assert.Equal("false", values["d"]);
        Assert.Null(values["e"]);
        Assert.Equal("x\"\\/\b\f\n\r\t\u00e9\U0001F600", values["f"]);
        Assert.Equal("", values[""]);
        Assert.Empty(FlatJson.Read("{}"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("{\"a\"}")]
    [InlineData("{\"a\":}")]
    [InlineData("{\"a\":1,}")]
    [InlineData("{\"a\":{}}")]
    [InlineData("{\"a\":\"\\u12\"}")]
    [InlineData("{\"a\":\"\\x\"}")]
    [InlineData("{\"a\":\"b")]
    [InlineData("{\"a\":nul}")]
    public void What_is_none_is_refused(string json) => Assert.Throws<FormatException>(() => FlatJson.Read(json));
}
