// What the READMEs show of services beyond their first program.

using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using ThingSpace;

internal interface ISecrets
{
    string Get(string name);
}

internal static class More
{
    internal static void Several(IServiceCollection services, IConfiguration configuration)
    {
        // The section ThingSpace:east. Injected by [FromKeyedServices("east")] Session session.
        services.AddThingSpace("east", configuration);
        services.AddHttpClient("east").AddThingSpaceHandler("east");
    }

    internal static void FromElsewhere(IServiceCollection services, IConfiguration configuration)
    {
        services.AddThingSpace(configuration).Configure<ISecrets>(
            (options, secrets) => options.Password = secrets.Get("thingspace"));
    }
}
