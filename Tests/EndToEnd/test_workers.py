"""Several workers: each takes its share, any of them serves any packet, and together they are one daemon.

    core ── chtst01 ── inet ── home
             sixxsd --workers 3
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lab.daemon import Daemon, TunnelLine, configuration
from lab.namespace import wait_for
from lab.packets import echo
from lab.site import PASSWORD, PLAN, Site
from lab.traffic import answers, ping

WORKERS = 3
HOME = "203.0.113.10"
AYIYA = [TunnelLine(tid, 1000 + tid, "ayiya", 1280, PASSWORD) for tid in range(1, 10)]
STATIC = TunnelLine(0x10, 4141, HOME, 1280)


def start(site: Site, *tunnels: TunnelLine) -> Daemon:
    daemon = Daemon(site.pop, site.programs.sixxsd, configuration(PLAN, list(tunnels)))
    daemon.options = ["--workers", str(WORKERS)]
    return daemon.start()


def received(daemon: Daemon) -> list[int]:
    """How many packets each worker got."""
    text = str(daemon.command("pop show threads"))
    return [int(count) for count in re.findall(r"worker \d+ received (\d+)", text)]


def test_each_takes_its_share(site: Site) -> None:
    daemon = start(site, *AYIYA)
    home = site.home(ipv4=HOME)
    users = [site.user(home, HOME, tunnel) for tunnel in AYIYA]
    for user in users:
        user.beat()
        for _ in range(10):
            user.send(echo(user.them, user.us))
    for tunnel in AYIYA:
        wait_for(lambda: daemon.tunnel(tunnel.number)["inPackets"] >= 10, 5, "the packets to be counted")
    assert [daemon.tunnel(tunnel.number)["inPackets"] for tunnel in AYIYA] == [10] * len(AYIYA)
    shares = received(daemon)
    assert len(shares) == WORKERS
    # Nine tunnels in a row, by their numbers: three each.
    assert min(shares) >= 3 * 11


def test_a_tunnel_goes_on_whatever_worker_gets_its_packets(site: Site) -> None:
    daemon = start(site, AYIYA[0], STATIC)
    home = site.home(ipv4=HOME)
    client = site.client(home, AYIYA[0]).start()
    for hop_limit in range(10, 30):
        assert ping(site.core, client.identity, count=1, size=104, hop_limit=hop_limit).all_arrived
    assert daemon.balance().is_even


def test_a_new_password_ends_the_session_for_all(site: Site) -> None:
    daemon = start(site, AYIYA[0])
    home = site.home(ipv4=HOME)
    user = site.user(home, HOME, AYIYA[0])
    user.beat()
    daemon.wait_for_state(AYIYA[0].number, "up")
    other = TunnelLine(AYIYA[0].tid, AYIYA[0].number, "ayiya", 1280, "another")
    assert daemon.push(1, configuration(PLAN, [other])).is_success
    assert daemon.state(AYIYA[0].number) == "down"
    user.beat()
    daemon.wait_for_error(AYIYA[0].number, "AYIYA Hash Fail")
    assert daemon.state(AYIYA[0].number) == "down"
    user.beat(password="another")
    daemon.wait_for_state(AYIYA[0].number, "up")


def test_without_cap_bpf_it_says_so_and_serves(site: Site) -> None:
    daemon = Daemon(site.pop, site.programs.sixxsd, configuration(PLAN, AYIYA))
    daemon.prefix = ["setpriv", "--bounding-set", "-bpf,-sys_admin"]
    daemon.options = ["--workers", str(WORKERS)]
    daemon.start()
    client = site.client(site.home(ipv4=HOME), AYIYA[0]).start()
    assert ping(site.core, client.identity).all_arrived
    # Where anybody may load such programs, nothing is missing.
    anybody = Path("/proc/sys/kernel/unprivileged_bpf_disabled").read_text().strip() == "0"
    assert ("CAP_BPF is missing" in daemon.log) != anybody


@pytest.mark.parametrize("count", ["0", "65", "-1", "many"])
def test_an_impossible_number_is_refused(site: Site, count: str) -> None:
    daemon = Daemon(site.pop, site.programs.sixxsd, configuration(PLAN))
    daemon.options = [f"--workers={count}"]
    process = daemon.launch()
    assert process.wait(5) == 2
    assert f'expected a number from 1 to 64, or auto, found "{count}"' in process.output


def test_a_second_one_takes_nothing_from_the_first(site: Site) -> None:
    first = start(site, STATIC)
    second = Daemon(site.pop, site.programs.sixxsd, configuration(PLAN), name="second", control="127.0.0.1:42004")
    second.options = ["--workers", str(WORKERS)]
    process = second.launch()
    assert process.wait(5) == 1
    assert "another program has this port open" in process.output
    assert first.answers() and answers(site.core, site.plan.us(STATIC.tid))


def test_a_device_of_one_queue_is_named(site: Site) -> None:
    site.pop.run("ip", "tuntap", "add", "dev", "sixxs", "mode", "tun")
    daemon = Daemon(site.pop, site.programs.sixxsd, configuration(PLAN))
    daemon.options = ["--workers", str(WORKERS)]
    process = daemon.launch()
    assert process.wait(5) == 1
    assert "multi_queue" in process.output
