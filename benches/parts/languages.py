"""Requests from Python, C# and Java: the bindings beside what programs use there, and once more
after a thousand threads have come and gone."""

from dataclasses import dataclass

from figures import LEAST, Aim, Bars, Part, Table, number
from scene import Sandbox, say


@dataclass(frozen=True)
class Place:
    title: str
    # Over TLS and by name, or neither.
    tls: bool
    threads: int
    length: int
    posts: int
    after_load: bool = False


PLACES = [
    Place("plain, by address, 1 KiB", False, 1, 1024, 48),
    Place("TLS, by name, 1 KiB", True, 1, 1024, 48, after_load=True),
    Place("TLS, by name, 1 KiB, 16 threads", True, 16, 1024, 96),
    Place("TLS, by name, 1 KiB, 128 threads", True, 128, 1024, 256),
    Place("TLS, by name, 1 MiB", True, 1, 1024 * 1024, 4),
]
# Where the aims are looked at: one thread, small requests.
AIMED_AT = PLACES[:2]
PLOTTED = PLACES[1]
PYTHON_AIMS = {"requests.post": 8, "httpx.post": 5, "verizon-sdk.post": 10}
# How many times a warm HttpClient's ours may take: beside which of its calls, where, which unit.
# 1 / 0.95 is 0.95 times its throughput.
CSHARP_AIMS = [
    ("Session.Send", "HttpClient, blocking", PLACES[1], "wall_us", 1),
    ("Session.Send", "HttpClient, blocking", PLACES[1], "cpu_us", 0.7),
    ("Session.Send", "HttpClient", PLACES[1], "wall_us", 1),
    ("Session.Send", "HttpClient", PLACES[1], "cpu_us", 0.7),
    ("Session.SendAsync", "HttpClient", PLACES[2], "wall_us", 1.05),
    ("Session.SendAsync", "HttpClient", PLACES[3], "wall_us", 1.05),
    ("HttpClient, ThingSpaceHandler", "HttpClient", PLACES[1], "wall_us", 1.05),
    ("HttpClient, ThingSpaceHandler", "HttpClient", PLACES[2], "wall_us", 1.05),
    ("HttpClient, ThingSpaceHandler", "HttpClient", PLACES[3], "wall_us", 1.05),
]
# The same for a warm java.net.http.HttpClient.
JAVA_AIMS = [
    ("Session.post", PLACES[0], 1),
    ("Session.post", PLACES[1], 1),
]
# How many nanoseconds reading the token may take over java.lang.foreign.
JAVA_TOKEN_AIM = 100
# What we measure of our own: a request, a token read.
OURS = {
    "Python": ("thingspace_session.post", "thingspace_session.token"),
    "C#": ("Session.Send", "Session.Token"),
    "Java": ("Session.post", "Session.token"),
}
PLOTS = {"Python": "python.svg", "C#": "csharp.svg", "Java": "java.svg"}
UNITS = {"wall_us": "wall µs", "cpu_us": "CPU µs"}
ROUNDS = 35
# How many times a round's posts go before, where the virtual machine compiles what it has seen
# often enough.
WARM_UP = 60
# .NET compiles a method three times. Its framework comes compiled, so with less before only ours
# would be seen slow.
CSHARP_WARM_UP = 40
# Few calls a round would measure the change from one client to the next.
CSHARP_CALLS = 8


def measure(programs, scale):
    found = Part()
    languages = {"Python": (run_python, aims)}
    if programs.csharp:
        languages["C#"] = (run_csharp, csharp_aims)
    if programs.java:
        languages["Java"] = (run_java, java_aims)
    for language, (run, aims_of) in languages.items():
        cells = {}
        for cores, enter in scale.cores().items():
            with enter(), Sandbox() as sandbox:
                for place in PLACES:
                    say(f"{language}: {place.title}, {cores} ...")
                    posts = max(scale.calls(place.posts), place.threads)
                    cells[place, cores] = run(programs, sandbox, place, posts, scale.rounds(ROUNDS))
        found.tables += [posts_table(language, cells, place) for place in PLACES]
        found.tables.append(load_table(language, cells))
        found.plots.append(plot(language, cells))
        found.aims += aims_of(cells)
    return found


def run_python(programs, sandbox, place, posts, rounds):
    return programs.run_python(
        sandbox.environment(),
        *(["--tls", "--name"] if place.tls else []),
        *(["--after-load"] if place.after_load else []),
        *("--threads", place.threads, "--bytes", place.length),
        *("--posts", posts, "--rounds", rounds),
    )


def run_csharp(programs, sandbox, place, posts, rounds):
    return programs.run_csharp(
        sandbox.environment(),
        tls=int(place.tls),
        name=int(place.tls),
        after_load=int(place.after_load),
        threads=place.threads,
        bytes=place.length,
        calls=posts * CSHARP_CALLS,
        rounds=rounds,
        warm_up=posts * CSHARP_CALLS * (CSHARP_WARM_UP if rounds > 1 else 1),
    )


def run_java(programs, sandbox, place, posts, rounds):
    sandbox.answer_with(place.length)
    return programs.run_java(
        sandbox.environment(tls=place.tls, by_name=place.tls),
        after_load=int(place.after_load),
        threads=place.threads,
        bytes=place.length,
        calls=posts,
        rounds=rounds,
        warm_up=posts * (WARM_UP if rounds > 1 else 1),
    )


def cores_of(cells):
    return list(dict.fromkeys(cores for _, cores in cells))


def clients_of(cells, language):
    token = OURS[language][1]
    names = dict.fromkeys(name for name, _ in cells[PLACES[0], cores_of(cells)[0]].rounds)
    return [name for name in names if name != token]


def posts_table(language, cells, place):
    ours = OURS[language][0]
    cores = cores_of(cells)
    head = [f"{column}, {name}" for name in cores for column in (*UNITS.values(), "× ours")]
    rows = []
    for client in clients_of(cells, language):
        row = [client]
        for name in cores:
            measured = cells[place, name]
            row += [number(measured.median(client, unit)) for unit in UNITS]
            row.append(f"{measured.ratio(client, ours):.2f}")
        rows.append(row)
    return Table(f"The same POST from {language}: {place.title}", ["", *head], rows)


def load_table(language, cells):
    rows = []
    for (place, cores), measured in cells.items():
        for call in OURS[language] if place.after_load else ():
            before, after = (measured.least(name) for name in (call, f"{call} after load"))
            ratio = f"{after / before:.2f}"
            rows.append([f"{call}, {place.title}, {cores}", number(before), number(after), ratio])
    title = f"After a thousand threads have come and gone, {language}"
    return Table(title, ["wall µs", "before", "after", "after ÷ before"], rows, LEAST)


def plot(language, cells):
    cores = cores_of(cells)[0]
    measured = cells[PLOTTED, cores]
    return Bars(
        PLOTS[language],
        f"One POST from {language}, {PLOTTED.title}, {cores}",
        list(UNITS.values()),
        [
            (client, [measured.median(client, unit) for unit in UNITS])
            for client in clients_of(cells, language)
        ],
        unit="µs",
    )


def aims(cells):
    """How many times ours each must take at least, in the place that is the worst for us."""
    ours = OURS["Python"][0]
    found = []
    for client, limit in PYTHON_AIMS.items():
        for cores in cores_of(cells):
            ratio, title = min(
                (cells[place, cores].ratio(client, ours), place.title) for place in AIMED_AT
            )
            what = f"{client} ÷ ours, {cores} ({title})"
            found.append(Aim(what, ratio, limit, at_least=True))
    return found


def csharp_aims(cells):
    return [
        Aim(
            f"{client} ÷ {peer}, {UNITS[unit]}, {cores} ({place.title})",
            cells[place, cores].ratio(client, peer, unit),
            limit,
        )
        for client, peer, place, unit, limit in CSHARP_AIMS
        for cores in cores_of(cells)
    ]


def java_aims(cells):
    requests = [
        Aim(
            f"{client} ÷ Java's HttpClient, wall µs, {cores} ({place.title})",
            cells[place, cores].ratio(client, "HttpClient"),
            limit,
        )
        for client, place, limit in JAVA_AIMS
        for cores in cores_of(cells)
    ]
    tokens = [
        Aim(
            f"Session.token of Java, {cores}",
            1000 * cells[PLACES[0], cores].median("Session.token"),
            JAVA_TOKEN_AIM,
            unit="ns",
        )
        for cores in cores_of(cells)
    ]
    return requests + tokens
