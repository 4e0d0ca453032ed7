"""Phone cells that are not certain at first sight, in rounds, many at a time.

Cleaned text may be certain by now; then the first of several numbers; then the library
decides what is left, and repairs are tried on what it refuses.
"""

from collections.abc import Iterable, Sequence
from functools import cache

import numpy as np
import phonenumbers
import pyarrow as pa

from pipeline.normalise import phonecell, repairs
from pipeline.normalise.column import SAYS_NOTHING
from pipeline.normalise.known import MOBILE_MONEY
from pipeline.normalise.phonecell import Policy, Reading
from pipeline.normalise.phonefast import Fast, fast_phones

_FINAL = frozenset(("phone_service_code", "sci_truncated", SAYS_NOTHING))
"""Problems that no repair mends."""

Key = tuple[str, int]
"""A cell and the place of its region."""


@cache
def expects_mobile() -> frozenset[int]:
    """Return the calling codes of countries where a mobile number is expected."""
    codes = (phonenumbers.country_code_for_region(region) for region in MOBILE_MONEY)
    return frozenset(codes)


def read_cells(
    keys: Sequence[Key], regions: Sequence[str], policy: Policy
) -> dict[Key, Reading]:
    """Read each cell as dialled from its region."""
    readings = {key: phonecell.clean(key[0]) for key in keys}
    _bare(_open(readings), regions)
    _first_parts(_open(readings), regions)
    # Region by region: the library's patterns outnumber Python's cache of them.
    for (_, region), reading in sorted(_open(readings), key=lambda pair: pair[0][1]):
        phonecell.ask_library(reading, regions[region], policy)
        if reading.e164 and reading.calling_code in expects_mobile():
            reading.is_landline = phonecell.is_landline(reading.e164)
    _repair(
        [
            (key, reading)
            for key, reading in readings.items()
            if reading.e164 is None and reading.problem not in _FINAL
        ],
        regions,
        policy,
    )
    return readings


def _open(readings: dict[Key, Reading]) -> list[tuple[Key, Reading]]:
    return [
        (key, reading)
        for key, reading in readings.items()
        if reading.e164 is None and reading.problem is None
    ]


def _fast(texts: Iterable[str], ids: Iterable[int], regions: Sequence[str]) -> Fast:
    cells = pa.array(list(texts), pa.string())
    places = np.fromiter(ids, np.int64, len(cells))
    return fast_phones(cells, places, regions, expects_mobile())


def _bare(pairs: list[tuple[Key, Reading]], regions: Sequence[str]) -> None:
    """Accept cells that are certain once they are cleaned and words are left out."""
    cores = [phonecell.without_words(reading.text) for _, reading in pairs]
    texts = [core or pair[1].text for core, pair in zip(cores, pairs, strict=True)]
    fast = _fast(texts, (key[1] for key, _ in pairs), regions)
    for place, number in enumerate(fast.e164.to_pylist()):
        if number is None:
            continue
        reading = pairs[place][1]
        reading.e164 = number
        reading.calling_code = int(fast.calling_code[place])
        reading.is_landline = bool(fast.is_landline[place])
        if cores[place] is not None:
            reading.rules.append("label_removed")


def _first_parts(pairs: list[tuple[Key, Reading]], regions: Sequence[str]) -> None:
    """Accept cells with several numbers of which the first is certain."""
    split = [
        (key, reading, parts)
        for key, reading in pairs
        if (parts := phonecell.several(reading.text))
    ]
    texts = [p for _, _, parts in split for p in parts]
    texts = [phonecell.without_words(text) or text for text in texts]
    ids = (key[1] for key, _, parts in split for _ in parts)
    fast = _fast(texts, ids, regions)
    numbers = fast.e164.to_pylist()
    place = 0
    for _, reading, parts in split:
        found = numbers[place : place + len(parts)]
        if found[0] is not None:
            phonecell.take_first(reading, parts, found)
            reading.calling_code = int(fast.calling_code[place])
            reading.is_landline = bool(fast.is_landline[place])
        place += len(parts)


def _repair(
    pairs: list[tuple[Key, Reading]], regions: Sequence[str], policy: Policy
) -> None:
    """Offer what refused numbers probably were; use it where its rule is allowed."""
    tried = [
        (reading, offer, key[1])
        for key, reading in pairs
        for offer in repairs.offers(reading.text, regions[key[1]], reading.number)
    ]
    texts = [offer.text for _, offer, _ in tried]
    ids = [region for _, _, region in tried]
    pairs_of = [place for place, (_, offer, _) in enumerate(tried) if offer.also]
    texts += [tried[place][1].also or "" for place in pairs_of]
    ids += [ids[place] for place in pairs_of]
    fast = _fast(texts, ids, regions)
    numbers = fast.e164.to_pylist()
    alone = {
        place
        for place, also in zip(pairs_of, numbers[len(tried) :], strict=True)
        if also is None
    }
    for place, (reading, offer, _) in enumerate(tried):
        number = numbers[place]
        if number is None or place in alone or reading.e164 is not None:
            continue
        if offer.rule in policy.repairs:
            reading.e164 = number
            reading.calling_code = int(fast.calling_code[place])
            reading.problem = reading.suggestion = None
            reading.rules.append(offer.rule)
        elif reading.suggestion is None:
            reading.problem, reading.suggestion = offer.rule, number
