using System;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using ThingSpace;
using ThingSpace.Extensions;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Gives a program's services their ThingSpace session.</summary>
public static class ThingSpaceServiceCollectionExtensions
{
    /// <summary>The section that <c>AddThingSpace(configuration)</c> reads.</summary>
    public const string SectionName = "ThingSpace";

    /// <summary>
    /// Adds a <see cref="Session"/> with options from the configuration: its section
    /// <c>ThingSpace</c>, or the section that is given.
    /// </summary>
    /// <remarks>
    /// <para>
    /// The session is a singleton and logs in when it is first needed, so neither the program's
    /// start nor whoever is given it waits. It is disposed of with the services, which ends its
    /// calls and does not log out: the platform ends a session that is not used.
    /// </para>
    /// <para>
    /// The options are checked when the host starts, and taken when the session is made: later
    /// changes of the configuration do not reach it. What the section lacks comes from the
    /// environment, then from the library's default. A key that is none of an option is the
    /// program's own, but one that looks like a misspelt option is refused.
    /// </para>
    /// </remarks>
    /// <param name="services">The services.</param>
    /// <param name="configuration">The program's configuration, or a section of it.</param>
    /// <returns>The options, for more of them: <c>.Configure(options => …)</c>.</returns>
    public static OptionsBuilder<SessionOptions> AddThingSpace(
        this IServiceCollection services, IConfiguration configuration) =>
        services.AddThingSpace(Options.Options.DefaultName, configuration);

    /// <summary>Adds a <see cref="Session"/> with options that the program sets.</summary>
    /// <param name="services">The services.</param>
    /// <param name="configure">
    /// Sets options; without it all come from the environment.
    /// </param>
    /// <inheritdoc cref="AddThingSpace(IServiceCollection, IConfiguration)"/>
    public static OptionsBuilder<SessionOptions> AddThingSpace(
        this IServiceCollection services, Action<SessionOptions>? configure = null) =>
        services.AddThingSpace(Options.Options.DefaultName, configure);

    /// <summary>
    /// Adds one of several sessions, each with a name: a keyed service,
    /// <c>[FromKeyedServices("name")] Session session</c>.
    /// </summary>
    /// <param name="services">The services.</param>
    /// <param name="name">The session's name.</param>
    /// <param name="configuration">
    /// The section of its options; of a whole configuration it is <c>ThingSpace:NAME</c>.
    /// </param>
    /// <inheritdoc cref="AddThingSpace(IServiceCollection, IConfiguration)"/>
    public static OptionsBuilder<SessionOptions> AddThingSpace(
        this IServiceCollection services, string name, IConfiguration configuration)
    {
        _ = configuration ?? throw new ArgumentNullException(nameof(configuration));
        OptionsBuilder<SessionOptions> options = Add(services, name);
        // Never a whole configuration itself: the environment is a part of most, and has a USERNAME
        // on Windows.
        string path = name.Length == 0 ? SectionName : SectionName + ":" + name;
        IConfigurationSection section =
            configuration as IConfigurationSection ?? configuration.GetSection(path);
        options.Services.AddSingleton(new SessionSection(name, section));
        return options.Bind(section);
    }

    /// <summary>Adds one of several sessions, with options that the program sets.</summary>
    /// <param name="services">The services.</param>
    /// <param name="name">The session's name.</param>
    /// <param name="configure">
    /// Sets options; without it all come from the environment.
    /// </param>
    /// <inheritdoc cref="AddThingSpace(IServiceCollection, string, IConfiguration)"/>
    public static OptionsBuilder<SessionOptions> AddThingSpace(
        this IServiceCollection services, string name, Action<SessionOptions>? configure)
    {
        OptionsBuilder<SessionOptions> options = Add(services, name);
        return configure is null ? options : options.Configure(configure);
    }

    /// <summary>
    /// Has the requests of an <see cref="System.Net.Http.HttpClient"/> carry a session's tokens: by
    /// a <see cref="ThingSpaceHandler"/>, with <see cref="Session.BaseAddress"/> for relative
    /// addresses.
    /// </summary>
    /// <param name="builder">
    /// The client: <c>services.AddHttpClient&lt;Devices&gt;()</c>, or one with a name.
    /// </param>
    /// <param name="sessionName">
    /// Which session, if <c>AddThingSpace</c> was given a name.
    /// </param>
    /// <returns>
    /// The client, for more handlers: those added later see every request that is sent again.
    /// </returns>
    public static IHttpClientBuilder AddThingSpaceHandler(
        this IHttpClientBuilder builder, string? sessionName = null)
    {
        _ = builder ?? throw new ArgumentNullException(nameof(builder));
        return builder
            .ConfigureHttpClient((services, client) =>
                client.BaseAddress ??= Find(services, sessionName).BaseAddress)
            .AddHttpMessageHandler(services =>
                new ThingSpaceHandler(Find(services, sessionName)));
    }

    private static OptionsBuilder<SessionOptions> Add(IServiceCollection services, string name)
    {
        _ = services ?? throw new ArgumentNullException(nameof(services));
        _ = name ?? throw new ArgumentNullException(nameof(name));
        services.AddLogging();
        // Once, however many sessions there are.
        services.TryAddEnumerable(
        [
            ServiceDescriptor.Singleton<IPostConfigureOptions<SessionOptions>, SessionLog>(),
            ServiceDescriptor.Singleton<IValidateOptions<SessionOptions>, SessionOptionsCheck>(),
        ]);
        if (name.Length == 0)
        {
            services.TryAddSingleton(provider => Open(provider, name));
        }
        else
        {
            services.TryAddKeyedSingleton(name, (provider, _) => Open(provider, name));
        }

        return services
            .AddOptions<SessionOptions>(name)
            .ValidateOnStart();
    }

    private static Session Open(IServiceProvider services, string name) => Session.Open(
        services.GetRequiredService<IOptionsMonitor<SessionOptions>>().Get(name));

    private static Session Find(IServiceProvider services, string? name) =>
        string.IsNullOrEmpty(name)
            ? services.GetRequiredService<Session>()
            : services.GetRequiredKeyedService<Session>(name);
}
