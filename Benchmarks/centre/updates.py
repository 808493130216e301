"""How soon endpoints that routers tell are at their PoPs, when many tell at once: each tunnel once, at a steady rate.

    clients ──UNIX socket──► sixxs-central serve --updates ──ssh──► real daemons: config patch
"""

from __future__ import annotations

import base64
import hashlib
import re
import socket
import sqlite3
import statistics
import threading
import time
from contextlib import closing
from dataclasses import dataclass, field

from fleets import RealFleet
from lab.daemon import Daemon
from lab.namespace import Laboratory, Process, wait_for
from lab.programs import find_programs
from registry import PoPRow, fill, tunnels_of

POPS, RATE, SECONDS = 5, 200, 8
CLIENTS = 4
KEY = "benchmark"
# How often daemons are asked what they have.
LOOK = 0.25
MUST, LIMIT = 5.0, 60.0


@dataclass
class Update:
    """One tunnel's, and when it was answered and seen."""

    number: int
    address: str
    pop: int
    answered: float = 0.0
    seen: float = 0.0


@dataclass
class Run:
    updates: list[Update]
    wrong: list[str] = field(default_factory=list)


def prepare(fleet: RealFleet) -> list[Update]:
    """Gives each static tunnel an owner and a key, and names where it will end: in another network of its PoP's users."""
    fleet.central.run("init")
    fleet.central.run("user", "add", "jdoe")
    fill(fleet.central.database, fleet.pops)
    with closing(sqlite3.connect(fleet.central.database)) as connection, connection:
        connection.execute("UPDATE tunnel SET owner = 'jdoe', updateKey = ? WHERE type = 'static'",
                           (hashlib.sha256(KEY.encode()).hexdigest(),))
    return [Update(row.number, f"100.65.{row.tid // 250}.{row.tid % 250 + 1}", pop.id)
            for rows in zip(*(with_pop(pop) for pop in fleet.pops)) for pop, row in rows]


def with_pop(pop: PoPRow) -> list[tuple[PoPRow, object]]:
    return [(pop, row) for row in tunnels_of(pop) if row.endpoint]


def send(path: str, updates: list[Update], start: float, offset: int, run: Run) -> None:
    """Sends every so many updates when their time comes, on one connection."""
    head = base64.b64encode(f"jdoe:{KEY}".encode()).decode()
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        connection.settimeout(30)
        for index in range(offset, len(updates), CLIENTS):
            update = updates[index]
            time.sleep(max(0.0, start + index / RATE - time.monotonic()))
            # Each from an address of its own, as its proxy says.
            client = f"198.18.{index // 250}.{index % 250 + 1}"
            connection.sendall((f"GET /nic/update?hostname=T{update.number}&myip={update.address} HTTP/1.1\r\nHost: localhost\r\n"
                                f"X-Forwarded-For: {client}\r\nAuthorization: Basic {head}\r\n\r\n").encode())
            answer = b""
            while not (found := re.search(rb"(?i)content-length: (\d+)\r\n.*?\r\n\r\n", answer, re.DOTALL)) or \
                    len(answer) < found.end() + int(found[1]):
                answer += connection.recv(4096)
            update.answered = time.monotonic()
            if not answer.rstrip().endswith(f"good {update.address}".encode()):
                run.wrong.append(answer.decode(errors="replace").rsplit("\n", 2)[-2])


def watch(daemon: Daemon, waited: dict[str, Update], ended: threading.Event) -> None:
    """Notes when a daemon has what."""
    with daemon.session() as session:
        while waited and not ended.is_set():
            lines = session.command("tunnel list").lines or ()
            now = time.monotonic()
            for line in lines:
                if (update := next((waited.pop(word) for word in line.split() if word in waited), None)):
                    update.seen = now
            ended.wait(LOOK)


def measure(fleet: RealFleet, service: Process, path: str, updates: list[Update]) -> list[str]:
    run, ended, start = Run(updates), threading.Event(), time.monotonic() + 1
    watchers = [threading.Thread(target=watch, args=(daemon, {update.address: update for update in updates if update.pop == pop.id}, ended))
                for pop, daemon in zip(fleet.pops, fleet.daemons)]
    clients = [threading.Thread(target=send, args=(path, updates, start, offset, run)) for offset in range(CLIENTS)]
    for thread in watchers + clients:
        thread.start()
    for thread in clients:
        thread.join()
    took = max(update.answered for update in updates) - start
    deadline = time.monotonic() + LIMIT
    for thread in watchers:
        thread.join(max(0.1, deadline - time.monotonic()))
    ended.set()
    missing = sum(not update.seen for update in updates)
    late = sorted(update.seen - update.answered for update in updates if update.seen)
    patches = len(re.findall(r"patch", service.output))
    print(f"{len(updates)} updates, {missing} not seen, {len(run.wrong)} other answers {run.wrong[:3]}, patches {patches}", flush=True)
    must = "" if not missing and not run.wrong and late[-1] <= MUST else " ✗"
    return [f"| {len(updates):,} in {took:.1f} s ({len(updates) / took:.0f} a second) | {len(run.wrong)} | {missing} | "
            f"{statistics.median(late):.1f} | {late[-1]:.1f} | {MUST:.0f} s{must} |"]


def table() -> list[str]:
    lines = [f"| endpoint updates, each of another tunnel at {POPS} PoPs | refused | never at the PoP | at the PoP after, median, s | at most, s | must |",
             "| --- | ---: | ---: | ---: | ---: | ---: |"]
    with Laboratory() as laboratory:
        fleet = RealFleet(laboratory, find_programs(), POPS)
        updates = prepare(fleet)[:RATE * SECONDS]
        path = str(fleet.central.folder / "updates")
        service = fleet.central.spawn("serve", "--interval", 86400, "--updates", f"unix:{path}", "--updates-any-address", "--log-level", "debug")
        wait_for(lambda: re.search(r"round over \d+ PoPs?: 0 failed", service.output), 120, "the round", every=0.1)
        lines += measure(fleet, service, path, updates)
        service.stop()
    return lines
