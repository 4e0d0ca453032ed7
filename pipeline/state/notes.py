"""Small facts about an account that are learnt once, such as how its search works."""

from sqlalchemy import select

from pipeline.state.schema import meta
from pipeline.state.store import State


class Notes:
    """Named texts of one account; losing one only costs learning it again."""

    def __init__(self, state: State, account: str) -> None:
        self._db = state.db
        self._account = account

    def get(self, name: str) -> str | None:
        """Return the text called `name`, or None."""
        query = select(meta.c.value).where(meta.c.name == self._key(name))
        with self._db.read() as con:
            return con.execute(query).scalar()

    def put(self, name: str, value: str) -> None:
        """Keep `value` under `name`."""
        insert = self._db.insert(meta).values(name=self._key(name), value=value)
        with self._db.write() as con:
            con.execute(
                insert.on_conflict_do_update(
                    index_elements=["name"], set_={"value": insert.excluded.value}
                )
            )

    def _key(self, name: str) -> str:
        return f"{self._account}/{name}"
