"""The state database: journal, claims, lease, pace, runs, index, decisions, audit.

`pipeline.state.store.open_state` is the door; SQLite by default, PostgreSQL by URL.
Nothing is imported here, so that commands which need no state start quickly.
"""
