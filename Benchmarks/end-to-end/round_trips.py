"""How much longer a round trip takes through a tunnel than where the kernel alone forwards, idle and at half load.

The ways are those of `echoes.py`. The load is half as many packets as get through without loss.
"""

from __future__ import annotations

import contextlib

import links
from echoes import Probe, ThroughAYIYA, ThroughSixInFour, ThroughTunnel, Times, half_load, take
from lab.namespace import Laboratory
from lab.programs import find_programs
from sender import Sender, load

PROBES, WARM_UP = 400, 20
GAP = 0.001


def probe(way: Probe, times: Times) -> None:
    """One round."""
    with contextlib.ExitStack() as stack:
        if times.rate:
            sender = stack.enter_context(Sender(way.home, way.load_packets()))
            stack.enter_context(load(sender, times.rate))
        take(way, PROBES, GAP, times, WARM_UP)


def half_loads(ways: list[Probe]) -> list[float]:
    """Half of what each tunnel carries; plain forwarding gets as much as the first tunnel."""
    rates = [half_load(way) for way in ways if isinstance(way, ThroughTunnel)]
    return [rates[0], *rates]


def table(rounds: int) -> list[str]:
    programs = find_programs()
    lines = ["| way | load, packets/s | median, µs | 99th percentile, µs | added, median | added, 99th percentile | round trips | lost |",
             "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"]
    with contextlib.ExitStack() as stack:
        enter = stack.enter_context
        ways = [Probe(enter(Laboratory()), programs), ThroughSixInFour(enter(Laboratory()), programs, []),
                ThroughAYIYA(enter(Laboratory()), programs, [])]
        for way in ways:
            way.open()
        for rates in ([0.0] * len(ways), half_loads(ways)):
            found = [Times(rate) for rate in rates]
            for _ in range(rounds):
                for way, times in zip(ways, found):
                    probe(way, times)
            lines += [row(way, times, found[0]) for way, times in zip(ways, found)]
        for way in ways:
            way.laboratory.check()
        lines += ["", *links.settings({way.name: way.laboratory for way in ways})]
    print(*lines, sep="\n", flush=True)
    return lines


def row(way: Probe, times: Times, plain: Times) -> str:
    added = ("– | –" if times is plain else
             f"**{times.median - plain.median:.0f}** | **{times.percentile - plain.percentile:.0f}**")
    return (f"| {way.name} | {f'{times.rate:,.0f}' if times.rate else 'idle'} | {times.median:.0f} | {times.percentile:.0f} | "
            f"{added} | {len(times.took)} | {times.lost} |")
