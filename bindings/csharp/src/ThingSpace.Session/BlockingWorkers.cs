// Threads for calls that block in the native library, so that asynchronous callers hold none of the
// thread pool's, which grows by about one thread a second when its own are blocked. A thread that
// had nothing to do for a while ends. The instances share the threads; each, which is a session's
// or a platform's, bounds how many of its own calls run at once, and those beyond wait in turn, no
// longer than they have time.

using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;

namespace ThingSpace;

#pragma warning disable CA1001 // Semaphores hold nothing until one asks for their wait handles.
internal sealed class BlockingWorkers(int most, string calls = "calls of this session's")
#pragma warning restore CA1001
{
    private const int IdleMilliseconds = 15_000;

    private static readonly object s_gate = new();
    private static readonly Queue<Work> s_queue = new();
    private static readonly SemaphoreSlim s_queued = new(0);

    /// <summary>
    /// Threads that wait for work or are about to; never fewer than there is work in the queue.
    /// </summary>
    private static int s_idle;

    private readonly SemaphoreSlim _places = new(most);

    /// <summary>Runs a blocking call, which is told how much of its time is over.</summary>
    /// <param name="state">What the call needs.</param>
    /// <param name="body">The call.</param>
    /// <param name="deadline">When it must be over.</param>
    /// <param name="ended">Says that its session ended.</param>
    /// <param name="cancellationToken">Cancels it.</param>
    internal Task<TResult> Run<TState, TResult>(
        TState state,
        Func<TState, CallTime, CancellationToken, TResult> body,
        Deadline deadline,
        CancellationToken ended,
        CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return Task.FromCanceled<TResult>(cancellationToken);
        }

        return _places.Wait(0)
            ? Start(() => body(state, deadline.ForCall, cancellationToken))
            : Wait(
                time => body(state, time, cancellationToken), deadline, ended, cancellationToken);
    }

    private async Task<TResult> Wait<TResult>(
        Func<CallTime, TResult> body,
        Deadline deadline,
        CancellationToken ended,
        CancellationToken cancellationToken)
    {
        bool hasPlace;
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, ended);
        try
        {
            hasPlace = await _places.WaitAsync(deadline.LongestWait, end.Token)
                .ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The call finds that out at once, and says it as it does when it is running.
            return body(deadline.ForCall);
        }

        return hasPlace
            ? await Start(() => body(deadline.ForCall)).ConfigureAwait(false)
            : throw deadline.Over(
                $"it waited for a thread, of which {most} {calls} hold one each, and sent nothing");
    }

    /// <summary>Starts a call that has its place.</summary>
    private Task<TResult> Start<TResult>(Func<TResult> body)
    {
        var work = new Work<TResult>(body, _places);
        try
        {
            lock (s_gate)
            {
                if (s_idle == s_queue.Count)
                {
                    StartThread();
                    s_idle++;
                }

                s_queue.Enqueue(work);
                s_queued.Release();
            }
        }
        catch
        {
            _places.Release();
            throw;
        }

        return work.Task;
    }

    private static void StartThread()
    {
        var thread = new Thread(Serve) { IsBackground = true, Name = "ThingSpace.Session" };
#if NET8_0_OR_GREATER
        thread.UnsafeStart();
#else
        // The thread must not keep the context of whoever happened to start it.
        using (ExecutionContext.IsFlowSuppressed()
            ? default(AsyncFlowControl?)
            : ExecutionContext.SuppressFlow())
        {
            thread.Start();
        }
#endif
    }

    private static void Serve()
    {
        while (Next() is { } work)
        {
            work.Run();
            lock (s_gate)
            {
                s_idle++;
            }
        }
    }

    /// <summary>Null when there was nothing for a while.</summary>
    private static Work? Next()
    {
        bool isQueued = s_queued.Wait(IdleMilliseconds);
        lock (s_gate)
        {
            s_idle--;

            // Perhaps something came in the very moment that this gave up.
            return isQueued || s_queued.Wait(0) ? s_queue.Dequeue() : null;
        }
    }

    private abstract class Work
    {
        internal abstract void Run();
    }

    /// <summary>
    /// A call in the context of its caller, whose task ends on the thread of the call: no other
    /// need be free for that.
    /// </summary>
    private sealed class Work<TResult>(Func<TResult> body, SemaphoreSlim places) : Work
    {
        private static readonly ContextCallback s_runInContext =
            static work => ((Work<TResult>)work!).RunInContext();

        private readonly TaskCompletionSource<TResult> _completion =
            new(TaskCreationOptions.RunContinuationsAsynchronously);

        private readonly ExecutionContext? _context = ExecutionContext.Capture();

        internal Task<TResult> Task => _completion.Task;

        internal override void Run()
        {
            if (_context is null)
            {
                RunInContext();
            }
            else
            {
                ExecutionContext.Run(_context, s_runInContext, this);
            }
        }

        private void RunInContext()
        {
            try
            {
                TResult result;
                try
                {
                    result = body();
                }
                finally
                {
                    places.Release();
                }

                _completion.SetResult(result);
            }
            catch (OperationCanceledException e)
            {
                _completion.TrySetCanceled(e.CancellationToken);
            }
#pragma warning disable CA1031 // Whatever it is, the task carries it to whoever awaits.
            catch (Exception e)
#pragma warning restore CA1031
            {
                _completion.SetException(e);
            }
        }
    }
}
