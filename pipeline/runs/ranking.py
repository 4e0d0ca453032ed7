"""`--rank splink`: another order of the review file, where it is asked for."""

from importlib.util import find_spec
from typing import TYPE_CHECKING

from pipeline.errors import SettingsError
from pipeline.runs.request import FileRequest
from pipeline.runs.workbench import Workbench

if TYPE_CHECKING:
    from pipeline.runs.session import Session

_RANKED = {
    "en": "--rank splink: {count} pairs of the review file ranked",
    "fr": "--rank splink : {count} paires du fichier à examiner classées",
}
_STAYS = {
    "en": "--rank splink: the order stays; too few rows, no birth dates nor cities, or"
    " nothing to learn from",
    "fr": "--rank splink : l'ordre reste ; trop peu de lignes, ni dates de naissance ni"
    " villes, ou rien à apprendre",
}


def ready_to_rank(request: FileRequest) -> None:
    """Refuse before anything is read what could not be ranked after all.

    Raises:
        SettingsError: Splink is asked for and not installed.
    """
    if request.rank == "splink" and find_spec("splink") is None:
        raise SettingsError(
            "`--rank splink` needs splink, which is not installed",
            hint="install `notchpay-pipeline[splink]`",
        )


def rank_review(session: "Session", bench: Workbench, request: FileRequest) -> None:
    """Order `pairs` by the model that the request asks for, and say so."""
    if request.rank != "splink":
        return
    from pipeline.runs.on_splink import rank_pairs

    count = rank_pairs(bench.con, "prepared")
    session.summary.extra["ranked"] = count or 0
    told = (_STAYS if count is None else _RANKED)[session.settings.lang]
    session.talk.say(told.format(count=count))
