"""Arguments in, exit code out: the console script `notchpay-pipeline`."""

import sys
from collections.abc import Sequence

from pipeline.errors import PipelineError
from schemas.outcomes import ExitCode


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; talk goes to standard error."""
    from pipeline.cli.app import run

    try:
        return run(list(sys.argv[1:] if argv is None else argv))
    except PipelineError as error:
        _say(error)
        return int(error.exit_code)
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        return int(ExitCode.SIGINT)
    except BrokenPipeError:
        # Whoever read our output went away, as `| head` does.
        sys.stderr.close()
        return int(ExitCode.OK)
    except Exception as error:  # noqa: BLE001 - the last net; it tells what it caught
        _say_bug(error, sys.argv if argv is None else argv)
        return int(ExitCode.BUG)


def _say_bug(error: Exception, argv: Sequence[str]) -> None:
    from pipeline.cli.crash import report

    sys.stderr.write(
        f"error: this is a bug of notchpay-pipeline ({type(error).__name__})\n\n"
    )
    if {"--verbose", "-v"}.intersection(argv):
        sys.stderr.write(report(error) + "\n\nhint: report these lines\n")
    else:
        sys.stderr.write(
            "hint: run it again with `--verbose` and report what it prints\n"
        )


def _say(error: PipelineError) -> None:
    sys.stderr.write(f"error: {error.message}\n")
    if error.hint:
        sys.stderr.write(f"\nhint: {error.hint}\n")
