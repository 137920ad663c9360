"""Many requests at once from one event loop of Python: the session and the middleware for aiohttp,
beside bare aiohttp."""

from figures import Aim, Part, Table, number
from scene import Sandbox, say

TASKS = (1, 16, 100)
POSTS, ROUNDS = 600, 31
BARE = "aiohttp.post"
SESSION, MIDDLEWARE = "AsyncSession.post", "aiohttp.post with the middleware"
# How much of the bare client's time each may take, and with how many tasks that is looked at.
AIMS = ((SESSION, 1.0, (100,)), (MIDDLEWARE, 1.05, TASKS))


def measure(programs, scale):
    cells = {}
    for cores, enter in scale.cores().items():
        with enter(), Sandbox() as sandbox:
            for tasks in TASKS:
                say(f"Python: {tasks} at once, {cores} ...")
                cells[tasks, cores] = programs.run_python(
                    sandbox.environment(),
                    "--tls",
                    *("--tasks", tasks),
                    *("--posts", max(scale.calls(POSTS), tasks)),
                    *("--rounds", scale.rounds(ROUNDS)),
                    program="at_once.py",
                )
    return Part([table(cells)], list(aims(cells)))


def table(cells):
    rows = []
    for (tasks, cores), measured in cells.items():
        for name in (BARE, MIDDLEWARE, SESSION):
            figures = [number(measured.median(name, unit)) for unit in ("wall_us", "cpu_us")]
            ratio = f"{measured.ratio(name, BARE):.2f}"
            rows.append([f"{name}, {tasks} at once, {cores}", *figures, ratio])
    head = ["a POST", "wall µs", "CPU µs", f"÷ {BARE}"]
    return Table("POSTs at once from one event loop of Python: TLS, by name, 1 KiB", head, rows)


def aims(cells):
    for name, limit, looked_at in AIMS:
        for (tasks, cores), measured in cells.items():
            if tasks in looked_at:
                ratio = measured.ratio(name, BARE)
                yield Aim(f"{name} ÷ {BARE}, {tasks} at once, {cores}", ratio, limit)
