"""Compiles gis/kernel when the project is installed, editable or as a wheel."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

KERNEL = Path("gis/kernel")
LIBRARY = KERNEL / "kernel.so"
# Without the two exceptions to the rules of C that nobody here asks for, loops with square roots are not run in step.
COMPILE = ("-O3", "-std=c11", "-fno-math-errno", "-fno-trapping-math", "-Wall", "-Wextra", "-fPIC", "-shared")


class CompileKernel(BuildHookInterface):  # type: ignore[type-arg]
    """Makes `kernel.so` of the C files and puts it into what is built."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, aside first, so that a running service never maps half a file."""
        del version
        root = Path(self.root)
        sources = sorted(str(path) for path in (root / KERNEL).glob("*.c"))
        aside = root / f"{LIBRARY}.new"
        subprocess.run([os.environ.get("CC", "cc"), *COMPILE, "-o", str(aside), *sources, "-lm"], check=True)
        aside.replace(root / LIBRARY)
        build_data["artifacts"].append(str(LIBRARY))
        build_data["pure_python"] = False
        build_data["infer_tag"] = True
