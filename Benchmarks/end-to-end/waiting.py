"""What it costs to look for more packets before sleeping, and what it saves of a round trip.

Daemons that differ in `--busy-poll` take turns with the same steady loads of 6in4, from the home outward, and with round
trips beside them (`echoes.py`). A load comes as smoothly as Python can, packet by packet up to 25,000 packets a second, so that
packets find the worker asleep where it sleeps.
"""

from __future__ import annotations

import contextlib
import math
import os
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import links
import threads
from echoes import ThroughSixInFour, Times, half_load, take
from lab.namespace import Laboratory
from lab.programs import find_programs
from sender import Sender, load

WAYS = {"5, the default": [], "0": ["--busy-poll", "0"], "50": ["--busy-poll", "50"]}
RATES = (5_000, 20_000, 50_000)
SETTLING, SECONDS = 0.2, 0.7
PROBES, GAP = 300, 0.002
# Between two system calls of a sender, in seconds: more often is more than it can.
LEAST_PAUSE = 40e-6


@contextlib.contextmanager
def in_front() -> Iterator[None]:
    """Gives this thread the processor whenever it wants it: it stands for hosts that have processors of their own."""
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    try:
        yield
    finally:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


@dataclass
class Found:
    """What one daemon took under one load, round by round."""

    times: Times
    # Packets a second, nanoseconds of CPU a second, and the same a packet.
    served: list[float] = field(default_factory=list)
    spent: list[float] = field(default_factory=list)
    cost: list[float] = field(default_factory=list)


def measure(way: ThroughSixInFour, found: Found, seconds: float = SECONDS, probes: int = PROBES) -> None:
    """One round: first the load by itself, then round trips beside it."""
    burst = math.ceil(found.times.rate * LEAST_PAUSE)
    with Sender(way.home, way.load_packets()) as sender, load(sender, found.times.rate, burst):
        time.sleep(SETTLING)
        count, before, started = way.daemon.balance().forwarded, threads.times(way.daemon.pid), time.perf_counter()
        time.sleep(seconds)
        after, took = threads.times(way.daemon.pid), time.perf_counter() - started
        count = way.daemon.balance().forwarded - count
        spent = threads.busiest(before, after)
        found.served.append(count / took)
        found.spent.append(spent / took)
        found.cost.append(spent / count)
        with in_front():
            take(way, probes, GAP, found.times)


def row(name: str, found: Found) -> str:
    times = found.times
    return (f"| {statistics.median(found.served):,.0f} | {name} | {statistics.median(found.spent) / 1e7:.0f} | "
            f"{statistics.median(found.cost) / 1000:.1f} | {times.median:.0f} | {times.percentile:.0f} | "
            f"{len(times.took)} | {times.lost} |")


def table(rounds: int) -> list[str]:
    programs = find_programs()
    lines = ["| packets/s | `--busy-poll` | CPU, % of a processor | CPU a packet, µs | round trip, median, µs | 99th percentile, µs | "
             "round trips | lost |", "| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"]
    print(*lines, sep="\n", flush=True)
    with contextlib.ExitStack() as stack:
        ways = {name: ThroughSixInFour(stack.enter_context(Laboratory()), programs, options) for name, options in WAYS.items()}
        for way in ways.values():
            way.open()
        for rate in (*RATES, half_load(next(iter(ways.values())))):
            found = {name: Found(Times(rate)) for name in ways}
            for _ in range(rounds):
                for name, way in ways.items():
                    measure(way, found[name])
            lines += [row(name, found[name]) for name in ways]
            print(*lines[-len(ways):], sep="\n", flush=True)
        for way in ways.values():
            way.laboratory.check()
        lines += ["", *links.settings({name: way.laboratory for name, way in ways.items()})]
    print(lines[-1], flush=True)
    return lines
