"""Speed, round trips and size beside peers, in one run against one local ThingSpace: libcurl from
C, requests, httpx, aiohttp and Verizon's SDK from Python, HttpClient from C# and Java.

`make bench` calls it. Rounds of the library and its peers take turns, and a ratio is the median of
the rounds' ratios, so what else the machine does meets both. Progress goes to standard error, the
tables to standard output; the page docs/benchmarks/README.md and its plots are made anew.

    bench.py [--brief] [PART ...]

With `--brief` everything is measured once and short, which tells that the benchmark works and
nothing else; the page is left as it is then, and when only some parts are named.
"""

import argparse
import tempfile
import time
from pathlib import Path

from parts import (
    at_once,
    footprint,
    languages,
    many_hosts,
    proxy,
    requests,
    round_trips,
    tokens,
)
from programs import Programs
from report import PAGE_FOLDER, print_aims, print_tables, write_page
from scene import CORES, say


class Scale:
    """How much is measured: in full, or just enough to see that it works."""

    def __init__(self, brief):
        self.brief = brief

    def rounds(self, count):
        return 1 if self.brief else count

    def cores(self):
        return dict(list(CORES.items())[:1]) if self.brief else CORES

    def calls(self, count):
        return max(1, count // 50) if self.brief else count


def main():
    parts = {
        "round-trips": round_trips.measure,
        "requests": requests.measure,
        "languages": languages.measure,
        "at-once": at_once.measure,
        "tokens": tokens.measure,
        "footprint": footprint.measure,
        "many-hosts": many_hosts.measure,
        "proxy": proxy.measure,
    }
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--brief", action="store_true")
    parser.add_argument("part", nargs="*", choices=[*parts, []])
    options = parser.parse_args()
    chosen = options.part or list(parts)

    start = time.monotonic()
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        programs = Programs(Path(folder))
        for name in chosen:
            found[name] = parts[name](programs, Scale(options.brief))
            print_tables(found[name])
        print_aims(found.values())
        say(f"\nmeasured in {(time.monotonic() - start) / 60:.1f} minutes")
        in_full = not options.brief and len(found) == len(parts)
        write_page(found, PAGE_FOLDER if in_full else Path(folder))


if __name__ == "__main__":
    main()
