"""The threads of a program: how long they ran, and where they may."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
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


@contextlib.contextmanager
def on_one_processor() -> Iterator[None]:
    """Has this program, and what it starts in the block, run on one processor."""
    all_processors = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(all_processors)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, all_processors)


@contextlib.contextmanager
def elsewhere(processors: set[int]) -> Iterator[None]:
    """Has this program alone run on the other ones of some processors meanwhile, if there are any."""
    here = os.sched_getaffinity(0)
    os.sched_setaffinity(0, processors - here or here)
    try:
        yield
    finally:
        os.sched_setaffinity(0, here)
