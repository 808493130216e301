"""Killed at any instant of rounds and edits, the centre has lost nothing that it acknowledged, and heals by itself.

                 ┌──── inet ────┐
    centre ──────┤              ├── chtst01   sshd, sixxsd
    sixxs-central│              ├── detst01   sshd, sixxsd
    again and    └──────────────┴── nltst01   sshd, sixxsd
    again killed

20 kills in `make test`; SIXXS_LONG=1 makes it 200.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import random
import re
import sqlite3
import time
from dataclasses import dataclass, field

import pytest

from lab.fleet import Fleet, FleetPoP
from lab.namespace import Process, wait_for

KILLS = 200 if os.environ.get("SIXXS_LONG") else 20
SEED = int(os.environ.get("SIXXS_SEED", "5"))
# How long a lease of the dead may keep the next round waiting.
HEALED_WITHIN = 90
pytestmark = pytest.mark.seconds(3600 if KILLS > 20 else 240)

Tunnels = dict[str, int]  # The MTU of each, by `T<n>`.


@dataclass
class Edit:
    """One command of an operator that may be killed."""

    kind: str
    tunnel: str | None
    mtu: int
    process: Process

    @property
    def is_acknowledged(self) -> bool:
        """Whether the operator read that it was done: a whole line."""
        return re.search(r"^T\d+ .*\n", self.process.output, re.MULTILINE) is not None

    def settle(self, before: Tunnels, after: Tunnels) -> None:
        """Holds what is in the database to what was said, and brings `before` up to date."""
        if self.kind == "add":
            new = after.keys() - before.keys()
            assert len(new) <= 1, f"one add, and {new} are new"
            if self.is_acknowledged:
                assert new == {self.process.output.split()[0]}, f"lost: {self.process.output}"
            before.update({tunnel: self.mtu for tunnel in new})
            return
        assert self.tunnel is not None
        expected = dict(before)
        if self.kind == "set":
            expected[self.tunnel] = self.mtu
        else:
            del expected[self.tunnel]
        assert after == expected or not self.is_acknowledged and after == before, \
            f"{self.kind} {self.tunnel}: {self.process.output!r}"
        before.clear()
        before.update(after)


@dataclass
class Centre:
    """The centre under fire, and a ledger of what it acknowledged."""

    fleet: Fleet
    rng: random.Random
    tunnels: Tunnels = field(default_factory=dict)
    ever: set[str] = field(default_factory=set)
    hosts: int = 0

    def edit(self) -> Edit:
        """Begins one."""
        kind = self.rng.choice(["add", "add", "add", "set", "remove"]) if len(self.tunnels) > 3 else "add"
        mtu = 1280 + self.rng.randrange(1, 200)
        tunnel = None if kind == "add" else self.rng.choice(sorted(self.tunnels))
        if kind == "add":
            self.hosts += 1
            address = f"198.19.{self.hosts // 250}.{self.hosts % 250 + 1}"
            words: list[object] = ["add", self.rng.choice(sorted(self.fleet.pops)), "--type", "static", "--endpoint",
                                   address, "--mtu", mtu]
        else:
            words = ["set", tunnel, "--mtu", mtu] if kind == "set" else ["remove", tunnel, "--yes"]
        return Edit(kind, tunnel, mtu, self.fleet.central.spawn("tunnel", *words))

    def stored(self) -> Tunnels:
        """What the centre itself finds in its database, the first to open it after a kill."""
        rows = self.fleet.central.json("tunnel", "list")
        return {row["tunnel"]: row["mtu"] for row in rows}  # type: ignore[union-attr, index]

    def check_databases(self) -> None:
        files = sorted(self.fleet.central.folder.glob("*.db"))
        assert len(files) == 2, files
        for file in files:
            with contextlib.closing(sqlite3.connect(file)) as database:
                assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)], file
                assert database.execute("PRAGMA foreign_key_check").fetchall() == [], file

    def check_ledger(self, edit: Edit | None) -> None:
        before, after = set(self.tunnels), self.stored()
        if edit is None:
            assert after == self.tunnels
        else:
            edit.settle(self.tunnels, after)
        assert after == self.tunnels
        new = set(self.tunnels) - before
        assert not new & self.ever, f"a number was given twice: {new & self.ever}"
        self.ever |= new

    def check_daemons(self) -> None:
        """Each runs a whole generation that the database knows."""
        with contextlib.closing(sqlite3.connect(self.fleet.central.database)) as database:
            known = set(database.execute("SELECT popID, number, digest FROM generation"))
        for pop in self.fleet.pops.values():
            number, digest = running(pop)
            assert number == 0 or (pop.plan.id, number, digest) in known, f"{pop.name} runs {number} {digest}"
            with contextlib.closing(pop.daemon.unix_session()) as session:
                lines = session.command("config show").lines or ()
            text = "".join(line + "\n" for line in lines)
            assert hashlib.sha256(text.encode()).hexdigest() == digest, f"{pop.name} runs half of something"

    def heal(self) -> None:
        """The next round makes all as the database wants it."""
        central = self.fleet.central

        def succeeds() -> bool:
            push = central.run("push", check=False)
            # The last tunnels of a PoP may have been removed: that is asked for again, as an operator is told to.
            meant = re.findall(r"push --force (\w+)", push.stderr)
            return push.returncode == 0 or bool(meant) and all(
                central.run("push", "--force", pop, "--yes", check=False).returncode == 0 for pop in meant) and succeeds()

        wait_for(succeeds, HEALED_WITHIN, "a round that succeeds")
        for pop in self.fleet.pops.values():
            wanted = central.run("render", pop.name).stdout.splitlines()
            assert list(pop.daemon.command("config show").lines or ()) == wanted, pop.name
            assert not pop.daemon.is_on_trial(), pop.name


def running(pop: FleetPoP) -> tuple[int, str]:
    words = pop.daemon.command("config digest").text.split()
    return int(words[1]), words[3]


def duration_of(process: Process) -> float:
    begun = time.monotonic()
    assert process.wait(60) == 0, process.output
    return time.monotonic() - begun


def test_a_kill_loses_nothing_that_was_acknowledged(fleet: Fleet) -> None:
    centre = Centre(fleet, random.Random(SEED))
    fleet.trust_all()
    first = centre.edit()
    lengths = {"edit": duration_of(first.process)}
    centre.check_ledger(first)
    lengths["round"] = duration_of(fleet.central.spawn("push"))
    tally = {"lost in the middle": 0, "ended before": 0, "acknowledged": 0, "not acknowledged": 0}
    for kill in range(KILLS):
        what = centre.rng.choice(["edit", "round", "both", "service"])
        doomed = []
        edit = None
        if what in ("round", "both"):
            doomed.append(fleet.central.spawn("push"))
        if what == "service":
            doomed.append(fleet.central.spawn("serve", "--interval", 1))
        if what != "round":
            time.sleep(centre.rng.uniform(0, lengths["round"]) if doomed else 0)
            edit = centre.edit()
            doomed.append(edit.process)
        # A little more than it takes: what has just ended is an instant as well.
        time.sleep(centre.rng.uniform(0, 1.2 * lengths["round" if what == "round" else "edit"]))
        killed = [process.kill() < 0 for process in doomed]
        tally["lost in the middle" if any(killed) else "ended before"] += 1
        if edit is not None:
            tally["acknowledged" if edit.is_acknowledged else "not acknowledged"] += 1
        try:
            centre.check_ledger(edit)
            centre.check_databases()
            centre.check_daemons()
            # Not after each: a kill after a kill is an accident as well.
            if kill % 3 == 2 or kill == KILLS - 1:
                centre.heal()
        except (AssertionError, TimeoutError) as error:
            raise AssertionError(f"kill {kill} of a {what}, seed {SEED}: {error}") from error
    print(f"{KILLS} kills, seed {SEED}: {tally}, {len(centre.tunnels)} tunnels")
    assert tally["lost in the middle"] > KILLS // 10
