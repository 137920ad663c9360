"""The names of events, and the metrics that they come to.

Made by `make generate` from the tables in Rust: change those.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, Optional

EventKind = Literal[
    "login_begun",
    "login_ended",
    "waited",
    "adopted",
    "resent",
    "blocked",
    "probe",
    "store_lost",
    "api_token_fetched",
]
"""What happened: see the table of events."""

EventDetail = Literal[
    "success",
    "failure",
    "rejected",
    "locked",
    "unknown",
    "not_counted",
    "not_sent",
    "login",
    "lease",
    "session_token",
    "api_token",
    "spacing",
    "rejected_password",
    "limit",
    "unusable",
    "unsaved",
    "damaged",
    "incomplete",
]
"""What tells events of one kind apart."""


class Metric(NamedTuple):
    """One metric, as OpenTelemetry names it."""

    name: str
    instrument: Literal["counter", "histogram", "gauge"]
    kind: Optional[EventKind]
    """The events that it counts, or whose duration it is; None for the slots that are left."""
    unit: str
    attribute: str
    """What an event's detail is called; "" where it is left out."""
    description: str


METRICS = (
    Metric(
        "tsm.logins",
        "counter",
        "login_ended",
        "{login}",
        "tsm.login.fate",
        "Logins that ended, by what came of them.",
    ),
    Metric(
        "tsm.login.duration",
        "histogram",
        "login_ended",
        "s",
        "",
        "How long logins took, from sending to the answer.",
    ),
    Metric(
        "tsm.login.blocked",
        "counter",
        "blocked",
        "{login}",
        "tsm.block.reason",
        "Logins that the lockout guard refused.",
    ),
    Metric(
        "tsm.login.probes",
        "counter",
        "probe",
        "{login}",
        "",
        "Logins that were tried with no slot left, since the password has worked before.",
    ),
    Metric(
        "tsm.guard.slots_left",
        "gauge",
        None,
        "{slot}",
        "",
        "Logins that the lockout guard has left, as last seen; absent before.",
    ),
    Metric(
        "tsm.waits",
        "counter",
        "waited",
        "{wait}",
        "tsm.wait.cause",
        "Waits for another login, or for the account's lease.",
    ),
    Metric(
        "tsm.wait.duration",
        "histogram",
        "waited",
        "s",
        "",
        "How long these waits took.",
    ),
    Metric(
        "tsm.tokens.adopted",
        "counter",
        "adopted",
        "{token}",
        "",
        "Shared session tokens that were taken instead of a login.",
    ),
    Metric(
        "tsm.resends",
        "counter",
        "resent",
        "{request}",
        "tsm.resend.cause",
        "Requests that were sent again with a new token.",
    ),
    Metric(
        "tsm.store.losses",
        "counter",
        "store_lost",
        "{loss}",
        "tsm.loss.kind",
        "Failures of the lockout guard's store, and losses in it.",
    ),
    Metric(
        "tsm.api_token.fetches",
        "counter",
        "api_token_fetched",
        "{fetch}",
        "tsm.fetch.outcome",
        "Times that the platform was asked for an API token.",
    ),
    Metric(
        "tsm.api_token.fetch.duration",
        "histogram",
        "api_token_fetched",
        "s",
        "",
        "How long that took.",
    ),
)

BOUNDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""The upper bounds of the histograms' buckets, in seconds."""
