#!/usr/bin/env python3
"""What the centre costs: a round over fleets of several sizes, and its commands on 50,000 tunnels.

A round is the first one that `sixxs-central serve` makes: over daemons that have nothing, and, in a second run, over
daemons that have everything. Time is that of the round's own log line; CPU time and the greatest resident memory are
the kernel's figures for the process when the round is over.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fleets import RealFleet, StandInFleet
from lab import figures
from lab.central import Central
from lab.namespace import Laboratory, Process, exit_on_signals, wait_for
from lab.programs import find_programs, what_is_missing

import pages
from registry import TUNNELS, fill, write_csv

TICKS = os.sysconf("SC_CLK_TCK")
DEADLINE = 1200
# The sizes of the issue: who is measured, with how many PoPs.
SIZES: list[tuple[type[RealFleet] | type[StandInFleet], int]] = [
    (RealFleet, 5), (RealFleet, 50), (StandInFleet, 5), (StandInFleet, 50), (StandInFleet, 500)]
COMMANDS_AT = 50
# Which pages are measured, how long a round may take before, and of which page it is counted how many there are in a second.
PAGES: dict[int, tuple[list[tuple[str, int]], float, str | None]] = {
    50: (pages.OF_MANY_TUNNELS, DEADLINE, "/"), 500: (pages.OF_MANY_POPS, DEADLINE, None)}


@dataclass(frozen=True)
class Cost:
    """What a round took: seconds by the clock and of CPU, MB of memory."""

    seconds: float
    cpu: float
    memory: float

    def __str__(self) -> str:
        return f"{self.seconds:.1f} | {self.cpu:.1f} | {self.memory:.0f}"


def cost_of(process: Process, seconds: float) -> Cost:
    stat = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    status = Path(f"/proc/{process.pid}/status").read_text()
    memory = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert memory
    return Cost(seconds, (int(stat[11]) + int(stat[12])) / TICKS, int(memory[1]) / 1024)


def round_of(central: Central, count: int, outcome: str) -> Cost:
    """Lets the service make one round; every PoP must have had the outcome."""
    service = central.spawn("serve", "--interval", 86400)
    over = wait_for(lambda: re.search(r"round over (\d+) PoPs?: (\d+) failed \(([\d.]+) s\)", service.output)
                    or not service.is_running, DEADLINE, "the round", every=0.1)
    assert isinstance(over, re.Match) and over.groups()[:2] == (str(count), "0"), service.output[-4000:]
    found = len(re.findall(rf"generation 1 {outcome}", service.output))
    assert found == count, f"{found} of {count} {outcome}"
    cost = cost_of(service, float(over[3]))
    service.stop()
    return cost


def timed(action: Callable[[], object], times: int = 1) -> tuple[float, float]:
    """The least time of some, by the clock and of CPU, in seconds, the start of the program included."""
    found = []
    for _ in range(times):
        begun, spent = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
        action()
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - spent.ru_utime - spent.ru_stime
        found.append((time.monotonic() - begun, cpu))
    return min(found)


def storing() -> tuple[float, float]:
    """What storing a round's samples takes, by the clock and of CPU, in seconds."""
    told = subprocess.run([find_programs().folder / "sixxs-central-bench"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"([\d.]+) s, ([\d.]+) s of CPU", told)
    assert found, told
    return float(found[1]), float(found[2])


def commands(fleet: RealFleet | StandInFleet, laboratory: Laboratory) -> list[tuple[str, tuple[float, float], str]]:
    """What is measured, how long it took, and how long it may take, by the clock or of CPU."""
    central, folder = fleet.central, laboratory.folder / "rendered"
    folder.mkdir()
    rows = [("`render --into`: the texts of all PoPs",
             timed(lambda: central.run("render", "--into", folder, "--secret")), "2")]
    assert len(list(folder.iterdir())) == len(fleet.pops)
    # `check` says by its status that daemons restarted: they did, just now.
    rows += [(f"`{' '.join(words)}`", timed(lambda words=words: central.run(*words, check=words != ["check"]), times), must)
             for words, times, must in LOOKS]
    picture = laboratory.folder / "graph.svg"
    rows += [(f"`graph {' '.join(words)}`", timed(lambda words=words: central.run("graph", *words, "--out", picture), 5), must)
             for words, must in GRAPHS]
    rows.append(("samples of a round stored", storing(), "5"))
    rows.append(("`push`: all PoPs, nothing changed", timed(lambda: central.run("push")), "3 of CPU"))
    zones = laboratory.folder / "zones"
    zones.mkdir()
    words = ["zones", "--into", zones, "--zone", "t.example.net", "--name-server", "ns1.example.org", "--contact", "h@example.net"]
    rows.append(("`zones`: all files, for the first time", timed(lambda: central.run(*words)), "3"))
    rows.append(("`zones`: nothing changed", timed(lambda: central.run(*words)), "3"))
    assert len(list(zones.iterdir())) == 1 + 5 * len(fleet.pops)
    file = laboratory.folder / "tunnels.csv"
    write_csv(file, fleet.pops)
    central.database = central.folder / "import.db"
    central.run("init")
    fill(central.database, fleet.pops, with_tunnels=False)
    rows.append(("`import` of CSV with subnets", timed(lambda: central.run("import", file)), "3"))
    return rows


# Commands that look, how often each is run, and the most seconds that the quickest run may take.
LOOKS: list[tuple[list[str], int, str]] = [
    (["status"], 20, "0.1"),
    (["tunnel", "list"], 5, "0.5"), (["tunnel", "list", "--json"], 5, "0.5"),
    (["tunnel", "list", "xatst07"], 5, "1"), (["tunnel", "show", "T7007"], 5, "1"),
    (["subnet", "list"], 5, "1"), (["prefix", "list"], 5, "1"), (["pop", "list"], 5, "1"), (["user", "list"], 5, "1"),
    (["export"], 5, "1"), (["verify"], 5, "1"), (["check"], 5, "1"), (["stats"], 5, "1"), (["stats", "T7007"], 5, "1"),
    (["history", "xatst07"], 5, "1"), (["events"], 5, "1"), (["log"], 5, "1"), (["audit"], 5, "1"),
]

GRAPHS: list[tuple[list[str], str]] = [
    (["T7007"], "0.1"), (["T7007", "--last", "month"], "0.1"), (["fleet", "--what", "traffic", "--last", "year"], "1"),
]


def measure(only: str) -> list[str]:
    lines = ["| PoPs | daemons | tunnels | first round, s | CPU, s | MB | round without changes, s | CPU, s | MB |",
             "| ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"]
    print(*lines, sep="\n", flush=True)
    figures: list[str] = []
    shown: list[str] = []
    for make, count in SIZES:
        if only and only != f"{make.kind}-{count}":
            continue
        with Laboratory() as laboratory:
            fleet = make(laboratory, find_programs(), count)
            fleet.central.run("init")
            fill(fleet.central.database, fleet.pops)
            first, second = (round_of(fleet.central, count, outcome) for outcome in ("applied", "unchanged"))
            lines.append(f"| {count} | {make.kind} | {count * TUNNELS:,} | {first} | {second} |")
            print(lines[-1], flush=True)
            if make is StandInFleet and count in PAGES:
                shown += pages.rows(fleet.central, f"{count} PoPs, {count * TUNNELS:,} tunnels", *PAGES[count])
            if count == COMMANDS_AT and make is StandInFleet:
                figures = [f"| {name} | {seconds:.2f} | {cpu:.2f} | {limit} |" for name, (seconds, cpu), limit
                           in commands(fleet, laboratory)]
    if figures:
        head = ["", f"| {COMMANDS_AT} PoPs, {COMMANDS_AT * TUNNELS:,} tunnels, each with a subnet | s | CPU, s | must |",
                "| --- | ---: | ---: | ---: |"]
        print(*head, *figures, sep="\n", flush=True)
        lines += head + figures
    if shown:
        lines += pages.HEAD + shown
    return lines




def main() -> int:
    parser = argparse.ArgumentParser(description="what the centre costs")
    parser.add_argument("--only", default="", help="one size, such as stand-in-50")
    parser.add_argument("--write", type=Path, help="also put the tables into this file, between its marks")
    arguments = parser.parse_args()
    lacking = what_is_missing()
    if lacking:
        print(f"skipped: {lacking}")
        return 0
    exit_on_signals()
    lines = measure(arguments.only)
    if arguments.write:
        figures.write(arguments.write, "centre", lines)
    return 0


if __name__ == "__main__":
    sys.exit(main())
