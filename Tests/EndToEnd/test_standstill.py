"""A whole fleet's configuration, changed again and again while packets flow.

    core ── chtst01 ── inet ── home
             sixxsd with 8192 tunnels, of which one home carries some

SIXXS_LONG=1 makes it a minute, and 10,000 pushes.
"""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

import pytest

from lab.daemon import Daemon, TunnelLine, configuration
from lab.namespace import wait_for
from lab.site import PASSWORD, PLAN, Site
from lab.traffic import answers

HOME = "203.0.113.10"
LONG = bool(os.environ.get("SIXXS_LONG"))
CARRYING = 20
pytestmark = pytest.mark.seconds(3600 if LONG else 90)
TIMES = re.compile(r"p50 (\d+) us p99 (\d+) us max (\d+) us of (\d+)")


def text_of(generation: int, count: int = 8192, kind: str = "ayiya") -> str:
    """Tunnels of which one in ten differs in each generation, never those that carry."""
    def mtu(tid: int) -> int:
        return 1280 + generation % 100 if tid >= CARRYING and tid % 10 == 0 else 1280

    static = [TunnelLine(tid, tid + 1, HOME, 1280) for tid in range(CARRYING)]
    remote, password = (HOME, "") if kind == "6in4" else (kind, PASSWORD)
    return configuration(PLAN, static + [TunnelLine(tid, tid + 1, remote, mtu(tid), password)
                                         for tid in range(CARRYING, count)])


def times(daemon: Daemon) -> dict[str, tuple[int, ...]]:
    """How long forwarding stood still, and how long changes took, in microseconds: p50, p99, max, of how many."""
    found = {}
    for line in daemon.command("pop show threads").lines or ():
        if match := TIMES.search(line):
            found[line.split()[0]] = tuple(int(number) for number in match.groups())
    return found


def carrying(daemon: Daemon) -> dict[int, dict]:
    """What the report says of the tunnels that carry."""
    return {int(row["tid"], 16): row for row in daemon.report()["tunnels"] if int(row["tid"], 16) < CARRYING}


def memory(daemon: Daemon, what: str) -> int:
    """Resident memory of the daemon, in KiB: what it allocated (`RssAnon`), or pages of its program (`RssFile`)."""
    text = Path(f"/proc/{daemon.pid}/status").read_text()
    return int(re.search(rf"{what}:\s+(\d+)", text)[1])  # type: ignore[index]


@pytest.mark.parametrize("kind, options", [("ayiya", []), ("6in4", ["--fast-path", "auto"])], ids=["ayiya", "in the kernel"])
def test_pushes_of_all_tunnels_disturb_no_packet(site: Site, kind: str, options: list[str]) -> None:
    daemon = Daemon(site.pop, site.programs.sixxsd, text_of(0, kind=kind))
    daemon.options = options
    daemon.start(timeout=30)
    home = site.home(ipv4=HOME)
    client = site.client(home, TunnelLine(0, 1, HOME, 1280))
    client.launch()
    home.ip(*(f"addr add {site.plan.them(tid)}/64 dev {client.tun} nodad" for tid in range(1, CARRYING)))
    wait_for(lambda: answers(site.core, site.plan.them(CARRYING - 1)), 10, "the last tunnel to carry")
    seconds = 60 if LONG else 8
    before = carrying(daemon)
    pings = [site.core.spawn("ping", "-n", "-q", "-c", seconds * 50, "-i", 0.02, "-W", 2, site.plan.them(tid))
             for tid in range(CARRYING)]
    generation = 0
    with daemon.session(timeout=30) as session:
        while any(ping.is_running for ping in pings):
            generation += 1
            begun = time.monotonic()
            reply = session.push(generation, text_of(generation, kind=kind))
            assert reply.text.startswith(f"generation {generation} applied: tunnels +0 ~81"), str(reply)
            time.sleep(max(0, 1 - (time.monotonic() - begun)))
    for ping in pings:
        assert " 0% packet loss" in ping.output, ping.output
    after = carrying(daemon)
    for tid in range(CARRYING):
        assert after[tid]["endpoint"] == before[tid]["endpoint"]
        assert after[tid]["outPackets"] - before[tid]["outPackets"] >= seconds * 50
        assert after[tid]["inPackets"] - before[tid]["inPackets"] >= seconds * 50
    measured = times(daemon)
    print(f"{generation} pushes, {seconds * 50 * CARRYING} pings: {measured}")
    if "release" in str(site.programs.folder):
        # The short form runs beside other tests on a machine that may be busy: it only sees what is far off.
        place, slack = (1, 1) if LONG else (0, 10)
        assert measured["standstill"][place] < slack * 1000
        assert measured["apply"][place] < slack * 100_000


def test_pushes_take_no_memory(site: Site) -> None:
    daemon = Daemon(site.pop, site.programs.sixxsd, text_of(0, 1000)).start()
    count = 10_000 if LONG else 200
    # Memory that was given back may or may not be kept for the next push: the least of several looks counts.
    sizes: dict[int, list[int]] = {}
    with daemon.session(timeout=30) as session:
        for generation in range(1, count + 1):
            assert session.push(generation, text_of(generation, 1000)).is_success
            if LONG and generation == 10:
                # Until every tunnel was probed once, which takes memory with time and not with pushes.
                time.sleep(90)
            for place in (10, 1000, count - 50):
                if place <= generation < place + 50:
                    sizes.setdefault(place, []).append(memory(daemon, "RssAnon") + memory(daemon, "RssFile"))
    curve = [min(looks) for looks in sizes.values()]
    print(f"{curve} KiB after {list(sizes)} pushes")
    # The short form ends while the heap still finds its shape.
    assert curve[-1] <= curve[0] * (1.01 if LONG else 1.02)
