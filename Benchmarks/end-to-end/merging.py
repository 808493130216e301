"""TCP out of a 6in4 tunnel where the PoP's link merges (GRO), beside what it carries where it doesn't."""

from __future__ import annotations

import contextlib
import statistics

from lab.merging import STRETCHES, Stretch
from lab.namespace import Laboratory
from lab.programs import find_programs
from lab.site import Site

SECONDS = 2
# How long the link waits for more to merge, in microseconds.
WAITS = (20, 100, 400)


def measured(stretch: Stretch, rounds: int) -> dict[int | None, float]:
    """The median of some rounds without merging, and with each time to wait."""
    found: dict[int | None, list[float]] = {}
    for _ in range(rounds):
        stretch.site.pop.run("ethtool", "-K", "net0", "gro", "off")
        found.setdefault(None, []).append(stretch.carried(SECONDS))
        for wait in WAITS:
            stretch.merge(wait)
            found.setdefault(wait, []).append(stretch.carried(SECONDS))
    return {wait: statistics.median(speeds) for wait, speeds in found.items()}


def table(rounds: int) -> list[str]:
    programs = find_programs()
    lines = [f"| TCP, Mbit/s | not merged | {' | '.join(f'merged for {wait} µs' for wait in WAITS)} | least of not merged |",
             f"| --- | {'---: | ' * (len(WAITS) + 2)}".rstrip()]
    for name, make in STRETCHES.items():
        with contextlib.ExitStack() as stack:
            laboratory = stack.enter_context(Laboratory())
            found = measured(make(Site(laboratory, programs)), rounds)
            laboratory.check()
        speeds = [found[wait] for wait in WAITS]
        least = min(speeds) / found[None]
        cells = " | ".join(f"{speed:,.0f}" for speed in [found[None], *speeds])
        lines.append(f"| {name} | {cells} | **{100 * least:.0f} %**{'' if least >= 0.8 else ' ✗'} |")
    print(*lines, sep="\n", flush=True)
    return lines
