"""A measurement in a process of its own: ``python -m MODULE FILE``, whose last line is a JSON object of figures."""

import json
import subprocess
import sys
from pathlib import Path

from bench.system import SystemFailed


def measured(module: str, file: Path) -> dict[str, float]:
    """The figures a module prints of a file. Raises SystemFailed with what it said when it ended badly."""
    done = subprocess.run([sys.executable, "-m", module, str(file)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemFailed(f"{module} could not measure {file.name}: {done.stderr.strip()}")
    answer: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return answer
