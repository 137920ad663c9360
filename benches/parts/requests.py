"""Requests from C: tsm_request beside libcurl, by address and by name, plain and over TLS, on 1 and
16 threads, 1 KiB and 1 MiB there and back."""

from figures import Aim, Bars, Part, Table, marked, number
from scene import Sandbox, say

LIMIT = 1.00
SIZES = {"1 KiB": 1024, "1 MiB": 1024 * 1024}
# Posts of a round, by all threads together.
CALLS = {"1 KiB": 2400, "1 MiB": 64}
ROUNDS = 11


def measure(programs, scale):
    cells = {}
    for cores, enter in scale.cores().items():
        with enter(), Sandbox() as sandbox:
            for tls in (False, True):
                for by_name in (False, True):
                    for size, length in SIZES.items():
                        sandbox.answer_with(length)
                        for threads in (1, 16):
                            where = place(tls, by_name)
                            say(f"C: {where}, {size}, ×{threads}, {cores} ...")
                            cells[where, size, threads, cores] = programs.run_c(
                                sandbox.environment(tls, by_name),
                                "requests",
                                threads,
                                length,
                                scale.calls(CALLS[size] // threads),
                                scale.rounds(ROUNDS),
                            )
    return part(cells)


def place(tls, by_name):
    return f"{'TLS' if tls else 'plain'}, by {'name' if by_name else 'address'}"


def part(cells):
    cores = list(dict.fromkeys(cell[3] for cell in cells))
    head = ["", "", "threads"]
    for name in cores:
        head += [f"wall, {name}", f"CPU, {name}"]
    head += [f"µs, {cores[0]}", "libcurl's"]
    rows, groups = [], []
    for where, size, threads in dict.fromkeys(cell[:3] for cell in cells):
        row, ratios = [where, size, threads], []
        for name in cores:
            measured = cells[where, size, threads, name]
            for unit in ("wall_us", "cpu_us"):
                ratios.append(measured.ratio("tsm_request", "libcurl", unit))
        first = cells[where, size, threads, cores[0]]
        times = [number(first.median(client)) for client in ("tsm_request", "libcurl")]
        rows.append((*row, *(marked(ratio, LIMIT) for ratio in ratios), *times))
        groups.append((f"{where}, {size}, ×{threads}", ratios[:2]))
    aims = []
    for name in cores:
        for unit, called in (("wall_us", "wall"), ("cpu_us", "CPU")):
            worst, cell = max(
                (measured.ratio("tsm_request", "libcurl", unit), cell)
                for cell, measured in cells.items()
                if cell[3] == name
            )
            aims.append(
                Aim(
                    f"tsm_request ÷ libcurl, {called}, {name}: the worst of {len(rows)} "
                    f"({cell[0]}, {cell[1]}, ×{cell[2]})",
                    worst,
                    LIMIT,
                )
            )
    return Part(
        tables=[
            Table(
                "The same POST from C: tsm_request ÷ libcurl",
                tuple(head),
                rows,
                "One session for all threads beside an easy handle a thread, kept connections, as "
                "many bytes in the answer as in the request.",
            )
        ],
        aims=aims,
        plots=[
            Bars(
                "requests.svg",
                f"tsm_request ÷ libcurl, {cores[0]}",
                ["wall", "CPU"],
                groups,
                line=LIMIT,
            )
        ],
    )
