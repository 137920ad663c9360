"""What a part of the benchmark found: tables, the aims they are held against, and bars to plot."""

from dataclasses import dataclass, field

MISSED = "✗"
LEAST = "The least of the rounds: between before and after, the machine has time to change."


@dataclass
class Aim:
    what: str
    value: float
    limit: float
    # Else at most.
    at_least: bool = False
    unit: str = ""
    exact: bool = False
    # What is known of why it is missed.
    why: str = ""

    @property
    def met(self):
        value = round(self.value, 2)
        if self.exact:
            return value == self.limit
        return value >= self.limit if self.at_least else value <= self.limit

    def row(self):
        sign = "" if self.exact else "≥ " if self.at_least else "≤ "
        unit = f" {self.unit}" if self.unit else ""
        verdict = "met" if self.met else f"missed {MISSED} {self.why}".rstrip()
        return (self.what, f"{sign}{self.limit:g}{unit}", f"{number(self.value)}{unit}", verdict)


@dataclass
class Table:
    title: str
    head: tuple
    rows: list
    note: str = ""


@dataclass
class Bars:
    """One plot: groups of bars, a bar for each name of the legend."""

    file: str
    title: str
    legend: list
    # (label, a value or None for each of the legend)
    groups: list
    unit: str = ""
    # Where a line is drawn: the aim.
    line: float | None = None


@dataclass
class Part:
    tables: list = field(default_factory=list)
    aims: list = field(default_factory=list)
    plots: list = field(default_factory=list)


def number(value):
    """Three figures or two decimals."""
    if float(value).is_integer() and abs(value) < 1e6:
        return str(int(value))
    return (
        f"{value:.0f}"
        if abs(value) >= 100
        else f"{value:.1f}"
        if abs(value) >= 10
        else f"{value:.2f}"
    )


def marked(value, limit):
    """A ratio, marked where it is above its aim."""
    return f"{value:.2f}" + (f" {MISSED}" if round(value, 2) > limit else "")
