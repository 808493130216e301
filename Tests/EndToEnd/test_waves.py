"""Changes go out in waves, and one that goes wrong is taken back before it is everywhere.

                 ┌──────── inet ────────┐
    centre ──────┤                      ├── chtst01   sshd, sixxsd: the canary
    sixxs-central│                      ├── detst01
                 └──────────────────────┴── nltst01
"""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.client import Client
from lab.fleet import Fleet, FleetPoP
from lab.namespace import Laboratory, Process, wait_for
from lab.programs import Programs
from lab.traffic import answers

HOME = "198.18.20.1"
CANARY = "chtst01"
OTHERS = ("detst01", "nltst01")


def tunnels(pop: FleetPoP) -> set[str]:
    return {entry["tunnel"] for entry in pop.daemon.report()["tunnels"]}


def sshd_pids(pop: FleetPoP) -> list[int]:
    return [pid for pid in pop.namespace.pids() if Path(f"/proc/{pid}/comm").read_text().strip() == "sshd"]


def endpoint(number: int) -> tuple[str, str]:
    return "--endpoint", f"198.18.21.{number}"


def test_a_change_goes_to_the_canary_then_to_some_then_to_all(fleet: Fleet) -> None:
    fleet.trust_all()
    central = fleet.central
    fleet.apply_inventory(canaries=(CANARY,), settle=1, share=50)
    assert set(central.outcomes().values()) == {"applied"}
    # The fewest users bear the risk of the second wave.
    added = {name: {central.add_tunnel(name, "static", *endpoint(number)) for number in range(1, count + 1)}
             for name, count in ((CANARY, 1), ("nltst01", 1), ("detst01", 2))}
    plan = {row["pop"]: row["wave"] for row in central.json("plan", check=False)}  # type: ignore[union-attr, index, attr-defined]
    assert plan == {CANARY: "canary", "nltst01": "share", "detst01": "all"}

    push = central.spawn("push")
    order = []
    for name in (CANARY, "nltst01", "detst01"):
        wait_for(lambda: tunnels(fleet.pops[name]) == added[name], 10, f"the push to {name}")
        order.append([other for other, pop in fleet.pops.items() if tunnels(pop)])
    assert order == [[CANARY], [CANARY, "nltst01"], [CANARY, "detst01", "nltst01"]]
    assert push.wait() == 0, push.output


def test_the_canaries_can_be_pushed_alone(fleet: Fleet) -> None:
    fleet.trust_all()
    fleet.apply_inventory(canaries=(CANARY,))
    fleet.central.outcomes()
    for name in fleet.pops:
        fleet.central.add_tunnel(name, "static", *endpoint(1))
    assert fleet.central.outcomes("--wave", "canary") == {CANARY: "applied"}
    assert not any(tunnels(fleet.pops[name]) for name in OTHERS)
    assert fleet.central.outcomes() == {CANARY: "unchanged", **dict.fromkeys(OTHERS, "applied")}


def test_a_change_that_takes_tunnels_down_is_taken_back_and_stays_with_the_canary(fleet: Fleet) -> None:
    fleet.trust_all()
    central, pops = fleet.central, fleet.pops
    fleet.apply_inventory(canaries=(CANARY,), settle=1)
    first = {name: central.add_tunnel(name, "static", "--endpoint", HOME) for name in pops}
    assert set(central.outcomes().values()) == {"applied"}
    before = {name: pop.daemon.digest() for name, pop in pops.items()}
    home = fleet.backbone.add_host("home", HOME)
    client = Client(home, fleet.programs.client, "6in4", pops[CANARY].plan.ipv4, pops[CANARY].plan.them(0)).start()

    # Somebody believes that all users have changed to AYIYA.
    for number in first.values():
        central.run("tunnel", "set", number, "--type", "ayiya")
    result = central.run("push", check=False)
    assert result.returncode == 1
    assert f"{CANARY}: generation 2 was rolled back: 1 of 1 tunnels went down" in result.stderr
    stopped = f"the change was stopped after it failed at {CANARY}: generation 2 was rolled back"
    for name in OTHERS:
        assert f"{name}: {stopped}" in result.stderr
    assert {name: pop.daemon.digest() for name, pop in pops.items()} == before
    wait_for(lambda: answers(home, client.pops_end), 5, "the tunnel to carry packets again")

    for name in pops:
        assert re.search(rf"{name}: held on generation 1 since .* by .*: {stopped}", central.notes(name))
        assert "held" in central.kinds(name)
    assert "rolled back" in central.kinds(CANARY) and "halted" in central.kinds()
    verdict = central.run("check", "--recent", 0, check=False)
    assert verdict.returncode == 2 and f"{CANARY} generation 2 was rolled back" in verdict.stdout
    assert re.search("nltst01 held since .* sixxs-central unhold nltst01 ends it", verdict.stdout)
    # Held, whatever the registry says.
    assert set(central.outcomes().values()) == {"unchanged"}
    assert {name: pop.daemon.digest() for name, pop in pops.items()} == before

    for number in first.values():
        central.run("tunnel", "set", number, "--type", "static", "--endpoint", HOME, "--mtu", 1400)
    said = central.run("release", "--all").stdout
    assert said.startswith("chtst01, detst01, nltst01 released; ")
    assert set(central.outcomes().values()) == {"applied"}
    assert all("held" not in central.notes(name) for name in pops)
    assert central.kinds("nltst01")[-1] == "released"


class Loss:
    """A push after which all three PoPs are lost, each in its way."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        self.central = fleet.central
        fleet.trust_all()
        # The shortest trial that an inventory may ask for.
        fleet.apply_inventory(settle=2, confirm=12)
        self.central.outcomes()
        self.before = {name: pop.daemon.digest() for name, pop in fleet.pops.items()}
        self.added = {name: self.central.add_tunnel(name, "static", "--endpoint", HOME) for name in fleet.pops}
        push = self.central.spawn("push")
        for pop, lose in zip(fleet.pops.values(), (self.stop_daemon, self.stop_sshd, self.refuse_key)):
            # The push's own connection has ended, and the one that would confirm it has not begun.
            wait_for(lambda: tunnels(pop) and len(sshd_pids(pop)) == 1, 10, f"the push to {pop.name}")
            lose(pop)
        self.push = self.ended(push)

    @staticmethod
    def ended(push: Process) -> str:
        assert push.wait(40) == 1, push.output
        return push.output

    def stop_daemon(self, pop: FleetPoP) -> None:
        pop.daemon.signal(signal.SIGSTOP)

    def stop_sshd(self, pop: FleetPoP) -> None:
        for pid in sshd_pids(pop):
            os.kill(pid, signal.SIGSTOP)

    def refuse_key(self, pop: FleetPoP) -> None:
        pop.sshd.authorize([])

    def undo(self) -> None:
        for pop in self.fleet.pops.values():
            pop.daemon.signal(signal.SIGCONT)
            for pid in sshd_pids(pop):
                os.kill(pid, signal.SIGCONT)
            pop.sshd.authorize([self.fleet.key.with_suffix(".pub").read_text()])


@pytest.fixture(scope="module")
def loss(programs: Programs) -> Iterator[Loss]:
    with Laboratory() as laboratory:
        yield Loss(Fleet(laboratory, programs))


REASONS = {
    "chtst01": r"daemon's greeting timed out after 10 s",
    "detst01": r"SSH key exchange timed out after 10 s",
    "nltst01": r"refuses the key",
}
together = pytest.mark.xdist_group("loss")


@together
@pytest.mark.seconds(60)
@pytest.mark.parametrize("name", REASONS)
def test_a_pop_that_is_lost_after_a_push_takes_it_back_by_itself(loss: Loss, name: str) -> None:
    line = f"{name}: generation 2 was pushed but not confirmed, so that the daemon rolls it back by itself within 12 s: "
    assert re.search(re.escape(line) + f".*{REASONS[name]}", loss.push), loss.push
    daemon = loss.fleet.pops[name].daemon
    daemon.signal(signal.SIGCONT)
    wait_for(lambda: daemon.digest() == loss.before[name], 15, "the daemon to go back")
    assert "warning" in daemon.log and "generation 1 is running again" in daemon.log


@together
@pytest.mark.seconds(60)
def test_pops_that_were_lost_are_held_until_they_are_released(loss: Loss) -> None:
    loss.undo()
    names = set(loss.fleet.pops)
    assert loss.central.outcomes() == dict.fromkeys(names, "unchanged")
    loss.central.run("release", "--all")
    assert loss.central.outcomes() == dict.fromkeys(names, "applied")
    assert {name: tunnels(pop) for name, pop in loss.fleet.pops.items()} == {
        name: {tunnel} for name, tunnel in loss.added.items()}
