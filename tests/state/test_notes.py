"""Small facts about an account."""

from pipeline.state.notes import Notes


def test_a_note_is_kept_by_account_and_can_be_replaced(state):
    notes = Notes(state, "acc")
    assert notes.get("search") is None
    notes.put("search", "by e-mail")
    notes.put("search", "by phone")
    assert notes.get("search") == "by phone"
    assert Notes(state, "other").get("search") is None
