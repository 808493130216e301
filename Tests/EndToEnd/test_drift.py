"""What a daemon runs and the registry wants: plans, changes made by hand, restarts; and PoPs that are away for a while.

                 ┌──── inet ────┐
    centre ──────┤              ├── chtst01   sshd, sixxsd
    sixxs-central└──────────────┴── detst01   sshd, sixxsd
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

import pytest

from lab.fleet import PLANS, Fleet, FleetPoP
from lab.namespace import Laboratory, wait_for
from lab.programs import Programs

together = pytest.mark.xdist_group("drift")

HOME = "198.18.20.1"


class Pair:
    """Two PoPs that have what the registry has."""

    def __init__(self, fleet: Fleet) -> None:
        self.central = fleet.central
        self.pop, self.other = fleet.pops.values()
        fleet.trust_all()
        self.tunnels = [self.central.add_tunnel(pop.name, "static", "--endpoint", HOME) for pop in fleet.pops.values()]
        self.central.outcomes()


@pytest.fixture(scope="module")
def shared(programs: Programs) -> Iterator[Pair]:
    with Laboratory() as laboratory:
        yield Pair(Fleet(laboratory, programs, PLANS[:2]))


@pytest.fixture
def pair(shared: Pair) -> Iterator[Pair]:
    """As the registry wants it, before each test."""
    assert set(shared.central.outcomes().values()) <= {"applied", "unchanged"}
    return shared


def wanted(pair: Pair, pop: FleetPoP) -> bool:
    lines = pair.central.run("render", pop.name).stdout.splitlines()
    return list(pop.daemon.command("config show").lines or ()) == lines


def by_hand(pop: FleetPoP, line: str) -> None:
    assert pop.daemon.command(line).is_success


@together
def test_a_plan_says_what_would_change_and_changes_nothing(pair: Pair) -> None:
    central, pop = pair.central, pair.pop
    nothing = central.run("plan")
    assert nothing.stdout == "chtst01: nothing\ndetst01: nothing\n"

    central.run("tunnel", "set", pair.tunnels[0], "--mtu", 1400)
    before = pop.daemon.digest()
    for words in (["plan"], ["push", "--dry-run"]):
        result = central.run(*words, check=False)
        assert result.returncode == 2
        assert result.stdout == f"chtst01: 1 change\n  ~tunnel {pair.tunnels[0]}: mtu 1280 -> 1400\ndetst01: nothing\n"
    assert pop.daemon.digest() == before
    assert central.outcomes()[pop.name] == "applied"
    assert central.run("plan", pop.name).returncode == 0


@together
def test_a_plan_shows_what_was_changed_by_hand(pair: Pair) -> None:
    by_hand(pair.other, f"tunnel set config 0 {pair.tunnels[1]} {HOME} up 1301")
    result = pair.central.run("plan", check=False)
    assert result.returncode == 2
    assert result.stdout == f"chtst01: nothing\ndetst01: 1 change\n  ~tunnel {pair.tunnels[1]}: mtu 1301 -> 1280\n"


@together
def test_a_plan_that_could_not_ask_says_so(pair: Pair) -> None:
    pair.other.sshd.stop()
    result = pair.central.run("plan", check=False)
    pair.other.sshd.start()
    assert result.returncode == 1
    assert result.stdout == "chtst01: nothing\n"
    assert re.fullmatch(r"detst01: cannot connect to 198\.51\.100\.1.*: Connection refused; is the host up, and sshd "
                        r"listening there\?\n", result.stderr)


@together
def test_what_was_changed_by_hand_is_seen_and_healed(pair: Pair) -> None:
    central, pop = pair.central, pair.pop
    drifts = central.kinds(pop.name).count("drifted")
    by_hand(pop, f"tunnel set config 0 {pair.tunnels[0]} {HOME} up 1302")
    digest = pop.daemon.digest()
    assert not wanted(pair, pop)

    assert central.outcomes() == {pop.name: "applied", pair.other.name: "unchanged"}
    assert wanted(pair, pop)
    events = [detail for kind, detail in central.events(pop.name) if kind == "drifted"]
    assert len(events) == drifts + 1
    assert re.fullmatch(rf"it ran generation \d+ sha256 {digest}, not what it confirmed last", events[-1])
    assert re.search(f"{pop.name}: ran another configuration than it had confirmed at .*; the push corrected it",
                     central.notes(pop.name))
    verdict = central.run("check", pop.name, check=False)
    assert f"{pop.name} ran another configuration than it confirmed" in verdict.stdout
    assert central.outcomes()[pop.name] == "unchanged"
    assert central.kinds(pop.name).count("drifted") == drifts + 1, "told once"


@together
def test_a_daemon_that_restarted_has_not_drifted(pair: Pair) -> None:
    central, pop = pair.central, pair.pop
    before = central.kinds(pop.name)
    pop.daemon.kill()
    pop.daemon.start()
    assert central.outcomes()[pop.name] == "unchanged"
    events = central.events(pop.name)[len(before):]
    assert [kind for kind, _ in events] == ["restarted"]
    assert re.fullmatch(r"the daemon started \d+ s ago, version \d+\.\d+\.\d+", events[0][1])
    assert f"{pop.name} restarted" in central.run("check", pop.name, check=False).stdout


def seconds_between(first: str, second: str) -> float:
    return (datetime.fromisoformat(second) - datetime.fromisoformat(first)).total_seconds()


@together
def test_a_pop_that_is_away_is_tried_less_and_less(pair: Pair) -> None:
    central, pop = pair.central, pair.other
    pop.sshd.stop()
    pauses = []
    for failures in range(1, 4):
        assert central.outcomes(pop.name) == {pop.name: "failed"}
        row = central.json("status", pop.name)[0]  # type: ignore[index]
        assert row["failing"]["failures"] == failures and row["failing"]["open"] == (failures == 3)
        pauses.append(seconds_between(row["lastPush"]["time"], row["failing"]["retryAt"]))
        since = row["failing"]["since"]
    # 15 s, 30 s, 60 s, give or take a quarter; times are printed in whole seconds.
    assert all(0.75 * pause - 1 <= found <= 1.25 * pause + 1 for found, pause in zip(pauses, (15, 30, 60))), pauses
    assert re.match(rf"{pop.name}: not reached since {since}, 3 attempts, next at .*: cannot connect to .*\n",
                    central.notes(pop.name))
    verdict = central.run("check", "--recent", 0, check=False)
    assert verdict.returncode == 2
    assert re.search(f"{pop.name} cannot be reached since .*, 3 attempts: cannot connect to ", verdict.stdout)
    assert [kind for kind in central.kinds(pop.name) if "reach" in kind] == ["reachable", "unreachable"]

    pop.sshd.start()
    assert central.outcomes(pop.name) == {pop.name: "unchanged"}
    assert central.json("status", pop.name)[0]["failing"] is None  # type: ignore[index]
    assert [kind for kind in central.kinds(pop.name) if "reach" in kind] == ["reachable", "unreachable", "reachable"]


def test_a_pop_that_comes_back_is_healed_between_rounds(laboratory: Laboratory, programs: Programs) -> None:
    fleet = Fleet(laboratory, programs, PLANS[:1])
    fleet.trust_all()
    central, pop = fleet.central, fleet.pops["chtst01"]
    number = central.add_tunnel(pop.name, "static", "--endpoint", HOME)
    pop.sshd.stop()
    service = central.spawn("serve", "--interval", 86400)
    wait_for(lambda: "1 PoP: 1 failed" in service.output, 10, "the first round")
    pop.sshd.start()
    # The first pause is of 15 s, give or take a quarter.
    wait_for(lambda: pop.daemon.report()["tunnels"], 25, "the second attempt", every=0.1)
    assert pop.daemon.report()["tunnels"][0]["tunnel"] == number
    assert service.output.count("round over") == 1
