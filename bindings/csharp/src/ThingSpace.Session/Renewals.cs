// Work on tokens that many calls may want at once: it is done by one of them, on one thread, and
// the others wait for its outcome without any.

using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Threading;
using System.Threading.Tasks;
using ThingSpace.Interop;

namespace ThingSpace;

internal sealed class Renewals(Session session)
{
    private readonly object _gate = new();
    private readonly Dictionary<string, Task> _underWay = new(StringComparer.Ordinal);

    /// <summary>
    /// Runs the work, unless the same is under way: then that is waited for. A failure is shared,
    /// but not that of one who gave up: another does the work then.
    /// </summary>
    /// <param name="work">What tells one work from another.</param>
    /// <param name="isLogin">Whether the waits are ones that the session counts.</param>
    /// <param name="run">Begins it, and bounds it by the caller's own time and token.</param>
    /// <param name="deadline">When this call must be over.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>Whether this call did it itself.</returns>
    internal async Task<bool> Run(
        string work,
        bool isLogin,
        Func<Task> run,
        Deadline deadline,
        CancellationToken cancellationToken)
    {
        if (Callbacks.IsTelling)
        {
            // What is under way may be waiting for that callback. The library knows what to share.
            await run().ConfigureAwait(false);
            return true;
        }

        long asked = Stopwatch.GetTimestamp();
        cancellationToken.ThrowIfCancellationRequested();
        while (true)
        {
            Task? other;
            TaskCompletionSource<bool>? own = null;
            lock (_gate)
            {
                if (!_underWay.TryGetValue(work, out other))
                {
                    own = new(TaskCreationOptions.RunContinuationsAsynchronously);
                    _underWay.Add(work, own.Task);
                }
            }

            if (own is not null)
            {
                await Lead(work, run, own).ConfigureAwait(false);
                return true;
            }

            await WaitFor(other!, deadline, cancellationToken).ConfigureAwait(false);
            ThingSpaceException? failure = other!.Exception?.InnerException as ThingSpaceException;
            if (!other.IsFaulted || failure is { Status: not TsmStatus.Timeout })
            {
                if (isLogin)
                {
                    session.Waited(asked);
                }

                return failure is null ? false : throw failure.Again();
            }
        }
    }

    private async Task Lead(string work, Func<Task> run, TaskCompletionSource<bool> own)
    {
        Exception? failure = null;
        try
        {
            await run().ConfigureAwait(false);
        }
        catch (Exception e)
        {
            failure = e;
            throw;
        }
        finally
        {
            lock (_gate)
            {
                _underWay.Remove(work);
            }

            if (failure is null)
            {
                own.SetResult(true);
            }
            else
            {
                own.SetException(failure);

                // Perhaps nobody waits: that is no failure of anybody's.
                _ = own.Task.Exception;
            }
        }
    }

    /// <summary>Waits without the outcome's exception, as long as the caller may.</summary>
    private async Task WaitFor(
        Task other, Deadline deadline, CancellationToken cancellationToken)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(
            cancellationToken, session.Ended);
        if (await deadline.WaitFor(other, end.Token).ConfigureAwait(false))
        {
            return;
        }

        cancellationToken.ThrowIfCancellationRequested();
        session.ThrowIfEnded();
        throw deadline.Over("it waited for new tokens, which another call was getting");
    }
}
