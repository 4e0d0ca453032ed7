"""The versions that decide what becomes of a row; light, since every worker is asked first."""

import platform
from collections.abc import Mapping
from importlib.metadata import version

_DECIDING = ("pandas", "pandera", "pyarrow", "phonenumbers", "email-validator")


def told_versions() -> Mapping[str, str]:
    """Return the versions of the pipeline, of Python and of what judges values."""
    minor = ".".join(platform.python_version_tuple()[:2])
    ours = {"notchpay-pipeline": version("notchpay-pipeline"), "python": minor}
    return ours | {name: version(name) for name in _DECIDING}
