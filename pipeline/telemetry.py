"""Traces and metrics of a run by OpenTelemetry, where its standard variables ask for them.

Nothing is imported and nothing happens where they do not. Attributes hold names of
commands, stages and outcomes, and a run's id: never a person's value, a key, the name
of a file or of a source.
"""

import logging
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opentelemetry.sdk.resources import Resource

SERVICE = "notchpay-pipeline"
SECONDS = 3.0
"""How long sending may take, where `OTEL_EXPORTER_OTLP_TIMEOUT` does not say."""
_TRACES = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
_METRICS = "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"
_BOTH = "OTEL_EXPORTER_OTLP_ENDPOINT"
_NEEDED = ("opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http")


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of a run; times in nanoseconds since 1970."""

    name: str
    started: int
    ended: int


@dataclass(frozen=True, slots=True)
class Told:
    """What is told of one run: names and counts only; times in nanoseconds since 1970.

    `rows` are by outcome, `requests` by operation of the API; `failed` is the kind of
    the error that ended the run, empty where none did.
    """

    command: str
    run_id: str
    env: str
    state: str
    exit_code: int
    started: int
    ended: int
    stages: Sequence[Stage] = ()
    rows: Mapping[str, int] = field(default_factory=dict)
    requests: Mapping[str, int] = field(default_factory=dict)
    throttled: int = 0
    retries: int = 0
    seconds_waited: float = 0.0
    failed: str = ""

    @property
    def labels(self) -> dict[str, str]:
        """The attributes that every metric carries."""
        return {"command": self.command, "env": self.env}


def wanted(environ: Mapping[str, str]) -> frozenset[str]:
    """Return which of `traces` and `metrics` the standard variables ask for."""
    if environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return frozenset()
    asked = set()
    for name, endpoint in (("traces", _TRACES), ("metrics", _METRICS)):
        is_off = environ.get(f"OTEL_{name.upper()}_EXPORTER", "").strip() == "none"
        if not is_off and (environ.get(endpoint) or environ.get(_BOTH)):
            asked.add(name)
    return frozenset(asked)


def send(told: Told, environ: Mapping[str, str] = os.environ) -> str | None:
    """Send what the variables ask for; return a warning where it did not work.

    It takes a few seconds at most and raises nothing: a run is a run without it.
    """
    asked = wanted(environ)
    if not asked:
        return None
    if not _is_installed():
        return (
            "OpenTelemetry is asked for by `OTEL_…` variables, but not installed:"
            ' install "notchpay-pipeline[otel]"'
        )
    if environ.get("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf") != "http/protobuf":
        return "OpenTelemetry is sent by http/protobuf only; nothing was sent"
    with _heard() as errors:
        resource = _resource(environ)
        if "traces" in asked:
            _send_spans(told, resource, _seconds(environ))
        # Who does not take the one is not kept waiting for with the other.
        if "metrics" in asked and not errors.count:
            _send_metrics(told, resource, _seconds(environ))
    if errors.count:
        return "OpenTelemetry could not be sent to its endpoint"
    return None


def _is_installed() -> bool:
    try:
        return all(find_spec(name) is not None for name in _NEEDED)
    except ModuleNotFoundError:
        return False


def _seconds(environ: Mapping[str, str]) -> float | None:
    return None if environ.get("OTEL_EXPORTER_OTLP_TIMEOUT") else SECONDS


def _resource(environ: Mapping[str, str]) -> "Resource":
    from opentelemetry.sdk.resources import Resource

    from pipeline import __version__

    named = environ.get("OTEL_SERVICE_NAME") or "service.name=" in environ.get(
        "OTEL_RESOURCE_ATTRIBUTES", ""
    )
    ours = {"service.version": __version__}
    return Resource.create(ours if named else ours | {"service.name": SERVICE})


def _send_spans(told: Told, resource: "Resource", seconds: float | None) -> None:
    """Send one span for the run, with one below it for each stage."""
    from opentelemetry import trace
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.trace import Status, StatusCode

    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(timeout=seconds)))
    tracer = provider.get_tracer(SERVICE)
    attributes: dict[str, str | int] = {
        "notchpay.run.id": told.run_id,
        "notchpay.run.state": told.state,
        "notchpay.run.exit_code": told.exit_code,
        "notchpay.env": told.env,
        **{f"notchpay.rows.{name}": count for name, count in told.rows.items()},
    }
    run = tracer.start_span(
        told.command, start_time=told.started, attributes=attributes
    )
    inside = trace.set_span_in_context(run)
    for stage in told.stages:
        span = tracer.start_span(stage.name, inside, start_time=stage.started)
        span.end(stage.ended)
    if told.failed:
        run.set_attribute("error.type", told.failed)
        run.set_status(Status(StatusCode.ERROR))
    run.end(told.ended)
    provider.force_flush()  # shutting down would not try a second time
    provider.shutdown()


def _send_metrics(told: Told, resource: "Resource", seconds: float | None) -> None:
    """Send counts of runs, rows by outcome and requests, and how long it took."""
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import (
        OTLPMetricExporter,
    )
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader

    reader = PeriodicExportingMetricReader(
        OTLPMetricExporter(timeout=seconds), export_interval_millis=math.inf
    )
    provider = MeterProvider([reader], resource=resource, shutdown_on_exit=False)
    meter = provider.get_meter(SERVICE)

    def add(name: str, count: float, unit: str, **labels: str) -> None:
        meter.create_counter(f"notchpay.pipeline.{name}", unit).add(
            count, told.labels | labels
        )

    add("runs", 1, "{run}", state=told.state, exit_code=str(told.exit_code))
    for outcome, count in told.rows.items():
        add("rows", count, "{row}", outcome=outcome)
    for operation, count in told.requests.items():
        add("api.requests", count, "{request}", operation=operation)
    add("api.throttled", told.throttled, "{request}")
    add("api.retries", told.retries, "{request}")
    add("api.waited", told.seconds_waited, "s")
    seconds_run = (told.ended - told.started) / 1e9
    meter.create_histogram("notchpay.pipeline.duration", "s").record(
        seconds_run, told.labels
    )
    provider.force_flush()  # shutting down alone sends nothing without an interval
    provider.shutdown()


class _Errors(logging.Handler):
    """Counts errors; a warning is only a try that is made again."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.count = 0

    def emit(self, record: logging.LogRecord) -> None:
        del record
        self.count += 1


@contextmanager
def _heard() -> Iterator[_Errors]:
    """Hear what the library logs, all of which would go to the terminal otherwise."""
    errors = _Errors()
    logger = logging.getLogger("opentelemetry")
    passed_on, logger.propagate = logger.propagate, False
    logger.addHandler(errors)
    try:
        yield errors
    finally:
        logger.removeHandler(errors)
        logger.propagate = passed_on
