"""Token reads from C beside a mutex and arc-swap; what calls cost after load; and a storm of many
threads on one expired token."""

from figures import Aim, Bars, Part, Table, number
from scene import Sandbox, one_core, say

READS = 2_000_000
ROUNDS = 15
STORM = 256
# What the same measurement may differ by from one minute to the next.
AFTER_LOAD = 1.1


def measure(programs, scale):
    with Sandbox() as sandbox:
        say("C: token reads ...")
        reads = programs.run_c(
            sandbox.environment(), "tokens", scale.calls(READS), scale.rounds(ROUNDS)
        )
        sandbox.answer_with(1024)
        with one_core():
            say("C: before and after a thousand threads ...")
            load = programs.run_c(
                sandbox.environment(tls=True, by_name=True),
                "load",
                scale.calls(1000),
                scale.rounds(ROUNDS),
            )
    with Sandbox() as sandbox:
        say(f"C: {STORM} threads meet one expired token ...")
        rounds = scale.rounds(9)
        storm = programs.run_c(sandbox.environment(), "storm", STORM, rounds)
        logins = sandbox.control("GET", "/state")["counters"]["login"]
    return part(reads, load, storm, logins / rounds - 1)


def part(reads, load, storm, logins_an_expiry):
    readers = {"tsm_token": "tsm_token", "mutex": "pthread_mutex and copy", "arc_swap": "arc-swap"}
    times = {
        title: [reads.median(f"{name}_{threads}", "ns") for threads in (1, 2)]
        for name, title in readers.items()
    }
    before_after = []
    aims = [
        Aim(
            f"tsm_token ÷ mutex and copy, {threads} thread{'s' * (threads > 1)}",
            reads.ratio(f"tsm_token_{threads}", f"mutex_{threads}", "ns"),
            limit,
        )
        for threads, limit in ((1, 1.0), (2, 0.5))
    ]
    for call in ("tsm_token", "tsm_api_token", "tsm_request", "libcurl"):
        before, after = (load.median(f"{call} {when}", "cpu_us") for when in ("before", "after"))
        before_after.append((call, f"{before:.3f}", f"{after:.3f}", f"{after / before:.2f}"))
        if call != "libcurl":
            aims.append(Aim(f"{call} after load ÷ before, CPU", after / before, AFTER_LOAD))
    return Part(
        tables=[
            Table(
                "Reading the session token from C",
                ("ns a read", "1 thread", "2 threads"),
                [(title, *map(number, pair)) for title, pair in times.items()],
                "Time over all reads: two threads that do not disturb each other halve it.",
            ),
            Table(
                "After a thousand threads have come and gone, 250 at once",
                ("CPU µs a call, one core", "before", "after", "after ÷ before"),
                before_after,
            ),
            Table(
                f"{STORM} threads meet one expired token",
                ("ms until all go on", "logins an expiry"),
                [(number(storm.median("storm", "ms")), f"{logins_an_expiry:g}")],
            ),
        ],
        aims=aims,
        plots=[
            Bars(
                "tokens.svg",
                "Reading the session token",
                ["1 thread", "2 threads"],
                list(times.items()),
                unit="ns",
            )
        ],
    )
