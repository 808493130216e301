"""What the kernel hands over as one is read straight to where its packets belong, when it is like the one before it.

    feed0 ── chtst01 ── inet ── home      into a 6in4 tunnel, from a device that hands over many packets as one
             sixxsd
    core ─── chtst01 ── inet ── home      out of AYIYA, in datagrams that the home's kernel sends as one
    home6 ── core ── chtst01 ── core      the same over IPv6

Every octet is random: a packet made of another's parts would not be the one that was sent.
"""

from __future__ import annotations

import signal
import socket
import struct
from collections import defaultdict
from collections.abc import Iterable
from random import Random

import pytest

from lab import beats
from lab.bulk import (
    ACK, CWR, FIN, PLAIN, PSH, SO_SNDBUFFORCE, SOL_UDP, TCP_OPTIONS, UDP_SEGMENT, Device, super_datagram, super_packet, tcp, udp)
from lab.daemon import TunnelLine
from lab.ends import IPV6_NETWORK, Ends
from lab.namespace import Namespace
from lab.site import PASSWORD, Site
from lab.topology import SERVER
from test_offloads import everything, receiver

HOME = "203.0.113.10"
STATIC = TunnelLine(1, 4141, HOME, 1480)
AYIYA = TunnelLine(2, 5072, "ayiya", 1428, PASSWORD)
LONGEST = 65_535
SEEDS = pytest.mark.parametrize("seed", range(6))


class Flow:
    """Packets with one source port, as they have to arrive."""

    def __init__(self, chance: Random, user: str, port: int, options: bytes = TCP_OPTIONS) -> None:
        self.chance, self.user, self.port, self.options = chance, user, port, options
        self.sequence = chance.getrandbits(32)
        self.wanted: list[bytes] = []

    def tcp(self, segment: int, length: int) -> bytes:
        """TCP segments as one packet; CWR is for the first, PSH and FIN are for the last."""
        payload = self.chance.randbytes(length)
        flags = self.chance.choice([ACK, ACK | PSH, ACK | CWR, ACK | PSH | FIN | CWR])
        whole = super_packet(SERVER, self.user, self.sequence, payload, segment, self.port, self.options, flags)
        for start in range(0, length, segment):
            part = payload[start:start + segment]
            its = flags & ~(CWR if start > 0 else 0) & ~(PSH | FIN if start + segment < length else 0)
            self.wanted.append(tcp(SERVER, self.user, self.sequence + start, part, self.port, self.options, its))
        self.sequence += length
        return whole

    def udp(self, segment: int, length: int) -> bytes:
        """UDP datagrams as one packet."""
        payload = self.chance.randbytes(length)
        parts = [payload[start:start + segment] for start in range(0, length, segment)]
        self.wanted += [udp(SERVER, self.user, 48 + len(part), self.port, part) for part in parts]
        return super_datagram(SERVER, self.user, payload, segment, self.port)

    def single(self, size: int) -> bytes:
        packet = udp(SERVER, self.user, size, self.port, self.chance.randbytes(size - 48))
        self.wanted.append(packet)
        return PLAIN + packet


def by_port(packets: Iterable[bytes]) -> dict[int, list[bytes]]:
    """What was sent from each port, in order."""
    flows = defaultdict(list)
    for packet in packets:
        if packet[6] in (6, 17):
            flows[struct.unpack("!H", packet[40:42])[0]].append(packet)
    return flows


def check(found: Iterable[bytes], wanted: Iterable[bytes], hops: int) -> None:
    arrived, sent = by_port(found), by_port(packet[:7] + bytes([packet[7] - hops]) + packet[8:] for packet in wanted)
    assert {port: len(packets) for port, packets in arrived.items()} == {port: len(packets) for port, packets in sent.items()}
    for port, packets in sent.items():
        differ = [number for number, packet in enumerate(packets) if packet != arrived[port][number]]
        assert not differ, f"of {len(packets)} packets from port {port} these differ: {differ[:20]}"


def fed(site: Site, messages: list[bytes]) -> list[bytes]:
    """What comes through the tunnel when the daemon finds all messages waiting."""
    daemon = site.daemon(STATIC)
    home = site.home(ipv4=HOME)
    feed = Device(site.pop, "feed0")
    # What waits for a neighbour to be found may be overtaken where another worker's packet has found it.
    site.pop.run("ping", "-n", "-q", "-c", 1, "-W", 5, HOME)
    with receiver(home, "net0", 0x0800) as arrivals:
        daemon.signal(signal.SIGSTOP)
        for message in messages:
            feed.write(message)
        daemon.signal(signal.SIGCONT)
        return [packet[20:] for packet in everything(arrivals) if packet[9] == 41]


def lengths(segment: int, headers: int) -> list[int]:
    """Payloads of GSO packets: two segments and more, ends of all kinds, and as long as there is."""
    most = (LONGEST - headers) // segment
    return [segment + 1, 2 * segment - 1, 2 * segment, 2 * segment + 1, 7 * segment + 5, most * segment, LONGEST - headers]


def test_segments_of_one_size_arrive(site: Site) -> None:
    """Each message but the first lands, the third makes the first's slots be used again."""
    flow = Flow(Random(1), site.plan.them(1), 40000)
    messages = [flow.tcp(1408, length) for length in 3 * lengths(1408, 32)]
    check(fed(site, messages), flow.wanted, hops=1)


def test_what_is_not_as_expected_arrives(site: Site) -> None:
    """Two flows with different MSS, other headers, singles that fit in the first part and that don't, UDP after TCP."""
    chance, user = Random(2), site.plan.them(1)
    first, second = Flow(chance, user, 40000), Flow(chance, user, 40001)
    bare, datagrams, singles = Flow(chance, user, 40002, b""), Flow(chance, user, 40003), Flow(chance, user, 40004)
    messages = [
        # The same twice, then another size, smaller and larger, by turns.
        first.tcp(1408, 20_000), first.tcp(1408, 20_001), second.tcp(1208, 20_000), second.tcp(1208, 30_000),
        first.tcp(1408, 14_080), second.tcp(1208, 1209), first.tcp(1408, 60_000), second.tcp(1208, 60_000),
        # Too small to be expected, and too small to be told from a single one by its length.
        second.tcp(1208, 5000), first.tcp(300, 1200), first.tcp(300, 5000), second.tcp(1208, 5000), second.tcp(1208, 5000),
        # As long as what is expected, but with shorter headers.
        first.tcp(1408, 30_000), bare.tcp(1408, 30_000), bare.tcp(1408, 30_001), first.tcp(1408, 30_000),
        # UDP after TCP, of the same size, and of one that puts the ends of the first parts together.
        first.tcp(1408, 30_000), datagrams.udp(1408, 30_000), datagrams.udp(1408, 9000), first.tcp(1408, 30_000),
        datagrams.udp(1432, 30_000), datagrams.udp(1432, 1433), first.tcp(1408, 30_000), datagrams.udp(1200, 3000),
        # Single packets where many were expected: shorter than the first part, just as long, one more, and the longest.
        second.tcp(1208, 20_000), singles.single(100), second.tcp(1208, 20_000), singles.single(1280),
        second.tcp(1208, 20_000), singles.single(1281), second.tcp(1208, 20_000), singles.single(1480),
        singles.single(1480),
        first.tcp(1408, 20_000), singles.single(1480), first.tcp(1408, 20_000), first.tcp(1408, 20_000)]
    flows = (first, second, bare, datagrams, singles)
    check(fed(site, messages), [packet for flow in flows for packet in flow.wanted], hops=1)


@SEEDS
def test_any_mixture_arrives(site: Site, seed: int) -> None:
    chance, user = Random(seed), site.plan.them(1)
    flows = [Flow(chance, user, 40000 + number, TCP_OPTIONS[:12 * (number % 2)]) for number in range(4)]
    sizes = [1408, 1300, 1208, 1024, 1000, 700]
    messages: list[bytes] = []
    for _ in range(60):
        flow, size, kind = chance.choice(flows), chance.choice(sizes[:1 + seed]), chance.random()
        if kind < 0.2:
            messages.append(flow.single(chance.randrange(48, 1481)))
            continue
        for _ in range(chance.randrange(1, 4)):
            length = chance.randrange(size + 1, chance.choice([3 * size, 64_000]))
            messages.append(flow.tcp(size, length) if kind < 0.8 else flow.udp(size, length))
    check(fed(site, messages), [packet for flow in flows for packet in flow.wanted], hops=1)


# MARK: - AYIYA


class Datagrams:
    """AYIYA from a user to the server behind the core."""

    def __init__(self, site: Site, chance: Random) -> None:
        self.identity, self.chance = site.plan.them(2), chance
        self.wanted: list[bytes] = []

    def make(self, size: int, port: int = 40000) -> bytes:
        """One with so many octets behind the outer headers."""
        length = size - beats.HEADER_LENGTH
        inner = udp(self.identity, SERVER, length, port, self.chance.randbytes(length - 48))
        self.wanted.append(inner)
        return beats.ayiya(self.identity, PASSWORD, inner)

    def run(self, size: int, count: int, last: int) -> tuple[bytes, int]:
        """Several as one message, whose last has another size, and what size they have."""
        return b"".join(self.make(size if number < count - 1 else last) for number in range(count)), size


def udp_packets(arrivals: socket.socket, count: int) -> list[bytes]:
    """So many UDP packets, or fewer when nothing more comes."""
    arrivals.settimeout(3)
    found: list[bytes] = []
    while len(found) < count:
        try:
            packet = arrivals.recv(65535)
        except TimeoutError:
            break
        found += [packet] if packet[6] == 17 else []
    return found


def user(site: Site, version: int) -> tuple[Namespace, str, str]:
    """Where datagrams come from: the host, its address and the PoP's; the PoP's link merges."""
    link = "net0" if version == 4 else "core0"
    site.pop.run("ethtool", "-K", link, "gro", "on")
    if version == 4:
        return site.home(ipv4=HOME), HOME, site.plan.ipv4
    return Ends(site).home6, f"{IPV6_NETWORK}::1", site.plan.ipv6


def sent(site: Site, messages: list[tuple[bytes, int]], together: bool, version: int = 4) -> list[bytes]:
    """What comes out of the tunnel; the daemon knows the first message when it finds all others waiting, or each when it
    finds the next.
    """
    daemon = site.daemon(AYIYA)
    home, address, pop = user(site, version)
    family = socket.AF_INET if version == 4 else socket.AF_INET6
    found: list[bytes] = []
    with receiver(site.core, "chtst01", 0x86DD) as arrivals, home.socket(family, socket.SOCK_DGRAM) as sender:
        sender.setsockopt(socket.SOL_SOCKET, SO_SNDBUFFORCE, 1 << 24)
        sender.bind((address, 40000))
        for number, (message, size) in enumerate(messages):
            if together and number == 1:
                daemon.signal(signal.SIGSTOP)
            sender.sendmsg([message], [(SOL_UDP, UDP_SEGMENT, struct.pack("=H", size))], 0, (pop, 5072))
            if number == 0 or not together:
                found += udp_packets(arrivals, -(-len(message) // size))
        daemon.signal(signal.SIGCONT)
        # Over IPv6 the core also sees what the daemon sends to the user.
        server = socket.inet_pton(socket.AF_INET6, SERVER)
        return [packet for packet in found + everything(arrivals) if packet[24:40] == server]


@pytest.mark.parametrize("together", [False, True], ids=["one after the other", "together"])
def test_datagrams_that_came_as_one_arrive(site: Site, together: bool) -> None:
    made = Datagrams(site, Random(3))
    single = made.run
    messages = [
        # More than land with one call, with ends of all kinds.
        made.run(1472, 44, 1472), made.run(1472, 44, 100), made.run(1472, 2, 1471), made.run(1472, 3, 1472),
        made.run(1472, 30, 1472),
        # Other sizes, smaller and larger, by turns, and one that is too small to be expected.
        made.run(1200, 20, 93), made.run(1200, 50, 1200), made.run(1472, 20, 1472), made.run(1200, 20, 1199),
        made.run(500, 40, 300), made.run(500, 2, 500), made.run(1472, 10, 1472), made.run(500, 2, 500), made.run(1472, 10, 1000),
        # Single ones where many are expected: short, just as long, and longer.
        made.run(1300, 10, 1300), single(200, 1, 200), made.run(1300, 10, 1300), single(1300, 1, 1300),
        made.run(1300, 10, 1300), single(1301, 1, 1301), single(1472, 1, 1472), made.run(1300, 10, 92), made.run(1300, 40, 92)]
    check(sent(site, messages, together), made.wanted, hops=2)


@pytest.mark.parametrize(("version", "most"), [(4, 1472), (6, 1452)], ids=["over IPv4", "over IPv6"])
@SEEDS
def test_any_mixture_of_datagrams_arrives(site: Site, seed: int, version: int, most: int) -> None:
    chance = Random(seed)
    made = Datagrams(site, chance)
    sizes = [most, 1400, 1280, 1100, 1023, 600]
    messages = [made.run(most, 44, most)]
    for _ in range(50):
        size, count = chance.choice(sizes[:1 + seed]), chance.choice([1, 2, 3, 10, 43])
        for _ in range(chance.randrange(1, 3)):
            messages.append(made.run(size, count, chance.choice([size, chance.randrange(92, size + 1)])))
    check(sent(site, messages, True, version), made.wanted, hops=2)
