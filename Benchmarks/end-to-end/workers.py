"""What two workers serve in the time of one, packets queued as in `packet_cost`.

The time is the CPU time of the busier worker: what a burst takes when each has a processor to itself.
"""

from __future__ import annotations

from collections.abc import Callable

import links
from lab import beats, bulk
from lab.namespace import Laboratory
from lab.programs import find_programs
from packet_cost import (AYIYA, PASSWORD, PLAN, SERVER, SIZES, STATIC, Bench, Load, datagram, from_user, measure,
                         small_in, small_out, through_feed)

MUST, AIM = 1.6, 1.85
ONE_AT_A_TIME = ["--batch", "1", "--offloads", "off"]
BATCHED: list[str] = []


def ayiya_in_small() -> Load:
    packets = []
    for n in range(8192):
        tid = AYIYA[n % len(AYIYA)]
        inner = bulk.udp(PLAN.them(tid), SERVER, SIZES[n % len(SIZES)], 1024 + n % 1000)
        packets.append(datagram(tid, beats.ayiya(PLAN.them(tid), PASSWORD, inner)))
    return Load(packets, from_user)


CASES: list[tuple[str, Callable[[], Load], bool]] = [
    ("6in4 out, mixed small packets", lambda: Load(small_out(STATIC, 16_384), through_feed), False),
    ("6in4 in, mixed small packets", lambda: Load(small_in(STATIC, 16_384), from_user), False),
    ("AYIYA out, many peers, 1280 octets", lambda: Load(small_out(AYIYA, 8_192, (1280,)), through_feed), True),
    ("AYIYA in, many peers, mixed small packets", ayiya_in_small, True),
]


def table(only: str, rounds: int) -> list[str]:
    lines = ["| case | one worker | two | ratio | must | aim |", "| --- | ---: | ---: | ---: | ---: | ---: |"]
    print(*lines, sep="\n", flush=True)
    program = find_programs().sixxsd
    with Laboratory() as laboratory:
        for kind, options in (("one at a time", ONE_AT_A_TIME), ("batched", BATCHED)):
            mark = kind.split()[0]
            benches = {"1": Bench(laboratory, f"{mark}1", options, program),
                       "2": Bench(laboratory, f"{mark}2", [*options, "--workers", "2"], program)}
            for name, load, needs_beats in CASES:
                if only in name:
                    lines.append(row(f"{name}, {kind}", load(), benches, rounds, needs_beats))
        laboratory.check()
        lines += ["", *links.settings({"": laboratory})]
    print(lines[-1], flush=True)
    return ["Nanoseconds of the busier worker's CPU a packet.", "", *lines]


def row(name: str, load: Load, benches: dict[str, Bench], rounds: int, needs_beats: bool) -> str:
    one, two = measure(load, benches, rounds, needs_beats).values()
    ratio = one.times(two)
    mark = "" if ratio >= MUST else " ✗"
    line = f"| {name} | {one.median:.0f} | {two.median:.0f} | **{ratio:.2f}×**{mark} | {MUST:g}× | {AIM:g}× |"
    print(line, flush=True)
    return line
