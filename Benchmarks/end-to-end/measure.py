#!/usr/bin/env python3
"""What the daemon costs with the kernel's share included, beside the best loop that moves one packet at a time.

Each part prints its tables, and with --write puts them into a document, between the marks of its name.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "Tests" / "EndToEnd"))

import fast_path  # noqa: E402
import floors  # noqa: E402
import lossless  # noqa: E402
import merging  # noqa: E402
import packet_cost  # noqa: E402
import round_trips  # noqa: E402
import scrapes  # noqa: E402
import transfers  # noqa: E402
import waiting  # noqa: E402
import workers  # noqa: E402
from lab import figures  # noqa: E402
from lab.namespace import exit_on_signals  # noqa: E402
from lab.programs import what_is_missing  # noqa: E402

# By the mark that a document has around a part's tables; each part says how often it measures.
PARTS: dict[str, Callable[[argparse.Namespace], list[str]]] = {
    "end-to-end": lambda asked: [
        *packet_cost.table(asked.only, asked.rounds or 7, asked.apart), "", *floors.table(asked.rounds or 7)],
    "workers": lambda asked: workers.table(asked.only, asked.rounds or 5),
    "transfers": lambda asked: transfers.table(asked.rounds or 5),
    "fast-path": lambda asked: fast_path.table(asked.rounds or 5),
    "merging": lambda asked: merging.table(asked.rounds or 5),
    "round-trips": lambda asked: round_trips.table(asked.rounds or 3),
    "waiting": lambda asked: waiting.table(asked.rounds or 3),
    "scrapes": lambda asked: scrapes.table(asked.rounds or 10),
    "lossless": lambda asked: lossless.table(),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, help="how often everything is measured, each part's own number by default")
    parser.add_argument("--part", action="append", choices=[*PARTS], help="only this part (may be given again)")
    parser.add_argument("--only", default="", help="of the first part, cases whose name has this in it")
    parser.add_argument("--apart", action="store_true", help="of the first part, send from another processor than the daemon's")
    parser.add_argument("--write", type=Path, help="also put the tables into this file, between their marks")
    arguments = parser.parse_args()
    lacking = what_is_missing()
    if lacking:
        print(f"skipped: {lacking}")
        return 0
    exit_on_signals()
    for name in arguments.part or PARTS:
        print(f"\n{name}\n", flush=True)
        lines = PARTS[name](arguments)
        if arguments.write:
            command = f"`Benchmarks/end-to-end/measure.py --part {name}`"
            figures.write(arguments.write, name, [f"Printed by {command}.", "", *lines])
    return 0


if __name__ == "__main__":
    sys.exit(main())
