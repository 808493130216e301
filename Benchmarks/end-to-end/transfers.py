"""TCP from end to end by iperf3: through tunnels, through wireguard-go, and through nothing but the kernel."""

from __future__ import annotations

import contextlib
import statistics
import subprocess
from collections.abc import Callable
from dataclasses import dataclass

import links
from lab.namespace import Laboratory
from lab.programs import find_programs
from lab.traffic import throughput
from ways import AYIYA, ONE_AT_A_TIME, SixInFour, Way, WireGuard

SECONDS = 2
DIRECTIONS = ("to the user", "from the user")


@dataclass(frozen=True)
class Transfer:
    """What a transfer was: megabits a second, and seconds of the PoP's program for 10⁹ octets."""

    speed: float
    cost: float


def transfer(way: Way, direction: str) -> Transfer:
    before = way.cpu()
    if direction == DIRECTIONS[0]:
        speed = throughput(way.site.core, way.home, way.user, SECONDS)
    else:
        speed = throughput(way.home, way.site.core, "2001:db8:ffff::80", SECONDS)
    return Transfer(speed, (way.cpu() - before) / (speed * SECONDS / 8000))


Found = dict[tuple[str, str], Transfer]
# How often a transfer that came to a standstill is begun anew.
TRIES = 3


def transfer_of(way: Way, direction: str) -> Transfer:
    """A transfer, begun anew where wireguard-go, which is not ours to mend, comes to a standstill."""
    for left in reversed(range(TRIES)):
        try:
            return transfer(way, direction)
        except (subprocess.TimeoutExpired, RuntimeError) as failure:
            if way.name != WireGuard.name or left == 0:
                raise
            print(f"{way.name} came to a standstill {direction}, and is tried again: {failure}", flush=True)
    raise AssertionError("there is a last try")


def measure(ways: dict[str, Way], rounds: int) -> Found:
    """The median of some rounds, all ways in turns."""
    all_found: dict[tuple[str, str], list[Transfer]] = {}
    for _ in range(rounds):
        for name, way in ways.items():
            for direction in DIRECTIONS:
                all_found.setdefault((name, direction), []).append(transfer_of(way, direction))
    return {key: Transfer(statistics.median(one.speed for one in found), statistics.median(one.cost for one in found))
            for key, found in all_found.items()}


def ratios(found: Found) -> list[str]:
    """The daemon against the loop that moves one at a time."""
    lines = ["| transfer | one at a time, Mbit/s | batched, Mbit/s | ratio | must | aim | one at a time, s/GB | batched, s/GB | ratio |",
             "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"]
    for kind, must, aim in ((SixInFour.name, 1.6, 2), (AYIYA.name, 4.5, 5.5)):
        for direction in DIRECTIONS:
            one, batched = found[f"{kind}, one at a time", direction], found[kind, direction]
            ratio = batched.speed / one.speed
            mark = "" if ratio >= must else " ✗"
            lines.append(f"| {kind} {direction} | {one.speed:,.0f} | {batched.speed:,.0f} | **{ratio:.2f}×**{mark} | {must:g}× | "
                         f"{aim:g}× | {one.cost:.2f} | {batched.cost:.2f} | {one.cost / batched.cost:.2f}× |")
    return lines


def comparison(found: Found, names: list[str]) -> list[str]:
    """All ways beside plain forwarding."""
    lines = ["| way | to the user, Mbit/s | of plain | from the user, Mbit/s | of plain | to the user, s/GB | from the user, s/GB |",
             "| --- | ---: | ---: | ---: | ---: | ---: | ---: |"]
    missing = WireGuard.what_is_missing()
    for name in [*names, *([WireGuard.name] if missing else [])]:
        if (name, DIRECTIONS[0]) not in found:
            lines.append(f"| {name} | {missing} | – | – | – | – | – |")
            continue
        cells, costs = "", ""
        for direction in DIRECTIONS:
            one = found[name, direction]
            cells += f" {one.speed:,.0f} | {100 * one.speed / found[Way.name, direction].speed:.0f} % |"
            costs += " – |" if name == Way.name else f" {one.cost:.2f} |"
        lines.append(f"| {name} |{cells}{costs}")
    return lines


def table(rounds: int) -> list[str]:
    programs = find_programs()
    makers: dict[str, Callable[[Laboratory], Way]] = {Way.name: lambda lab: Way(lab, programs)}
    for kind in (SixInFour, AYIYA):
        makers[f"{kind.name}, one at a time"] = lambda lab, kind=kind: kind(lab, programs, ONE_AT_A_TIME)  # type: ignore[misc]
        makers[kind.name] = lambda lab, kind=kind: kind(lab, programs, [])  # type: ignore[misc]
    if WireGuard.what_is_missing() is None:
        makers[WireGuard.name] = lambda lab: WireGuard(lab, programs)
    with contextlib.ExitStack() as stack:
        ways = {name: make(stack.enter_context(Laboratory())) for name, make in makers.items()}
        found = measure(ways, rounds)
        laboratories = {name: way.laboratory for name, way in ways.items()}
        lines = [*ratios(found), "", *comparison(found, list(makers)), "", *links.settings(laboratories)]
        for way in ways.values():
            way.laboratory.check()
    print(*lines, sep="\n", flush=True)
    return lines
