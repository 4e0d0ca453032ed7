"""The error tree, branched by what the caller can do; each leaf has an exit code.

PipelineError
├── UsageError            2    the command line is wrong
├── RefusedError          4    a guard or a digest said no; nothing was written
├── CannotStartError      5    something outside must be mended first
│   ├── InputError             the customer file
│   ├── SettingsError          a setting, the key's place, a URL
│   ├── KeyRefusedError        the API refuses the key (401, 403)
│   ├── ApiUnreachableError    no usable answer from the API
│   ├── StateError             the state database
│   ├── BreakerOpenError       too many failures in a row
│   ├── DiskError              no room or no right to write
│   ├── WorkerError            a worker process of this machine was ended
│   └── ClusterError           the machines of `--engine dask`
├── LockedError           6    another run works on this account and source
├── InterruptedRunError   130/143
└── BooksError            1    the books of a run do not balance: a bug

A message says place, fact, value and limit; `hint` says the next step. Neither ever
holds a key, and a person's value stands in it masked.
"""

from schemas.outcomes import ExitCode


class PipelineError(Exception):
    """Root of everything this project raises on purpose.

    `run_id` names the run that it ended, where a run's folder was there already.
    """

    exit_code: ExitCode = ExitCode.BUG
    run_id: str | None = None

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(PipelineError):
    """The command line is wrong."""

    exit_code = ExitCode.USAGE


class RefusedError(PipelineError):
    """A guard or the plan's digest refused; nothing was written."""

    exit_code = ExitCode.REFUSED


class CannotStartError(PipelineError):
    """Something outside must be mended; what was begun can be resumed."""

    exit_code = ExitCode.CANNOT_START


class InputError(CannotStartError):
    """The customer file is missing, empty, unreadable or without usable columns."""


class SettingsError(CannotStartError):
    """A setting is missing or wrong."""


class KeyRefusedError(CannotStartError):
    """The API refuses the key."""


class ApiUnreachableError(CannotStartError):
    """The API gives no usable answer."""


class StateError(CannotStartError):
    """The state database is out of reach or of another version."""


class BreakerOpenError(CannotStartError):
    """Too many failures: the run stopped rather than burning through the file."""


class DiskError(CannotStartError):
    """There is no room, or no right, to write."""


class WorkerError(CannotStartError):
    """A worker process was ended from outside, most often for want of memory."""


class ClusterError(CannotStartError):
    """The cluster that should prepare the rows cannot, or was lost."""


class LockedError(PipelineError):
    """Another run holds the lock for this account and source."""

    exit_code = ExitCode.LOCKED


class InterruptedRunError(PipelineError):
    """The run was asked to stop; it can be resumed."""

    exit_code = ExitCode.SIGINT


class BooksError(PipelineError):
    """The books of a run do not balance, which is a bug."""

    exit_code = ExitCode.BUG


_PRECEDENCE = (
    ExitCode.BUG,
    ExitCode.SIGINT,
    ExitCode.SIGTERM,
    ExitCode.LOCKED,
    ExitCode.CANNOT_START,
    ExitCode.REFUSED,
    ExitCode.LEFTOVERS,
)


def worst(*codes: ExitCode) -> ExitCode:
    """Return the exit code that wins by the contract's precedence."""
    return next((code for code in _PRECEDENCE if code in codes), ExitCode.OK)
