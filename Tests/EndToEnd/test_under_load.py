"""More than the machine can take: who floods stays alone with it, and nothing is lost without being counted.

    core ── chtst01 ── inet ─┬─ home   6in4
             sixxsd          ├─ home2  AYIYA
                             └─ bad    a tunnel that floods
"""

from __future__ import annotations

import contextlib
import re
import socket
import statistics
import struct
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lab import beats, flood, refusing
from lab.bulk import (
    PLAIN, SO_SNDBUFFORCE, SOL_UDP, TUN_F_CSUM, TUN_F_TSO6, TUN_F_USO, UDP_SEGMENT, Device, ipv4, raw_sender, udp)
from lab.client import Client
from lab.daemon import Daemon, TunnelLine, configuration
from lab.namespace import Namespace, Process, wait_for
from lab.programs import REPOSITORY
from lab.site import PASSWORD, PLAN, Site
from lab.topology import CORE_GATEWAY, POP_GATEWAY, ROUTER, SERVER
from lab.traffic import Pings, ping
from test_offloads import everything, receiver
from test_tcp_obeys import transfer

HOME, HOME2, BAD = "203.0.113.10", "203.0.113.11", "203.0.113.66"
STATIC = TunnelLine(1, 4141, HOME, 1480)
AYIYA = TunnelLine(2, 5072, "ayiya", 1428, PASSWORD)
BAD_STATIC = TunnelLine(3, 6666, BAD, 1280)
BAD_AYIYA = TunnelLine(4, 6667, "ayiya", 1280, PASSWORD)
# Behind the core, where nobody answers.
NOWHERE = "2001:db8:dead::1"
SEND_ERROR = "Encap.Pkt Send Error"


def processor_seconds(daemon: Daemon) -> float:
    """What all threads of the daemon have used."""
    tasks = Path(f"/proc/{daemon.pid}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9


def share_of_a_processor(daemon: Daemon, seconds: float = 1) -> float:
    before, begun = processor_seconds(daemon), time.monotonic()
    time.sleep(seconds)
    return (processor_seconds(daemon) - before) / (time.monotonic() - begun)


# MARK: - Fairness


class Crowd:
    """Two who behave, and one who does not."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.daemon = site.daemon(STATIC, AYIYA, BAD_STATIC, BAD_AYIYA)
        self.home, self.home2 = site.home(ipv4=HOME), site.home("home2", HOME2)
        self.bad = site.home("bad", BAD)
        self.static, self.ayiya = site.client(self.home, STATIC).start(), site.client(self.home2, AYIYA).start()
        site.core.ip("route add blackhole 2001:db8:dead::/64")
        # Whoever floods hears nothing, so that no ICMP comes of it.
        self.bad.nft("table ip deaf {\n chain ears {\n type filter hook prerouting priority -300\n drop\n }\n }")

    def by_6in4(self) -> Process:
        """Small packets from outside, one by one."""
        inner = udp(PLAN.them(3), NOWHERE, 100, 1024)
        return self._spawn(self.bad, "raw", BAD, PLAN.ipv4, 0, ipv4(BAD, PLAN.ipv4, 41, inner))

    def by_ayiya(self) -> Process:
        """Signed datagrams from outside, 64 at a time, which the kernel keeps together."""
        inner = udp(PLAN.them(4), NOWHERE, 100, 1024)
        return self._spawn(self.bad, "runs", BAD, PLAN.ipv4, 5072, beats.ayiya(PLAN.them(4), PASSWORD, inner))

    def from_the_core(self) -> Process:
        """Datagrams toward a tunnel, 64 at a time, which the kernel keeps together up to the TUN device."""
        return self._spawn(self.site.core, "runs", SERVER, PLAN.them(3), 9, bytes(100))

    def _spawn(self, namespace: Namespace, *arguments: object) -> Process:
        words = [word.hex() if isinstance(word, bytes) else word for word in arguments]
        return namespace.spawn(sys.executable, flood.__file__, *words, name="flood")

    @contextlib.contextmanager
    def flooded(self, by: Callable[[Crowd], Process]) -> Iterator[None]:
        """Floods for as long as the block lasts, and proves it."""
        before = self.daemon.balance().received
        sender = by(self)
        wait_for(lambda: self.daemon.balance().received > before + 1000, 5, "the flood")
        try:
            yield
            assert sender.is_running, sender.output
        finally:
            sender.kill()
        received = self.daemon.balance().received - before
        print(f"{by.__name__}: {received} packets, load {share_of_a_processor(self.daemon, 0.1):.2f} afterwards")
        assert received > 5_000, "that was no flood"


@pytest.fixture
def crowd(site: Site) -> Crowd:
    return Crowd(site)


def pings_among_others(source: Namespace, destination: str) -> Pings:
    result = ping(source, destination, count=50, interval=0.01, timeout=2)
    found = re.search(r"rtt .*", result.text)
    print(f"{source.short_name} → {destination}: {result.received} of {result.sent}, {found[0] if found else ''}")
    return result


def to_the_core(home: Namespace, _: Client) -> Pings:
    return pings_among_others(home, SERVER)


def to_the_pop(home: Namespace, client: Client) -> Pings:
    return pings_among_others(home, client.pops_end)


# What shares no queue with the flood before the daemon sees it: a socket for each protocol, the TUN device for what comes from
# the core, the echo that the daemon answers itself.
@pytest.mark.parametrize(("by", "judged"), [
    (Crowd.by_6in4, [("ayiya", to_the_core)]),
    (Crowd.by_ayiya, [("static", to_the_core)]),
    (Crowd.from_the_core, [("static", to_the_pop), ("ayiya", to_the_pop)]),
], ids=["6in4", "AYIYA", "core"])
def test_a_flood_starves_neither_other_queues_nor_the_control_port(
        crowd: Crowd, by: Callable[[Crowd], Process],
        judged: list[tuple[str, Callable[[Namespace, Client], Pings]]]) -> None:
    with crowd.flooded(by):
        for who, look in judged:
            client: Client = getattr(crowd, who)
            result = look(client.namespace, client)
            assert result.received >= 0.9 * result.sent > 0, result.text
        times = []
        with crowd.daemon.session() as session:
            for command in ["pop show status", "pop show threads", "tunnel show T4141", "tunnel stats", "config digest"] * 10:
                begun = time.monotonic()
                assert session.command(command).is_success
                times.append(1000 * (time.monotonic() - begun))
    print(f"control port: median {statistics.median(times):.1f} ms, worst {max(times):.1f} ms of {len(times)}")
    # The worst is the scheduler's where others use the processors too.
    assert statistics.median(times) < 50
    assert max(times) < 1000


def handbook_rules() -> str:
    """The rules of nftables that the handbook gives."""
    text = (REPOSITORY / "docs" / "operations.md").read_text()
    found = re.search(r"```nft\n(.*?)```", text, re.DOTALL)
    assert found, "docs/operations.md has no rules"
    return found[1]


@pytest.mark.parametrize("by", [Crowd.by_6in4, Crowd.by_ayiya, Crowd.from_the_core], ids=["6in4", "AYIYA", "core"])
def test_the_handbooks_limits_keep_a_flood_from_those_who_share_its_queue(
        crowd: Crowd, by: Callable[[Crowd], Process]) -> None:
    # Much less than the daemon can serve where other tests use the processors too.
    crowd.site.pop.nft(handbook_rules().replace("over 10 mbytes", "over 2 mbytes"))
    client = crowd.ayiya if by is Crowd.by_ayiya else crowd.static
    with crowd.flooded(by):
        result = pings_among_others(client.namespace, SERVER)
    assert result.received >= 0.9 * result.sent > 0, result.text
