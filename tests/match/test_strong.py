"""Ids that tell one person from another, wherever an earlier import wrote them."""

import pytest

from pipeline.match.known import Record, known
from pipeline.match.strong import contradiction, same_strong_id
from schemas.api import parse_customer


def customer(metadata):
    return known(parse_customer({"id": "cus.1", "metadata": metadata}), "CM")


@pytest.mark.parametrize(
    ("mine", "metadata", "theirs", "same"),
    [
        ({"national_id": "CM 12"}, {}, {"national_id": "CM 12"}, True),
        ({"national_id": "CM 12"}, {"CNI": "CM 12"}, {"CNI": "CM 12"}, True),
        ({"national_id": "CM 12"}, {"CNI": "CM 12"}, {"CNI": "CM13"}, False),
        ({"external_id": "C-1"}, {}, {"external_id": "C-1"}, True),
    ],
)
def test_ids_are_found_under_the_column_or_their_own_name(mine, metadata, theirs, same):
    record = Record(1, "Awa Sow", None, None, metadata=metadata, **mine)
    kind = next(iter(mine))
    assert same_strong_id(record, customer(theirs)) == (kind if same else None)
    assert contradiction(record, customer(theirs)) == (None if same else kind)
