"""Who does it: as given, else the Airflow task, else the operating-system user."""

import getpass
import os
import pwd

_DAG, _TASK = "AIRFLOW_CTX_DAG_ID", "AIRFLOW_CTX_TASK_ID"
_LONGEST = 200


def who(given: str | None) -> str:
    """Return the actor of a command; `given` is what `--actor` says."""
    said = " ".join((given or "").split())[:_LONGEST]
    return said or _airflow_task() or _user_name()


def is_airflow_task() -> bool:
    """Say whether this process works for a task of Airflow, by Airflow's variables."""
    return _airflow_task() is not None


def system_user() -> str:
    """Return the user this process runs as, by its number: no variable can change it."""
    number = os.getuid()
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def _airflow_task() -> str | None:
    dag, task = os.environ.get(_DAG), os.environ.get(_TASK)
    return f"{dag}.{task}" if dag and task else None


def _user_name() -> str:
    """Return the name of the user as the session has it."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return system_user()
