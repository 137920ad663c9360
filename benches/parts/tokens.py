"""Token reads from C beside a mutex and arc-swap; what calls cost after load; and a storm of many
threads on one expired token."""

from figures import LEAST, Aim, Bars, Part, Table, number
from scene import Sandbox, one_core, say

# Short rounds, and many: where other programs run too, most are not interrupted.
READS = 100_000
READ_ROUNDS = 201
LOAD_CALLS, LOAD_ROUNDS = 300, 41
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
    with Sandbox() as sandbox:
        say(f"C: {STORM} threads meet one expired token ...")
        rounds = scale.rounds(9)
        storm = programs.run_c(sandbox.environment(), "storm", STORM, rounds)
        logins = sandbox.control("GET", "/state")["counters"]["login"]
    return part(reads, load, storm, logins / rounds - 1)


def part(reads, load, storm, logins_an_expiry):
    return Part(
        [reads_table(reads), load_table(load), storm_table(storm, logins_an_expiry)],
        [*read_aims(reads), *load_aims(load)],
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


def storm_table(storm, logins_an_expiry):
    row = [number(storm.median("storm", "ms")), f"{logins_an_expiry:g}"]
    title = f"{STORM} threads meet one expired token"
    return Table(title, ["ms until all go on", "logins an expiry"], [row])
