using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Threading;

namespace ThingSpace;

/// <summary>
/// Exchanges whose request is over, kept for the next requests: one that begins again asks the
/// library whether its tokens are good still, and nothing else is made or copied. There are as many
/// as there were requests at once.
/// </summary>
internal sealed class IdleExchanges(Session session)
{
    private const int Most = 512;

    private readonly ConcurrentQueue<Exchange> _more = new();
    private Exchange? _one;
    private int _count;

    /// <summary>Takes one for a request that is about to begin.</summary>
    internal bool TryTake([NotNullWhen(true)] out Exchange? exchange)
    {
        exchange = _one;
        if (exchange is not null &&
            Interlocked.CompareExchange(ref _one, null, exchange) == exchange)
        {
            return true;
        }

        if (_more.TryDequeue(out exchange))
        {
            Interlocked.Decrement(ref _count);
            return true;
        }

        return false;
    }

    /// <summary>Keeps one whose request is over.</summary>
    internal void Put(Exchange exchange)
    {
        if (_one is not null || Interlocked.CompareExchange(ref _one, exchange, null) is not null)
        {
            PutMore(exchange);
        }

        // Perhaps it was disposed of since this exchange was begun.
        if (session.IsDisposed)
        {
            Clear();
        }
    }

    internal void Clear()
    {
        while (TryTake(out Exchange? exchange))
        {
            exchange.Dispose();
        }
    }

    private void PutMore(Exchange exchange)
    {
        if (Interlocked.Increment(ref _count) <= Most)
        {
            _more.Enqueue(exchange);
        }
        else
        {
            Interlocked.Decrement(ref _count);
            exchange.Dispose();
        }
    }
}
