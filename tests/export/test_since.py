"""`--since-last-success`: where a window begins, from the manifests of earlier exports."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import UsageError
from pipeline.export.request import ExportRequest
from pipeline.export.since import Span, covered_until, span_of, window_start

ZONE = ZoneInfo("Africa/Douala")
REQUEST = ExportRequest(what="all", root="x", export_id="e", account="shop", env="live")


def at(day, hour=1):
    return datetime(2026, 11, day, hour, tzinfo=UTC)


def manifest(started, since=None, **other):
    scope = {"what": "all", "status": None, "since": since, "until": None}
    return {
        "account": "shop",
        "env": "live",
        "scope": scope | {k: other.pop(k) for k in list(other) if k in scope},
        "started": started.isoformat(),
        "findings": [],
    } | other


class Exports:
    """A store of manifests, oldest first."""

    def __init__(self, *manifests):
        self.told = {f"e{n:02d}": each for n, each in enumerate(manifests)}
        self.read = []

    def exports(self):
        return sorted(self.told)

    def manifest(self, export_id):
        self.read.append(export_id)
        return self.told[export_id]


@pytest.mark.parametrize(
    ("manifests", "start"),
    [
        ([], None),
        ([manifest(at(10))], date(2026, 11, 3)),
        # The local day decides: 23:30 UTC is the next day in Douala.
        ([manifest(datetime(2026, 11, 10, 23, 30, tzinfo=UTC))], date(2026, 11, 4)),
        ([manifest(at(10)), manifest(at(17), "2026-11-03")], date(2026, 11, 10)),
        # A gap: what lies between the 10th and the 15th is in neither.
        ([manifest(at(10)), manifest(at(17), "2026-11-15")], date(2026, 11, 3)),
        ([manifest(at(17), "2026-11-15")], None),
        ([manifest(at(10), account="other")], None),
        ([manifest(at(10), env="test")], None),
        ([manifest(at(10), what="customers")], None),
        ([manifest(at(10), what="payments")], date(2026, 11, 3)),
        ([manifest(at(10), status="complete")], None),
        ([manifest(at(10), until="2026-11-09")], None),
        ([manifest(at(10), findings=[{"rule": "totals_differ"}])], None),
        ([manifest(at(10), findings=[{"rule": "time_unreadable"}])], date(2026, 11, 3)),
        ([{}], None),
    ],
)
def test_the_window_begins_where_the_last_one_ended(manifests, start):
    assert window_start(Exports(*manifests), REQUEST) == start


def test_older_exports_than_a_whole_one_are_not_read():
    store = Exports(manifest(at(1)), manifest(at(9)), manifest(at(10), "2026-11-05"))
    assert window_start(store, REQUEST, 1) == date(2026, 11, 9)
    assert store.read == ["e02", "e01"]


@pytest.mark.parametrize(("days", "start"), [(0, 9), (1, 9), (3, 7)])
def test_the_overlap_is_a_day_at_least(days, start):
    found = window_start(Exports(manifest(at(10))), REQUEST, days)
    assert found == date(2026, 11, start)


@pytest.mark.parametrize(
    "other",
    [
        {"since": date(2026, 11, 1)},
        {"until": date(2026, 11, 1)},
        {"month": "2026-10"},
        {"close": "2026-10"},
        {"changed_only": True},
        {"what": "customers"},
    ],
)
def test_another_window_excludes_it(other):
    request = ExportRequest(
        **{"what": "all", "root": "x", "export_id": "e", "account": "shop"} | other
    )
    with pytest.raises(UsageError):
        window_start(Exports(), request)


def test_one_status_is_covered_by_all_of_them():
    request = ExportRequest(
        what="payments", root="x", export_id="e", account="shop", env="live",
        status="complete",
    )  # fmt: skip
    assert span_of(manifest(at(10)), request) == Span(None, at(10))
    assert span_of(manifest(at(10), status="complete"), request) is not None
    assert span_of(manifest(at(10), status="failed"), request) is None


@given(
    st.lists(
        st.tuples(st.integers(0, 60 * 24), st.none() | st.integers(-40, 60)),
        max_size=12,
    )
)
def test_no_day_before_the_window_is_in_no_export(spans):
    """Every day up to the covered moment lies in an export that began after it."""
    first = datetime(2026, 9, 1, tzinfo=UTC)
    told = [
        Span(
            None if day is None else (first + timedelta(days=day)).date(),
            first + timedelta(hours=hours),
        )
        for hours, day in spans
    ]
    covered = covered_until(told, ZONE)
    if covered is None:
        assert all(span.since is not None for span in told)
        return
    for hours in range(-45 * 24, 60 * 24, 12):
        moment = first + timedelta(hours=hours)
        if moment < covered:
            day = moment.astimezone(ZONE).date()
            assert any(
                (span.since is None or span.since <= day) and moment < span.started
                for span in told
            )


def test_the_command_takes_its_window_from_the_export_before(box_of_exports):
    first, second = box_of_exports
    scope = second["export"]["manifest"]["scope"]
    started = datetime.fromisoformat(first["export"]["manifest"]["started"])
    wanted = started.astimezone(ZONE).date() - timedelta(days=2)
    assert first["export"]["manifest"]["scope"]["since"] is None
    assert scope["since"] == wanted.isoformat()


@pytest.fixture
def box_of_exports(tmp_path, monkeypatch, capfd):
    """Return the summaries of two exports by the command line, one after the other."""
    import json

    from pipeline.cli import main
    from tests.servers.odd import OddServer

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NOTCHPAY_API_KEY", "pk_test.x")
    monkeypatch.setenv("NOTCHPAY_RATE", "off")
    monkeypatch.setattr("pipeline.runs.reporting.page_is_due", lambda *_, **__: False)
    told = []
    with OddServer() as server:
        monkeypatch.setenv("NOTCHPAY_BASE_URL", server.url)
        for _ in range(2):
            capfd.readouterr()
            argv = ["export", "payments", "--since-last-success", "--overlap", "2d"]
            code = main([*argv, "--json"])
            assert code == 0
            told.append(json.loads(capfd.readouterr().out))
    return told
