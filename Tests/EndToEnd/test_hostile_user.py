"""A user of a PoP against its control port: the centre's rounds are on time all the same.

                 ┌──── inet ────┐
    centre ──────┤              ├── chtst01   sshd, sixxsd, and somebody who is nobody
    sixxs-central└──────────────┘

A few seconds in `make test`; SIXXS_LONG=1 makes it five minutes each.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import pytest

from lab import local_user
from lab.fleet import PLANS, Fleet
from lab.namespace import Laboratory, wait_for
from lab.programs import Programs

SECONDS = 300 if os.environ.get("SIXXS_LONG") else 4
# A round takes about half a second when nothing disturbs it. The centre gives each of its steps ten, and the next round is
# ten minutes away; on a machine that is busy elsewhere some seconds mean nothing.
ON_TIME = 30
AS_NOBODY = ("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups")


@pytest.mark.seconds(SECONDS + 60)
@pytest.mark.parametrize("options", [[], ["--control-users", "@sxops,nobody"]], ids=["refused", "let_in"])
def test_the_next_round_is_on_time(laboratory: Laboratory, programs: Programs, options: list[str]) -> None:
    fleet = Fleet(laboratory, programs, PLANS[:1])
    fleet.trust_all()
    pop, central = fleet.pops["chtst01"], fleet.central
    number = central.add_tunnel("chtst01", "static", "--endpoint", "198.18.20.1")
    assert pop.daemon.stop() == 0
    pop.daemon.options = options
    pop.daemon.start()
    quiet = round_trip(fleet, number, 1280)

    users = [pop.namespace.spawn(*AS_NOBODY, sys.executable, local_user.__file__, SECONDS, name="nobody")
             for _ in range(2)]
    times = []
    while any(user.is_running for user in users):
        times.append(round_trip(fleet, number, 1300 + len(times) % 100))
    assert all(user.wait() == 0 for user in users), users[0].output

    did = [json.loads(user.output.splitlines()[-1]) for user in users]
    assert sum(count["connected"] for count in did) > 100 * SECONDS / 4, did
    assert len(times) >= 2 and max(times) < ON_TIME, times
    # Nothing of what was behind a request came to pass.
    report = pop.daemon.report()
    assert report["tunnels"][0]["state"] != "disabled"
    assert pop.daemon.command("pop cliacl list").lines == ()
    wait_for(lambda: len(os.listdir(f"/proc/{pop.daemon.pid}/fd")) < 60, 5, "all of theirs to be gone")
    print(f"\n{'let in' if options else 'refused'}: {len(times)} rounds, {min(times):.2f} to {max(times):.2f} s, alone "
          f"{quiet:.2f} s; peak {peak(pop.daemon.pid)} KiB; {did}")


def round_trip(fleet: Fleet, number: str, mtu: int) -> float:
    """One round with a change; how long it took, in seconds."""
    fleet.central.run("tunnel", "set", number, "--mtu", mtu)
    started = time.monotonic()
    assert fleet.central.outcomes() == {"chtst01": "applied"}
    return time.monotonic() - started


def peak(pid: int) -> int:
    """The most memory a process ever had, in KiB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))
