"""What `subject` and `exports` print for a person, in English and French."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

_TEXTS = {
    "nothing": ("nothing is held of this person", "rien n'est conservé sur cette personne"),
    "people": (
        "{n} people with different names have this contact",
        "{n} personnes de noms différents ont ce contact",
    ),
    "shared": (
        "{n} contacts are shared with somebody else, whose records stay",
        "{n} contacts sont partagés avec quelqu'un d'autre, dont les données restent",
    ),
    "records": ("records", "enregistrements"),
    "writes": ("journal (state database)", "journal (base d'état)"),
    "customers": ("customers in the API", "clients dans l'API"),
    "payments": ("payments in the API, kept", "paiements dans l'API, conservés"),
    "folder": ("everything is in {folder}", "tout est dans {folder}"),
    "digest": (
        "nothing is changed yet; to erase: --approve {digest}",
        "rien n'est encore modifié ; pour effacer : --approve {digest}",
    ),
    "erased": ("erased; proof {id}", "effacé ; preuve {id}"),
    "customers_left": (
        "{n} customers are still in the API: plan and approve again later",
        "{n} clients sont encore dans l'API : replanifiez et approuvez plus tard",
    ),
    "left": ("{n} records are left", "il reste {n} enregistrements"),
    "readmitted": ("{n} keys taken off the list", "{n} clés retirées de la liste"),
    "pruned": ("{table} of {n} exports removed", "{table} de {n} exports supprimés"),
    "kept": (
        "kept, since `latest` points to it: {id}",
        "conservé, car `latest` y mène : {id}",
    ),
}  # fmt: skip


def lines_of(told: Mapping[str, Any], what: str, lang: str) -> Iterator[str]:
    """Yield what to print of the answer of a command."""
    if what == "exports":
        yield from _pruned(told, lang)
    elif what == "readmit":
        yield _say("readmitted", lang, n=told["keys"])
    elif "erasure_id" in told:
        yield from _erased(told, lang)
    else:
        yield from _held(told, lang)


def _held(told: Mapping[str, Any], lang: str) -> Iterator[str]:
    writes = told["writes"]
    count = sum(writes.values()) if isinstance(writes, Mapping) else writes
    customers = told.get("customers", told.get("customers_to_delete"))
    if not (told["files"] or count or customers):
        yield _say("nothing", lang)
    for file in told["files"]:
        act = f" ({file['act']})" if "act" in file else ""
        yield f"{file['records']:>7} {_say('records', lang)}: {file['file']}{act}"
    payments = told.get("payments", told.get("payments_kept", 0))
    counts = (("writes", count), ("customers", customers), ("payments", payments))
    for name, number in counts:
        if number:
            yield f"{number:>7} {_say(name, lang)}"
    if told.get("people", 1) > 1:
        yield _say("people", lang, n=told["people"])
    if told["shared_contacts"]:
        yield _say("shared", lang, n=told["shared_contacts"])
    if "folder" in told:
        yield _say("folder", lang, folder=told["folder"])
    if "digest" in told:
        yield _say("digest", lang, digest=told["digest"])


def _erased(told: Mapping[str, Any], lang: str) -> Iterator[str]:
    for place, number in told["files"].items():
        yield f"{number:>7} {place}"
    yield f"{told['writes']:>7} {_say('writes', lang)}"
    yield f"{told['customers_deleted']:>7} {_say('customers', lang)}"
    yield f"{told['payments_kept']:>7} {_say('payments', lang)}"
    if told["customers_left"]:
        yield _say("customers_left", lang, n=told["customers_left"])
    if told["left"]:
        yield _say("left", lang, n=told["left"])
    yield _say("erased", lang, id=told["erasure_id"])


def _pruned(told: Mapping[str, Any], lang: str) -> Iterator[str]:
    for table, number in Counter(told["removed"]).items():
        yield _say("pruned", lang, table=table, n=number)
    for export_id in told["kept"]:
        yield _say("kept", lang, id=export_id)


def _say(name: str, lang: str, **facts: object) -> str:
    return _TEXTS[name][lang == "fr"].format(**facts)
