"""pandera without its generators of test data.

pandera imports hypothesis where it is installed, which costs every command half a
second; no model here generates data. Import `pandera` from this module.
"""

import sys
from importlib import import_module

_GENERATOR = "hypothesis"

if _GENERATOR in sys.modules:
    import pandera.pandas as pandera
else:
    # The first check of a schema would import what is imported here.
    sys.modules[_GENERATOR] = None  # type: ignore[assignment]  # None hides a module
    try:
        import_module("pandera.backends.pandas.builtin_checks")
        import pandera.pandas as pandera
    finally:
        del sys.modules[_GENERATOR]

__all__ = ["pandera"]
