"""One question before the first write to a live account, where somebody can answer it."""

import asyncio

from pipeline.errors import RefusedError
from pipeline.runs.session import Session

_ASKED = {
    "en": "{count} writes to the LIVE account {name}. Go on?",
    "fr": "{count} écritures dans le compte RÉEL {name}. Continuer ?",
}


async def confirm(session: Session, count: int) -> None:
    """Ask once before `count` writes; test accounts and empty plans need no question.

    The talk answers yes by itself where there is no terminal, or `--yes` was given.

    Raises:
        RefusedError: The answer was not yes; nothing was written.
    """
    summary = session.summary
    if not count or summary.env == "test":
        return
    name = str(summary.extra.get("merchant") or summary.account)
    text = _ASKED[session.settings.lang].format(count=count, name=name)
    # In a thread: the lease is kept alive meanwhile.
    if not await asyncio.to_thread(session.talk.ask, text):
        raise RefusedError(
            "not confirmed: nothing was written",
            hint="answer `y`, or give `--yes`",
        )
