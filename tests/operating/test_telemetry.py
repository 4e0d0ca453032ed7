"""OpenTelemetry over real HTTP: spans and metrics arrive, and hold names and counts only."""

import logging
import os
import subprocess
import sys

import pytest

from pipeline import telemetry
from pipeline.telemetry import Stage, Told, send, wanted
from tests.runs.conftest import no_page, world  # noqa: F401 - fixtures
from tests.runs.world import AWA, BEN, HEADER

otlp = pytest.importorskip(
    "opentelemetry.proto.collector.trace.v1.trace_service_pb2",
    reason="the extra `otel` is not installed",
)
metrics_pb2 = pytest.importorskip(
    "opentelemetry.proto.collector.metrics.v1.metrics_service_pb2"
)
BAD = ("Dina Fon", "dina@", "", "Buea")
BOTH = "OTEL_EXPORTER_OTLP_ENDPOINT"
TOLD = Told(
    command="import",
    run_id="20261122T230500Z-0001234",
    env="test",
    state="finished",
    exit_code=3,
    started=1_000_000_000,
    ended=4_000_000_000,
    stages=(Stage("read", 1_000_000_000, 2_000_000_000),),
    rows={"created": 2, "rejected": 1},
    requests={"create": 2},
    throttled=1,
    retries=2,
    seconds_waited=0.5,
)


def value(found):
    return getattr(found.value, found.value.WhichOneof("value"))


def attributes(found):
    return {each.key: value(each) for each in found.attributes}


def spans(receiver):
    for body in receiver.bodies("/v1/traces"):
        message = otlp.ExportTraceServiceRequest.FromString(body)
        for part in message.resource_spans:
            for scope in part.scope_spans:
                yield from scope.spans


def resources(receiver):
    for body in receiver.bodies("/v1/traces"):
        message = otlp.ExportTraceServiceRequest.FromString(body)
        for part in message.resource_spans:
            yield attributes(part.resource)


def numbers(receiver):
    """Return (name, sorted attributes) -> number of every counter."""
    found = {}
    for body in receiver.bodies("/v1/metrics"):
        message = metrics_pb2.ExportMetricsServiceRequest.FromString(body)
        for part in message.resource_metrics:
            for scope in part.scope_metrics:
                for metric in scope.metrics:
                    for point in metric.sum.data_points:
                        number = getattr(point, point.WhichOneof("value"))
                        labels = tuple(sorted(attributes(point).items()))
                        found[metric.name, labels] = number
                    for point in metric.histogram.data_points:
                        found[metric.name, ()] = point.sum
    return found


@pytest.mark.parametrize(
    ("environ", "asked"),
    [
        ({}, set()),
        ({BOTH: "http://x"}, {"traces", "metrics"}),
        ({BOTH: ""}, set()),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://x"}, {"traces"}),
        ({"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://x"}, {"metrics"}),
        ({BOTH: "http://x", "OTEL_SDK_DISABLED": "true"}, set()),
        ({BOTH: "http://x", "OTEL_TRACES_EXPORTER": "none"}, {"metrics"}),
        ({BOTH: "http://x", "OTEL_METRICS_EXPORTER": "none"}, {"traces"}),
        ({"OTEL_SERVICE_NAME": "x"}, set()),
    ],
)
def test_the_standard_variables_decide(environ, asked):
    assert wanted(environ) == asked


def test_nothing_is_imported_where_nothing_is_asked():
    code = (
        "import sys; from pipeline.telemetry import send, Told;"
        "send(Told('import','r','test','finished',0,1,2));"
        "print([m for m in sys.modules if m.startswith('opentelemetry')])"
    )
    environ = {k: v for k, v in os.environ.items() if not k.startswith("OTEL_")}
    done = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        text=True,
        env=environ,
    )
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


def test_spans_and_metrics_arrive(receiver, monkeypatch):
    monkeypatch.setenv(BOTH, receiver.url)
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment=shop")
    assert send(TOLD) is None
    run, stage = sorted(spans(receiver), key=lambda span: bool(span.parent_span_id))
    assert (run.name, stage.name) == ("import", "read")
    assert stage.parent_span_id == run.span_id
    assert (run.start_time_unix_nano, run.end_time_unix_nano) == (1e9, 4e9)
    assert attributes(run) == {
        "notchpay.run.id": TOLD.run_id,
        "notchpay.run.state": "finished",
        "notchpay.run.exit_code": 3,
        "notchpay.env": "test",
        "notchpay.rows.created": 2,
        "notchpay.rows.rejected": 1,
    }
    (resource,) = resources(receiver)
    assert resource["service.name"] == "notchpay-pipeline"
    assert resource["deployment.environment"] == "shop"
    base = (("command", "import"), ("env", "test"))
    first, second = base

    def told(name, **labels):
        return numbers(receiver)[
            f"notchpay.pipeline.{name}", tuple(sorted((first, second, *labels.items())))
        ]

    assert told("runs", state="finished", exit_code="3") == 1
    assert told("rows", outcome="created") == 2
    assert told("rows", outcome="rejected") == 1
    assert told("api.requests", operation="create") == 2
    assert told("api.throttled") == 1
    assert told("api.retries") == 2
    assert told("api.waited") == 0.5
    assert numbers(receiver)["notchpay.pipeline.duration", ()] == 3.0


@pytest.mark.parametrize(
    ("name", "value"),
    [("OTEL_SERVICE_NAME", "shop"), ("OTEL_RESOURCE_ATTRIBUTES", "service.name=shop")],
)
def test_the_service_may_have_another_name(receiver, monkeypatch, name, value):
    monkeypatch.setenv(
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", f"{receiver.url}/v1/traces"
    )
    monkeypatch.setenv(name, value)
    assert send(TOLD) is None
    (resource,) = resources(receiver)
    assert resource["service.name"] == "shop"
    assert receiver.bodies("/v1/metrics") == []


def test_a_failed_run_is_an_error(receiver, monkeypatch):
    monkeypatch.setenv(BOTH, receiver.url)
    told = Told("import", "r", "test", "interrupted", 5, 1, 2, failed="StateError")
    assert send(told) is None
    (run,) = spans(receiver)
    assert run.status.code == 2
    assert attributes(run)["error.type"] == "StateError"


def test_a_whole_import_tells_its_stages_and_nobody(world, receiver, monkeypatch):
    monkeypatch.setenv(BOTH, receiver.url)
    here = world()
    run = here.bring(here.file([AWA, BEN, BAD], name="Awa Sow.csv"))
    names = [span.name for span in spans(receiver)]
    assert names.count("import") == 1
    assert set(names) - {"import"} == set(run.summary["timings"])
    counted = {
        dict(labels)["outcome"]: number
        for (name, labels), number in numbers(receiver).items()
        if name == "notchpay.pipeline.rows"
    }
    assert counted == {k: v for k, v in run.rows.items() if k != "read"} | {
        k: 0 for k in counted if k not in run.rows
    }
    sent = b" ".join(body for _, _, body in receiver.posted)
    texts = {*AWA, *BEN, *HEADER, "dina", "pk_test", "Awa", "670000001", "Sow.csv"}
    assert [text for text in texts if text.encode() in sent] == []


def test_a_collector_that_is_not_there_is_one_warning(monkeypatch, caplog, capfd):
    monkeypatch.setenv(BOTH, "http://127.0.0.1:9")
    monkeypatch.setattr(telemetry, "SECONDS", 0.1)
    warning = send(TOLD)
    assert warning == "OpenTelemetry could not be sent to its endpoint"
    assert capfd.readouterr() == ("", "")
    assert caplog.records == []
    assert logging.getLogger("opentelemetry").handlers == []


@pytest.mark.slow
def test_a_collector_that_stumbles_is_asked_again(receiver, monkeypatch):
    monkeypatch.setenv(BOTH, receiver.url)
    receiver.statuses = [503, 200]
    assert send(TOLD) is None
    assert len(receiver.bodies("/v1/traces")) == 2
    assert len(receiver.bodies("/v1/metrics")) == 1


def test_a_collector_that_refuses_is_asked_once(refusing, monkeypatch):
    monkeypatch.setenv(BOTH, refusing.url)
    refusing.statuses = [400]
    assert send(TOLD) == "OpenTelemetry could not be sent to its endpoint"
    assert [path for path, _, _ in refusing.posted] == ["/v1/traces"]


def test_only_http(monkeypatch):
    monkeypatch.setenv(BOTH, "http://127.0.0.1:9")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
    assert send(TOLD) == "OpenTelemetry is sent by http/protobuf only; nothing was sent"


def test_without_the_extra_it_says_so(monkeypatch):
    monkeypatch.setenv(BOTH, "http://127.0.0.1:9")
    monkeypatch.setattr(telemetry, "_NEEDED", ("opentelemetry_not_here.sdk",))
    warning = send(TOLD)
    assert warning is not None
    assert 'install "notchpay-pipeline[otel]"' in warning
