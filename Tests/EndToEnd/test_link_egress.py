"""Bare packets that leave straight to the link (`--egress link`), past the PoP's IP stack.

    host ── core ── chtst01 ══ inet ── home4     net0, and sometimes a second link beside it
                     sixxsd
"""

from __future__ import annotations

import contextlib
import json
import re
import socket
import struct
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from scapy.layers.inet6 import ICMPv6PacketTooBig

from lab.capture import Capture
from lab.daemon import Daemon, TunnelLine
from lab.ends import End, Ends, Kind
from lab.namespace import Namespace, wait_for
from lab.packets import IP, ICMPv6EchoRequest, Listener, echo, send_ipv6
from lab.site import PLAN, Site
from lab.topology import ROUTER, SERVER
from test_offloads import carrying
from test_privileges import NET_ADMIN, NET_RAW, NOBODY
from test_tcp_obeys import transfer
from test_under_load import SEND_ERROR, Feed, dropped_by_the_queue, shape, share_of_a_processor

LINK = ["--egress", "link"]
HOME = "203.0.113.10"
STATIC = TunnelLine(1, 4141, HOME, 1480)
BARE = pytest.mark.parametrize("kind", ["6in4", "gre", "heartbeat"])
# An answer of the kernel's tables is used for so long.
LIFETIME = 5
ETHERNET = 14
ECHO_REQUEST = 128


class Stack:
    """Counts, and if asked drops, the outer packets that the PoP's IP stack sees."""

    def __init__(self, pop: Namespace) -> None:
        self._pop = pop
        pop.nft("table inet stack {\n counter seen { }\n chain output {\n type filter hook output priority 0\n"
                " meta l4proto { 41, 47, 17 } counter name seen\n }\n }")

    @property
    def seen(self) -> int:
        found = json.loads(self._pop.run("nft", "-j", "list", "counter", "inet", "stack", "seen").stdout)
        return next(entry["counter"]["packets"] for entry in found["nftables"] if "counter" in entry)

    def forbid(self) -> None:
        self._pop.run("nft", "add", "rule", "inet", "stack", "output", "meta", "l4proto", "{ 41, 47 }", "drop")


def sends(ends: Ends, end: End, count: int = 1, size: int = 104, traffic_class: int = 0) -> None:
    for sequence in range(count):
        packet = echo(SERVER, end.them, size=size, sequence=sequence)
        packet.tc = traffic_class
        send_ipv6(ends.site.core, packet)


def arrives(ends: Ends, end: End, size: int = 104) -> bool:
    """Whether one packet through the tunnel comes out at its far end."""
    with end.listen() as listener:
        sends(ends, end, size=size)
        return end.first(listener, lambda p: ICMPv6EchoRequest in p and len(p) == size, 1) is not None


def comes_in_pieces(ends: Ends, end: End, size: int) -> bool:
    with end.listen() as listener:
        sends(ends, end, size=size)
        return listener.first(lambda p: end.is_from_pop(p) and p.frag > 0, 1) is not None


def leaves_straight(ends: Ends, end: End, stack: Stack) -> bool:
    """Whether one packet arrives that the IP stack did not see."""
    before = stack.seen
    return arrives(ends, end) and stack.seen == before


def wait_until_straight(ends: Ends, end: End, stack: Stack) -> None:
    wait_for(lambda: leaves_straight(ends, end, stack), 8, "packets that leave straight to the link", every=0.05)


def add_second_link(site: Site) -> None:
    """A second way from the PoP to the internet, unused."""
    site.laboratory.link(site.backbone.inet, "second", site.pop, "net1")


def inner_packets(listener: socket.socket, seconds: float) -> Iterator[tuple[bytes, bytes]]:
    """Frames with an echo request inside 6in4, and that packet, as they arrive."""
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        listener.settimeout(left)
        with contextlib.suppress(TimeoutError):
            frame = listener.recv(65535)
            inner = frame[ETHERNET + 20:]
            if frame[ETHERNET + 9] == 41 and inner[6] == socket.IPPROTO_ICMPV6 and inner[40] == ECHO_REQUEST:
                yield frame, inner


@contextlib.contextmanager
def frames_on(namespace: Namespace, device: str) -> Iterator[socket.socket]:
    with namespace.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800)) as listener:
        with namespace.entered():
            listener.bind((device, 0x0800))
        yield listener


def hardware_address(namespace: Namespace, device: str) -> str:
    shown = namespace.show("link", "show", "dev", device)
    return shown[0]["address"]  # type: ignore[index]


# MARK: - What leaves


def without_identification(packet: bytes) -> bytes:
    """An outer packet without what each daemon has of its own, or what differs each time: identification and checksum."""
    return packet[:4] + packet[6:10] + packet[12:]


def recorded(capture: Capture, end: End) -> list[bytes]:
    """The outer packets that carry what the test sent, octet for octet, in their order."""
    octets = capture.file.read_bytes()
    found, place = [], 24
    while place < len(octets):
        length, = struct.unpack_from("<8xI", octets, place)
        packet = octets[place + 16 + ETHERNET:place + 16 + length]
        place += 16 + length
        is_own = packet[12:20] == socket.inet_aton(PLAN.ipv4) + socket.inet_aton(end.address)
        # Of a packet that was cut in two, the rest too.
        is_later = packet[6] & 0x1F or packet[7]
        if is_own and (is_later or socket.inet_pton(socket.AF_INET6, SERVER) in packet):
            found.append(packet)
    return found


@BARE
@pytest.mark.parametrize("mtu", [1500, 1280], ids=["wide", "narrow"])
@pytest.mark.seconds(60)
def test_packets_are_those_that_the_ip_stack_sends(site: Site, kind: Kind, mtu: int) -> None:
    """Octet for octet, for all traffic classes and sizes; where the path is narrow, cut in two by the daemon."""
    ends = Ends(site, mtu4=mtu)
    end = ends.add(kind, 4, mtu=1476)
    stack = Stack(site.pop)
    captures: dict[str, Capture] = {}
    for way in ("ip", "link"):
        daemon = ends.start(options=["--egress", way])
        if mtu < 1500:
            # The router says that this was too large, and the daemon cuts from then on.
            wait_for(lambda: comes_in_pieces(ends, end, 1280), 5, "1280 octets in pieces")
        if way == "link":
            wait_until_straight(ends, end, stack)
        before = stack.seen
        with Capture(site.pop, "net0", name=way, expression=f"host {end.address}") as captures[way]:
            for size in (48, 104, 1000, 1279, 1280):
                sends(ends, end, size=size)
            for traffic_class in range(0, 256, 7):
                sends(ends, end, traffic_class=traffic_class)
            if mtu == 1500:
                sends(ends, end, size=1476)
            wait_for(lambda: arrives(ends, end), 5, "the last one")
        # A capture begins and ends with a change of the link, after which it is asked anew where to go, which takes as long
        # as others let it: not all.
        assert way == "ip" or stack.seen - before < 40
        assert daemon.stop() == 0
    by_stack, straight = (recorded(captures[way], end) for way in ("ip", "link"))
    assert len(straight) >= 43
    assert [without_identification(packet) for packet in straight] == [
        without_identification(packet) for packet in by_stack]
    assert any(packet[6] & 0x20 for packet in straight) == (mtu < 1500), "fragments"
    identifications = [packet[4:6] for packet in straight if packet[6] & 0x60 == 0]
    assert len(set(identifications)) == len(identifications), "none twice"
    assert captures["link"].count("ip.proto == 41 || ip.proto == 47") >= 43
    assert captures["link"].complaints("ip") == []


def test_netfilter_is_passed_by(site: Site) -> None:
    ends = Ends(site)
    end = ends.add("6in4", 4)
    stack = Stack(site.pop)
    daemon = ends.start(options=LINK)
    wait_until_straight(ends, end, stack)
    stack.forbid()
    wait_for(lambda: arrives(ends, end), 3, "packets that netfilter forbids")
    # As the handbook says, the link's own hook sees all.
    site.pop.nft("table netdev late {\n chain egress {\n type filter hook egress device net0 priority 0\n"
                 " ip protocol 41 drop\n }\n }")
    assert not any(arrives(ends, end) for _ in range(2))
    daemon.wait_for_error(end.tunnel.number, SEND_ERROR, 2)
    site.pop.run("nft", "delete", "table", "netdev", "late")
    assert daemon.stop() == 0
    daemon = ends.start()
    before = stack.seen
    assert not any(arrives(ends, end) for _ in range(2)), "that is the default"
    assert stack.seen > before
    daemon.wait_for_error(end.tunnel.number, SEND_ERROR)


@pytest.mark.parametrize(("kind", "version"), [("ayiya", 4), ("ayiya", 6), ("6in4", 6), ("gre", 6)])
def test_all_else_takes_the_ip_stack(site: Site, kind: Kind, version: int) -> None:
    ends = Ends(site)
    end = ends.add(kind, version)
    stack = Stack(site.pop)
    ends.start(options=LINK)
    for _ in range(3):
        before = stack.seen
        assert arrives(ends, end)
        assert stack.seen > before


@pytest.mark.parametrize("options", [[], ["--batch", "1"], ["--batch", "3"], ["--offloads", "off"], ["--workers", "2"]],
                         ids=["batches", "one at a time", "three at a time", "no offloads", "two workers"])
def test_a_transfer_completes_both_ways(site: Site, options: list[str]) -> None:
    stack = Stack(site.pop)
    daemon = site.daemon(STATIC, options=[*LINK, *options])
    home = site.home(ipv4=HOME)
    client = site.client(home, STATIC).start()
    errors = carrying(daemon, home, STATIC)
    before, sent = stack.seen, daemon.balance().forwarded
    assert transfer(site.core, home, client.identity)
    assert transfer(home, site.core, SERVER)
    assert stack.seen - before < (daemon.balance().forwarded - sent) / 10
    assert daemon.errors(STATIC.number) == errors


def test_now_and_then_a_packet_takes_the_ip_stack(site: Site) -> None:
    """So that the kernel keeps confirming its neighbour: one a lifetime, not all that come meanwhile."""
    ends = Ends(site)
    end = ends.add("6in4", 4)
    stack = Stack(site.pop)
    ends.start(options=LINK)
    wait_until_straight(ends, end, stack)
    before, begun, count = stack.seen, time.monotonic(), 0
    while time.monotonic() < begun + 1.5 * LIFETIME:
        sends(ends, end)
        count += 1
        time.sleep(0.02)
    lifetimes = (time.monotonic() - begun) / LIFETIME
    # The daemon's own probes of the tunnel are among them.
    assert 1 <= stack.seen - before <= lifetimes + 2 < count / 5


def test_an_unprivileged_daemon_sends_straight_to_the_link(site: Site) -> None:
    ends = Ends(site)
    end = ends.add("6in4", 4)
    stack = Stack(site.pop)
    daemon = ends.start(options=[*LINK, "--user", "nobody"])
    wait_until_straight(ends, end, stack)
    for task in Path(f"/proc/{daemon.pid}/task").iterdir():
        status = (task / "status").read_text()
        assert f"Uid:\t{NOBODY}\t{NOBODY}\t{NOBODY}\t{NOBODY}" in status
        effective = re.search(r"CapEff:\s+([0-9a-f]+)", status)
        assert effective and int(effective[1], 16) == 1 << NET_ADMIN | 1 << NET_RAW
    # A change is seen without privileges as well.
    add_second_link(site)
    before = stack.seen
    assert arrives(ends, end)
    assert stack.seen > before


def test_what_is_not_known_is_refused(site: Site) -> None:
    result = site.pop.run(site.programs.sixxsd, "--config", "/nowhere", "--egress", "wire", check=False)
    assert result.returncode != 0
    assert "ip and link" in result.stderr.replace("'", ""), result.stderr


# MARK: - Where it goes


def test_a_neighbour_that_is_not_known_yet_is_found_by_the_ip_stack(site: Site) -> None:
    ends = Ends(site)
    end = ends.add("6in4", 4)
    stack = Stack(site.pop)
    ends.start(options=LINK)
    wait_until_straight(ends, end, stack)
    for _ in range(3):
        site.pop.ip("neigh flush dev net0")
        before = stack.seen
        assert arrives(ends, end), "the first one too"
        assert stack.seen > before
        wait_until_straight(ends, end, stack)


def test_a_neighbour_that_never_answers_costs_its_packets_only(site: Site) -> None:
    ends = Ends(site)
    gone, end = ends.add("6in4", 4), ends.add("6in4", 4)
    stack = Stack(site.pop)
    daemon = ends.start(options=LINK)
    site.pop.ip(f"route add {gone.address}/32 via 198.18.0.99 dev net0 onlink")
    wait_until_straight(ends, end, stack)
    sends(ends, gone, 20)
    # The kernel keeps them until it gives the neighbour up, and then says so.
    daemon.wait_for_error(gone.tunnel.number, "ICMPv4 Errors Received", timeout=8)
    wait_until_straight(ends, end, stack)


def test_a_neighbour_that_moves_is_followed(site: Site) -> None:
    ends = Ends(site)
    end = ends.add("6in4", 4)
    stack = Stack(site.pop)
    ends.start(options=LINK)
    with frames_on(site.backbone.inet, "chtst01") as listener:
        for number in range(1, 4):
            wait_until_straight(ends, end, stack)
            address = f"02:00:00:00:00:{number:02x}"
            site.backbone.inet.ip(f"link set chtst01 address {address}")
            site.pop.ip(f"neigh replace {ROUTER} lladdr {address} dev net0 nud reachable")
            wait_for(lambda: arrives(ends, end), 3, "packets at the new address", every=0)
            wait_until_straight(ends, end, stack)
            sends(ends, end, size=200 + number)
            frame = next(frame for frame, inner in inner_packets(listener, 3) if len(inner) == 200 + number)
            assert frame[:6] == bytes.fromhex(address.replace(":", ""))
            assert frame[6:12].hex(":") == hardware_address(site.pop, "net0")


def test_a_neighbour_s_own_word_is_taken(site: Site) -> None:
    """A router that fails over says so with a gratuitous ARP; the old address takes nothing any more."""
    ends = Ends(site)
    end = ends.add("6in4", 4)
    stack = Stack(site.pop)
    ends.start(options=LINK)
    site.pop.sysctl({"net.ipv4.neigh.net0.locktime": "0"})
    wait_until_straight(ends, end, stack)
    site.backbone.inet.ip("link set chtst01 address 02:00:00:00:00:77")
    request = bytes.fromhex("ffffffffffff0200000000770806") + struct.pack(
        "!HHBBH6s4s6s4s", 1, 0x0800, 6, 4, 1, bytes.fromhex("020000000077"), socket.inet_aton(ROUTER), bytes(6),
        socket.inet_aton(ROUTER))
    with site.backbone.inet.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as sender:
        with site.backbone.inet.entered():
            sender.bind(("chtst01", 0))
        sender.send(request)
    wait_for(lambda: arrives(ends, end), 3, "packets at the new address", every=0)
    wait_until_straight(ends, end, stack)


@pytest.mark.parametrize("by", ["a route", "a rule"])
def test_another_route_is_followed(site: Site, by: str) -> None:
    add_second_link(site)
    ends = Ends(site)
    end = ends.add("6in4", 4)
    stack = Stack(site.pop)
    ends.start(options=LINK)
    change, back = {
        "a route": (f"route add 203.0.113.0/24 via {ROUTER} dev net1 onlink", "route del 203.0.113.0/24 dev net1"),
        "a rule": ("rule add to 203.0.113.0/24 lookup 100", "rule del to 203.0.113.0/24 lookup 100"),
    }[by]
    site.pop.ip(f"route add default via {ROUTER} dev net1 onlink table 100")
    wait_until_straight(ends, end, stack)
    with frames_on(site.backbone.inet, "chtst01") as first, frames_on(site.backbone.inet, "second") as second:
        for number, (command, listener) in enumerate([(change, second), (back, first), (change, second)]):
            wait_until_straight(ends, end, stack)
            site.pop.ip(command)
            size = 300 + number

            def takes_the_new_way() -> bool:
                sends(ends, end, size=size)
                return any(len(inner) == size for _, inner in inner_packets(listener, 0.2))

            wait_for(takes_the_new_way, 3, "packets on the other link", every=0)
            wait_until_straight(ends, end, stack)
            size += 100
            assert takes_the_new_way(), "straight to the other link"


def test_a_rule_by_source_has_the_same_effect_either_way(site: Site) -> None:
    """What the daemon sends is routed before its source is looked at, by the IP stack as well."""
    add_second_link(site)
    ends = Ends(site)
    end = ends.add("6in4", 4)
    stack = Stack(site.pop)
    site.pop.ip(f"route add default via {ROUTER} dev net1 onlink table 100", f"rule add from {PLAN.ipv4} lookup 100")
    for options in ([], LINK):
        daemon = ends.start(options=options)
        if options:
            wait_until_straight(ends, end, stack)
        with frames_on(site.backbone.inet, "chtst01") as first:
            sends(ends, end, size=300)
            assert any(len(inner) == 300 for _, inner in inner_packets(first, 1))
        assert daemon.stop() == 0


def test_an_address_that_leads_nowhere_takes_the_ip_stack(site: Site) -> None:
    ends = Ends(site)
    end = ends.add("6in4", 4)
    stack = Stack(site.pop)
    daemon = ends.start(options=LINK)
    wait_until_straight(ends, end, stack)
    for kind in ("unreachable", "blackhole", "prohibit"):
        errors = daemon.errors(end.tunnel.number).get(SEND_ERROR, 0)
        site.pop.ip(f"route add {kind} {end.address}/32")
        wait_for(lambda: not arrives(ends, end), 3, f"the {kind} route to count", every=0)
        daemon.wait_for_error(end.tunnel.number, SEND_ERROR, errors + 1)
        site.pop.ip(f"route del {kind} {end.address}/32")
        wait_until_straight(ends, end, stack)


@pytest.mark.parametrize("is_carrying", [True, False], ids=["under traffic", "idle"])
def test_a_link_that_goes_down_and_comes_back(site: Site, is_carrying: bool) -> None:
    ends = Ends(site)
    end = ends.add("6in4", 4)
    stack = Stack(site.pop)
    daemon = ends.start(options=LINK)
    for round_number in range(2):
        wait_until_straight(ends, end, stack)
        trickle = site.core.spawn("ping", "-n", "-q", "-i", 0.002, "-I", SERVER, end.them, name="ping") if is_carrying else None
        errors = daemon.errors(end.tunnel.number).get(SEND_ERROR, 0)
        site.pop.ip("link set net0 down")
        sends(ends, end, 5)
        daemon.wait_for_error(end.tunnel.number, SEND_ERROR, errors + 5)
        wait_for(lambda: share_of_a_processor(daemon, 0.3) < 0.3, 5, "the daemon to have little to do")
        if trickle:
            trickle.kill()
        site.pop.ip("link set net0 up", f"route replace default via {ROUTER} dev net0 onlink src {PLAN.ipv4}")
        wait_for(lambda: arrives(ends, end), 5, "the link")
        assert daemon.balance().is_even


def test_a_link_that_is_gone_is_left_for_another(site: Site) -> None:
    """What was about to leave through it takes the way that there is, or is counted."""
    add_second_link(site)
    ends = Ends(site)
    end = ends.add("6in4", 4)
    stack = Stack(site.pop)
    daemon = ends.start(options=LINK)
    site.pop.ip(f"route add default via {ROUTER} dev net1 onlink src {PLAN.ipv4} metric 50")
    wait_until_straight(ends, end, stack)
    with frames_on(site.backbone.inet, "chtst01") as first:
        site.pop.ip("link del net1")
        for number in range(20):
            sends(ends, end, size=300 + number)
        arrived = {len(inner) for _, inner in inner_packets(first, 1)}
    lost = daemon.errors(end.tunnel.number).get(SEND_ERROR, 0)
    assert len(arrived & set(range(300, 320))) + lost >= 20
    assert 319 in arrived
    wait_until_straight(ends, end, stack)


def test_a_link_that_is_no_ethernet_takes_the_ip_stack(site: Site) -> None:
    """A point-to-point link has no addresses to send to."""
    ends = Ends(site)
    end = ends.add("6in4", 4)
    stack = Stack(site.pop)
    ends.start(options=LINK)
    wait_until_straight(ends, end, stack)
    site.pop.run("ip", "tuntap", "add", "mode", "tun", "name", "ptp0")
    site.pop.ip("link set ptp0 up", f"route add {end.address}/32 dev ptp0")
    with site.pop.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0):
        for _ in range(3):
            before = stack.seen
            sends(ends, end)
            wait_for(lambda: stack.seen > before, 3, "the IP stack to see it")


# MARK: - Sizes and queues


def test_what_is_too_large_for_the_link_is_learnt(site: Site) -> None:
    ends = Ends(site)
    end = ends.add("6in4", 4, mtu=1480)
    stack = Stack(site.pop)
    ends.start(options=LINK)
    wait_until_straight(ends, end, stack)
    assert arrives(ends, end, 1480)
    site.pop.ip("link set net0 mtu 1400")
    with Listener(site.core, "chtst01") as listener:
        for _ in range(3):
            sends(ends, end, size=1480)
            error = listener.icmp_error(SERVER, 0.5)
            if error is not None:
                break
    assert error is not None and error[ICMPv6PacketTooBig].mtu == 1380
    assert arrives(ends, end, 1380)
    wait_until_straight(ends, end, stack)


def test_what_may_be_fragmented_comes_in_pieces(site: Site) -> None:
    """With `path-mtu static` DF is clear: what the link refuses is learnt, and cut in two by the daemon."""
    ends = Ends(site)
    end = ends.add("6in4", 4, mtu=1480)
    stack = Stack(site.pop)
    daemon = ends.start(extra="pop set path-mtu static\n", options=LINK)
    site.pop.ip("link set net0 mtu 1400")
    wait_until_straight(ends, end, stack)
    assert not comes_in_pieces(ends, end, 1480)
    assert daemon.errors(end.tunnel.number)[SEND_ERROR] == 1
    wait_until_straight(ends, end, stack)
    before = stack.seen
    with end.listen() as listener:
        sends(ends, end, size=1480)
        pieces = [packet for packet in listener.packets(1) if end.is_from_pop(packet) and packet.frag or "MF" in packet.flags]
    assert sorted(packet.len for packet in pieces) == [124, 1396]
    assert len({packet.id for packet in pieces}) == 1
    # One of them may have been the one that asks anew.
    assert stack.seen - before < 2
    assert daemon.errors(end.tunnel.number)[SEND_ERROR] == 1


def test_a_route_s_own_size_is_kept_to(site: Site) -> None:
    """`mtu` of a route is the IP stack's to judge, which refuses what is larger and may not be fragmented."""
    ends = Ends(site)
    end = ends.add("6in4", 4, mtu=1480)
    stack = Stack(site.pop)
    ends.start(options=LINK)
    site.pop.ip(f"route add {end.address}/32 via {ROUTER} dev net0 onlink mtu 1400")
    wait_until_straight(ends, end, stack)
    before = stack.seen
    assert not arrives(ends, end, 1480)
    assert stack.seen > before
    wait_until_straight(ends, end, stack)


@pytest.mark.xdist_group("load")
def test_what_a_links_full_queue_refuses_is_counted(site: Site) -> None:
    feed = Feed(site, options=LINK)
    feed.send(400, 200)
    stack = Stack(site.pop)
    shape(site, "2mbit", 20_000)
    _, refused_before = feed.spent()
    errors = feed.daemon.errors(STATIC.number).get(SEND_ERROR, 0)
    feed.send(400, 200)
    sent, refused = feed.spent()
    refused -= refused_before
    assert refused > 100
    assert feed.daemon.errors(STATIC.number)[SEND_ERROR] - errors == refused <= dropped_by_the_queue(site)
    assert feed.arrived() == sent
    assert stack.seen < 200, "what the link refuses is not tried again through the same queue"
