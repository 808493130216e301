"""How long the threads of a program ran."""

from __future__ import annotations

from pathlib import Path


def times(pid: int) -> dict[str, int]:
    """Nanoseconds of CPU by thread."""
    tasks = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return {task.parent.name: int(task.read_text().split()[0]) for task in tasks}


def busiest(before: dict[str, int], after: dict[str, int]) -> int:
    """What the busiest thread took between: a worker, since the others of a daemon only wake up now and then."""
    return max(spent - before.get(thread, 0) for thread, spent in after.items())
