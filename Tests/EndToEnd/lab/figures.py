"""Figures of benchmarks, put into a document."""

from __future__ import annotations

import os
import platform
import re
import time
from pathlib import Path


def machine() -> str:
    """What the figures were taken on, and when."""
    found = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    processor = found[1] if found else platform.machine()
    return (f"{os.cpu_count()} processors ({processor}), kernel {platform.release()}, load {os.getloadavg()[2]:.1f} "
            f"of other work, {time.strftime('%Y-%m-%d')}.")


def write(path: Path, mark: str, lines: list[str]) -> None:
    """Replaces what stands between `<!-- mark -->` and `<!-- /mark -->` in a document."""
    begin, end = f"<!-- {mark} -->", f"<!-- /{mark} -->"
    head, found, rest = path.read_text().partition(begin)
    _, closed, tail = rest.partition(end)
    if not (found and closed):
        raise ValueError(f"{path}: expected {begin} and {end}, found {'only the first' if found else 'neither'}")
    path.write_text(head + begin + "\n" + machine() + "\n\n" + "\n".join(lines) + "\n" + end + tail)
