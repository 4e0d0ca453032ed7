"""Accounts are kept apart: stopped before the first write, whatever command it is."""

import json

import pytest

from pipeline.errors import SettingsError
from pipeline.runs.exporting import ExportOptions, export_tables
from pipeline.runs.importing import import_customers
from pipeline.runs.resuming import resume
from pipeline.runs.undoing import UndoRequest, undo
from tests.runs.world import AWA, BEN

SLOW = pytest.mark.slow
WRITES = ("POST", "PUT", "PATCH", "DELETE")


def writes(server):
    return [seen for seen in server.log if seen.method in WRITES]


def tree(folder):
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*"))


def commands(here, run_id):
    settings, request = here.settings, here.request([AWA, BEN])
    return {
        "import": lambda s: import_customers(s, request),
        "export": lambda s: export_tables(s, ExportOptions()),
        "undo": lambda s: undo(s, UndoRequest(run_id)),
        "resume": lambda s: resume(s, run_id),
    } | {"settings": settings}


@pytest.mark.parametrize(
    "command",
    ["import", "export", *(pytest.param(c, marks=SLOW) for c in ("undo", "resume"))],
)
@pytest.mark.parametrize(
    ("expected", "said"),
    [
        ({"expect_env": "live"}, "belongs to `test`, but `NOTCHPAY_EXPECT_ENV`"),
        (
            {"expect_account": "Another Shop"},
            "belongs to `Odd Shop`, but `NOTCHPAY_EXPECT_ACCOUNT`",
        ),
    ],
)
def test_another_account_than_the_expected_one_stops(world, command, expected, said):
    here = world()
    run_id = here.bring([AWA]).summary["run_id"]
    before, sent = tree(here.folder / "runs"), len(writes(here.server))
    one = commands(here, run_id)
    with pytest.raises(SettingsError, match=said) as error:
        one[command](one["settings"].model_copy(update=expected))
    assert int(error.value.exit_code) == 5
    assert len(writes(here.server)) == sent
    assert tree(here.folder / "runs") == before
    assert not (here.folder / "exports").exists()


def test_the_expected_account_goes_on(world):
    here = world(settings={"expect_env": "Sandbox", "expect_account": "Odd Shop"})
    assert here.settings.expect_env == "test"
    assert here.bring([AWA]).rows["created"] == 1


def test_an_account_without_a_name_is_not_the_expected_one(world):
    here = world(root=False, settings={"expect_account": "Odd Shop"})
    with pytest.raises(SettingsError, match="belongs to `an unnamed account`"):
        here.bring([AWA])


def test_only_live_and_test_can_be_expected(world):
    with pytest.raises(ValueError, match="neither live nor test"):
        world(settings={"expect_env": "production"})


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("import", "import"),
        ("export", "export"),
        pytest.param("import", "export", marks=SLOW),
        pytest.param("export", "import", marks=SLOW),
    ],
)
def test_two_profiles_with_one_exports_folder_stop(world, first, second):
    here = world(settings={"profile": "one"})
    one = commands(here, "")
    one[first](here.settings)
    sent, before = len(writes(here.server)), tree(here.folder / "exports")
    here.server.o.merchant = "Other Shop"
    other = here.settings.model_copy(update={"profile": "other"})
    with pytest.raises(SettingsError, match="is that of another account") as error:
        one[second](other)
    assert "`exports_dir`" in error.value.hint
    assert len(writes(here.server)) == sent
    assert tree(here.folder / "exports") == before
    apart = other.model_copy(update={"exports_dir": str(here.folder / "exports-2")})
    assert one[second](apart).summary.state == "finished"


@SLOW
def test_exports_of_before_profiles_count_too(world):
    here = world()
    here.export()
    here.server.o.merchant = "Other Shop"
    named = here.settings.model_copy(update={"profile": "other"})
    with pytest.raises(SettingsError, match="is that of another account"):
        import_customers(named, here.request([AWA]))


def test_without_profiles_two_accounts_export_as_before(world):
    here = world()
    here.export()
    here.server.o.merchant = "Other Shop"
    assert here.export().findings == {"latest_kept": 1}
    assert not (here.folder / "exports" / "account.json").exists()


@SLOW
def test_a_claimed_folder_is_closed_to_other_keys_without_profile_too(world):
    here = world()
    export_tables(here.settings.model_copy(update={"profile": "one"}), ExportOptions())
    here.server.o.merchant = "Other Shop"
    with pytest.raises(SettingsError, match="is that of another account"):
        here.export()
    assert here.bring([AWA]).rows["created"] == 1


@SLOW
def test_a_new_key_without_a_merchant_can_be_told_to_be_the_same(world):
    here = world(root=False, settings={"profile": "one"})
    here.export()
    marker = here.folder / "exports" / "account.json"
    here.settings = here.settings.model_copy(
        update={"api_key": type(here.settings.api_key)("pk_test.new")}
    )
    with pytest.raises(SettingsError, match="is that of another account") as error:
        here.export()
    now = error.value.message.split("this one is `")[1].split("`")[0]
    marker.write_text(json.dumps({"account": now}))
    assert here.export().exit_code == 0
    marker.write_text("not JSON")
    with pytest.raises(SettingsError, match="is that of another account"):
        here.export()


def test_a_new_key_of_a_named_merchant_keeps_everything(world):
    here = world(settings={"profile": "one"})
    first = here.bring([AWA])
    here.settings = here.settings.model_copy(
        update={"api_key": type(here.settings.api_key)("pk_test.rotated")}
    )
    again = here.bring([AWA])
    assert again.rows == {"read": 1, "unchanged": 1}
    assert again.summary["account"] == first.summary["account"]
    undone = undo(
        here.settings, UndoRequest(first.summary["run_id"], delete_created=True)
    )
    assert undone.summary.rows["updated"] == 1
