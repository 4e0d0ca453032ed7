"""What was recognised in a file, as people read it: fields, metadata, what stays behind."""

from collections.abc import Iterator, Mapping
from typing import Any

from rich.table import Table

from pipeline.recognise.shown import show_header
from schemas.fields import MAPPABLE, METADATA_PREFIX

_FIELDS = {
    "name": ("name", "nom"),
    "first_name": ("first name", "prénom"),
    "last_name": ("last name", "nom de famille"),
    "email": ("e-mail", "e-mail"),
    "phone": ("phone", "téléphone"),
    "country": ("country", "pays"),
    "external_id": ("external id", "identifiant externe"),
    "consent": ("consent", "consentement"),
    "consent_date": ("date of consent", "date du consentement"),
}
_LEAVING = ("columns that leave as metadata", "colonnes envoyées en métadonnées")
_HELD = ("columns held back", "colonnes retenues")
_LEFT = ("columns left out", "colonnes laissées de côté")
_ASSUMED = ("country assumed", "pays supposé")
_SHARE = (
    "{share} of {phones} phones had no country code: read as {region}",
    "{share} des {phones} téléphones sans indicatif : lus comme {region}",
)


def columns_table(summary: Mapping[str, Any], lang: str) -> Table | None:
    """Return what became of the columns of a file; None where no file was read."""
    if not summary.get("reading", {}).get("columns"):
        return None
    table = Table(show_header=False, box=None, pad_edge=False)
    for texts, value in _lines(summary, lang == "fr"):
        table.add_row(texts, value)
    return table


def _lines(summary: Mapping[str, Any], french: bool) -> Iterator[tuple[str, str]]:
    reading = summary["reading"]
    by_role: dict[str, list[str]] = {}
    leaving = []
    for told in reading["columns"]:
        shown = show_header(told["column"])
        role = told["role"]
        if role.startswith(METADATA_PREFIX):
            key = show_header(role.removeprefix(METADATA_PREFIX))
            leaving.append(shown if key == shown else f"{shown} -> {key}")
        else:
            by_role.setdefault(role, []).append(shown)
    for field in MAPPABLE:
        if field in by_role:
            yield _FIELDS[field][french], ", ".join(by_role[field])
    yield _LEAVING[french], ", ".join(leaving) or "-"
    yield _HELD[french], ", ".join(map(show_header, reading["withheld"])) or "-"
    if "unused" in by_role:
        yield _LEFT[french], ", ".join(by_role["unused"])
    assumed = summary.get("region_assumed")
    if assumed and assumed["share"]:
        share = f"{assumed['share']:.0%}" if assumed["share"] >= 0.01 else "< 1%"  # noqa: PLR2004 - a percent
        yield _ASSUMED[french], _SHARE[french].format(**assumed | {"share": share})
