"""Accidents between the centre and its PoPs, one a PoP and all in one push; and the line that an operator reads.

                 ┌──── inet ────┐
    centre ──────┤              ├── aatst01   nothing happens
    sixxs-central│              ├── abtst01   sshd ── relay on 42003 ── sixxsd on 42004
                 │              ├── actst01   sshd ── stand-in on 42003
                 └──────────────┴── …

test_centre.py has the accidents that happen before a push: host keys, refused keys, servers that are away or hang.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from lab.central import Central
from lab.fleet import PLANS, Fleet, FleetPoP
from lab.namespace import Laboratory, run, wait_for
from lab.programs import Programs
from lab.stand_in import GREETING, CutPush, Script, StandIn, reset
from lab.topology import PoPPlan

# One fleet for all of them: what they cost is the waiting, and that they do together.
together = pytest.mark.xdist_group("accidents")

HOME = "198.18.20.1"
LYING, BEHIND = 42003, 42004
ZEROES = "0" * 64


@dataclass
class Victim:
    """A PoP to which something happens."""

    fleet: Fleet
    pop: FleetPoP
    server: StandIn | None = None
    cut: CutPush | None = None

    def relay(self, there: bool, accident: Script) -> None:
        """Puts a relay before the daemon that cuts a push."""
        self.pop.daemon.stop()
        self.pop.daemon.control = f"127.0.0.1:{BEHIND}"
        self.pop.daemon.start()
        self.cut = CutPush(("127.0.0.1", BEHIND), there, accident)
        self.server = StandIn(self.pop.namespace, self.cut, port=LYING).start()

    def replace(self, script: Script) -> None:
        """Puts a stand-in into the daemon's place."""
        self.pop.daemon.stop()
        self.server = StandIn(self.pop.namespace, script, port=LYING).start()

    def sshd_pids(self) -> list[int]:
        pids = self.pop.namespace.pids()
        return [pid for pid in pids if Path(f"/proc/{pid}/comm").read_text().strip() == "sshd"]

    def mend(self) -> None:
        """Puts everything into its place again."""
        if self.server is not None:
            self.server.close()
        self.pop.namespace.run("nft", "flush", "ruleset")
        for pid in self.sshd_pids():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
        if self.pop.daemon.is_running:
            self.pop.daemon.stop()
        self.pop.daemon.control = f"127.0.0.1:{LYING}"
        self.pop.daemon.start()


def drop(victim: Victim, rule: str, hook: str) -> Script:
    """The network loses what goes in one direction from now on."""
    def accident(stand_in: StandIn, _: socket.socket) -> None:
        chain = f"chain cut {{ type filter hook {hook} priority 0; {rule} drop; }};"
        victim.pop.namespace.nft(f"table inet cut {{ {chain} }}")
        stand_in.wait()

    return accident


def cut_on_the_way_there(victim: Victim) -> None:
    victim.relay(True, drop(victim, "tcp dport 22", "input"))


def cut_on_the_way_back(victim: Victim) -> None:
    victim.relay(False, drop(victim, "tcp sport 22", "output"))


def reset_connection(_: StandIn, connection: socket.socket) -> None:
    reset(connection)


def reset_before_the_end(victim: Victim) -> None:
    victim.relay(True, reset_connection)


def reset_before_the_answer(victim: Victim) -> None:
    victim.relay(False, reset_connection)


def stop_sshd_within_a_push(victim: Victim) -> None:
    def accident(stand_in: StandIn, _: socket.socket) -> None:
        for pid in victim.sshd_pids():
            os.kill(pid, signal.SIGSTOP)
        stand_in.wait()

    victim.relay(True, accident)


def saying(greeting: bytes, answer: bytes = b"") -> Callable[[Victim], None]:
    """A server that greets, and answers everything with the same."""
    def script(stand_in: StandIn, connection: socket.socket) -> None:
        stand_in.send(connection, greeting)
        while stand_in.hear(connection):
            stand_in.send(connection, answer)

    return lambda victim: victim.replace(script)


def drip_the_greeting(victim: Victim) -> None:
    victim.replace(lambda stand_in, connection: stand_in.drip(connection, GREETING * 10))


def drip_the_answers(victim: Victim) -> None:
    def script(stand_in: StandIn, connection: socket.socket) -> None:
        stand_in.send(connection, GREETING)
        stand_in.hear(connection)
        stand_in.drip(connection, f"200 generation 0 sha256 {ZEROES} applied 2026-11-25T00:00:00Z\n".encode())

    victim.replace(script)


GARBAGE = bytes(range(256)) * 20 + b"\n"
CLAIM = f"200 generation 7 sha256 {ZEROES} applied 2026-11-25T00:00:00Z\n".encode()

# What happens, and the cause as the operator reads it.
ACCIDENTS: dict[str, tuple[Callable[[Victim], None], str]] = {
    "cut on the way there": (cut_on_the_way_there, r'reply to "config push \d+.*" timed out after \d+'),
    "cut on the way back": (cut_on_the_way_back, r'reply to "config push \d+.*" timed out after \d+'),
    "reset before the end": (reset_before_the_end, r'lost during the reply to "config push'),
    "reset before the answer": (reset_before_the_answer, r'lost during the reply to "config push'),
    "sshd stops within a push": (stop_sshd_within_a_push, r'reply to "config push \d+.*" timed out after \d+'),
    "greets with garbage": (saying(GARBAGE), r"daemon's greeting makes no sense: .*is it sixxsd that listens there"),
    "answers with garbage": (saying(GREETING, GARBAGE), r'reply to ".*" makes no sense: '),
    "answers what was not asked": (saying(GREETING, b"200 fine, thank you\n"), r'reply to ".*" makes no sense: '),
    "claims another configuration": (saying(GREETING, CLAIM), r'reply to ".*" makes no sense: '),
    "says no to everything": (saying(GREETING, b"500 the engine is gone\n"), r"refused .*500 the engine is gone"),
    "does not let us in": (saying(b"403 not allowed\n"), r"refused .*403 not allowed"),
    "an octet a second, greeting": (drip_the_greeting, r"daemon's greeting timed out after \d+"),
    "an octet a second, answers": (drip_the_answers, r'reply to ".*" timed out after \d+'),
}
REAL = [name for name in ACCIDENTS if re.match("cut|reset|sshd", name)]


class Night:
    """One push during which everything happens."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        names = sorted(fleet.pops)
        self.healthy = fleet.pops[names[0]]
        self.victims = {accident: Victim(fleet, fleet.pops[name]) for accident, name in zip(ACCIDENTS, names[1:])}
        for pop in fleet.pops.values():
            fleet.central.add_tunnel(pop.name, "static", "--endpoint", HOME)
        fleet.trust_all()
        for accident, victim in self.victims.items():
            ACCIDENTS[accident][0](victim)
        self.before = {accident: self.victims[accident].pop.daemon.digest() for accident in REAL}
        self.result = fleet.central.run("push", check=False, timeout=150)

    def said_of(self, pop: FleetPoP) -> list[str]:
        said = (self.result.stdout + self.result.stderr).splitlines()
        return [line for line in said if pop.name in line]

    def wanted(self, pop: FleetPoP) -> list[str]:
        return self.fleet.central.run("render", pop.name).stdout.splitlines()


@pytest.fixture(scope="module")
def night(programs: Programs) -> Iterator[Night]:
    plans = tuple(PoPPlan(f"a{chr(96 + id)}tst01", id, f"198.51.100.{id}", f"2001:db8::{id:x}",
                          f"2001:db8:{0x100 + id:x}::/48") for id in range(1, len(ACCIDENTS) + 2))
    with Laboratory() as laboratory:
        yield Night(Fleet(laboratory, programs, plans))


@together
@pytest.mark.parametrize("accident", ACCIDENTS)
def test_an_accident_is_told_with_its_cause(night: Night, accident: str) -> None:
    victim = night.victims[accident]
    said = night.said_of(victim.pop)
    if accident in REAL:
        assert victim.cut is not None and victim.cut.happened.is_set()
    assert said and all(line.replace("\t", "").isprintable() for line in said), said
    assert any(re.search(ACCIDENTS[accident][1], line) for line in said), said
    assert night.result.returncode == 1


@together
def test_who_had_no_accident_was_pushed(night: Night) -> None:
    assert any("applied" in line for line in night.said_of(night.healthy))
    assert list(night.healthy.daemon.command("config show").lines or ()) == night.wanted(night.healthy)


@together
@pytest.mark.seconds(90)
def test_the_next_round_heals_and_nothing_was_half_done(night: Night) -> None:
    for accident in REAL:
        pop = night.victims[accident].pop
        shown = list(pop.daemon.command("config show").lines or ())
        assert pop.daemon.digest() == night.before[accident] or shown == night.wanted(pop), accident
    for victim in night.victims.values():
        victim.mend()
    result = night.fleet.central.run("push", check=False, timeout=80)
    assert result.returncode == 0, result.stdout + result.stderr
    for pop in night.fleet.pops.values():
        assert list(pop.daemon.command("config show").lines or ()) == night.wanted(pop), pop.name
        assert not pop.daemon.is_on_trial(), pop.name


def fill(folder: Path) -> Path:
    """Takes all the room that a file system has left."""
    file = folder / "filler"
    with file.open("wb", buffering=0) as filler, contextlib.suppress(OSError):
        while filler.write(bytes(4096)):
            pass
    return file


def check_integrity(central: Central) -> None:
    files = sorted(central.database.parent.glob("*.db"))
    assert len(files) == 2, files
    for file in files:
        with contextlib.closing(sqlite3.connect(file)) as database:
            assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)], file
            assert database.execute("PRAGMA foreign_key_check").fetchall() == [], file


def onto_a_small_disk(fleet: Fleet) -> Path:
    """Moves the centre's database to a file system of its own."""
    folder = fleet.laboratory.folder / "disk"
    folder.mkdir()
    run("mount", "-t", "tmpfs", "-o", "size=2m,mode=700", "none", folder)
    fleet.laboratory.on_close(lambda: run("umount", "-l", folder, check=False))
    for file in fleet.central.database.parent.glob("*.db*"):
        shutil.copy2(file, folder)
    fleet.central.database = folder / fleet.central.database.name
    return folder


NO_ROOM = re.compile(r"is (the file system|the disk|its disk) full|disk is full")


def is_refused(central: Central, *words: object) -> None:
    """What needs room is not done, and a line says why."""
    result = central.run(*words, check=False)
    assert (result.returncode, result.stdout) == (1, ""), result
    assert result.stderr.count("\n") == 1 and NO_ROOM.search(result.stderr), result.stderr


@pytest.mark.seconds(60)
def test_a_full_disk_under_the_database_loses_nothing(laboratory: Laboratory, programs: Programs) -> None:
    fleet = Fleet(laboratory, programs, PLANS[:1])
    pop = fleet.pops["chtst01"]
    fleet.trust_all()
    folder = onto_a_small_disk(fleet)
    central = fleet.central
    kept = [central.add_tunnel(pop.name, "static", "--endpoint", f"198.18.20.{host}") for host in (1, 2)]
    central.run("push")
    before = pop.daemon.digest()

    filler = fill(folder)
    is_refused(central, "tunnel", "add", pop.name, "--type", "ayiya")
    is_refused(central, "push")
    assert pop.daemon.digest() == before

    filler.unlink()
    service = central.spawn("serve", "--interval", 1)
    wait_for(lambda: "1 PoP: 0 failed" in service.output, 10, "a round")
    filler = fill(folder)
    is_refused(central, "tunnel", "add", pop.name, "--type", "ayiya")
    wait_for(lambda: NO_ROOM.search(service.output), 10, "the service to say so")
    assert pop.daemon.digest() == before

    filler.unlink()
    assert service.is_running, "the service waits for room"
    added = central.add_tunnel(pop.name, "ayiya")
    rows = central.json("tunnel", "list")
    assert [row["tunnel"] for row in rows] == [*kept, added]  # type: ignore[union-attr, index]
    wait_for(lambda: {row["tunnel"] for row in pop.daemon.report()["tunnels"]} == {*kept, added}, 15, "a round")
    service.stop()
    check_integrity(central)
