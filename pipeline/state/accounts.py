"""Which account a key belongs to: an id that stays when the key is changed."""

from hashlib import blake2b
from urllib.parse import urlsplit, urlunsplit

from sqlalchemy import Connection, select, update

from pipeline.state.database import Database
from pipeline.state.schema import account_keys, accounts


def account_id(
    db: Database, base_url: str, merchant: str | None, key_hash: str, sync: str | None
) -> str:
    """Return the id of the account, made on first sight.

    An account is known by base URL, merchant and sync id; where the API does not name
    the merchant, by the hash of the key. A key seen first without a merchant keeps
    its account when the merchant is named later.
    """
    url, sync = _plain_url(base_url), sync or ""
    with db.read() as con:
        known = _by_merchant(con, url, merchant, sync)
        of_key = _by_key(con, url, key_hash, sync)
        if of_key is not None and (merchant is None or of_key == known):
            return of_key
    with db.write() as con:
        return _remember(db, con, (url, merchant, key_hash, sync))


def _remember(
    db: Database, con: Connection, name: tuple[str, str | None, str, str]
) -> str:
    url, merchant, key_hash, sync = name
    found = _by_merchant(con, url, merchant, sync)
    if found is None:
        found = _adopted(con, name) or _created(db, con, name)
    con.execute(
        db.insert(account_keys)
        .values(base_url=url, sync=sync, key_hash=key_hash, account=found)
        .on_conflict_do_update(
            index_elements=["base_url", "sync", "key_hash"], set_={"account": found}
        )
    )
    return found


def _adopted(con: Connection, name: tuple[str, str | None, str, str]) -> str | None:
    """Return the key's account if it is nobody else's, now with its merchant."""
    url, merchant, key_hash, sync = name
    found = _by_key(con, url, key_hash, sync)
    if found is None or merchant is None:
        return found
    named = con.execute(
        update(accounts)
        .where(accounts.c.account == found, accounts.c.merchant.is_(None))
        .values(merchant=merchant)
    )
    return found if named.rowcount else None


def _created(
    db: Database, con: Connection, name: tuple[str, str | None, str, str]
) -> str:
    """Make an account; the id depends on its name only, so that two databases agree."""
    url, merchant, key_hash, sync = name
    told = f"{url}\0{'m' if merchant else 'k'}{merchant or key_hash}\0{sync}"
    made = "acc_" + blake2b(told.encode(), digest_size=8).hexdigest()
    con.execute(
        db.insert(accounts)
        .values(
            account=made,
            base_url=url,
            sync=sync,
            merchant=merchant,
            created_at=db.now(con),
        )
        .on_conflict_do_nothing()
    )
    # Another process may have given the merchant to another id a moment ago.
    return _by_merchant(con, url, merchant, sync) or made


def _by_merchant(
    con: Connection, url: str, merchant: str | None, sync: str
) -> str | None:
    if merchant is None:
        return None
    return con.execute(
        select(accounts.c.account).where(
            accounts.c.base_url == url,
            accounts.c.sync == sync,
            accounts.c.merchant == merchant,
        )
    ).scalar()


def _by_key(con: Connection, url: str, key_hash: str, sync: str) -> str | None:
    return con.execute(
        select(account_keys.c.account).where(
            account_keys.c.base_url == url,
            account_keys.c.sync == sync,
            account_keys.c.key_hash == key_hash,
        )
    ).scalar()


def _plain_url(base_url: str) -> str:
    parts = urlsplit(base_url)
    return urlunsplit(
        (parts.scheme, parts.netloc.lower(), parts.path.rstrip("/"), "", "")
    )
