using System;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ThingSpace.Extensions;

/// <summary>
/// Hands what a session tells to the program's log, category <c>ThingSpace.Session</c>, or
/// <c>ThingSpace.Session.NAME</c> where it has a name: its events, each with the number and the
/// name of its kind as event id; and its lines, as <c>Line</c> (100).
/// </summary>
/// <remarks>
/// <para>
/// A failure's message is in the event and in a line. So that it is not there twice, only the
/// warnings among the lines, which no event tells, keep their level; the others are for debugging.
/// </para>
/// <para>
/// It comes after all that the program configures: a callback of the program's own is called as
/// well, and no oftener than without this.
/// </para>
/// </remarks>
internal sealed partial class SessionLog(ILoggerFactory loggers)
    : IPostConfigureOptions<SessionOptions>
{
    private const string Category = "ThingSpace.Session";

    public void PostConfigure(string? name, SessionOptions options)
    {
        ILogger logger = loggers.CreateLogger(
            string.IsNullOrEmpty(name) ? Category : $"{Category}.{name}");
        if (options.Log is { } own)
        {
            TsmLogLevel level = options.LogLevel;
            Func<TsmLogLevel>? levelNow = options.LogLevelNow;
            TsmLogLevel MostOfOwn() => Most(level, levelNow?.Invoke() ?? level);
            options.LogLevelNow = () => Most(MostOfOwn(), MostOf(logger));
            options.Log = (of, text) =>
            {
                if (of <= MostOfOwn())
                {
                    own(of, text);
                }
            };
        }
        else
        {
            options.LogLevelNow = () => MostOf(logger);
        }

        options.Log += (level, text) =>
        {
            LogLevel of = LevelOf(level);
            if (logger.IsEnabled(of))
            {
                Line(logger, of, text);
            }
        };
        options.OnEvent += happened => Event(logger, happened);
    }

    private static TsmLogLevel Most(TsmLogLevel one, TsmLogLevel other) =>
        one > other ? one : other;

    /// <summary>
    /// The most that the program's log takes now, whatever has changed its level: no other way
    /// finds out of all the kinds of logger there are.
    /// </summary>
    private static TsmLogLevel MostOf(ILogger logger) =>
        logger.IsEnabled(LogLevel.Trace) ? TsmLogLevel.Trace :
        logger.IsEnabled(LogLevel.Debug) ? TsmLogLevel.Debug :
        TsmLogLevel.Warning;

    private static LogLevel LevelOf(TsmLogLevel level) => level switch
    {
        TsmLogLevel.Warning => LogLevel.Warning,
        TsmLogLevel.Trace => LogLevel.Trace,
        _ => LogLevel.Debug,
    };

    private static LogLevel LevelOf(ThingSpaceEvent happened) => happened.Kind switch
    {
        TsmEventKind.StoreLost => LogLevel.Error,
        TsmEventKind.Blocked => LogLevel.Warning,
        TsmEventKind.LoginBegun or TsmEventKind.Waited => LogLevel.Debug,
        _ when happened.Status != TsmStatus.Ok => LogLevel.Warning,
        _ => LogLevel.Information,
    };

    private static void Event(ILogger logger, ThingSpaceEvent happened)
    {
        LogLevel level = LevelOf(happened);
        if (!logger.IsEnabled(level))
        {
            return;
        }

        var id = new EventId((int)happened.Kind, happened.Kind.ToString());
        logger.Log(
            level, id, new EventState(happened), null, static (state, _) => state.ToString());
    }

    [LoggerMessage(
        EventId = 100, EventName = "Line", Message = "{Text}", SkipEnabledCheck = true)]
    private static partial void Line(ILogger logger, LogLevel level, string text);
}
