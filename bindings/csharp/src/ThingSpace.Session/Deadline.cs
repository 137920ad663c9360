using System;
using System.Diagnostics;
using System.Threading;
using System.Threading.Tasks;
using ThingSpace.Interop;

namespace ThingSpace;

/// <summary>How long a call may take, and how much of that it waited before it began.</summary>
/// <param name="timeout">Null: as long as the session says.</param>
/// <param name="waited">For a thread, or for another call.</param>
internal readonly struct CallTime(TimeSpan? timeout, TimeSpan waited)
{
    internal TimeSpan? Timeout => timeout;

    internal TimeSpan Waited => waited;

    public static implicit operator CallTime(TimeSpan? timeout) => new(timeout, TimeSpan.Zero);
}

/// <summary>
/// When a call must be over, counted from when it was asked for and not from when a thread is free
/// for it.
/// </summary>
internal readonly struct Deadline(TimeSpan timeout)
{
    private readonly long _asked = Stopwatch.GetTimestamp();

    /// <summary>The error of a call whose time ran out outside the library.</summary>
    /// <param name="meanwhile">What it was doing.</param>
    internal ThingSpaceException Over(string meanwhile)
    {
        string message = FormattableString.Invariant(
            $"the call's time is up ({timeout.TotalSeconds} s): {meanwhile}");
        return new ThingSpaceException(
            TsmStatus.Timeout,
            message,
            retryable: NativeMethods.tsm_status_retryable((int)TsmStatus.Timeout) != 0,
            innerException: new TimeoutException(message));
    }

    /// <summary>
    /// Waits, without the outcome's exception, until then or until the token is cancelled.
    /// </summary>
    /// <returns>Whether it has ended.</returns>
    internal async Task<bool> WaitFor(Task other, CancellationToken cancellationToken)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task waiting = Task.Delay(LongestWait, end.Token);
        bool hasEnded = await Task.WhenAny(other, waiting).ConfigureAwait(false) == other;

        // Ends the timer.
        end.Cancel();
        return hasEnded;
    }

    internal TimeSpan Remaining
    {
        get
        {
            TimeSpan left = timeout - Waited;
            return left > TimeSpan.Zero ? left : TimeSpan.Zero;
        }
    }

    /// <summary>For a native call that begins now.</summary>
    internal CallTime ForCall => new(timeout, Waited);

    /// <summary>
    /// The same as the framework's waits take it: they know no more than 24 days, and for ever.
    /// </summary>
    internal TimeSpan LongestWait => AsWait(Remaining);

    /// <summary>What is left as the framework's waits take it.</summary>
    internal static TimeSpan AsWait(TimeSpan left) =>
        left.TotalMilliseconds <= int.MaxValue ? left : Timeout.InfiniteTimeSpan;

    private TimeSpan Waited => TimeSpan.FromSeconds(
        (double)(Stopwatch.GetTimestamp() - _asked) / Stopwatch.Frequency);
}
