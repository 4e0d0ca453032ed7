"""Find the column that a user named: by its header, or by its place in the file."""

import difflib
import re
from collections.abc import Sequence

from pipeline.errors import UsageError
from pipeline.recognise.shown import looks_like_data, show_header, show_headers
from schemas.headers import plain_words

_PLACE = re.compile(r"#?\s*(\d{1,4})")


def find_column(headers: Sequence[str], named: str, option: str) -> str:
    """Return the header of the column that `named` means.

    An exact header wins, then one that differs in case, accents and marks only, then a
    place counted from 1 (`#3` or `3`).

    Raises:
        UsageError: There is no such column, or more than one; columns are listed.
    """
    if named in headers:
        return named
    wanted = "".join(plain_words(named))
    alike = [h for h in headers if wanted and "".join(plain_words(h)) == wanted]
    if len(alike) == 1:
        return alike[0]
    if alike:
        raise UsageError(
            f"`{option}`: {show_header(named)!r} fits {len(alike)} columns: "
            f"{show_headers(alike)}",
            hint="write the header exactly, or its place as `#3`",
        )
    place = _PLACE.fullmatch(named.strip())
    if place and 0 < int(place[1]) <= len(headers):
        return headers[int(place[1]) - 1]
    raise _no_such_column(headers, named, option)


def _no_such_column(headers: Sequence[str], named: str, option: str) -> UsageError:
    near = [] if looks_like_data(headers) else _nearest(headers, named)
    hint = f"did you mean {show_headers(near)}?" if near else None
    return UsageError(
        f"`{option}`: the file has no column `{show_header(named)}`; "
        f"its {len(headers)} columns are {show_headers(headers)}",
        hint=hint or "name a header of the file, or a place from 1 on, as `#3`",
    )


def _nearest(headers: Sequence[str], named: str) -> list[str]:
    plain = {" ".join(plain_words(header)): header for header in headers}
    wanted = " ".join(plain_words(named))
    return [plain[text] for text in difflib.get_close_matches(wanted, plain, n=2)]
