#if NET8_0_OR_GREATER
using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Linq;
using System.Threading;

namespace ThingSpace;

/// <summary>
/// Ends a blocking call when its time is up or its session ends, by a thread that is there for
/// nothing else: the framework's timers need one of the pool's, and blocking calls may hold all of
/// these.
/// </summary>
internal sealed class Alarm : IDisposable
{
    /// <summary>The thread ends when it has had nothing to do for so long.</summary>
    private static readonly TimeSpan s_idle = TimeSpan.FromSeconds(5);

    private static readonly object s_gate = new();
    private static readonly HashSet<Alarm> s_set = [];

    /// <summary>
    /// When the thread looks again, by the stopwatch; null while there is no thread.
    /// </summary>
    private static long? s_looks;

    private readonly object _gate = new();
    private readonly Session _session;
    private readonly CancellationTokenSource _end;
    private long _due;
    private bool _isOver;

    /// <summary>Sets an alarm.</summary>
    /// <param name="session">Whose call it is.</param>
    /// <param name="end">What it cancels.</param>
    /// <param name="after">When.</param>
    internal Alarm(Session session, CancellationTokenSource end, TimeSpan after)
    {
        _session = session;
        _end = end;
        _due = From(Stopwatch.GetTimestamp(), after);
        lock (s_gate)
        {
            s_set.Add(this);
            if (s_looks is null)
            {
                s_looks = 0;
                var thread = new Thread(Watch)
                {
                    IsBackground = true,
                    Name = "ThingSpace.Session alarm",
                };
                thread.UnsafeStart();
            }
            else if (_due < s_looks)
            {
                Monitor.Pulse(s_gate);
            }
        }
    }

    /// <summary>The call is over: afterwards nothing is cancelled.</summary>
    public void Dispose()
    {
        lock (s_gate)
        {
            s_set.Remove(this);
        }

        lock (_gate)
        {
            _isOver = true;
        }
    }

    /// <summary>Ends a session's calls now.</summary>
    internal static void End(Session session)
    {
        lock (s_gate)
        {
            foreach (Alarm alarm in s_set.Where(alarm => alarm._session == session))
            {
                alarm._due = 0;
            }

            Monitor.Pulse(s_gate);
        }
    }

    private static void Watch()
    {
        while (Next() is { } due)
        {
            foreach (Alarm alarm in due)
            {
                alarm.Ring();
            }
        }
    }

    /// <summary>Those that are due now; null when there was nothing to wait for.</summary>
    private static Alarm[]? Next()
    {
        lock (s_gate)
        {
            long now = Stopwatch.GetTimestamp();
            s_looks = s_set.Select(static alarm => alarm._due).Append(From(now, s_idle)).Min();
            double left = Math.Ceiling(
                Stopwatch.GetElapsedTime(now, s_looks.Value).TotalMilliseconds);
            bool isPulsed = left > 0 && Monitor.Wait(s_gate, (int)left);
            now = Stopwatch.GetTimestamp();
            Alarm[] due = [.. s_set.Where(alarm => alarm._due <= now)];
            s_set.ExceptWith(due);
            if (s_set.Count > 0 || due.Length > 0 || isPulsed)
            {
                return due;
            }

            s_looks = null;
            return null;
        }
    }

    private static long From(long now, TimeSpan after) =>
        now + (long)Math.Min(after.TotalSeconds * Stopwatch.Frequency, long.MaxValue / 2);

    private void Ring()
    {
        lock (_gate)
        {
            try
            {
                if (!_isOver)
                {
                    _end.Cancel();
                }
            }
            catch (AggregateException)
            {
                // What others do when it is cancelled is nothing to this thread.
            }
        }
    }
}
#endif
