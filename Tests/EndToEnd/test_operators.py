"""Operators at work: several at once, and one who wants yesterday's configuration back.

                 ┌──── inet ────┐
    centre ──────┤              ├── chtst01   sshd, sixxsd
    operators    └──────────────┘
"""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from lab.fleet import PLANS, Fleet
from lab.namespace import Laboratory
from lab.programs import Programs

EACH = 20


@pytest.fixture
def alone(laboratory: Laboratory, programs: Programs) -> Fleet:
    """A centre with one PoP."""
    fleet = Fleet(laboratory, programs, PLANS[:1])
    fleet.trust_all()
    return fleet


@pytest.mark.seconds(60)
def test_two_operators_at_once_get_no_number_twice(alone: Fleet) -> None:
    central = alone.central

    def work(operator: int) -> list[tuple[str, str]]:
        made = []
        for number in range(EACH):
            tunnel = central.add_tunnel("chtst01", "static", "--endpoint", f"198.18.{operator}.{number + 1}")
            made.append((tunnel, central.run("subnet", "add", tunnel).stdout.split()[0]))
        return made

    with ThreadPoolExecutor(2) as pool:
        made = [row for rows in pool.map(work, (1, 2)) for row in rows]
    assert len({tunnel for tunnel, _ in made}) == len({subnet for _, subnet in made}) == 2 * EACH
    rows = central.json("tunnel", "list")
    assert {(row["tunnel"], *row["subnets"]) for row in rows} == set(made)  # type: ignore[union-attr, index]
    # Always the lowest that is free: no gaps either.
    assert {int(row["tid"], 16) for row in rows} == set(range(2 * EACH))  # type: ignore[union-attr, index, arg-type]
    assert central.outcomes() == {"chtst01": "applied"}


def mtu(fleet: Fleet) -> int:
    return fleet.pops["chtst01"].daemon.report()["tunnels"][0]["mtu"]


def test_a_rollback_stays_until_it_is_released(alone: Fleet) -> None:
    central = alone.central
    number = central.add_tunnel("chtst01", "static", "--endpoint", "198.18.20.1")
    for size in (1300, 1310, 1320):
        central.run("tunnel", "set", number, "--mtu", size)
        assert central.outcomes() == {"chtst01": "applied"}

    asked = central.run("rollback", "chtst01", check=False)
    assert asked.returncode == 2 and "repeat with --yes" in asked.stderr, asked
    assert f"  changes 1 tunnel: {number}\n" in asked.stderr
    assert mtu(alone) == 1320
    said = central.run("rollback", "chtst01", "--yes").stdout
    assert re.fullmatch(r"chtst01 runs generation 2 \(.*\) and is held on it; sixxs-central unhold chtst01 ends that\n",
                        said)
    assert mtu(alone) == 1310
    central.run("rollback", "chtst01", "1", "--yes")
    assert mtu(alone) == 1300
    assert central.outcomes() == {"chtst01": "unchanged"}
    assert re.fullmatch(r"chtst01: held on generation 1 since .* by .+: rollback to generation 1\n",
                        central.notes("chtst01"))

    held = central.run("plan", "chtst01")
    assert held.stdout.endswith("  after unhold the next push would bring 1 change\n"
                                f"    ~tunnel {number}: mtu 1300 -> 1320\n"), held.stdout
    unknown = central.run("rollback", "chtst01", "9", check=False)
    assert unknown.returncode == 1 and "there is no generation 9" in unknown.stderr
    assert central.run("release", "chtst01").stdout.startswith("chtst01 released; ")
    assert central.run("release", "chtst01").stdout == "Nothing to release: not held.\n"
    assert central.outcomes() == {"chtst01": "applied"}
    assert mtu(alone) == 1320
    assert [kind for kind in central.kinds("chtst01") if kind in ("held", "released")] == ["held", "held", "released"]
    past = central.json("history", "chtst01")
    # What was pushed again by a rollback is no new generation.
    assert [row["generation"] for row in past["generations"]] == [1, 2, 3]  # type: ignore[index, call-overload]
    assert all(row["confirmed"] for row in past["generations"])  # type: ignore[index, call-overload]
    difference = central.run("history", "chtst01", "--diff", 1, 3).stdout
    assert difference == f"~tunnel {number}: mtu 1300 -> 1320\n"


def test_a_rollback_that_takes_many_tunnels_has_to_be_forced(alone: Fleet) -> None:
    central = alone.central
    numbers = [central.add_tunnel("chtst01", "static", "--endpoint", f"198.18.20.{number}") for number in (1, 2)]
    assert central.outcomes() == {"chtst01": "applied"}
    numbers += [central.add_tunnel("chtst01", "static", "--endpoint", f"198.18.20.{number}") for number in range(3, 10)]
    assert central.outcomes() == {"chtst01": "applied"}

    stopped = central.run("rollback", "chtst01", "--yes", check=False)
    assert stopped.returncode == 1
    assert f"  takes away 7 of 9 tunnels: {', '.join(numbers[2:7])} and 2 more\n" in stopped.stderr
    assert "generation 1 would remove or disable 7 of 9 tunnels of chtst01: if that is intended, repeat with --force" in stopped.stderr
    assert central.notes("chtst01") == "" and len(alone.pops["chtst01"].daemon.report()["tunnels"]) == 9
    central.run("rollback", "chtst01", "--yes", "--force")
    assert len(alone.pops["chtst01"].daemon.report()["tunnels"]) == 2


def test_a_hold_and_an_acknowledgement_say_why(alone: Fleet) -> None:
    central = alone.central
    central.outcomes()
    held = central.run("hold", "chtst01", "--because", "the line is worked on").stdout
    assert held == "chtst01 is held on generation 1; sixxs-central unhold chtst01 ends that\n"
    again = central.run("hold", "chtst01", "--because", "x", check=False)
    assert again.returncode == 1 and "the line is worked on" in again.stderr
    central.add_tunnel("chtst01", "ayiya")
    assert central.outcomes() == {"chtst01": "unchanged"}
    assert "the line is worked on" in central.notes("chtst01")
    assert central.run("check", check=False).returncode == 1

    central.run("acknowledge", "chtst01", "--until", "2h", "--because", "ticket 4711")
    quiet = central.run("check")
    assert "chtst01 is acknowledged until" in quiet.stdout and "ticket 4711" in quiet.stdout
    assert "ticket 4711" in central.notes("chtst01")
    central.run("acknowledge", "chtst01", "--withdraw")
    assert central.run("check", check=False).returncode == 1
    assert central.run("resume", "chtst01").stdout.startswith("chtst01 released; ")
    assert central.outcomes() == {"chtst01": "applied"}
    assert [row["subject"] for row in central.json("audit", "--last", 5)][-4:] == [  # type: ignore[union-attr, index]
        "tunnel T1", "acknowledgement chtst01", "acknowledgement chtst01", "hold chtst01"]


def test_a_pop_goes_on_under_another_name(alone: Fleet) -> None:
    central = alone.central
    number = central.add_tunnel("chtst01", "static", "--endpoint", "198.18.20.1")
    central.outcomes()
    central.run("pop", "rename", "chtst01", "chzrh01")
    assert central.outcomes() == {"chzrh01": "applied"}
    assert central.outcomes() == {"chzrh01": "unchanged"}
    assert central.json("tunnel", "inspect", number)["state"] == "up"  # type: ignore[call-overload, index]
    assert len(central.json("history", "chzrh01")["generations"]) == 2  # type: ignore[call-overload, index, arg-type]
    assert central.run("stats", "chzrh01").returncode == 0


def test_a_pop_without_a_past_has_nothing_to_go_back_to(alone: Fleet) -> None:
    alone.central.outcomes()
    result = alone.central.run("rollback", "chtst01", check=False)
    assert result.returncode == 1
    assert "chtst01 has no confirmed generation before the present one" in result.stderr


def test_all_configurations_can_be_written_into_a_folder(alone: Fleet) -> None:
    central, folder = alone.central, alone.laboratory.folder / "rendered"
    central.add_tunnel("chtst01", "ayiya")
    assert central.run("render", check=False).returncode == 2
    failed = central.run("render", "--into", folder, check=False)
    assert failed.returncode == 1 and f"cannot write {folder}/chtst01.conf: No such file" in failed.stderr
    folder.mkdir()
    assert central.run("render", "--into", folder, "--secret").stdout == f"1 configuration written into {folder}\n"
    written = folder / "chtst01.conf"
    assert written.stat().st_mode & 0o777 == 0o600
    assert written.read_text() == central.run("render", "chtst01", "--secret").stdout
