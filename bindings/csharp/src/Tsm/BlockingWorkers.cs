// Threads for calls that block in the native library, so that asynchronous callers hold none of the thread pool's, which grows by about one
// thread a second when its own are blocked. A thread that had nothing to do for a while ends.

using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;

namespace Tsm;

internal static class BlockingWorkers
{
    private const int MaxThreads = 256;
    private const int IdleMilliseconds = 15_000;

    private static readonly object s_gate = new();
    private static readonly Queue<Work> s_queue = new();

    /// <summary>The last to have become idle is the next to be used, so that those beyond need can end.</summary>
    private static readonly List<Worker> s_idle = [];
    private static int s_workers;

    /// <summary>
    /// Runs a blocking call. While it waits for a thread, cancellation ends it at once; later the call itself must heed it.
    /// </summary>
    internal static Task<TResult> Run<TState, TResult>(
        TState state, Func<TState, CancellationToken, TResult> body, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return Task.FromCanceled<TResult>(cancellationToken);
        }

        var work = new Work<TState, TResult>(state, body, cancellationToken);
        Assign(work);
        return work.Task;
    }

    private static void Assign(Work work)
    {
        Worker? worker = null;
        lock (s_gate)
        {
            if (s_idle.Count > 0)
            {
                worker = s_idle[s_idle.Count - 1];
                s_idle.RemoveAt(s_idle.Count - 1);
            }
            else if (s_workers < MaxThreads)
            {
                s_workers++;
            }
            else
            {
                s_queue.Enqueue(work);
                return;
            }
        }

        if (worker is not null)
        {
            worker.Give(work);
            return;
        }

        try
        {
            new Worker(work).Start();
        }
#pragma warning disable CA1031 // Whatever keeps a thread from starting is the fate of the call.
        catch (Exception e)
#pragma warning restore CA1031
        {
            lock (s_gate)
            {
                s_workers--;
            }

            work.Fail(e);
        }
    }

    private sealed class Worker
    {
        private readonly object _gate = new();
        private Work? _work;

        internal Worker(Work first) => _work = first;

        internal void Start()
        {
            var thread = new Thread(Serve) { IsBackground = true, Name = "tsm" };
#if NET8_0_OR_GREATER
            thread.UnsafeStart();
#else
            // The thread must not keep the context of whoever happened to start it.
            if (ExecutionContext.IsFlowSuppressed())
            {
                thread.Start();
                return;
            }

            using (ExecutionContext.SuppressFlow())
            {
                thread.Start();
            }
#endif
        }

        /// <summary>Gives work to an idle worker that was taken off the list.</summary>
        internal void Give(Work work)
        {
            lock (_gate)
            {
                _work = work;
                Monitor.Pulse(_gate);
            }
        }

        private void Serve()
        {
            while (Take(Timeout.Infinite) is { } work)
            {
                do
                {
                    work.Run();
                    work = Next();
                }
                while (work is not null);

                if (ShouldEnd())
                {
                    return;
                }
            }
        }

        /// <summary>
        /// What waits for a thread, or else what is given to this one while it is idle; null when there was nothing for a while.
        /// </summary>
        private Work? Next()
        {
            lock (s_gate)
            {
                if (s_queue.Count > 0)
                {
                    return s_queue.Dequeue();
                }

                s_idle.Add(this);
            }

            return Take(IdleMilliseconds);
        }

        private Work? Take(int milliseconds)
        {
            lock (_gate)
            {
                while (_work is null && Monitor.Wait(_gate, milliseconds))
                {
                }

                Work? work = _work;
                _work = null;
                return work;
            }
        }

        /// <summary>False when work is being given to this worker in the very moment it gave up waiting.</summary>
        private bool ShouldEnd()
        {
            lock (s_gate)
            {
                bool wasIdle = s_idle.Remove(this);
                s_workers -= wasIdle ? 1 : 0;
                return wasIdle;
            }
        }
    }

    private abstract class Work
    {
        internal abstract void Run();

        internal abstract void Fail(Exception cause);
    }

    private sealed class Work<TState, TResult> : Work
    {
        private const int Queued = 0;
        private const int Taken = 1;

        private static readonly Action<object?> s_abandon = static work => ((Work<TState, TResult>)work!).Abandon();
        private static readonly ContextCallback s_run = static work => ((Work<TState, TResult>)work!).RunInContext();

        private readonly TaskCompletionSource<TResult> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly ExecutionContext? _context = ExecutionContext.Capture();
        private readonly TState _state;
        private readonly Func<TState, CancellationToken, TResult> _body;
        private readonly CancellationToken _cancellationToken;
        private readonly CancellationTokenRegistration _registration;
        private int _phase;

        internal Work(TState state, Func<TState, CancellationToken, TResult> body, CancellationToken cancellationToken)
        {
            _state = state;
            _body = body;
            _cancellationToken = cancellationToken;
            if (cancellationToken.CanBeCanceled)
            {
                _registration = cancellationToken.Register(s_abandon, this, useSynchronizationContext: false);
            }
        }

        internal Task<TResult> Task => _completion.Task;

        internal override void Run()
        {
            if (Interlocked.CompareExchange(ref _phase, Taken, Queued) != Queued)
            {
                return;
            }

            _registration.Dispose();
            if (_context is null)
            {
                RunInContext();
            }
            else
            {
                ExecutionContext.Run(_context, s_run, this);
            }
        }

        internal override void Fail(Exception cause)
        {
            if (Interlocked.CompareExchange(ref _phase, Taken, Queued) == Queued)
            {
                _completion.TrySetException(cause);
            }
        }

        private void RunInContext()
        {
            try
            {
                _completion.TrySetResult(_body(_state, _cancellationToken));
            }
            catch (OperationCanceledException e) when (e.CancellationToken == _cancellationToken && _cancellationToken.CanBeCanceled)
            {
                _completion.TrySetCanceled(_cancellationToken);
            }
#pragma warning disable CA1031 // Whatever it is, the task carries it to whoever awaits.
            catch (Exception e)
#pragma warning restore CA1031
            {
                _completion.TrySetException(e);
            }
        }

        private void Abandon()
        {
            if (Interlocked.CompareExchange(ref _phase, Taken, Queued) == Queued)
            {
                _completion.TrySetCanceled(_cancellationToken);
            }
        }
    }
}
