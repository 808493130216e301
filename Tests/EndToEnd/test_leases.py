"""Of all centres on one database one speaks to the PoPs at a time.

                  ┌──── inet ────┐
    centre ───────┤              ├── chtst01   sshd, sixxsd
    two services, └──────────────┘
    and operators
"""

from __future__ import annotations

import contextlib
import re
import signal
import sqlite3
import time

import pytest

from lab.fleet import PLANS, Fleet
from lab.namespace import Laboratory, Process, wait_for
from lab.programs import Programs

# The shortest that `serve` takes, in seconds.
LEASE = 3
ROUND_LEASE = 15
ROUND = "round over 1 PoP: 0 failed"


@pytest.fixture
def alone(laboratory: Laboratory, programs: Programs) -> Fleet:
    """A centre with one PoP."""
    fleet = Fleet(laboratory, programs, PLANS[:1])
    fleet.trust_all()
    fleet.central.outcomes()
    return fleet


def serve(fleet: Fleet, interval: int = 1) -> Process:
    return fleet.central.spawn("serve", "--interval", interval, "--lease", LEASE)


def pair(fleet: Fleet) -> tuple[Process, Process]:
    """One that makes the rounds, and one that stands by."""
    leader = serve(fleet)
    wait_for(lambda: ROUND in leader.output, 10, "a round")
    other = serve(fleet)
    line = rf"standing by: serve on \S+, process {leader.pid} \([0-9a-f]+\) makes the rounds"
    wait_for(lambda: re.search(line, other.output), 10, "the other to stand by")
    return leader, other


def takes_over(other: Process) -> float:
    """How long it takes, in seconds."""
    begun = time.monotonic()
    wait_for(lambda: "making the rounds" in other.output, 20, "the other to take over")
    took = time.monotonic() - begun
    # The first may have been in the middle of a round, which keeps others away for as long as its own lease lasts.
    wait_for(lambda: ROUND in other.output, ROUND_LEASE + 10, "a round of the other")
    return took


def test_the_other_takes_over_within_a_lease_when_the_first_is_killed(alone: Fleet) -> None:
    leader, other = pair(alone)
    # For longer than a lease: it is renewed.
    rounds = leader.output.count(ROUND)
    wait_for(lambda: leader.output.count(ROUND) >= rounds + LEASE + 2, 20, "some rounds")
    assert "making the rounds" not in other.output and ROUND not in other.output
    leader.kill()
    # A machine that is busy may take a moment more.
    assert takes_over(other) < LEASE + 2
    assert alone.central.kinds().count("taken over") == 2


def test_the_other_takes_over_at_once_when_the_first_is_asked_to_end(alone: Fleet) -> None:
    leader, other = pair(alone)
    leader.signal(signal.SIGTERM)
    assert leader.wait(10) == 0
    assert takes_over(other) < LEASE - 1
    assert other.stop() == 0


def rounds_of(process: Process) -> list[str]:
    return re.findall(r"^(\S+) info .*round over", process.output, re.MULTILINE)


def test_one_that_slept_past_its_lease_notices(alone: Fleet) -> None:
    leader, other = pair(alone)
    leader.signal(signal.SIGSTOP)
    takes_over(other)
    before = len(rounds_of(leader))
    leader.signal(signal.SIGCONT)
    wait_for(lambda: re.search(rf"the lease was lost to serve on \S+, process {other.pid} ", leader.output), 10,
             "the first to notice")
    wait_for(lambda: leader.output.count("standing by: ") == 1, 10, "the first to stand by")
    begun = len(rounds_of(other))
    wait_for(lambda: len(rounds_of(other)) >= begun + 3, 60, "rounds of the other")
    # What was under way when it stopped is all that it did.
    assert len(rounds_of(leader)) <= before + 1
    other.kill()
    wait_for(lambda: leader.output.count("making the rounds") == 2, 15, "the first to take over again")


def tunnels(fleet: Fleet) -> set[str]:
    return {entry["tunnel"] for entry in fleet.pops["chtst01"].daemon.report()["tunnels"]}


def expire(fleet: Fleet, *names: str) -> None:
    """Lets the clock go for leases of those that will not come back."""
    with contextlib.closing(sqlite3.connect(fleet.central.database)) as database:
        for name in names:
            changed = database.execute("UPDATE lease SET expires = expires - 60000 WHERE name = ?", [name]).rowcount
            assert changed == 1, name
        database.commit()


def add_slowly(fleet: Fleet) -> str:
    """Adds a tunnel whose push is watched for some seconds before it is confirmed."""
    fleet.apply_inventory(settle=3)
    return fleet.central.add_tunnel("chtst01", "static", "--endpoint", "198.18.20.1")


def test_one_that_slept_within_a_push_undoes_nothing_of_the_other(alone: Fleet) -> None:
    added = add_slowly(alone)
    leader = serve(alone, interval=30)
    wait_for(lambda: tunnels(alone) == {added}, 10, "the push")
    leader.signal(signal.SIGSTOP)
    later = alone.central.add_tunnel("chtst01", "static", "--endpoint", "198.18.20.2")
    expire(alone, "serve", "round")
    other = serve(alone, interval=30)
    wait_for(lambda: "generation 3 applied" in other.output, 20, "the round of the other")

    leader.signal(signal.SIGCONT)
    wait_for(lambda: "standing by: " in leader.output, 20, "the first to notice")
    assert "applied" not in leader.output
    assert tunnels(alone) == {added, later}
    assert alone.central.json("status")[0]["inSync"] is True  # type: ignore[index]
    assert not alone.pops["chtst01"].daemon.is_on_trial()


def spawn_slow_push(fleet: Fleet) -> Process:
    added = add_slowly(fleet)
    push = fleet.central.spawn("push")
    wait_for(lambda: tunnels(fleet) == {added}, 10, "the push")
    return push


def test_a_push_waits_for_the_round_that_is_under_way(alone: Fleet) -> None:
    first = spawn_slow_push(alone)
    result = alone.central.run("push", check=False)
    assert first.exit_code == 0, first.output
    assert re.fullmatch(rf"waiting for the round of .+ on \S+, process {first.pid} \(\w+\) to end\n", result.stderr)
    assert result.returncode == 0 and "unchanged" in result.stdout


def test_what_a_push_that_was_killed_left_on_trial_is_watched_from_the_start(alone: Fleet) -> None:
    daemon = alone.pops["chtst01"].daemon
    before = daemon.digest()
    spawn_slow_push(alone).kill()
    assert daemon.digest() != before
    expire(alone, "round")
    assert alone.central.line_about("chtst01", "push") == (
        "chtst01: generation 2 was still on trial from a centre that stopped, and was rolled back: the next round tries again")
    assert daemon.digest() == before
    assert alone.central.outcomes() == {"chtst01": "applied"}
    assert not daemon.is_on_trial()
