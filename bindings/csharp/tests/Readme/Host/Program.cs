using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using ThingSpace;

var builder = Host.CreateApplicationBuilder(args);
builder.Services.AddThingSpace(builder.Configuration);
builder.Services.AddHttpClient<Devices>().AddThingSpaceHandler();

using var host = builder.Build();
await host.StartAsync();
Console.WriteLine(await host.Services.GetRequiredService<Devices>().List("0000123456-00001"));
await host.StopAsync();

public class Devices
{
    private readonly HttpClient _http;

    public Devices(HttpClient http) => _http = http;

    public async Task<JsonElement> List(string accountName)
    {
        var query = new { accountName };
        var answer = await _http.PostAsJsonAsync("m2m/v1/devices/actions/list", query);
        answer.EnsureSuccessStatusCode();
        return await answer.Content.ReadFromJsonAsync<JsonElement>();
    }
}
