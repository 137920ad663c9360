"""What the extra for OpenTelemetry measures and traces, as its own SDK sees it."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

import thingspace_session
from sandbox import ACCOUNTS, Sandbox
from thingspace_session import Event, _metrics
from thingspace_session.opentelemetry import Telemetry


class Exported:
    """A telemetry that exports to memory."""

    def __init__(self) -> None:
        self._reader = InMemoryMetricReader()
        self._meters = MeterProvider([self._reader])
        self._spans = InMemorySpanExporter()
        self.tracers = TracerProvider()
        self.tracers.add_span_processor(SimpleSpanProcessor(self._spans))
        self.telemetry = self.of("one")

    def of(self, account: str) -> Telemetry:
        return Telemetry(
            meter_provider=self._meters,
            tracer_provider=self.tracers,
            attributes={"account": account},
        )

    def metrics(self) -> dict[str, Any]:
        data = self._reader.get_metrics_data()
        scopes = data.resource_metrics[0].scope_metrics if data else ()
        metrics = (metric for scope in scopes for metric in scope.metrics)
        return {metric.name: metric for metric in metrics if metric.name.startswith("tsm.")}

    def points(self, name: str, attribute: str) -> dict[Any, Any]:
        points = self.metrics()[name].data.data_points
        assert all(point.attributes["account"] == "one" for point in points)
        return {point.attributes.get(attribute): point for point in points}

    def spans(self, name: str) -> list[ReadableSpan]:
        return [span for span in self._spans.get_finished_spans() if span.name == name]


@pytest.fixture
def exported() -> Exported:
    return Exported()


def test_what_is_counted(
    options: thingspace_session.Options, sandbox: Sandbox, exported: Exported
) -> None:
    assert "tsm.guard.slots_left" not in exported.metrics()
    with thingspace_session.login(on_event=exported.telemetry, **options) as session:
        sandbox.expire()
        assert session.get(ACCOUNTS).ok
    assert exported.points("tsm.logins", "tsm.login.fate")["success"].value == 2
    assert exported.points("tsm.resends", "tsm.resend.cause")["session_token"].value == 1
    assert exported.points("tsm.api_token.fetches", "tsm.fetch.outcome")["success"].value == 1
    assert exported.points("tsm.guard.slots_left", "")[None].value == 3
    duration = exported.points("tsm.login.duration", "")[None]
    assert duration.count == 2
    assert duration.sum > 0
    assert duration.explicit_bounds == _metrics.BOUNDS
    units = {metric.name: metric.unit for metric in _metrics.METRICS}
    descriptions = {metric.name: metric.description for metric in _metrics.METRICS}
    for name, metric in exported.metrics().items():
        assert (metric.unit, metric.description) == (units[name], descriptions[name])


def test_each_account_has_its_gauge(
    options: thingspace_session.Options, exported: Exported
) -> None:
    def slots_left() -> dict[str, int]:
        points = exported.metrics()["tsm.guard.slots_left"].data.data_points
        return {point.attributes["account"]: point.value for point in points}

    thingspace_session.login(on_event=exported.telemetry, **options).close()
    options["realm"] = uuid.uuid4().hex
    options["password"] = "wrong-password"
    with pytest.raises(thingspace_session.CredentialsRejected):
        thingspace_session.login(on_event=exported.of("two"), **options)
    assert slots_left() == {"one": 3, "two": 2}
    options["password"] = "IMgr8"
    thingspace_session.unblock(**options)
    thingspace_session.login(on_event=exported.of("two"), **options).close()
    assert slots_left() == {"one": 3, "two": 3}


def test_a_login_is_a_span_within_that_of_its_call(
    options: thingspace_session.Options, exported: Exported
) -> None:
    events: dict[str, Event] = {}

    def on_event(event: Event) -> None:
        events[event.kind] = event
        exported.telemetry(event)

    tracer = exported.tracers.get_tracer("test")
    with tracer.start_as_current_span("start") as outer:
        thingspace_session.login(on_event=on_event, **options).close()
    [login] = exported.spans("tsm.login")
    [fetch] = exported.spans("tsm.api_token.fetch")
    for span, kind in ((login, "login_ended"), (fetch, "api_token_fetched")):
        event = events[kind]
        assert event.duration is not None
        assert span.start_time is not None
        assert span.end_time == round(event.time.timestamp() * 1e6) * 1000
        assert span.end_time - span.start_time == round(event.duration * 1e9)
        assert span.kind == SpanKind.CLIENT
        assert span.parent is not None
        assert span.parent.span_id == outer.get_span_context().span_id
        assert span.status.status_code == StatusCode.UNSET
    assert login.attributes == {"account": "one", "tsm.login.fate": "success"}
    assert fetch.attributes == {"account": "one", "tsm.fetch.outcome": "success"}


def test_a_rejected_login_is_a_failed_span(
    options: thingspace_session.Options, exported: Exported
) -> None:
    options["password"] = "wrong-password"
    for error in (thingspace_session.CredentialsRejected, thingspace_session.LoginBlocked):
        with pytest.raises(error):
            thingspace_session.login(on_event=exported.telemetry, **options)
    [login] = exported.spans("tsm.login")
    assert login.status.status_code == StatusCode.ERROR
    assert login.attributes is not None
    assert login.attributes["tsm.login.fate"] == "rejected"
    assert login.attributes["error.type"] == "TSM_E_CREDENTIALS"
    assert login.attributes["http.response.status_code"] in (400, 401, 403)
    assert "wrong-password" not in login.to_json()
    blocked = exported.points("tsm.login.blocked", "tsm.block.reason")
    assert blocked["rejected_password"].value == 1
    assert exported.points("tsm.guard.slots_left", "")[None].value == 2
