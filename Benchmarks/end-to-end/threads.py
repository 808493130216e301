"""How long the threads of a program ran."""

from __future__ import annotations

import contextlib
from pathlib import Path


def times(pid: int) -> dict[str, int]:
    """Nanoseconds of CPU by thread."""
    found = {}
    for task in Path(f"/proc/{pid}/task").glob("*/schedstat"):
        # Threads that serve the control port come and go.
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            found[task.parent.name] = int(task.read_text().split()[0])
    return found


def busiest(before: dict[str, int], after: dict[str, int]) -> int:
    """What the busiest thread took between: a worker, since the others of a daemon only wake up now and then."""
    return max(spent - before.get(thread, 0) for thread, spent in after.items())
