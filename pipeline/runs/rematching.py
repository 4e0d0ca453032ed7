"""Match creates of an old plan again: who came to the API since?"""

from pipeline.runs.connect import Connection
from pipeline.runs.gather import gather_existing
from pipeline.runs.judging import judge
from pipeline.runs.workbench import Workbench

Moved = dict[int, tuple[str, str | None]]
"""Rows that are no longer new: rule and customer id by row."""


async def match_again(bench: Workbench, connection: Connection, first_op: int) -> Moved:
    """Return the unwritten creates from `first_op` on that exist by now.

    Existing customers are read again, by search or by listing, whichever costs less.
    """
    bench.con.execute(
        f"""
        CREATE OR REPLACE TABLE unwritten AS
        SELECT g.* FROM golden g JOIN operation o USING (row)
        WHERE o.action = 'create' AND o.op >= {first_op}
        """
    )
    await gather_existing(
        bench,
        connection.finder(),
        connection.clock,
        concurrency=connection.settings.concurrency,
        records="unwritten",
    )
    judge(bench, lambda *_: "", records="unwritten")
    return {
        row: (rule, customer_id)
        for row, rule, customer_id in bench.stream(
            "SELECT row, rule, customer_id FROM verdict WHERE action <> 'create'"
        )
    }
