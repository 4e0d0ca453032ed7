"""What `doctor` found, as people read it or as JSON."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict

from pipeline.cli.options import Common
from pipeline.runs.looks import Health, Look

_SIGNS = {Health.GOOD: "ok ", Health.DOUBT: "?  ", Health.BAD: "NO "}


def show_looks(looks: Sequence[Look], common: Common) -> None:
    """Print one line a look, its next step below; with `--quiet` only where one is bad."""
    if common.json:
        sys.stdout.write(json.dumps([asdict(look) for look in looks], indent=2) + "\n")
        return
    if common.quiet and not any(look.health is Health.BAD for look in looks):
        return
    for look in looks:
        if common.quiet and look.health is Health.GOOD:
            continue
        sys.stdout.write(f"{_SIGNS[look.health]}{look.name}: {look.text}\n")
        if look.hint:
            sys.stdout.write(f"     hint: {look.hint}\n")
