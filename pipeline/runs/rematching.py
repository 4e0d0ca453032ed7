"""Match creates of an old plan again: who came to the API since?"""

from pipeline.runs.matching import Matcher

Moved = dict[int, tuple[str, str | None]]
"""Rows that are no longer new: rule and customer id by row."""


async def match_again(matcher: Matcher, first_op: int) -> Moved:
    """Return the unwritten creates from `first_op` on that exist by now.

    Existing customers are read again: by the index while it is young, else by search
    or by listing, whichever costs less.
    """
    bench = matcher.bench
    bench.con.execute(
        f"""
        CREATE OR REPLACE TABLE unwritten AS
        SELECT g.* FROM golden g JOIN operation o USING (row)
        WHERE o.action = 'create' AND o.op >= {first_op}
        """
    )
    await matcher.match(lambda *_: "", records="unwritten")
    return {
        row: (rule, customer_id)
        for row, rule, customer_id in bench.stream(
            "SELECT row, rule, customer_id FROM verdict WHERE action <> 'create'"
        )
    }
