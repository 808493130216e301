"""What the outer side may look like: GRE's options, fragments, padding, wrong ends, spoofed sources.

    host ── core ── chtst01 ── inet ── home4
             │       sixxsd
           home6
"""

from __future__ import annotations

import random
import socket
import struct
from collections.abc import Callable, Iterator

import pytest
from scapy.layers.inet import GRE, ICMP, fragment
from scapy.layers.inet6 import IPv6ExtHdrFragment, fragment6

from lab.daemon import WORKERS
from lab.ends import ALL, IDS, End, Ends, Kind
from lab.packets import IP, UDP, ICMPv6EchoRequest, IPv6, Listener, Packet, Raw, echo, send_ipv4, send_ipv6
from lab.site import Site
from lab.topology import SERVER

THIEF = 66


def arrives(uplink: Listener, source: str, sequence: int, seconds: float = 2) -> bool:
    """Whether the host's side sees that echo request."""
    def is_it(packet: Packet) -> bool:
        return (ICMPv6EchoRequest in packet and packet[IPv6].src == source
                and packet[ICMPv6EchoRequest].seq == sequence)

    return uplink.first(is_it, seconds) is not None


def gre(flags: int, options: bytes, inner: Packet, protocol: int = 0x86DD) -> bytes:
    """A GRE packet with a header of the test's own making."""
    return struct.pack("!HH", flags, protocol) + options + bytes(inner)


def summed(inner: Packet, wrong: bool = False) -> bytes:
    """A GRE packet with a checksum, which scapy computes."""
    octets = bytearray(bytes(GRE(chksum_present=1, proto=0x86DD) / Raw(bytes(inner))))
    if wrong:
        octets[4] ^= 1
    return bytes(octets)


GOOD: dict[str, Callable[[Packet], bytes]] = {
    "plain": lambda inner: gre(0, b"", inner),
    "a checksum": summed,
    "a key": lambda inner: gre(0x2000, b"\x12\x34\x56\x78", inner),
    "a sequence number": lambda inner: gre(0x1000, b"\0\0\0\7", inner),
    "checksum, key and sequence": lambda inner: bytes(
        GRE(chksum_present=1, key_present=1, seqnum_present=1, key=5, sequence_number=7, proto=0x86DD)
        / Raw(bytes(inner))),
    "reserved bits 6 to 12, which are ignored": lambda inner: gre(0x03F8, b"", inner),
}
BAD: dict[str, tuple[Callable[[Packet], bytes], str]] = {
    "reserved bit 1 (routing)": (lambda inner: gre(0x4000, b"\0\0\0\0", inner), "Wrong Payload"),
    "reserved bit 4 (strict route)": (lambda inner: gre(0x0800, b"", inner), "Wrong Payload"),
    "reserved bit 5 (recursion)": (lambda inner: gre(0x0400, b"", inner), "Wrong Payload"),
    "version 1": (lambda inner: gre(0x0001, b"\0\0\0\0", inner), "Wrong Payload"),
    "a wrong checksum": (lambda inner: summed(inner, wrong=True), "Wrong Payload"),
    "IPv4 inside": (lambda inner: gre(0, b"", IP(dst="192.0.2.1"), 0x0800), "Non-IPv6 Payload"),
    "no IPv6 behind IPv6's number": (lambda inner: gre(0, b"", IP(dst="192.0.2.1")), "Non-IPv6 Payload"),
    "half a header": (lambda inner: b"\0\0", "Wrong Payload"),
}


@pytest.mark.parametrize("version", [4, 6])
def test_understands_gre_with(site: Site, version: int) -> None:
    ends = Ends(site)
    end = ends.add("gre", version)
    daemon = ends.start()
    with Listener(site.core, "chtst01") as uplink:
        for sequence, (name, make) in enumerate(GOOD.items()):
            ends.send(version, end.outer(47) / Raw(make(echo(end.them, SERVER, sequence=sequence))))
            assert arrives(uplink, end.them, sequence), name
    assert daemon.errors(end.tunnel.number) == {}


@pytest.mark.parametrize("version", [4, 6])
def test_refuses_gre_with(site: Site, version: int) -> None:
    ends = Ends(site)
    end = ends.add("gre", version)
    daemon = ends.start()
    expected: dict[str, int] = {}
    with Listener(site.core, "chtst01") as uplink:
        for name, (make, error) in BAD.items():
            expected[error] = expected.get(error, 0) + 1
            ends.send(version, end.outer(47) / Raw(make(echo(end.them, SERVER))))
            daemon.wait_for_error(end.tunnel.number, error, expected[error])
            assert daemon.errors(end.tunnel.number) == expected, name
        assert not arrives(uplink, end.them, 1, 0.2)


@pytest.mark.parametrize("version", [4, 6])
def test_a_static_tunnel_switches_with_its_last_packet(site: Site, version: int) -> None:
    ends = Ends(site)
    end = ends.add("6in4", version)
    ends.start()
    for sequence, kind in enumerate(("6in4", "gre", "6in4", "gre")):
        end.kind = kind  # type: ignore[assignment]
        with end.listen() as listener:
            end.send(echo(end.them, end.us, sequence=sequence))
            assert end.first(listener, lambda p: p.payload.type == 129) is not None, f"answered by {kind}"
            send_ipv6(site.core, echo(SERVER, end.them, sequence=sequence))
            assert end.first(listener, lambda p: p.payload.type == 128) is not None, f"sent by {kind}"


@pytest.mark.parametrize("kind", ["6in4", "gre", "ayiya"])
@pytest.mark.parametrize("order", ["in order", "last first", "with DF"])
def test_fragments_of_the_outer_ipv4_packet_are_put_together(site: Site, kind: Kind, order: str) -> None:
    ends = Ends(site)
    end = ends.add(kind, 4)
    ends.start()
    inner = echo(end.them, SERVER, size=1400)
    fragments = fragment(end.wrap(inner, id=0x4711), fragsize=600)
    assert len(fragments) >= 3
    with Listener(site.core, "chtst01") as uplink:
        for piece in reversed(fragments) if order == "last first" else fragments:
            if order == "with DF":
                piece.flags |= "DF"
            ends.send(4, piece)
        seen = uplink.first(lambda p: ICMPv6EchoRequest in p and p.src == end.them, 2)
    assert seen is not None and bytes(seen.payload) == bytes(inner.payload)


@pytest.mark.parametrize("kind", ["6in4", "gre", "ayiya"])
def test_fragments_of_the_outer_ipv6_packet_are_put_together(site: Site, kind: Kind) -> None:
    ends = Ends(site)
    end = ends.add(kind, 6)
    ends.start()
    inner = echo(end.them, SERVER, size=1400)
    whole = end.wrap(inner)
    whole = IPv6(bytes(whole))
    header, payload = whole.copy(), bytes(whole.payload)
    header.remove_payload()
    fragmentable = IPv6(bytes(header)[:40]) / IPv6ExtHdrFragment(nh=header.nh, id=0x4711) / Raw(payload)
    fragmentable.nh, fragmentable.plen = 44, None
    pieces = fragment6(fragmentable, 700)
    assert len(pieces) >= 3
    with Listener(site.core, "chtst01") as uplink:
        for piece in pieces:
            ends.send(6, piece)
        assert arrives(uplink, end.them, 1)


@pytest.mark.parametrize("kind", ["6in4", "gre", "ayiya"])
def test_an_encapsulation_limit_outside_is_no_fault(site: Site, kind: Kind) -> None:
    """RFC 2473 4.1.1: Linux puts a destination option in front of what it tunnels over IPv6."""
    ends = Ends(site)
    end = ends.add(kind, 6)
    ends.start()
    whole = IPv6(bytes(end.wrap(echo(end.them, SERVER))))
    limit = bytes([whole.nh, 0, 4, 1, 4, 1, 1, 0])
    packet = IPv6(src=whole.src, dst=whole.dst, nh=60) / Raw(limit + bytes(whole.payload))
    with Listener(site.core, "chtst01") as uplink:
        ends.send(6, packet)
        assert arrives(uplink, end.them, 1)


def test_an_inner_packet_of_1500_octets_is_received(site: Site) -> None:
    """RFC 4213 3.6: what comes in may be larger than what goes out, and its outer packet comes in pieces."""
    ends = Ends(site)
    end = ends.add("6in4", 4, mtu=1280)
    ends.start()
    with Listener(site.core, "chtst01") as uplink:
        for piece in fragment(end.wrap(echo(end.them, SERVER, size=1500), id=0x4713), fragsize=1000):
            ends.send(4, piece)
        assert arrives(uplink, end.them, 1)


def test_a_udp_checksum_over_ipv6_must_be_right(site: Site) -> None:
    """RFC 8200 8.1: without one, or with a wrong one, the datagram is not taken."""
    ends = Ends(site)
    end = ends.add("ayiya", 6)
    daemon = ends.start()
    before = daemon.tunnel(end.tunnel.number)["inPackets"]
    with Listener(site.core, "chtst01") as uplink:
        for sequence, change in enumerate((lambda _: 0, lambda right: right ^ 1)):
            packet = IPv6(bytes(end.wrap(echo(end.them, SERVER, sequence=sequence))))
            packet[UDP].chksum = change(packet[UDP].chksum)
            ends.send(6, packet)
            assert not arrives(uplink, end.them, sequence, 0.3)
        end.send(echo(end.them, SERVER, sequence=9))
        assert arrives(uplink, end.them, 9)
    assert daemon.tunnel(end.tunnel.number)["inPackets"] == before + 1


def test_a_packet_with_df_is_taken(site: Site) -> None:
    ends = Ends(site)
    end = ends.add("6in4", 4)
    ends.start()
    with Listener(site.core, "chtst01") as uplink:
        end.send(echo(end.them, SERVER, size=1480), flags="DF")
        assert arrives(uplink, end.them, 1)


@pytest.mark.parametrize(("kind", "version"), [one for one in ALL if one[0] != "ayiya"],
                         ids=[name for name in IDS if "ayiya" not in name])
def test_padding_is_cut_off(site: Site, kind: Kind, version: int) -> None:
    ends = Ends(site)
    end = ends.add(kind, version)
    daemon = ends.start()
    before = daemon.tunnel(end.tunnel.number)
    inner = echo(end.them, SERVER, size=60)
    with Listener(site.core, "chtst01") as uplink:
        end.send(bytes(inner) + bytes(19))
        seen = uplink.first(lambda p: ICMPv6EchoRequest in p and p.src == end.them, 2)
    assert seen is not None and len(bytes(seen)) == 60
    after = daemon.tunnel(end.tunnel.number)
    assert after["inBytes"] - before["inBytes"] == 60


@pytest.mark.parametrize("kind", ["6in4", "gre"])
@pytest.mark.parametrize("version", [4, 6])
def test_a_packet_from_the_wrong_end_gets_nothing(site: Site, kind: Kind, version: int) -> None:
    ends = Ends(site)
    end = ends.add(kind, version)
    daemon = ends.start()
    thief = End(ends, kind, version, ends.add_address(version, THIEF), end.tunnel)
    with Listener(site.core, "chtst01") as uplink, ends.listen(version) as home:
        thief.send(echo(end.them, SERVER))
        assert daemon.wait_for_error(end.tunnel.number, "Wrong Source IPv4") == 1
        assert not arrives(uplink, end.them, 1, 0.3)
        assert home.first(thief.is_from_pop, 0.3) is None, "RFC 4213 3.6: no ICMP error by default"
    # What goes to the tunnel still goes to its owner.
    with ends.listen(version) as home:
        send_ipv6(site.core, echo(SERVER, end.them))
        assert end.first(home, lambda p: ICMPv6EchoRequest in p) is not None


def protocol_unreachable(packet: Packet) -> bool:
    return ICMP in packet and (packet[ICMP].type, packet[ICMP].code) == (3, 2)


@pytest.mark.parametrize("kind", ["6in4", "gre"])
def test_protocol_unreachable_is_sent_where_it_is_wanted(site: Site, kind: Kind) -> None:
    ends = Ends(site)
    end = ends.add(kind, 4)
    daemon = ends.start(extra="pop set protocol-unreachable on\n")
    thief = End(ends, kind, 4, ends.add_address(4, THIEF), end.tunnel)
    packet = IP(bytes(thief.wrap(echo(end.them, SERVER, size=1000), id=0x4711)))
    with ends.listen(4) as home:
        ends.send(4, packet)
        error = home.first(lambda p: protocol_unreachable(p) and p.dst == thief.address)
    assert error is not None
    assert error.src == site.plan.ipv4 and len(bytes(error)) <= 576
    quoted = bytes(error[ICMP])[8:]
    # TTL and checksum changed on the way.
    assert quoted[:8] == bytes(packet)[:8] and quoted[12:] == bytes(packet)[12:len(quoted)]
    recomputed = error.copy()
    del recomputed[ICMP].chksum
    assert IP(bytes(recomputed))[ICMP].chksum == error[ICMP].chksum
    assert daemon.wait_for_error(end.tunnel.number, "Wrong Source IPv4") == 1


@pytest.mark.parametrize("kind", ["6in4", "gre", "heartbeat", "ayiya"])
def test_what_comes_to_a_broadcast_address_is_nobodys(site: Site, kind: Kind) -> None:
    """RFC 1122 3.2.1.3: no tunnel's end has such an address, and none is spoken from."""
    ends = Ends(site)
    end = ends.add(kind, 4)
    daemon = ends.start()
    site.pop.ip("addr add 198.18.77.1/24 brd 198.18.77.255 dev net0")
    site.backbone.inet.ip(f"route add 198.18.77.0/24 via {ends.pop(4)} dev chtst01 onlink")
    for number, destination in enumerate(["198.18.77.255", "224.0.0.1", "198.18.77.1"]):
        packet = end.wrap(echo(end.them, SERVER, sequence=number))
        packet.dst = destination
        with Listener(site.core, "chtst01") as core:
            ends.send(4, packet)
            arrived = core.first(lambda p: p.src == end.them, 1 if number < 2 else 3)
        if destination == "198.18.77.1":
            assert arrived is not None, "another address of ours"
        else:
            assert arrived is None, destination
            lines = daemon.command(f"tunnel show T{end.tunnel.number}").lines or ()
            ours = next(line.split(":")[1].strip() for line in lines if line.startswith("Outer Us"))
            assert ours in (ends.pop(4), "-"), ours
    # Multicast is not routed here; the other was seen, and not taken. Each worker's UDP socket has its copy of a broadcast.
    assert daemon.balance().reasons.get("impossibleDestination", 0) in (1, WORKERS if kind == "ayiya" else 1)


def test_protocol_unreachable_is_rate_limited(site: Site) -> None:
    ends = Ends(site)
    end = ends.add("6in4", 4)
    daemon = ends.start(extra="pop set protocol-unreachable on\npop set icmp-rate 10 10 20\n")
    thief = End(ends, "6in4", 4, ends.add_address(4, THIEF), end.tunnel)
    packet = thief.wrap(echo(end.them, SERVER))
    with ends.listen(4) as home:
        for _ in range(200):
            ends.send(4, packet)
        answers = sum(1 for p in home.packets(1) if protocol_unreachable(p) and p.dst == thief.address)
    assert 20 <= answers <= 40
    assert daemon.wait_for_error(end.tunnel.number, "Wrong Source IPv4", 200) == 200


def test_no_protocol_unreachable_about_fragments_that_never_meet(site: Site) -> None:
    """A lone fragment never reaches the daemon, and is no reason to speak."""
    ends = Ends(site)
    end = ends.add("6in4", 4)
    daemon = ends.start(extra="pop set protocol-unreachable on\n")
    before = daemon.tunnel(end.tunnel.number)
    pieces = fragment(end.wrap(echo(end.them, SERVER, size=1400), id=0x4712), fragsize=600)
    with ends.listen(4) as home:
        ends.send(4, pieces[0])
        assert home.first(end.is_from_pop, 0.5) is None
    assert daemon.tunnel(end.tunnel.number)["inPackets"] == before["inPackets"]
    assert daemon.errors(end.tunnel.number) == {}


def spoofed_sources(site: Site, own: int, chance: random.Random) -> list[str]:
    """Inner sources that no packet of a tunnel may have."""
    others = [f"{site.plan.base}:{tid:x}::2" for tid in range(0x2000) if tid != own]
    routed = [f"{site.plan.base}:{0x8000 + tid:x}::{chance.randrange(1, 0xFFFF):x}" for tid in range(0x2000) if tid != own]
    subnets = [f"2001:db8:30{high:02x}:{chance.randrange(0x10000):x}::1" for high in range(256)]
    world = [":".join(f"{chance.randrange(0x2000 if place == 0 else 0, 0x4000 if place == 0 else 0x10000):x}"
                      for place in range(8)) for _ in range(2000)]
    special = ["::", "::1", "::192.0.2.1", "::ffff:192.0.2.1", "ff02::1", "ff0e::1234", "fe80::1234", site.plan.us(own),
               site.plan.own_address, "2001:db8:ffff::80"]
    return others + routed + subnets + world + special


def spoofed_packets(end: End, sources: list[str], destinations: tuple[str, str]) -> Iterator[bytes]:
    """One outer packet a source. scapy makes one, of which bare ones are copies: making each would take minutes."""
    template = bytes(IPv6(src=end.them, dst=SERVER, nh=17) / Raw(bytes(20)))
    front = bytes(end.wrap(template))[: -len(template)]
    ends = [socket.inet_pton(socket.AF_INET6, destination) for destination in destinations]
    for number, source in enumerate(sources):
        inner = template[:8] + socket.inet_pton(socket.AF_INET6, source) + ends[number % 2] + template[40:]
        yield bytes(end.wrap(inner)) if end.kind == "ayiya" else front + inner


@pytest.mark.seconds(90)
@pytest.mark.parametrize(("kind", "version"), [("6in4", 4), ("6in4", 6), ("gre", 4), ("ayiya", 4)])
def test_no_spoofed_source_is_forwarded(site: Site, kind: Kind, version: int) -> None:
    ends = Ends(site)
    end = ends.add(kind, version)
    victim = ends.add("ayiya", 6)
    daemon = ends.start([("2001:db8:3001::/48", victim.tunnel.tid)])
    sources = spoofed_sources(site, end.tunnel.tid, random.Random(4213))
    assert len(sources) > 10_000
    # A signature for each packet takes its time.
    sources = sources[::4] + sources[-10:] if kind == "ayiya" else sources
    before, errors = daemon.balance(), sum(daemon.errors(end.tunnel.number).values())
    foreign = set(sources)
    leaked = []
    with Listener(site.core, "chtst01") as uplink, victim.listen() as other:
        for number, packet in enumerate(spoofed_packets(end, sources, (SERVER, victim.them))):
            ends.send(version, packet)
            if number % 200 == 0:
                # Never more than the daemon's socket can hold: each must be judged.
                daemon.command("pop show threads")
                leaked += [p for p in uplink.packets(0.01) if p.src in foreign and p.dst == SERVER]
                leaked += [p for p in other.packets(0.01) if (inner := victim.unwrap(p)) and inner.src in foreign]
        leaked += [p for p in uplink.packets(0.2) if p.src in foreign and p.dst == SERVER]
        leaked += [p for p in other.packets(0.2) if (inner := victim.unwrap(p)) and inner.src in foreign]
    assert leaked == []
    after = daemon.balance()
    assert after.forwarded == before.forwarded
    # The kernel of the PoP puts a packet of its own (MLD) on the TUN device now and then.
    assert len(sources) <= after.dropped - before.dropped <= len(sources) + 5, after.reasons
    counted = sum(daemon.errors(end.tunnel.number).values()) - errors
    if kind == "ayiya":
        assert counted == len(sources)
    else:
        # In another tunnel's name it is that tunnel's error, in nobody's the PoP's; of impossible and foreign
        # sources the tunnel at the outer address is to blame.
        assert counted >= 2000


def test_bare_packets_never_pass_for_a_dynamic_tunnel(site: Site) -> None:
    """After AYIYA neither 6in4 nor GRE from the very same address is taken (daemon.md section 2)."""
    ends = Ends(site)
    end = ends.add("ayiya", 4)
    daemon = ends.start()
    with Listener(site.core, "chtst01") as uplink:
        for kind in ("6in4", "gre"):
            End(ends, kind, 4, end.address, end.tunnel).send(echo(end.them, SERVER))  # type: ignore[arg-type]
        assert daemon.wait_for_error(end.tunnel.number, "AYIYA-non-AYIYA", 2) == 2
        assert not arrives(uplink, end.them, 1, 0.3)


def test_a_6in4_packet_to_another_of_our_addresses_is_answered_from_there(site: Site) -> None:
    ends = Ends(site)
    end = ends.add("6in4", 4)
    site.backbone.give_address(site.pop, "192.0.2.43")
    ends.start()
    packet = end.wrap(echo(end.them, end.us))
    packet[IP].dst = "192.0.2.43"
    with end.listen() as listener:
        send_ipv4(ends.home4, packet)
        answer = listener.first(lambda p: p.dst == end.address and p.proto == 41)
    assert answer is not None and answer.src == "192.0.2.43"
