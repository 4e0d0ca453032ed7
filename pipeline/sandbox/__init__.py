"""The embedded API: every dialect and fault of the real one, on loopback.

`run_sandbox` is the command, `SandboxThread` a server for tests, and `create_app` with
`in_process` the same without a socket.
"""

from pipeline.sandbox.app import SandboxOptions, create_app, in_process
from pipeline.sandbox.dialect import Dialect
from pipeline.sandbox.faults import Faults
from pipeline.sandbox.limits import Rate
from pipeline.sandbox.serve import SandboxThread, run_sandbox, serve
from pipeline.sandbox.specs import SpecError

__all__ = [
    "Dialect",
    "Faults",
    "Rate",
    "SandboxOptions",
    "SandboxThread",
    "SpecError",
    "create_app",
    "in_process",
    "run_sandbox",
    "serve",
]
