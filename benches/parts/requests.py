"""Requests from C: tsm_request beside libcurl, by address and by name, plain and over TLS, on 1 and
16 threads, 1 KiB and 1 MiB there and back."""

from figures import Aim, Bars, Part, Table, marked, number
from scene import Sandbox, say

LIMIT = 1.00
SIZES = {"1 KiB": 1024, "1 MiB": 1024 * 1024}
# Posts of a round, by all threads together.
CALLS = {"1 KiB": 640, "1 MiB": 16}
ROUNDS = 55
UNITS = {"wall_us": "wall", "cpu_us": "CPU"}
CLIENTS = ("tsm_request", "libcurl")


def measure(programs, scale):
    # By row, that is (where, size, threads), and by cores.
    cells = {}
    for cores, enter in scale.cores().items():
        with enter(), Sandbox() as sandbox:
            for size, length in SIZES.items():
                sandbox.answer_with(length)
                for tls in (False, True):
                    for by_name in (False, True):
                        for threads in (1, 16):
                            where = place(tls, by_name)
                            say(f"C: {where}, {size}, ×{threads}, {cores} ...")
                            measured = programs.run_c(
                                sandbox.environment(tls, by_name),
                                *("requests", threads, length),
                                scale.calls(CALLS[size] // threads),
                                scale.rounds(ROUNDS),
                            )
                            cells.setdefault((where, size, threads), {})[cores] = measured
    return Part([table(cells)], aims(cells), [plot(cells)])


def place(tls, by_name):
    return f"{'TLS' if tls else 'plain'}, by {'name' if by_name else 'address'}"


def cores_of(cells):
    return list(next(iter(cells.values())))


def ratios(measured):
    return [measured.ratio(*CLIENTS, unit) for unit in UNITS]


def table(cells):
    cores = cores_of(cells)
    head = ["", "size", "threads"]
    head += [f"{called}, {name}" for name in cores for called in UNITS.values()]
    head += [f"wall µs, {cores[0]}", "libcurl's"]
    rows = []
    for row, by_cores in cells.items():
        compared = [marked(ratio, LIMIT) for name in cores for ratio in ratios(by_cores[name])]
        times = [number(by_cores[cores[0]].median(client)) for client in CLIENTS]
        rows.append([*row, *compared, *times])
    note = (
        "One session for all threads beside an easy handle a thread, kept connections, as many "
        "bytes in the answer as in the request."
    )
    return Table("The same POST from C: tsm_request ÷ libcurl", head, rows, note)


def aims(cells):
    found = []
    for cores in cores_of(cells):
        for unit, called in UNITS.items():
            all_ratios = [
                (by_cores[cores].ratio(*CLIENTS, unit), row) for row, by_cores in cells.items()
            ]
            worst, (where, size, threads) = max(all_ratios)
            what = (
                f"tsm_request ÷ libcurl, {called}, {cores}: the worst of {len(cells)} "
                f"({where}, {size}, ×{threads})"
            )
            found.append(Aim(what, worst, LIMIT))
    return found


def plot(cells):
    cores = cores_of(cells)[0]
    groups = [
        (f"{where}, {size}, ×{threads}", ratios(by_cores[cores]))
        for (where, size, threads), by_cores in cells.items()
    ]
    title = f"tsm_request ÷ libcurl, {cores}"
    return Bars("requests.svg", title, list(UNITS.values()), groups, line=LIMIT)
