"""What an operator sees at a terminal: tables that fit, colour for what is wrong, questions; and what a pipe gets.

    operator ── terminal of 80 columns ── sixxs-central ──ssh──► chtst01, detst01, nltst01
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator

import pytest

from lab.fleet import PLANS, Fleet
from lab.namespace import Laboratory
from lab.programs import Programs
from lab.screen import COLOUR, Screen

pytestmark = [pytest.mark.xdist_group("terminal"), pytest.mark.seconds(60)]


@pytest.fixture(scope="module")
def shared(programs: Programs) -> Iterator[Fleet]:
    with Laboratory() as laboratory:
        fleet = Fleet(laboratory, programs, PLANS[:2])
        fleet.trust_all()
        for number in range(1, 4):
            tunnel = fleet.central.add_tunnel("chtst01", "static", "--endpoint", f"198.18.20.{number}")
            fleet.central.run("subnet", "add", tunnel)
        fleet.central.add_tunnel("detst01", "static", "--endpoint", "198.18.21.1")
        assert set(fleet.central.outcomes().values()) == {"applied"}
        fleet.pops["detst01"].sshd.stop()
        fleet.central.run("push", check=False)
        yield fleet


def screen(fleet: Fleet, *words: object, columns: int = 80, lines: int = 24, **variables: str) -> Screen:
    central = fleet.central
    return Screen(central.namespace.within(central.program, *words), {**central.environment, **variables}, columns, lines)


def seen(fleet: Fleet, *words: object, status: int = 0, columns: int = 80) -> str:
    shown = screen(fleet, *words, columns=columns)
    assert shown.end() == status, shown.seen
    return shown.text


def test_status_fits_and_says_what_is_old(shared: Fleet) -> None:
    text = seen(shared, "status")
    rows = text.splitlines()
    assert all(len(row) <= 80 for row in rows[:3]), text
    assert re.fullmatch(r"POP +REACHABLE +AS OF +TUNNELS +WANTED +RUNNING +UPTIME.*", rows[0])
    assert re.fullmatch(r"chtst01 +yes +\d+ s ago +3/0/3 +1 +1 +0 d 00:0\d.*", rows[1]), text
    assert re.fullmatch(r"detst01 +NO +\d+ s ago +\?/\?/1 +1 +1 +0 d 00:0\d.*", rows[2]), text
    assert rows[3].startswith("not shown: ") and "FROM UPLINK" in rows[3]

    row = shared.central.json("status", "detst01")[0]  # type: ignore[index]
    assert (row["current"], row["reachable"], row["verdict"]) == (False, False, "CRITICAL")
    assert row["tunnels"] == {"active": None, "configured": 1, "lastUp": 1, "registered": 1, "up": None}
    assert (row["wantedGeneration"], row["runningGeneration"], row["registryNewer"]) == (1, 1, False)


def test_colour_is_for_terminals_that_want_it(shared: Fleet) -> None:
    coloured = screen(shared, "status")
    assert coloured.end() == 0 and "\x1b[31mNO       \x1b[0m" in coloured.seen, coloured.seen
    for variables in ({"TERM": "dumb"}, {"NO_COLOR": "1"}):
        central = shared.central
        argv = central.namespace.within("env", *(f"{name}={value}" for name, value in variables.items()), central.program, "status")
        shown = Screen(argv, central.environment)
        assert shown.end() == 0 and not COLOUR.search(shown.seen), shown.seen
    as_json = screen(shared, "status", "--json")
    assert as_json.end() == 0 and not COLOUR.search(as_json.seen)
    assert json.loads(as_json.text[:as_json.text.rindex("]") + 1])


def test_a_pipe_gets_all_columns_and_no_colour(shared: Fleet) -> None:
    piped = shared.central.run("status").stdout
    assert piped.splitlines()[0].endswith("TO UPLINK") and "\x1b" not in piped and "not shown" not in piped
    listed = seen(shared, "tunnel", "list")
    assert all(len(row) <= 80 for row in listed.splitlines()), listed
    assert "TID" not in listed.splitlines()[0] and "TID" in shared.central.run("tunnel", "list").stdout


def test_watching_shows_the_worst_first_in_the_window(shared: Fleet) -> None:
    watching = screen(shared, "status", "--watch", "--every", "1", lines=6)
    watching.wait(r"POP(.|\n)*POP")
    watching.stop()
    first = [line for line in watching.text.splitlines() if line.startswith(("chtst01 ", "detst01 "))][0]
    assert first.startswith("detst01  NO"), watching.text
    assert "… and 1 more" in watching.text

    # Whoever reads a pipe has each look at once.
    central = shared.central
    argv = central.namespace.within(central.program, "status", "--watch", "--every", "1")
    with subprocess.Popen(argv, env=central.environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(4)]
        os.kill(process.pid, signal.SIGTERM)
    assert lines[0] == lines[3] and lines[1].startswith("detst01 "), lines


def test_what_takes_away_is_shown_and_asked_for(shared: Fleet) -> None:
    tunnel = shared.central.add_tunnel("chtst01", "static", "--endpoint", "198.18.20.9")
    asked = screen(shared, "tunnel", "remove", tunnel)
    asked.wait(re.escape(f"Remove {tunnel} (static at chtst01, no owner) permanently? [y/N] "))
    asked.type("n\n")
    assert asked.end() == 1 and "Nothing was changed." in asked.text
    agreed = screen(shared, "tunnel", "remove", tunnel)
    agreed.wait(r"\[y/N\] ")
    agreed.type("y\n")
    assert agreed.end() == 0 and f"{tunnel} removed" in agreed.text
    unasked = shared.central.run("pop", "remove", "detst01", check=False)
    assert unasked.returncode == 2 and "Remove detst01 with 1 tunnel; prefixes 2001:db8:102::/48, " in unasked.stderr, unasked


def test_a_plan_and_a_check_read_well_in_80_columns(shared: Fleet) -> None:
    shared.central.run("tunnel", "set", "T1", "--mtu", "1400")
    plan = seen(shared, "plan", "chtst01", status=2)
    assert plan == "chtst01: 1 change\n  ~tunnel T1: mtu 1280 -> 1400\n", plan
    check = seen(shared, "check", status=2)
    assert check.startswith("CRITICAL - 1 of 2 PoPs OK, 3 of 4 tunnels up, 1 unknown; detst01 cannot be reached since "), check
    shared.central.run("tunnel", "set", "T1", "--mtu", "1280")
