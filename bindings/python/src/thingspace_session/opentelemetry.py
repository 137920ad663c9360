"""Metrics and spans of sessions for OpenTelemetry::

    telemetry = thingspace_session.opentelemetry.Telemetry()
    session = thingspace_session.login(..., on_event=telemetry)

Needs the extra ``opentelemetry``. What is measured, and under which names, is in
``docs/events.md`` of the project.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Callable, Optional

from . import _library
from ._adapter import missing
from ._event import Event
from ._metrics import BOUNDS, METRICS, EventKind, Metric

try:
    from opentelemetry import metrics, trace
except ImportError as _error:
    raise missing("opentelemetry", "opentelemetry-api", _error) from _error

__all__ = ["Telemetry"]

_VERSION = _library.version().decode()
_NAME = "thingspace_session"
_SPAN_SUFFIX = ".duration"

_slots_left: dict[tuple[Optional[metrics.MeterProvider], frozenset[tuple[str, str]]], int] = {}
"""The last number seen with each provider (``None`` for the global one) and attributes. It is of no
one ``Telemetry``, since of the gauges that several make of one name OpenTelemetry asks the first
alone."""


class Telemetry:
    """Measures what happens to sessions: to be passed as ``on_event``.

    One object may serve any number of sessions. Where they are of several accounts, give each
    account its own, with ``attributes`` that tell them apart: ``tsm.guard.slots_left`` is the last
    number seen.

    A login, a wait for another login and a fetch of an API token each are a span too, within the
    span that is current where the call is made.
    """

    def __init__(
        self,
        *,
        meter_provider: Optional[metrics.MeterProvider] = None,
        tracer_provider: Optional[trace.TracerProvider] = None,
        attributes: Optional[Mapping[str, str]] = None,
    ) -> None:
        """
        Args:
            meter_provider: in place of OpenTelemetry's global one.
            tracer_provider: in place of OpenTelemetry's global one.
            attributes: what every measurement and span has besides its own attributes.
        """
        self._attributes = dict(attributes or {})
        is_global = meter_provider is metrics.get_meter_provider()
        self._meter_provider = None if is_global else meter_provider
        self._tracer = trace.get_tracer(_NAME, _VERSION, tracer_provider)
        meter = metrics.get_meter(_NAME, _VERSION, meter_provider)
        self._measures: dict[EventKind, list[Callable[[Event], None]]] = {}
        self._spans: dict[EventKind, str] = {}
        self._detail_names: dict[EventKind, str] = {}
        for metric in METRICS:
            self._add(meter, metric)

    def __call__(self, event: Event) -> None:
        if event.slots_left is not None:
            seen_by = self._meter_provider, frozenset(self._attributes.items())
            _slots_left[seen_by] = event.slots_left
        for measure in self._measures.get(event.kind, ()):
            measure(event)
        if event.duration is not None:
            self._trace(event, event.duration)

    def _add(self, meter: metrics.Meter, metric: Metric) -> None:
        name, unit, description = metric.name, metric.unit, metric.description
        if metric.kind is None:
            meter.create_observable_gauge(name, [self._observe_slots_left], unit, description)
            return
        if metric.attribute:
            self._detail_names[metric.kind] = metric.attribute
        measures = self._measures.setdefault(metric.kind, [])
        if metric.instrument == "counter":
            counter = meter.create_counter(name, unit, description)

            def count(event: Event) -> None:
                attribute = metric.attribute
                own = {attribute: event.detail} if attribute and event.detail else {}
                counter.add(1, {**self._attributes, **own})

            measures.append(count)
        else:
            histogram = meter.create_histogram(
                name, unit, description, explicit_bucket_boundaries_advisory=BOUNDS
            )
            self._spans[metric.kind] = name[: -len(_SPAN_SUFFIX)]

            def record(event: Event) -> None:
                if event.duration is not None:
                    histogram.record(event.duration, self._attributes)

            measures.append(record)

    def _observe_slots_left(self, _options: Any) -> Iterable[metrics.Observation]:
        own = _in_use(self._meter_provider)
        for (provider, attributes), slots_left in list(_slots_left.items()):
            if _in_use(provider) is own:
                yield metrics.Observation(slots_left, dict(attributes))

    def _trace(self, event: Event, duration: float) -> None:
        end = round(event.time.timestamp() * 1e6) * 1000
        attributes: dict[str, Any] = dict(self._attributes)
        if event.detail and event.kind in self._detail_names:
            attributes[self._detail_names[event.kind]] = event.detail
        if event.status_name is not None:
            attributes["error.type"] = event.status_name
        if event.http_status is not None:
            attributes["http.response.status_code"] = event.http_status
        is_ours = event.kind == "waited"
        span = self._tracer.start_span(
            self._spans.get(event.kind, f"tsm.{event.kind}"),
            kind=trace.SpanKind.INTERNAL if is_ours else trace.SpanKind.CLIENT,
            attributes=attributes,
            start_time=end - round(duration * 1e9),
        )
        if event.status_name is not None:
            span.set_status(trace.StatusCode.ERROR, event.message)
        span.end(end_time=end)


def _in_use(provider: Optional[metrics.MeterProvider]) -> metrics.MeterProvider:
    return metrics.get_meter_provider() if provider is None else provider
