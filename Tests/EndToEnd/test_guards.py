"""What keeps a mistake of the centre's from reaching the PoPs.

                 ┌──── inet ────┐
    centre ──────┤              ├── chtst01   sshd, sixxsd ── inet ── home
    sixxs-central└──────────────┴── detst01   sshd, sixxsd
"""

from __future__ import annotations

import contextlib
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.client import Client
from lab.fleet import PLANS, Fleet, FleetPoP
from lab.namespace import Laboratory
from lab.programs import Programs
from lab.traffic import ping

together = pytest.mark.xdist_group("guards")

HOME = "198.18.20.1"
MANY = 20


def enabled(pop: FleetPoP) -> set[str]:
    return {entry["tunnel"] for entry in pop.daemon.report()["tunnels"] if entry["state"] != "disabled"}


class Guarded:
    """Two PoPs, one with twenty tunnels and one with one."""

    def __init__(self, fleet: Fleet) -> None:
        self.central = fleet.central
        self.big, self.small = fleet.pops.values()
        fleet.trust_all()
        self.tunnels = [self.central.add_tunnel(self.big.name, "static", "--endpoint", f"198.18.21.{number}")
                        for number in range(1, MANY + 1)]
        self.only = self.central.add_tunnel(self.small.name, "static", "--endpoint", HOME)
        assert set(self.central.outcomes().values()) == {"applied"}

    def change_the_small(self, mtu: int) -> None:
        self.central.run("tunnel", "set", self.only, "--mtu", mtu)


@pytest.fixture(scope="module")
def guarded(programs: Programs) -> Iterator[Guarded]:
    with Laboratory() as laboratory:
        yield Guarded(Fleet(laboratory, programs, PLANS[:2]))


def objection(pop: str, losses: int, of: int) -> str:
    return (f"it would remove or disable {losses} of {of} tunnels: look with sixxs-central plan {pop}, "
            f"and if that is intended, run sixxs-central push --force {pop}")


@together
def test_a_push_that_takes_many_tunnels_stops_for_that_pop_until_it_is_forced(guarded: Guarded) -> None:
    central, big = guarded.central, guarded.big
    gone = guarded.tunnels[:2]
    for number in gone:
        central.run("tunnel", "disable", number)
    guarded.change_the_small(1300)
    planned = central.run("plan", big.name, check=False)
    assert planned.returncode == 2 and f"  would be stopped: {objection(big.name, 2, MANY)}\n" in planned.stdout

    result = central.run("push", check=False)
    assert result.returncode == 1
    assert result.stderr == f"{big.name}: {objection(big.name, 2, MANY)}\n"
    assert re.search(rf"^{big.name} +stopped ", result.stdout, re.MULTILINE)
    assert re.search(rf"^{guarded.small.name} +applied ", result.stdout, re.MULTILINE)
    assert enabled(big) == set(guarded.tunnels)
    assert objection(big.name, 2, MANY) in central.notes(big.name)
    verdict = central.run("check", "--recent", 0, check=False)
    assert verdict.returncode == 1 and f"{big.name} is not pushed to: {objection(big.name, 2, MANY)}" in verdict.stdout

    # Told once, however many rounds follow.
    assert central.outcomes(big.name) == {big.name: "stopped"}
    assert central.kinds(big.name).count("stopped") == 1

    assert central.outcomes("--force", big.name) == {big.name: "applied"}
    assert enabled(big) == set(guarded.tunnels) - set(gone)
    assert central.run("check", "--recent", 0).stdout.startswith("OK - ")


@together
def test_one_tunnel_of_several_may_go(guarded: Guarded) -> None:
    gone = guarded.tunnels[-1]
    before = enabled(guarded.big)
    guarded.central.run("tunnel", "remove", gone, "--yes")
    assert guarded.central.outcomes(guarded.big.name) == {guarded.big.name: "applied"}
    assert enabled(guarded.big) == before - {gone}


@together
def test_a_pop_is_not_emptied_by_a_round(guarded: Guarded) -> None:
    central, small = guarded.central, guarded.small
    central.run("tunnel", "disable", guarded.only)
    assert central.line_about(small.name, "push") == f"{small.name}: {objection(small.name, 1, 1)}"
    assert enabled(small) == {guarded.only}
    central.run("tunnel", "enable", guarded.only)
    assert central.outcomes(small.name) == {small.name: "unchanged"}
    assert central.notes(small.name) == ""


def write_past_the_rules(database: Path, *statements: str) -> None:
    """What somebody does who opens the file with another program, and has a reason."""
    with contextlib.closing(sqlite3.connect(database)) as connection:
        triggers = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            connection.execute(statement)
        for _, sql in triggers:
            connection.execute(sql)
        connection.commit()


OVERLAP = """
    INSERT INTO subnet (tunnel, prefixID, text, length, lower, upper)
    SELECT tunnel, prefixID, '2001:db8:1000:8000::/56', 56,
        x'20010db8100080000000000000000000', x'20010db8100080ffffffffffffffffff' FROM subnet
    """


def test_a_broken_database_stops_pushes_and_not_packets(laboratory: Laboratory, programs: Programs) -> None:
    fleet = Fleet(laboratory, programs, PLANS[:1])
    fleet.trust_all()
    central, pop = fleet.central, fleet.pops["chtst01"]
    number = central.add_tunnel(pop.name, "static", "--endpoint", HOME)
    assert central.run("subnet", "add", number).stdout.startswith("2001:db8:1000::/48")
    central.outcomes()
    home = fleet.backbone.add_host("home", HOME)
    client = Client(home, programs.client, "6in4", pop.plan.ipv4, pop.plan.them(0)).start()
    before = pop.daemon.digest()

    assert central.run("verify").stdout == "All rules hold, and both files are intact.\n"
    write_past_the_rules(central.database, OVERLAP)
    central.run("tunnel", "set", number, "--mtu", 1300)
    broken = ("the database breaks 2 of its own rules, so nothing is pushed: "
              "subnet 2001:db8:1000:8000::/56 overlaps 2001:db8:1000::/48 (sixxs-central verify shows all)")
    assert central.line_about(pop.name, "push") == f"{pop.name}: {broken}"
    assert central.notes(pop.name) == f"{pop.name}: {broken}\n"
    verified = central.run("verify", check=False)
    assert verified.returncode == 1 and verified.stderr == (
        "subnet 2001:db8:1000:8000::/56 overlaps 2001:db8:1000::/48\n"
        f"subnet 2001:db8:1000:8000::/56 of {number} does not lie in a subnet prefix of its PoP\n")
    assert central.events(pop.name)[-1] == ("stopped", broken)
    assert pop.daemon.digest() == before
    assert ping(home, client.pops_end).all_arrived

    write_past_the_rules(central.database, "DELETE FROM subnet WHERE length = 56")
    assert central.outcomes() == {pop.name: "applied"}
    assert central.notes(pop.name) == ""
