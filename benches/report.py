"""Shows what was found: tables on the terminal, and the page in docs/benchmarks with its plots."""

import datetime
import os
import platform
import sys

import plot
from figures import Table
from scene import ROOT, say

PAGE_FOLDER = ROOT / "docs" / "benchmarks"
BOLD, PLAIN = ("\033[1m", "\033[0m") if sys.stdout.isatty() else ("", "")

TITLES = {
    "round-trips": "Round trips",
    "requests": "Requests from C",
    "languages": "Requests from Python, C# and Java",
    "at-once": "Many requests at once from Python",
    "tokens": "Tokens, load and storms",
    "footprint": "A login, and size",
    "many-hosts": "Many hosts, one token",
    "proxy": "A local endpoint",
}

HEAD = """# Benchmarks

`make bench` measures this and writes this page. These are the figures of one run: {machine}.
Ratios say more than times: rounds of the library and its peers took turns, and each ratio is the
median of the rounds' ratios. Below 1 the library is faster, unless a column says "× ours".

The sandbox runs beside the client and takes its share of the processor, the same for all. On *one
core* both share it: that is the work itself, and it repeats. On *all cores* the scheduler places
them, and who falls asleep before its answer is there pays for being woken. Round trips are counted
by a [proxy](../../sandbox/README.md#distance) from who spoke after whom, so they are the same on
every machine.

{aims}
"""


def print_tables(part):
    for table in part.tables:
        print_table(table)
    sys.stdout.flush()


def print_aims(parts):
    print_table(aims_of(parts))


def aims_of(parts):
    rows = [aim.row() for part in parts for aim in part.aims]
    return Table("Aims", ("", "aim", "found", ""), rows)


def print_table(table):
    rows = [table.head, *table.rows]
    widths = [max(len(str(row[n])) for row in rows) for n in range(len(table.head))]
    print(f"\n{BOLD}{table.title}{PLAIN}")
    for row in rows:
        print("  ".join(str(cell).ljust(width) for cell, width in zip(row, widths)).rstrip())


def write_page(found, folder):
    folder.mkdir(exist_ok=True)
    text = HEAD.format(machine=machine(), aims=markdown(aims_of(found.values())))
    for name, part in found.items():
        text += f"\n## {TITLES[name]}\n"
        for bars in part.plots:
            (folder / bars.file).write_text(plot.svg(bars))
            text += f"\n![{bars.title}]({bars.file})\n"
        for table in part.tables:
            text += f"\n{markdown(table)}\n"
    (folder / "README.md").write_text(text)
    if folder == PAGE_FOLDER:
        say("wrote docs/benchmarks/README.md and its plots")


def markdown(table):
    lines = [f"**{table.title}.** {table.note}".rstrip(), ""]
    lines.append("| " + " | ".join(map(str, table.head)) + " |")
    lines.append("|---" * len(table.head) + "|")
    lines += ["| " + " | ".join(map(str, row)) + " |" for row in table.rows]
    return "\n".join(lines)


def machine():
    """In one line."""
    processor = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo") as cpuinfo:
            names = [line.split(":")[1].strip() for line in cpuinfo if "model name" in line]
        processor = names[0]
    except (OSError, IndexError):
        pass
    today = datetime.date.today().isoformat()
    return f"{today}, {os.cpu_count()} cores of {processor}, {platform.system()}"
