"""More than the machine can take: who floods stays alone with it, and nothing is lost without being counted.

    core ── chtst01 ── inet ─┬─ home   6in4
             sixxsd          ├─ home2  AYIYA
                             └─ bad    a tunnel that floods
"""

from __future__ import annotations

import contextlib
import re
import signal
import socket
import statistics
import struct
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest

from lab import beats, flood, refusing
from lab.bulk import (
    PLAIN, SO_SNDBUFFORCE, SOL_UDP, TUN_F_TSO6, TUN_F_USO, UDP_SEGMENT, Device, ipv4, super_packet, udp)
from lab.client import Client
from lab.daemon import FAST_PATH, WORKERS, Daemon, TunnelLine, configuration
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

# One flood at a time.
pytestmark = pytest.mark.xdist_group("load")


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


# MARK: - What the kernel refuses to send


class Feed:
    """Packets from the core's side toward the static tunnel, and what of them leaves the PoP."""

    def __init__(self, site: Site, tunnel: TunnelLine = STATIC, options: list[str] = []) -> None:
        self.site = site
        self.daemon = site.daemon(tunnel, options=options)
        self.home = site.home(ipv4=HOME)
        if tunnel.remote == "ayiya":
            site.user(self.home, HOME, tunnel).beat()
            self.daemon.wait_for_state(tunnel.number, "up")
        self.device = Device(site.pop, "feed0")
        self.them = PLAN.them(tunnel.tid)
        self.arrivals = receiver(site.backbone.inet, "chtst01", 0x0800)
        self.before = self.daemon.balance()

    def spent(self) -> tuple[int, int]:
        """How many packets the kernel took, and how many it refused."""
        now = self.daemon.balance()
        assert now.is_even, now
        refused = now.reasons.get("sendFailure", 0) - self.before.reasons.get("sendFailure", 0)
        return now.forwarded - self.before.forwarded, refused

    def send(self, count: int, size: int, at_once: bool = False) -> None:
        """Sends packets, no more at a time than the TUN device's queue holds, and waits until all are spent.

        At once: the daemon finds them all there, however the processors are shared.
        """
        before = sum(self.spent())
        for start in range(0, count, 400):
            burst = range(start, min(start + 400, count))
            if at_once:
                self.daemon.signal(signal.SIGSTOP)
            for number in burst:
                self.device.write(PLAIN + udp(SERVER, self.them, size, 1024 + number % 60_000))
            if at_once:
                self.daemon.signal(signal.SIGCONT)
            wait_for(lambda: sum(self.spent()) >= before + burst.stop, 5, "the daemon to be done with a burst", 0.005)

    def arrived(self) -> int:
        """How many outer packets came, once no more do, without ICMPv6: the daemon probes its tunnels."""
        inner = {41: 20, 17: 20 + 8 + 44}
        packets = ((packet, inner.get(packet[9], 65536)) for packet in everything(self.arrivals))
        return sum(len(packet) >= start + 40 and packet[start + 6] != socket.IPPROTO_ICMPV6 for packet, start in packets)


def shape(site: Site, rate: str, limit: int, how: str = "replace") -> None:
    """Makes the link toward the outside slow, with a queue of so many octets."""
    site.pop.run("tc", "qdisc", how, "dev", "net0", "root", "handle", "1:", "tbf", "rate", rate, "burst", 5000, "limit", limit)


def dropped_by_the_queue(site: Site) -> int:
    text = site.pop.run("tc", "-s", "qdisc", "show", "dev", "net0").stdout
    found = re.search(r"dropped (\d+)", text)
    assert found, text
    return int(found[1])


def test_what_a_links_full_queue_refuses_is_counted(site: Site) -> None:
    """ENOBUFS, which raw sockets usually keep to themselves."""
    feed = Feed(site)
    shape(site, "2mbit", 20_000)
    feed.send(400, 200)
    sent, refused = feed.spent()
    assert refused > 100
    assert feed.daemon.errors(STATIC.number)[SEND_ERROR] == refused <= dropped_by_the_queue(site)
    assert feed.arrived() == sent == 400 - refused


def test_what_a_links_full_queue_drops_of_a_run_the_queue_counts(site: Site) -> None:
    feed = Feed(site, AYIYA)
    shape(site, "2mbit", 20_000)
    feed.send(400, 200, at_once=True)
    sent, refused = feed.spent()
    assert sent + refused == 400
    # It counts a run that it drops whole as one.
    assert 0 < feed.arrived() < sent
    assert dropped_by_the_queue(site) > 0


@pytest.mark.skipif(FAST_PATH != "off", reason="what the kernel forwards by itself needs no socket")
def test_what_finds_no_room_in_the_socket_is_counted(site: Site) -> None:
    """EAGAIN: the link takes nothing, and its queue more than the socket may have on its way."""
    feed = Feed(site)
    shape(site, "64kbit", 1 << 28)
    # Each worker has a socket.
    count = 9600 * WORKERS
    feed.send(count, 1280)
    _, refused = feed.spent()
    assert 0 < refused < count, "the socket had room for all, or for none"
    assert share_of_a_processor(feed.daemon) < 0.5, "it waits for room"
    # Not so fast that the link's other end drops some.
    shape(site, "200mbit", 1 << 28, "change")
    assert feed.arrived() == count - refused
    feed.send(100, 1280)
    assert feed.arrived() == 100
    assert feed.spent() == (count - refused + 100, refused)


def test_what_is_too_long_for_the_link_is_counted(site: Site) -> None:
    """EMSGSIZE, until what the kernel says of the link is learnt."""
    feed = Feed(site)
    site.pop.ip("link set net0 mtu 1400")
    feed.send(1, 1480)
    assert feed.spent() == (0, 1)
    assert feed.daemon.errors(STATIC.number)[SEND_ERROR] == 1
    before = feed.daemon.balance()
    feed.device.write(PLAIN + udp(SERVER, feed.them, 1480, 1024))
    wait_for(lambda: feed.daemon.balance().answered > before.answered, 2, "packet too big")
    feed.send(1, 1380)
    assert feed.arrived() == 1
    assert feed.spent() == (1, 1)


# MARK: - Links that go


def outside_again(site: Site) -> list[str]:
    return [f"route replace default via {ROUTER} dev net0 onlink src {PLAN.ipv4}"]


def core_again(site: Site) -> list[str]:
    return [f"addr replace {POP_GATEWAY}/64 dev core0 nodad", f"addr replace {PLAN.ipv6}/128 dev core0 nodad",
            f"route replace ::/0 via {CORE_GATEWAY} dev core0 src {PLAN.ipv6}"]


@pytest.mark.parametrize(("link", "again", "by"), [
    ("net0", outside_again, Crowd.from_the_core),
    ("core0", core_again, Crowd.by_6in4),
], ids=["outside", "core"])
def test_a_link_goes_down_under_load_and_comes_back(
        crowd: Crowd, link: str, again: Callable[[Site], list[str]], by: Callable[[Crowd], Process]) -> None:
    pop = crowd.site.pop
    with crowd.flooded(by):
        time.sleep(0.3)
        pop.ip(f"link set {link} down")
        time.sleep(0.3)
    # A trickle that can't get through, from both sides.
    trickles = [source.spawn("ping", "-n", "-q", "-i", 0.01, destination, name="ping")
                for source, destination in ((crowd.site.core, PLAN.them(1)), (crowd.home, SERVER))]
    wait_for(lambda: share_of_a_processor(crowd.daemon, 0.5) < 0.25, 5, "the daemon to have nothing to do")
    assert not ping(crowd.home, SERVER, count=1, timeout=0.2).received
    for trickle in trickles:
        trickle.kill()
    pop.ip(f"link set {link} up", *again(crowd.site))
    for client in (crowd.static, crowd.ayiya):
        wait_for(lambda client=client: ping(client.namespace, SERVER, count=1, timeout=0.2).received, 5, "the link")
        assert ping(client.namespace, SERVER, count=20, interval=0.01).all_arrived
    if link == "net0":
        assert crowd.daemon.errors(BAD_STATIC.number)[SEND_ERROR] > 1000


ROUTES = ("-6", "route", "show", "dev", "sixxs", "proto", 166)


def test_a_tun_device_that_is_taken_down_under_load_costs_only_packets(crowd: Crowd) -> None:
    routes = crowd.site.pop.show(*ROUTES)
    with crowd.flooded(Crowd.by_6in4):
        crowd.site.pop.ip("link set sixxs down")
        # The daemon lets it be for two seconds: whoever did it may be about to undo it.
        time.sleep(0.3)
        assert crowd.site.pop.show(*ROUTES) == []
    wait_for(lambda: share_of_a_processor(crowd.daemon, 0.5) < 0.25, 5, "the daemon to have nothing to do")
    # A kernel that forwards by itself drops some before it hears that the device is down.
    assert crowd.daemon.balance().reasons["sendFailure"] > 1000
    # Its own answers need no device.
    assert ping(crowd.home, crowd.static.pops_end, count=3).all_arrived
    # Then the device is up again, and has the routes that the kernel had forgotten.
    for client in (crowd.static, crowd.ayiya):
        wait_for(lambda client=client: ping(client.namespace, SERVER, count=1, timeout=0.2).received, 10, "the routes")
    assert crowd.site.pop.show(*ROUTES) == routes != []


# MARK: - What the kernel hands over


@pytest.mark.parametrize(("mask", "granted"), [(TUN_F_USO, "on"), (TUN_F_USO | TUN_F_TSO6, "off"), (0, "off")],
                         ids=["UDP", "segmentation", "everything"])
@pytest.mark.parametrize("tunnel", [STATIC, AYIYA], ids=["static", "ayiya"])
def test_a_device_that_is_refused_offloads_carries_the_same(
        site: Site, tunnel: TunnelLine, mask: int, granted: str) -> None:
    daemon = Daemon(site.pop, site.programs.sixxsd, configuration(PLAN, [tunnel]))
    daemon.prefix = [sys.executable, refusing.__file__, hex(mask)]
    daemon.start()
    features = site.pop.run("ethtool", "-k", daemon.tun).stdout
    assert re.search(rf"tx-tcp6-segmentation: {granted}\b", features), features
    assert re.search(r"tx-udp-segmentation: off\b", features), features
    home = site.home(ipv4=HOME)
    client = site.client(home, tunnel).start()
    assert ping(home, SERVER, count=3).received
    assert transfer(site.core, home, client.identity)
    assert transfer(home, site.core, SERVER)


def test_nonsense_about_a_packet_is_refused_by_the_kernel_or_counted(site: Site) -> None:
    """Virtio headers that a guest on this host might write: what the kernel lets through reaches the daemon's TUN device."""
    feed = Feed(site)
    random = Random(20_261_201)
    whole = super_packet(SERVER, feed.them, 1, bytes(range(256)) * 20, 1000)
    taken = refused = 0
    for _ in range(1500):
        fields = list(struct.unpack("=BBHHHH", whole[:10]))
        for place in random.sample(range(6), random.randint(1, 3)):
            fields[place] = random.choice([0, 1, 2, 3, 5, 40, 60, 72, random.randrange(65536)]) & (0xFF if place < 2 else 0xFFFF)
        end = random.choice([len(whole), random.randrange(10, len(whole))])
        try:
            feed.device.write(struct.pack("=BBHHHH", *fields) + whole[10:end])
            taken += 1
        except OSError:
            refused += 1
    print(f"the kernel let {taken} of {taken + refused} pass: {feed.spent()}")
    assert taken > 100 and refused > 100
    wait_for(lambda: share_of_a_processor(feed.daemon, 0.2) < 0.25, 5, "the daemon to have nothing to do")
    arrived = feed.arrived()
    assert arrived > 100
    sent, _ = feed.spent()
    feed.send(10, 200)
    assert feed.arrived() == 10 and feed.spent()[0] == sent + 10


def test_a_run_of_datagrams_may_end_with_a_short_one(site: Site) -> None:
    """The last that UDP_GRO put together is as long as it is: a datagram, or nothing that makes sense."""
    daemon = site.daemon(AYIYA)
    home = site.home(ipv4=HOME)
    site.pop.run("ethtool", "-K", "net0", "gro", "on")
    identity = PLAN.them(2)
    whole = [beats.ayiya(identity, PASSWORD, udp(identity, SERVER, 200, 1024 + number)) for number in range(20)]
    short = beats.ayiya(identity, PASSWORD, udp(identity, SERVER, 100, 2000))
    with receiver(site.core, "chtst01", 0x86DD) as arrivals, \
            home.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.setsockopt(socket.SOL_SOCKET, SO_SNDBUFFORCE, 1 << 24)
        sender.bind((HOME, 40000))
        for last in (short, b"A", short[:44], whole[0][:-1]):
            run = b"".join([*whole, last])
            segment = struct.pack("=H", len(whole[0]))
            sender.sendmsg([run], [(SOL_UDP, UDP_SEGMENT, segment)], 0, (PLAN.ipv4, 5072))
        ports = [struct.unpack("!H", packet[40:42])[0] for packet in everything(arrivals) if packet[6] == 17]
    assert sorted(ports) == sorted([1024 + number for number in range(20)] * 4 + [2000])
    balance = daemon.balance()
    assert balance.is_even
    assert (balance.reasons.get("ayiyaHashMismatch"), balance.reasons.get("nonAYIYAPacket")) == (2, 1), balance
