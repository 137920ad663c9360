using System;
using System.Threading;
using System.Threading.Tasks;

namespace ThingSpace;

/// <summary>One piece of work that is under way, for all who ask for the same while it is. Who gives up waiting does not end it.</summary>
internal sealed class SharedWork<TResult>
{
    private readonly object _gate = new();
    private Task<TResult>? _running;
    private string? _key;

    /// <summary>Joins the work of that key, or starts it.</summary>
    internal Task<TResult> Join<TState>(
        string key, TState state, Func<TState, string, Task<TResult>> start, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return Task.FromCanceled<TResult>(cancellationToken);
        }

        Task<TResult> work;
        lock (_gate)
        {
            if (_running is null || _running.IsCompleted || _key != key)
            {
                _key = key;
                _running = start(state, key);
                _ = _running.ContinueWith(
                    static failed => failed.Exception, // seen, should everybody have given up waiting
                    CancellationToken.None,
                    TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously,
                    TaskScheduler.Default);
            }

            work = _running;
        }

#if NET8_0_OR_GREATER
        return work.WaitAsync(cancellationToken);
#else
        return cancellationToken.CanBeCanceled ? WaitAsync(work, cancellationToken) : work;
#endif
    }

#if !NET8_0_OR_GREATER
    private static async Task<TResult> WaitAsync(Task<TResult> work, CancellationToken cancellationToken)
    {
        var cancelled = new TaskCompletionSource<TResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        using (cancellationToken.Register(() => cancelled.TrySetCanceled(cancellationToken), useSynchronizationContext: false))
        {
            Task<TResult> first = await Task.WhenAny(work, cancelled.Task).ConfigureAwait(false);
            return await first.ConfigureAwait(false);
        }
    }
#endif
}
