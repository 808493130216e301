"""ICMP errors about outer packets: what the daemon learns of paths, and what it does not believe.

    host ── core ── chtst01 ── inet ── home4      a router on the way is played by the homes
             │       sixxsd
           home6
"""

from __future__ import annotations

import re
import socket

import pytest
from scapy.layers.inet import ICMP, UDP
from scapy.layers.inet6 import ICMPv6DestUnreach, ICMPv6PacketTooBig

from lab.daemon import Daemon
from lab.ends import ALL, IDS, OVERHEAD, End, Ends, Kind
from lab.namespace import wait_for
from lab.packets import IP, ICMPv6EchoRequest, IPv6, Listener, Packet, Raw, echo, has_right_checksum, send_ipv6
from lab.site import Site
from lab.topology import SERVER

ROUTER4, ROUTER6 = "198.18.0.99", "2001:db8:beef::99"
FOUR = [kind for kind in ("6in4", "gre", "heartbeat", "ayiya")]


def captured(end: End, site: Site, size: int, sequence: int = 1) -> Packet:
    """What the daemon sends to the end when a packet of a size comes for it."""
    with end.listen() as listener:
        send_ipv6(site.core, echo(SERVER, end.them, size=size, sequence=sequence))
        outer = end.first_outer(listener, lambda p: ICMPv6EchoRequest in p and p[ICMPv6EchoRequest].seq == sequence)
    assert outer is not None
    return outer


def too_big(end: End, quoted: bytes, mtu: int) -> Packet:
    """What a router says about an outer packet that it could not pass on."""
    if end.version == 4:
        return (IP(src=ROUTER4, dst=end.ends.pop(4), ttl=60) / ICMP(type=3, code=4, nexthopmtu=mtu) / Raw(quoted))
    return IPv6(src=ROUTER6, dst=end.ends.pop(6)) / ICMPv6PacketTooBig(mtu=mtu) / Raw(quoted)


def path_mtu(daemon: Daemon, end: End) -> str:
    """What `tunnel show` says was learnt."""
    lines = daemon.command(f"tunnel show T{end.tunnel.number}").lines or ()
    return next(line[26:] for line in lines if line.startswith("Path MTU"))


def told(site: Site, end: End, size: int, sequence: int = 9) -> int | None:
    """The MTU of the packet too big that a host hears about a packet of a size; None when it hears nothing."""
    with Listener(site.core, "chtst01") as listener:
        send_ipv6(site.core, echo(SERVER, end.them, size=size, sequence=sequence))
        error = listener.icmp_error(SERVER, 1)
    if error is None:
        return None
    assert error.src == end.us and has_right_checksum(error)
    return error[ICMPv6PacketTooBig].mtu


@pytest.mark.parametrize(("kind", "version"), ALL, ids=IDS)
def test_a_router_tells_of_its_narrow_link(site: Site, kind: Kind, version: int) -> None:
    ends = Ends(site)
    end = ends.add(kind, version)
    daemon = ends.start()
    assert path_mtu(daemon, end) == "-"
    outer = captured(end, site, end.tunnel.mtu)
    narrow = 1400
    # RFC 1812 4.3.2.3: a router quotes up to 576 octets in all; RFC 4443: up to 1280.
    ends.send(version, too_big(end, bytes(outer)[:520 if version == 4 else 1200], narrow))
    assert daemon.wait_for_error(end.tunnel.number, "ICMPv4 Errors Received") == 1
    assert path_mtu(daemon, end) == str(narrow)
    inner = narrow - OVERHEAD[kind, version]
    assert told(site, end, inner + 1) == inner
    assert len(bytes(captured(end, site, inner, 7))) == narrow
    assert daemon.errors(end.tunnel.number)["Encap.Pkt Too Big"] == 1


@pytest.mark.parametrize("kind", FOUR)
def test_eight_quoted_octets_are_enough(site: Site, kind: Kind) -> None:
    """RFC 792: a router need quote no more than the header and 64 bits."""
    ends = Ends(site)
    end = ends.add(kind, 4)
    daemon = ends.start()
    outer = captured(end, site, end.tunnel.mtu)
    ends.send(4, too_big(end, bytes(outer)[:28], 1400))
    daemon.wait_for_error(end.tunnel.number, "ICMPv4 Errors Received")
    assert path_mtu(daemon, end) == "1400"


def test_a_router_that_does_not_say_how_narrow(site: Site) -> None:
    """RFC 1191 section 5: a router of old says 0; a plateau is tried."""
    ends = Ends(site)
    end = ends.add("6in4", 4)
    daemon = ends.start()
    ends.send(4, too_big(end, bytes(captured(end, site, 1480))[:100], 0))
    daemon.wait_for_error(end.tunnel.number, "ICMPv4 Errors Received")
    assert path_mtu(daemon, end) == "1492"


def changed(outer: Packet, offset: int, value: bytes) -> bytes:
    octets = bytearray(bytes(outer))
    octets[offset:offset + len(value)] = value
    return bytes(octets)[:200]


LIES4 = {
    "another destination": lambda outer: (changed(outer, 16, bytes([198, 51, 100, 1])), 1400),
    "another source": lambda outer: (changed(outer, 12, bytes([192, 0, 2, 77])), 1400),
    "another protocol": lambda outer: (changed(outer, 9, b"\x11"), 1400),
    "a packet that may be fragmented": lambda outer: (changed(outer, 6, b"\0\0"), 1400),
    "a packet larger than any of ours": lambda outer: (changed(outer, 2, b"\x20\0"), 1400),
    "an MTU that would have done": lambda outer: (bytes(outer)[:200], 1500),
    "an MTU below IPv4's least": lambda outer: (bytes(outer)[:200], 67),
    "a small packet": lambda outer: (changed(outer, 2, b"\0\x64"), 1400),
    "an identification that everybody knows": lambda outer: (changed(outer, 4, b"\0\1"), 1400),
    "an identification that was guessed": lambda outer: (changed(outer, 4, (outer.id ^ 64).to_bytes(2)), 1400),
    "nothing": lambda outer: (b"", 1400),
    "half a header": lambda outer: (bytes(outer)[:19], 1400),
}


def test_lies_about_ipv4_paths_are_not_believed(site: Site) -> None:
    ends = Ends(site)
    end = ends.add("6in4", 4)
    daemon = ends.start()
    outer = captured(end, site, 1480)
    for name, lie in LIES4.items():
        quoted, mtu = lie(outer)
        before = daemon.balance()
        ends.send(4, too_big(end, quoted, mtu))
        ends.send(4, too_big(end, b"", 0))
        # Two packets came in, and neither is answered.
        wait_for(lambda: daemon.balance().received >= before.received + 1, 2, name, every=0.01)
        assert path_mtu(daemon, end) == "-", name
        assert daemon.balance().answered == before.answered
    wrong = IP(bytes(too_big(end, bytes(outer)[:200], 1400)))
    wrong[ICMP].chksum ^= 1
    ends.send(4, wrong)
    assert daemon.balance().reasons.get("wrongChecksum", 0) == 1
    assert path_mtu(daemon, end) == "-"
    # And the truth still is.
    ends.send(4, too_big(end, bytes(outer)[:200], 1400))
    daemon.wait_for_error(end.tunnel.number, "ICMPv4 Errors Received")
    assert path_mtu(daemon, end) == "1400"
    # A larger one cannot be true while a smaller one is known.
    ends.send(4, too_big(end, bytes(outer)[:200], 1450))
    assert path_mtu(daemon, end) == "1400"


def test_lies_about_ipv6_paths_are_not_believed(site: Site) -> None:
    ends = Ends(site)
    end = ends.add("6in4", 6)
    daemon = ends.start()
    outer = captured(end, site, end.tunnel.mtu)
    lies = {
        "another destination": (changed(outer, 24, b"\x30"), 1400),
        "another source": (changed(outer, 8, b"\x30"), 1400),
        "another next header": (changed(outer, 6, b"\x2f"), 1400),
        "a packet larger than any of ours": (changed(outer, 4, b"\x20\0"), 1400),
        "an MTU that would have done": (bytes(outer)[:200], 1500),
        "an MTU below IPv6's least (RFC 8201 section 4)": (bytes(outer)[:200], 1279),
        "another flow label": (changed(outer, 3, bytes([bytes(outer)[3] ^ 1])), 1400),
        "half a header": (bytes(outer)[:39], 1400),
    }
    for name, (quoted, mtu) in lies.items():
        ends.send(6, too_big(end, quoted, mtu))
        assert path_mtu(daemon, end) == "-", name
    ends.send(6, too_big(end, bytes(outer)[:200], 1280))
    daemon.wait_for_error(end.tunnel.number, "ICMPv4 Errors Received")
    assert path_mtu(daemon, end) == "1280"


@pytest.mark.parametrize("kind", FOUR)
def test_what_was_made_up_makes_no_packet_smaller(site: Site, kind: Kind) -> None:
    """RFC 5927 section 7.1: whoever knows the addresses, and guesses a port, changes nothing; in the kernel neither."""
    ends = Ends(site)
    end = ends.add(kind, 4)
    daemon = ends.start()
    outer = captured(end, site, end.tunnel.mtu)
    known = dict(src=ends.pop(4), dst=end.address, flags="DF", len=len(bytes(outer)))
    made_up = bytes(IP(**known, proto=outer.proto, id=1) / Raw(bytes(outer.payload)[:8]))
    for mtu in (68, 700):
        ends.send(4, too_big(end, made_up, mtu))
    daemon.wait_for_error(end.tunnel.number, "ICMPv4 Errors Received", 2)
    assert "mtu" not in str(site.pop.show("route", "get", end.address))
    assert path_mtu(daemon, end) == "-"
    # What quotes an echo request, the kernel believes for whatever else the host sends.
    ends.send(4, too_big(end, bytes(IP(**known, proto=1) / ICMP(id=1)), 68))
    wait_for(lambda: "mtu" in str(site.pop.show("route", "get", end.address)), 3, "the kernel to believe")
    whole = captured(end, site, end.tunnel.mtu, 5)
    assert whole.flags.DF and len(bytes(whole)) == len(bytes(outer))
    assert path_mtu(daemon, end) == "-"
    assert "Encap.Pkt Send Error" not in daemon.errors(end.tunnel.number)


def test_a_path_is_tried_where_a_header_shows_nothing(site: Site) -> None:
    """The kernel writes the headers of runs of datagrams: what a router says of the next packet has evidence."""
    ends = Ends(site)
    end = ends.add("ayiya", 4)
    daemon = ends.start()
    run = changed(captured(end, site, end.tunnel.mtu), 4, b"\0\0")
    with end.listen() as listener:
        ends.send(4, too_big(end, run[:28], 1400))
        trial = end.first_outer(listener, lambda p: ICMPv6EchoRequest in p and p.src == end.us and len(p) > 1400)
    assert trial is not None and trial.flags.DF and len(bytes(trial)) == 1500
    assert path_mtu(daemon, end) == "-"
    ends.send(4, too_big(end, changed(trial, 4, b"\0\0"), 1400))
    wait_for(lambda: path_mtu(daemon, end) == "1400", 3, "the path MTU to be learnt")


@pytest.mark.parametrize("version", [4, 6])
def test_other_errors_are_counted_with_the_router(site: Site, version: int) -> None:
    ends = Ends(site)
    end = ends.add("6in4", version)
    daemon = ends.start()
    outer = bytes(captured(end, site, 200))[:100]
    if version == 4:
        for code in (0, 1, 2, 3, 13):
            ends.send(4, IP(src=ROUTER4, dst=ends.pop(4)) / ICMP(type=3, code=code) / Raw(outer))
        ends.send(4, IP(src=ROUTER4, dst=ends.pop(4)) / ICMP(type=11, code=0) / Raw(outer))
    else:
        for code in (0, 1, 3, 4, 5, 6):
            ends.send(6, IPv6(src=ROUTER6, dst=ends.pop(6)) / ICMPv6DestUnreach(code=code) / Raw(outer))
    assert daemon.wait_for_error(end.tunnel.number, "ICMPv4 Errors Received", 6) == 6
    assert path_mtu(daemon, end) == "-"
    assert daemon.state(end.tunnel.number) == "up", "soft errors take no tunnel down"
    assert captured(end, site, 200, 77) is not None


def test_an_error_is_for_the_tunnel_that_sent(site: Site) -> None:
    """Several tunnels to one address: the inner destination that is quoted says which."""
    ends = Ends(site)
    one, other = ends.add("ayiya", 4), ends.add("ayiya", 4)
    other.address = one.address
    daemon = ends.start()
    ends.send(4, too_big(other, bytes(captured(other, site, 1428))[:200], 1400))
    daemon.wait_for_error(other.tunnel.number, "ICMPv4 Errors Received")
    assert (path_mtu(daemon, one), path_mtu(daemon, other)) == ("-", "1400")


@pytest.mark.parametrize("kind", FOUR)
def test_1280_octets_get_through_an_ipv4_path_of_1000(site: Site, kind: Kind) -> None:
    """RFC 4213 3.2.2: below 1300 the outer packet has DF clear; here it leaves in two fragments that fit."""
    ends = Ends(site)
    end = ends.add(kind, 4)
    daemon = ends.start()
    ends.send(4, too_big(end, bytes(captured(end, site, end.tunnel.mtu))[:200], 1000))
    daemon.wait_for_error(end.tunnel.number, "ICMPv4 Errors Received")
    assert path_mtu(daemon, end) == "1000"
    assert told(site, end, 1281) == 1280
    with end.listen() as listener:
        send_ipv6(site.core, echo(SERVER, end.them, size=1280))
        pieces = [p for p in listener.packets(0.5) if end.is_from_pop(p) and (p.flags.MF or p.frag)]
    assert len(pieces) == 2
    assert all(len(bytes(piece)) <= 1000 and not piece.flags.DF for piece in pieces)
    first, last = sorted(pieces, key=lambda piece: piece.frag)
    assert first.flags.MF and not last.flags.MF and first.frag == 0
    assert first.id == last.id
    whole = bytes(first.payload)[: last.frag * 8] + bytes(last.payload)
    assert len(whole) == 1280 + OVERHEAD[kind, 4] - 20
    with end.listen() as listener:
        send_ipv6(site.core, echo(SERVER, end.them, size=1280, sequence=2))
        again = next(p for p in listener.packets(1) if end.is_from_pop(p) and p.frag)
    assert again.id != last.id, "RFC 6864: identifications do not repeat"


@pytest.mark.parametrize("kind", FOUR)
def test_1280_octets_get_through_an_ipv6_path_of_1280(site: Site, kind: Kind) -> None:
    """RFC 2473 section 7.1: the outer packet leaves in two fragments, which the far kernel puts together."""
    ends = Ends(site)
    end = ends.add(kind, 6)
    daemon = ends.start()
    ends.send(6, too_big(end, bytes(captured(end, site, end.tunnel.mtu))[:200], 1280))
    daemon.wait_for_error(end.tunnel.number, "ICMPv4 Errors Received")
    assert told(site, end, 1281) == 1280
    with end.listen() as listener:
        send_ipv6(site.core, echo(SERVER, end.them, size=1280))
        pieces = [p for p in listener.packets(0.5) if end.is_from_pop(p) and p.nh == 44]
    assert len(pieces) == 2
    assert all(len(bytes(piece)) <= 1280 for piece in pieces)


def test_the_fragments_of_an_ipv6_path_are_right_for_a_kernel(site: Site) -> None:
    ends = Ends(site, quiet=False)
    end = ends.add("6in4", 6)
    with ends.home6.socket(socket.AF_INET6, socket.SOCK_RAW, 41) as whole:
        daemon = ends.start()
        ends.send(6, too_big(end, bytes(captured(end, site, end.tunnel.mtu))[:200], 1280))
        daemon.wait_for_error(end.tunnel.number, "ICMPv4 Errors Received")
        packet = echo(SERVER, end.them, size=1280, sequence=77)
        send_ipv6(site.core, packet)
        whole.settimeout(3)
        while (octets := whole.recv(2000))[40:] != bytes(packet)[40:]:
            pass
    assert len(octets) == 1280


def test_small_packets_keep_df_on_a_narrow_path(site: Site) -> None:
    ends = Ends(site)
    end = ends.add("6in4", 4)
    daemon = ends.start()
    assert captured(end, site, 1480).flags.DF
    ends.send(4, too_big(end, bytes(captured(end, site, 1480, 2))[:200], 1000))
    daemon.wait_for_error(end.tunnel.number, "ICMPv4 Errors Received")
    assert captured(end, site, 980, 3).flags.DF


def test_static_mode_leaves_df_clear_and_learns_nothing(site: Site) -> None:
    ends = Ends(site)
    end = ends.add("6in4", 4)
    daemon = ends.start(extra="pop set path-mtu static\n")
    outers = [captured(end, site, 1480, sequence) for sequence in range(20)]
    assert not any(outer.flags.DF for outer in outers)
    assert len({outer.id for outer in outers}) == 20
    ends.send(4, too_big(end, bytes(outers[0])[:200], 1400))
    daemon.wait_for_error(end.tunnel.number, "ICMPv4 Errors Received")
    assert path_mtu(daemon, end) == "-"
    assert told(site, end, 1480) is None
    assert told(site, end, 1481) == 1480


def test_an_error_about_nobodys_packet_is_the_pops(site: Site) -> None:
    ends = Ends(site)
    end = ends.add("6in4", 4)
    daemon = ends.start()
    quoted = bytes(IP(src=site.plan.ipv4, dst="198.51.100.200", proto=41, flags="DF", len=1500) / Raw(bytes(8)))
    ends.send(4, too_big(end, quoted, 1400))
    ends.send(4, IP(src=ROUTER4, dst=ends.pop(4)) / ICMP(type=3, code=3)
              / Raw(bytes(IP(src=site.plan.ipv4, dst="198.51.100.200") / UDP(sport=9, dport=9))))
    assert captured(end, site, 100) is not None
    assert daemon.errors(end.tunnel.number) == {}
    assert re.fullmatch(r"-", path_mtu(daemon, end))


@pytest.mark.parametrize(("kind", "version"), ALL, ids=IDS)
def test_a_real_router_is_believed(site: Site, kind: Kind, version: int) -> None:
    """No test plays the router here: the kernels of both internets do."""
    ends = Ends(site, mtu4=1400, mtu6=1400)
    end = ends.add(kind, version)
    daemon = ends.start()
    send_ipv6(site.core, echo(SERVER, end.them, size=end.tunnel.mtu))
    wait_for(lambda: path_mtu(daemon, end) == "1400", 3, "the path MTU to be learnt")
    inner = 1400 - OVERHEAD[kind, version]
    assert told(site, end, inner + 1) == inner
    assert captured(end, site, inner, 3) is not None


@pytest.mark.parametrize("kind", FOUR)
def test_a_narrow_ipv6_link_at_the_pop_itself(site: Site, kind: Kind) -> None:
    """The kernel refuses what is larger than its own link, and says how large it is."""
    ends = Ends(site)
    end = ends.add(kind, 6)
    daemon = ends.start()
    site.pop.ip("link set core0 mtu 1400")
    send_ipv6(site.core, echo(SERVER, end.them, size=1390, sequence=1))
    assert daemon.wait_for_error(end.tunnel.number, "Encap.Pkt Send Error") == 1
    assert path_mtu(daemon, end) == "1400"
    assert told(site, end, 1390) == 1400 - OVERHEAD[kind, 6]
    assert daemon.balance().reasons.get("sendFailure") == 1
