"""What hot spots are measured beside."""

import sys

# numba asks whether there is a package `coverage`, and would be given the benchmark of that name.
sys.modules["coverage"] = None  # type: ignore[assignment]
