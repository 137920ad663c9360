"""Requests from Python and C#: the bindings beside what programs use there."""

from figures import Aim, Bars, Part, Table, number
from scene import Sandbox, say

# What is measured: TLS and by name, threads, bytes, posts of a round.
PLACES = {
    "plain, by address, 1 KiB": (False, 1, 1024, 160),
    "TLS, by name, 1 KiB": (True, 1, 1024, 160),
    "TLS, by name, 1 KiB, 16 threads": (True, 16, 1024, 320),
    "TLS, by name, 1 MiB": (True, 1, 1024 * 1024, 10),
}
PYTHON_AIMS = {"requests.post": 8, "httpx.post": 5, "verizon-sdk.post": 10}
PYTHON, CSHARP = "thingspace_session.post", "Session.Send"
ROUNDS = 11


def measure(programs, scale):
    found = Part()
    for language in ("Python", "C#"):
        if language == "C#" and not programs.csharp:
            continue
        cells = {}
        for cores, enter in scale.cores().items():
            with enter(), Sandbox() as sandbox:
                for place, (tls, threads, length, posts) in PLACES.items():
                    say(f"{language}: {place}, {cores} ...")
                    run = run_python if language == "Python" else run_csharp
                    posts = max(scale.calls(posts), threads)
                    cells[place, cores] = run(
                        programs, sandbox, tls, threads, length, posts, scale.rounds(ROUNDS)
                    )
        tables(found, language, cells)
    return found


def run_python(programs, sandbox, tls, threads, length, posts, rounds):
    where = ["--tls", "--name"] if tls else []
    return programs.run_python(
        sandbox.environment(),
        *where,
        *("--threads", threads, "--bytes", length, "--posts", posts, "--rounds", rounds),
    )


def run_csharp(programs, sandbox, tls, threads, length, posts, rounds):
    return programs.run_csharp(
        sandbox.environment(),
        tls=int(tls),
        name=int(tls),
        threads=threads,
        bytes=length,
        calls=posts,
        rounds=rounds,
    )


def tables(found, language, cells):
    ours = PYTHON if language == "Python" else CSHARP
    cores = list(dict.fromkeys(name for _, name in cells))
    clients = [
        name
        for name in dict.fromkeys(name for name, _ in next(iter(cells.values())).rounds)
        if "oken" not in name and "after load" not in name
    ]
    head = ["", *(f"{unit}, {name}" for name in cores for unit in ("wall µs", "CPU µs", "× ours"))]
    for place in PLACES:
        rows = []
        for client in clients:
            row = [client]
            for name in cores:
                measured = cells[place, name]
                row += [number(measured.median(client, unit)) for unit in ("wall_us", "cpu_us")]
                row.append(f"{measured.ratio(client, ours):.2f}")
            rows.append(tuple(row))
        found.tables.append(Table(f"The same POST from {language}: {place}", tuple(head), rows))
    rows = []
    for place, name in cells:
        for read in ("Token", "token", ours):
            named = [known for known, _ in cells[place, name].rounds if known.endswith(read)]
            after = f"{named[0]} after load" if named else ""
            if after in cells[place, name]:
                pair = [cells[place, name].median(call) for call in (named[0], after)]
                ratio = f"{pair[1] / pair[0]:.2f}"
                rows.append((f"{named[0]}, {place}, {name}", *map(number, pair), ratio))
    found.tables.append(
        Table(
            f"After a thousand threads have come and gone, {language}",
            ("wall µs", "before", "after", "after ÷ before"),
            rows,
        )
    )
    for client, limit in PYTHON_AIMS.items() if language == "Python" else ():
        for name in cores:
            worst, place = min(
                (cells[place, name].ratio(client, ours), place) for place in list(PLACES)[:2]
            )
            what = f"{client} ÷ ours, {name} ({place})"
            found.aims.append(Aim(what, worst, limit, at_least=True))
    found.plots.append(
        Bars(
            f"{'python' if language == 'Python' else 'csharp'}.svg",
            f"One POST from {language}, TLS, by name, 1 KiB, {cores[0]}",
            ["wall", "CPU"],
            [
                (
                    client,
                    [
                        cells["TLS, by name, 1 KiB", cores[0]].median(client, unit)
                        for unit in ("wall_us", "cpu_us")
                    ],
                )
                for client in clients
            ],
            unit="µs",
        )
    )
