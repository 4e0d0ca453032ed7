"""Which account a key belongs to."""

URL = "https://api.notchpay.co"


def test_an_account_stays_when_its_key_is_changed(state):
    first = state.account(URL, "mer_1", "key-a", None)
    assert state.account(URL, "mer_1", "key-b", None) == first
    assert state.account(URL, None, "key-b", None) == first


def test_without_a_merchant_each_key_is_an_account(state):
    first = state.account(URL, None, "key-a", None)
    assert state.account(URL, None, "key-a", None) == first
    assert state.account(URL, None, "key-b", None) != first


def test_an_account_is_kept_when_its_merchant_is_named_later(state):
    first = state.account(URL, None, "key-a", None)
    assert state.account(URL, "mer_1", "key-a", None) == first
    assert state.account(URL, "mer_1", "key-b", None) == first


def test_a_key_that_names_another_merchant_is_another_account(state):
    first = state.account(URL, "mer_1", "key-a", None)
    second = state.account(URL, "mer_2", "key-a", None)
    assert second != first
    assert state.account(URL, None, "key-a", None) == second


def test_base_url_and_sync_id_part_accounts(state):
    ids = {
        state.account(URL, "mer_1", "key-a", None),
        state.account(URL, "mer_1", "key-a", "sync_1"),
        state.account("http://127.0.0.1:8080", "mer_1", "key-a", None),
    }
    assert len(ids) == 3


def test_the_spelling_of_a_url_is_no_other_account(state):
    first = state.account(URL, "mer_1", "key-a", None)
    assert state.account("https://API.notchpay.co/", "mer_1", "key-a", "") == first


def test_two_databases_agree_on_the_id_of_a_named_merchant(state):
    assert state.account(URL, "mer_1", "key-a", None) == "acc_fa953c9e0cb42658"
