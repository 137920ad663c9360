"""Token reads from C beside a mutex and arc-swap; what calls cost after load, and with a callback
for events; and a storm of many threads on one expired token."""

from figures import LEAST, Aim, Bars, Part, Table, number
from scene import Sandbox, one_core, say

# Short rounds, and many: where other programs run too, most are not interrupted.
READS = 100_000
READ_ROUNDS = 201
LOAD_CALLS, LOAD_ROUNDS = 300, 41
EVENT_CALLS, EVENT_ROUNDS = 100, 101
READERS = {"tsm_token": "tsm_token", "mutex": "pthread_mutex and copy", "arc_swap": "arc-swap"}
THREADS = ["1 thread", "2 threads"]
CALLS = ("tsm_token", "tsm_api_token", "tsm_request")
STORM = 256
# What the same measurement may differ by from one minute to the next.
AFTER_LOAD = 1.1


def measure(programs, scale):
    with Sandbox() as sandbox:
        say("C: token reads ...")
        reads = programs.run_c(
            sandbox.environment(), "tokens", scale.calls(READS), scale.rounds(READ_ROUNDS)
        )
        sandbox.answer_with(1024)
        with one_core():
            say("C: before and after a thousand threads ...")
            load = programs.run_c(
                sandbox.environment(tls=True, by_name=True),
                "load",
                scale.calls(LOAD_CALLS),
                scale.rounds(LOAD_ROUNDS),
            )
            say("C: with and without a callback for events ...")
            events = programs.run_c(
                sandbox.environment(tls=True, by_name=True),
                "events",
                scale.calls(EVENT_CALLS),
                scale.rounds(EVENT_ROUNDS),
            )
    with Sandbox() as sandbox:
        say(f"C: {STORM} threads meet one expired token ...")
        rounds = scale.rounds(9)
        storm = programs.run_c(sandbox.environment(), "storm", STORM, rounds)
        logins = sandbox.control("GET", "/state")["counters"]["login"]
    return part(reads, load, events, storm, logins / rounds - 1)


def part(reads, load, events, storm, logins_an_expiry):
    return Part(
        [
            reads_table(reads),
            load_table(load),
            events_table(events),
            storm_table(storm, logins_an_expiry),
        ],
        [*read_aims(reads), *load_aims(load), *event_aims(events)],
        [
            Bars(
                "tokens.svg", "Reading the session token", THREADS, list(times(reads).items()), "ns"
            )
        ],
    )


def times(reads):
    return {
        title: [reads.median(f"{name}_{threads}", "ns") for threads in (1, 2)]
        for name, title in READERS.items()
    }


def reads_table(reads):
    rows = [[title, *map(number, pair)] for title, pair in times(reads).items()]
    note = "Time over all reads: two threads that do not disturb each other halve it."
    return Table("Reading the session token from C", ["ns a read", *THREADS], rows, note)


def read_aims(reads):
    for threads, limit in ((1, 1.0), (2, 0.5)):
        ratio = reads.ratio(f"tsm_token_{threads}", f"mutex_{threads}", "ns")
        yield Aim(f"tsm_token ÷ mutex and copy, {THREADS[threads - 1]}", ratio, limit)


def before_and_after(load, call):
    return [load.least(f"{call} {when}", "cpu_us") for when in ("before", "after")]


def load_table(load):
    rows = []
    for call in (*CALLS, "libcurl"):
        before, after = before_and_after(load, call)
        rows.append([call, f"{before:.3f}", f"{after:.3f}", f"{after / before:.2f}"])
    title = "After a thousand threads have come and gone, 250 at once"
    head = ["CPU µs a call, one core", "before", "after", "after ÷ before"]
    return Table(title, head, rows, LEAST)


def load_aims(load):
    for call in CALLS:
        before, after = before_and_after(load, call)
        yield Aim(f"{call} after load ÷ before, CPU", after / before, AFTER_LOAD)


def with_and_without(events, call):
    return [events.least(f"{call} {which}", "cpu_us") for which in ("without", "with")]


def events_table(events):
    rows = []
    for call in ("tsm_token", "tsm_request"):
        without, with_one = with_and_without(events, call)
        rows.append([call, f"{without:.4f}", f"{with_one:.4f}", f"{with_one - without:.4f}"])
    title = "A callback for events, where nothing happens"
    return Table(title, ["CPU µs a call, one core", "without", "with", "more"], rows)


def event_aims(events):
    for call, unit, units in (("tsm_token", "ns", 1000), ("tsm_request", "µs", 1)):
        without, with_one = with_and_without(events, call)
        what = f"{call} with a callback for events − without, CPU"
        yield Aim(what, (with_one - without) * units, 1, unit=unit)


def storm_table(storm, logins_an_expiry):
    row = [number(storm.median("storm", "ms")), f"{logins_an_expiry:g}"]
    title = f"{STORM} threads meet one expired token"
    return Table(title, ["ms until all go on", "logins an expiry"], [row])
