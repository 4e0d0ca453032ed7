"""Corrected contacts of a customer that the same source brought before."""

import pytest

from pipeline.dedupe.corrections import Contact, possible_correction

OLD = Contact("Jean Mbarga", "jean@mail.example.com", "+237670000001")


@pytest.mark.parametrize(
    ("after", "field"),
    [
        (OLD._replace(email="jaen@mail.example.com"), "email"),
        (OLD._replace(phone="+237670000010"), "phone"),
        (OLD._replace(name="MBARGA Jean", phone="+237670000019"), "phone"),
        (OLD._replace(phone=None), "gone"),
        (Contact("Jean Mbarga", None, None), "gone"),
        (OLD, None),
        (OLD._replace(email="other@mail.example.com"), None),
        (OLD._replace(name="Paul Essola", phone="+237670000019"), None),
        (Contact("Jean Mbarga", "other@mail.example.com", None), None),
    ],
)
def test_possible_correction(after, field):
    assert possible_correction(OLD, after) == field
