"""What links merge (GRO) and what the kernel left unfinished arrives as it was sent, octet for octet.

    core ── chtst01 ── inet ── home4      far ends of 6in4 and GRE, over IPv4 and IPv6; the PoP's links merge
     │       sixxsd
    home6

SIXXS_LONG=1 makes the sweep of random flows 60 times as long.
"""

from __future__ import annotations

import os
import socket
import struct
import sys
from collections import Counter
from collections.abc import Iterator
from random import Random

import pytest

from lab import bulk, without_call
from lab.bulk import ACK, CWR, FIN, PSH, TCP_OPTIONS, tcp, udp
from lab.daemon import FAST_PATH, Daemon, TunnelLine, configuration
from lab.ends import NO_UNREACHABLES, Ends
from lab.merging import STRETCHES, Unfinished, merge, show_the_wire
from lab.namespace import wait_for
from lab.site import Site
from lab.topology import SERVER
from test_offloads import receiver

LONG = bool(os.environ.get("SIXXS_LONG"))
HOP_BY_HOP, ROUTING, TCP, UDP, DESTINATION = 0, 43, 6, 17, 60
ECE, URG, SYN = 0x40, 0x20, 0x02
TCP_FIELD, UDP_FIELD = 16, 6
KINDS = (("6in4", 4), ("gre", 4), ("6in4", 6), ("gre", 6))
GRE = struct.pack("!HH", 0, 0x86DD)
KEYED_GRE = struct.pack("!HHI", 0x2000, 0x86DD, 7)
# The daemon and the PoP's kernel.
HOPS = 2
OFTEN = 4

IDS = ["6in4 over IPv4", "GRE over IPv4", "6in4 over IPv6", "GRE over IPv6"]


def behind(packet: bytes, *kinds: int) -> bytes:
    """A packet with extension headers, each with padding only, in front of what it carries."""
    for kind in reversed(kinds):
        header = bytes([packet[6], 0, 1, 4, 0, 0, 0, 0])
        length = struct.unpack("!H", packet[4:6])[0] + len(header)
        packet = packet[:4] + struct.pack("!H", length) + bytes([kind]) + packet[7:40] + header + packet[40:]
    return packet


def with_field(packet: bytes, field: int, value: int) -> bytes:
    """A packet whose checksum is another."""
    return packet[:field] + struct.pack("!H", value) + packet[field + 2:]


def bare(packet: bytes) -> bytes:
    """A packet of TCP or UDP whose checksum is nothing but the sum of the pseudo-header."""
    kind = packet[6]
    field = 40 + (TCP_FIELD if kind == TCP else UDP_FIELD)
    addresses = socket.inet_ntop(socket.AF_INET6, packet[8:24]), socket.inet_ntop(socket.AF_INET6, packet[24:40])
    return with_field(packet, field, bulk.pseudo_header(*addresses, kind, len(packet) - 40))


def hopped(packet: bytes) -> bytes:
    """A packet as it arrives."""
    return packet[:7] + bytes([packet[7] - HOPS]) + packet[8:]


class End:
    """Who sends through a tunnel, and what from."""

    def __init__(self, ends: Ends, kind: str, version: int) -> None:
        end = ends.add(kind, version)  # type: ignore[arg-type]
        self.ends, self.kind, self.version, self.them, self.mtu = ends, kind, version, end.them, end.tunnel.mtu
        self.address = end.address

    def wrapped(self, inner: bytes) -> bytes:
        """The outer packet."""
        front = b"" if self.kind == "6in4" else KEYED_GRE if len(inner) % 2 and len(inner) < 1400 else GRE
        protocol = 41 if self.kind == "6in4" else 47
        make = bulk.ipv4 if self.version == 4 else bulk.ipv6
        return make(self.address, self.ends.pop(self.version), protocol, front + inner)

    def send(self, inner: bytes) -> None:
        self.ends.send(self.version, self.wrapped(inner))


class Scene:
    """Far ends of all kinds, a PoP whose links merge, and a host that sees what a wire would carry."""

    def __init__(self, site: Site, kinds: tuple[tuple[str, int], ...] = KINDS, options: list[str] = [], **how: bool) -> None:
        ends = Ends(site)
        self.site, self.ends = site, [End(ends, kind, version) for kind, version in kinds]
        merge(site.pop, "net0", site.backbone.inet, site.plan.name, **how)
        merge(site.pop, "core0", site.core, site.plan.name, **how)
        show_the_wire(site.pop, "core0")
        self.daemon = ends.start(options=options)
        self.arrivals = receiver(site.core, site.plan.name, 0x86DD)
        self.link = {4: receiver(site.pop, "net0", 0x0800), 6: receiver(site.pop, "core0", 0x86DD)}
        for found in (self.arrivals, *self.link.values()):
            site.laboratory.on_close(found.close)

    def collect(self, count: int) -> list[bytes]:
        """So many packets for the server, or fewer when nothing more comes."""
        self.arrivals.settimeout(3)
        server = socket.inet_pton(socket.AF_INET6, SERVER)
        found: list[bytes] = []
        while len(found) < count:
            try:
                packet = self.arrivals.recv(65535)
            except TimeoutError:
                break
            if packet[24:40] == server:
                found.append(packet)
        return found

    def pass_on(self, end: End, packets: list[bytes]) -> None:
        """Sends a burst, and wants each of its packets to arrive as it is, once."""
        for packet in packets:
            end.send(packet)
        found, wanted = self.collect(len(packets)), [hopped(packet) for packet in packets]
        missing, strange = Counter(wanted) - Counter(found), Counter(found) - Counter(wanted)
        assert not missing and not strange, (
            f"{end.kind} over IPv{end.version}: of {len(packets)} packets {missing.total()} are missing, "
            f"{[(len(p), p[6], p[:80].hex()) for p in missing][:3]}, and {strange.total()} are strange, "
            f"{[(len(p), p[6], p[:80].hex()) for p in strange][:3]}; {self.daemon.balance()}")

    def longest(self, version: int) -> int:
        """The longest packet that a link handed on."""
        link = self.link[version]
        link.setblocking(False)
        longest = 0
        while True:
            try:
                longest = max(longest, len(link.recv(65535)))
            except BlockingIOError:
                return longest


# MARK: - Merged


def bursts(end: End, chance: Random, port: int) -> Iterator[list[bytes]]:
    """Flows of all kinds, each packet with octets of its own."""
    most = end.mtu - 60 - len(TCP_OPTIONS)
    data = chance.randbytes

    def stream(sizes: list[int], flags: list[int] | None = None, options: bytes = TCP_OPTIONS) -> list[bytes]:
        nonlocal port
        port += 1
        sequence, packets = chance.getrandbits(32), []
        for number, size in enumerate(sizes):
            packets.append(tcp(end.them, SERVER, sequence, data(size), port, options, flags[number] if flags else ACK))
            sequence += size
        return packets

    def datagrams(sizes: list[int]) -> list[bytes]:
        nonlocal port
        port += 1
        return [udp(end.them, SERVER, 48 + size, port, data(size)) for size in sizes]

    # TCP: segments of every size, ends of all kinds, flags that end what is put together and that don't.
    yield stream([most] * 20)
    yield stream([1368] * 9 + [1])
    yield stream([most] * 20, options=b"")
    yield stream([1000] * 12, [ACK] * 11 + [ACK | PSH | FIN])
    yield stream([700] * 12, [ACK | PSH if number % 5 == 4 else ACK for number in range(12)])
    yield stream([700] * 12, [ACK | ECE] * 12) + stream([600] * 9, [ACK | (CWR if number == 4 else 0) for number in range(9)])
    yield stream([400] * 6, [ACK | URG] * 6) + stream([0], [SYN]) + stream([100, 100]) + stream([1, 1, 1])
    yield stream([most, 1200, 1200, most, most, 500, 500, 1])
    # Behind extension headers.
    for kinds in ([HOP_BY_HOP], [DESTINATION], [HOP_BY_HOP, DESTINATION]):
        room = 8 * len(kinds)
        yield [behind(packet, *kinds) for packet in stream([most - room] * 12 + [77])]
        yield [behind(packet, *kinds) for packet in datagrams([900] * 8 + [30])]
    # UDP.
    yield datagrams([1200] * 16)
    yield datagrams([400] * 20 + [399]) + datagrams([8] * 3) + datagrams([100, 200, 300])
    # What looks unfinished and is not: TCP and UDP that were damaged on the way, and all other damage.
    yield [bare(packet) for packet in stream([1000] * 8) + datagrams([300] * 4) + stream([0], [SYN])]
    yield [with_field(packet, 40 + TCP_FIELD, chance.getrandbits(16)) for packet in stream([most] * 10)]
    mixed = stream([1300] * 12) + [bare(packet) for packet in stream([500] * 3)] + datagrams([640] * 12)
    yield chance.sample(mixed, len(mixed))


@pytest.mark.parametrize("number", range(len(KINDS)), ids=IDS)
def test_every_octet_arrives_as_it_was_sent(site: Site, number: int) -> None:
    """Also of TCP behind options, and of UDP where `rx-udp-gro-forwarding` is on."""
    scene = Scene(site, KINDS[number:number + 1])
    [end] = scene.ends
    for packets in bursts(end, Random(number), 20000):
        scene.pass_on(end, packets)
    # What the kernel forwards by itself comes to no socket where it could be seen.
    if FAST_PATH == "off":
        assert scene.longest(end.version) > 20_000, "the link merged nothing"
    assert scene.daemon.errors(1001) == {}


def test_what_the_link_hung_together_arrives_as_it_was_sent(site: Site) -> None:
    """`rx-gro-list`: the packets' own checksums stay, and all of TCP's but the first are not to be seen."""
    scene = Scene(site, KINDS[:2], lists=True)
    for end in scene.ends:
        chance, most = Random(end.version), end.mtu - 72
        for options in ([], [HOP_BY_HOP], [DESTINATION]):
            size = most - 8 * len(options)
            sequences = [chance.getrandbits(32) + size * n for n in range(16)]
            scene.pass_on(end, [behind(tcp(end.them, SERVER, sequences[0] + size * n, chance.randbytes(size)), *options)
                                for n in range(16)])
            scene.pass_on(end, [behind(udp(end.them, SERVER, 948, 7, chance.randbytes(900)), *options) for _ in range(16)])
    assert scene.longest(4) > 20_000, "the link merged nothing"


@pytest.mark.parametrize("seed", range(OFTEN * 60 if LONG else OFTEN))
def test_any_mixture_arrives_as_it_was_sent(site: Site, seed: int) -> None:
    scene = Scene(site, forwards_udp=seed % 2 == 0)
    chance = Random(seed)
    for number in range(12):
        end = chance.choice(scene.ends)
        packets: list[bytes] = []
        for flow in range(chance.randrange(1, 5)):
            port, sequence = 20000 + 10 * number + flow, chance.getrandbits(32)
            size = chance.choice([1, 100, 536, 1200, 1368, end.mtu - 80])
            kinds = chance.choice([[], [], [], [HOP_BY_HOP], [DESTINATION]])
            for place in range(chance.randrange(1, 16)):
                octets = chance.randbytes(size if chance.random() < 0.95 else chance.randrange(1, size + 1))
                packet = (udp(end.them, SERVER, 48 + len(octets), port, octets) if flow == 3 else
                          tcp(end.them, SERVER, sequence, octets, port, TCP_OPTIONS, ACK | (PSH if chance.random() < 0.1 else 0)))
                sequence += len(octets)
                packets.append(behind(bare(packet) if chance.random() < 0.05 else packet, *kinds))
        if chance.random() < 0.3:
            chance.shuffle(packets)
        scene.pass_on(end, packets)


def test_the_order_of_a_flow_stays(site: Site) -> None:
    scene = Scene(site, KINDS[:1])
    [end] = scene.ends
    chance, sequence = Random(5), 0
    sent: list[bytes] = []
    for _ in range(60):
        octets = chance.randbytes(chance.choice([1, 700, 1368, 1368, 1368]))
        sent.append(tcp(end.them, SERVER, sequence, octets))
        sequence += len(octets)
    for packet in sent:
        end.send(packet)
    assert scene.collect(len(sent)) == [hopped(packet) for packet in sent]


# MARK: - The user's end

SUBNET = "2001:db8:3001"


def test_what_the_users_link_merged_arrives_as_it_was_sent(site: Site) -> None:
    """host ── core ── chtst01 ── inet ── home ── lan      sixxs-client on a router whose link merges"""
    tunnel = TunnelLine(1, 4141, "203.0.113.10", 1480)
    daemon = site.daemon(tunnel, subnets=[(f"{SUBNET}::/48", 1)])
    home = site.home(ipv4="203.0.113.10")
    home.nft(NO_UNREACHABLES)
    lan, user = site.backbone.add_lan(home, "lan", SUBNET)
    show_the_wire(home, "lan")
    merge(home, "net0", site.backbone.inet, "home")
    link = receiver(home, "net0", 0x0800)
    site.client(home, tunnel).start()
    chance, port, longest = Random(7), 30000, 0
    with site.core.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_RAW) as sender, receiver(lan, "lan0", 0x86DD) as arrivals:
        for size, kinds in ((1408, []), (700, []), (100, []), (1300, [HOP_BY_HOP]), (1300, [DESTINATION])):
            port += 2
            sequence = chance.getrandbits(32)
            packets = [behind(tcp(SERVER, user, sequence + size * n, chance.randbytes(size), port), *kinds) for n in range(20)]
            packets += [behind(udp(SERVER, user, 48 + size, port + 1, chance.randbytes(size)), *kinds) for _ in range(20)]
            packets += [bare(tcp(SERVER, user, sequence, chance.randbytes(size), port + 1)) for _ in range(2)]
            for packet in packets:
                sender.sendto(packet, (user, 0))
            arrivals.settimeout(3)
            found: list[bytes] = []
            while len(found) < len(packets):
                packet = arrivals.recv(65535)
                # Not what the router asks its neighbour.
                found += [packet] if packet[8:24] == socket.inet_pton(socket.AF_INET6, SERVER) else []
            # The core, the PoP, its daemon, and the home.
            hops = packets[0][7] - found[0][7]
            assert Counter(found) == Counter(packet[:7] + bytes([packet[7] - hops]) + packet[8:] for packet in packets), (size, kinds)
    link.setblocking(False)
    while True:
        try:
            longest = max(longest, len(link.recv(65535)))
        except BlockingIOError:
            break
    link.close()
    assert longest > 5000, "the link merged nothing"
    assert daemon.errors(4141) == {}


# MARK: - Unfinished


@pytest.mark.parametrize("number", range(len(KINDS)), ids=IDS)
def test_what_the_kernel_left_unfinished_is_finished(site: Site, number: int) -> None:
    """Whatever it carries; and nothing else is touched, although it looks the same."""
    scene = Scene(site, KINDS[number:number + 1])
    [end] = scene.ends
    home, peer = (end.ends.home4, site.backbone.inet) if end.version == 4 else (end.ends.home6, site.core)
    cable = Unfinished(home, "net0", peer, home.short_name)
    data = Random(number).randbytes
    examples = [tcp(end.them, SERVER, 1, b"", flags=SYN), tcp(end.them, SERVER, 1, data(1000)), udp(end.them, SERVER, 148, 7, data(100)),
                udp(end.them, SERVER, 49, 7, data(1)), tcp(end.them, SERVER, 1, data(99), flags=ACK | FIN)]
    # A tunnel in the tunnel, whose own checksum is complete.
    nested = bulk.ipv6(end.them, SERVER, 41, udp(end.them, SERVER, 148, 7, data(100)))
    for packet in examples:
        for kinds in ([], [HOP_BY_HOP], [DESTINATION], [HOP_BY_HOP, DESTINATION]):
            field = TCP_FIELD if packet[6] == TCP else UDP_FIELD
            open_packet = behind(bare(packet), *kinds)
            outer = end.wrapped(open_packet)
            transport = len(outer) - len(open_packet) + 40 + 8 * len(kinds)
            cable.send(outer, transport, field)
            assert scene.collect(1) == [hopped(behind(packet, *kinds))], (packet[6], kinds, "unfinished")
            cable.send(outer)
            assert scene.collect(1) == [hopped(open_packet)], (packet[6], kinds, "finished")
    broken = bulk.ipv6(end.them, SERVER, 41, bare(nested[40:]))
    outer = end.wrapped(broken)
    cable.send(outer, len(outer) - len(broken) + 80, UDP_FIELD)
    assert scene.collect(1) == [hopped(nested)]


# MARK: - Where the kernel's word is not heard


def test_without_its_word_sizes_are_guessed(site: Site) -> None:
    """No path is too narrow for what is guessed, and nothing that came alone is cut up."""
    ends = Ends(site)
    end = End(ends, "6in4", 4)
    merge(site.pop, "net0", site.backbone.inet, site.plan.name, forwards_udp=False)
    show_the_wire(site.pop, "core0")
    text = configuration(site.plan, [each.tunnel for each in ends.all])
    daemon = Daemon(site.pop, site.programs.sixxsd, text)
    daemon.prefix = [sys.executable, without_call.__file__, "packet"]
    daemon.start()
    wait_for(lambda: "links merged (GRO) are estimated" in daemon.log and "AF_PACKET" in daemon.log, 5, "the daemon to say so")
    chance = Random(1)
    payload = chance.randbytes(20 * 1400)
    packets = [tcp(end.them, SERVER, 1400 * n, payload[1400 * n:1400 * (n + 1)]) for n in range(20)]
    alone = [tcp(end.them, SERVER, 0, chance.randbytes(1400), 50000), udp(end.them, SERVER, 1480, 7, chance.randbytes(1432))]
    with receiver(site.core, site.plan.name, 0x86DD) as arrivals:
        arrivals.settimeout(3)
        for packet in packets:
            end.send(packet)
        stream = bytearray(len(payload))
        count = 0
        while count < len(payload):
            packet = arrivals.recv(65535)
            if packet[6] != TCP or packet[40:42] != packets[0][40:42]:
                continue
            assert len(packet) <= 1480 and packet[72:]
            sequence = struct.unpack("!I", packet[44:48])[0]
            stream[sequence:sequence + len(packet) - 72] = packet[72:]
            count += len(packet) - 72
        assert bytes(stream) == payload
        for packet in alone:
            end.send(packet)
            while (found := arrivals.recv(65535))[6] != packet[6]:
                pass
            assert found == hopped(packet)
    assert daemon.errors(1001) == {}


# MARK: - TCP


# Beside other tests a transfer varies by much; the fault was a ten-thousandth.
LEAST = 1 / 3


@pytest.mark.parametrize("name", list(STRETCHES)[1:])
def test_tcp_out_of_a_merging_link_is_carried_where_its_way_narrows(site: Site, name: str) -> None:
    """Each segment stays as large as the narrower part takes it: as the sender learnt to make it."""
    stretch = STRETCHES[name](site)
    without = stretch.carried()
    stretch.merge()
    merging = stretch.carried(seconds=2)
    assert merging > LEAST * without, f"{merging:.1f} Mbit/s where links merge, {without:.1f} where they don't"
