using System.Collections;
using System.Collections.Generic;

namespace ThingSpace.Extensions;

/// <summary>An event as a log takes it: a sentence for people, values for machines.</summary>
internal sealed class EventState(ThingSpaceEvent happened)
    : IReadOnlyList<KeyValuePair<string, object?>>
{
    private readonly KeyValuePair<string, object?>[] _values =
    [
        new(nameof(happened.Kind), happened.Kind),
        new(nameof(happened.Detail), happened.Detail),
        new(nameof(happened.Status), happened.Status),
        new(nameof(happened.Code), happened.Code),
        new(nameof(happened.HttpStatus), happened.HttpStatus),
        new(nameof(happened.SlotsLeft), happened.SlotsLeft),
        new(nameof(happened.Duration), happened.Duration),
    ];

    public int Count => _values.Length;

    public KeyValuePair<string, object?> this[int index] => _values[index];

    public IEnumerator<KeyValuePair<string, object?>> GetEnumerator() =>
        ((IEnumerable<KeyValuePair<string, object?>>)_values).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => _values.GetEnumerator();

    public override string ToString() => happened.ToString();
}
