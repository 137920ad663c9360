using Microsoft.Extensions.Logging;

namespace ThingSpace.Extensions;

/// <summary>Hands a session's log to the program's: category <c>ThingSpace.Session</c>.</summary>
internal static partial class SessionLog
{
    private const string Category = "ThingSpace.Session";

    internal static void Write(SessionOptions options, ILoggerFactory loggers)
    {
        ILogger logger = loggers.CreateLogger(Category);
        // Each line is looked at, so that a level that is changed while the program runs holds at
        // once.
        options.LogLevel = TsmLogLevel.Trace;
        options.Log = (level, text) =>
        {
            LogLevel of = LevelOf(level);
            if (logger.IsEnabled(of))
            {
                Line(logger, of, text);
            }
        };
    }

    private static LogLevel LevelOf(TsmLogLevel level) => level switch
    {
        TsmLogLevel.Error => LogLevel.Error,
        TsmLogLevel.Warning => LogLevel.Warning,
        TsmLogLevel.Information => LogLevel.Information,
        TsmLogLevel.Debug => LogLevel.Debug,
        _ => LogLevel.Trace,
    };

    [LoggerMessage(
        EventId = 100, EventName = "Line", Message = "{Text}", SkipEnabledCheck = true)]
    private static partial void Line(ILogger logger, LogLevel level, string text);
}
