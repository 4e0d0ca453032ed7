"""pandera without what no model here needs: generators of test data, other engines.

pandera imports hypothesis, Dask and others where they are installed, which costs every
command a second and more. Import `pandera` from this module.
"""

import sys
from importlib import import_module

_NOT_NEEDED = ("dask", "geopandas", "hypothesis", "ibis", "modin", "polars", "pyspark")

_hidden = [name for name in _NOT_NEEDED if name not in sys.modules]
for _name in _hidden:
    sys.modules[_name] = None  # type: ignore[assignment]  # None hides a module
try:
    # The first check of a schema would import what is imported here.
    for _name in ("backends.pandas.builtin_checks", "typing.dask", "typing.pyspark"):
        import_module(f"pandera.{_name}")
    import pandera.pandas as pandera
finally:
    for _name in _hidden:
        del sys.modules[_name]

__all__ = ["pandera"]
