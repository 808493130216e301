"""The PoP as a hop and as a node: traceroute, hop limits, echo, neighbour discovery.

    host ── core ── chtst01 ── inet ── home4
             │       sixxsd
           home6
"""

from __future__ import annotations

import re
import shutil

import pytest
from scapy.layers.inet6 import (
    ICMPv6EchoReply, ICMPv6ND_NA, ICMPv6ND_NS, ICMPv6NDOptSrcLLAddr, ICMPv6ParamProblem, ICMPv6TimeExceeded,
    IPv6ExtHdrDestOpt, IPv6ExtHdrRouting, PadN)

from lab.daemon import TunnelLine
from lab.ends import ALL, IDS, End, Ends, Kind
from lab.packets import (
    UDP, ICMPv6EchoRequest, IPv6, Listener, Packet, Raw, echo, has_right_checksum, is_icmp_error, send_ipv6)
from lab.site import PASSWORD, Site
from lab.topology import SERVER

HOME = "203.0.113.10"
STATIC = TunnelLine(0x10, 4141, HOME, 1480)
AYIYA = TunnelLine(0x11, 5072, "ayiya", 1428, PASSWORD)
ADDRESS = re.compile(r"[0-9a-f]*:[0-9a-f:]+")


def tool(name: str) -> str:
    path = shutil.which(name, path="/usr/sbin:/usr/bin:/sbin:/bin")
    if path is None:
        pytest.skip(f"{name} is not installed")
    return path


def hops(text: str) -> list[str]:
    """The addresses of the numbered lines that traceroute and mtr print."""
    lines = [line for line in text.splitlines() if re.match(r"\s*\d+[.\s]", line)]
    return [found[0] for line in lines if (found := ADDRESS.search(line))]


@pytest.mark.parametrize("tunnel", [STATIC, AYIYA], ids=["static", "ayiya"])
def test_traceroute_shows_the_tunnel(site: Site, tunnel: TunnelLine) -> None:
    program = tool("traceroute")
    site.daemon(tunnel)
    home = site.home(ipv4=HOME)
    site.client(home, tunnel).start()
    us, them = site.plan.us(tunnel.tid), site.plan.them(tunnel.tid)
    inward = site.core.run(program, "-6", "-n", "-q", 1, "-w", 1, "-m", 6, them, check=False).stdout
    assert hops(inward) == [site.plan.ipv6, us, them], inward
    outward = home.run(program, "-6", "-n", "-q", 1, "-w", 1, "-m", 6, SERVER, check=False).stdout
    # The daemon is the first hop, the kernel of the PoP the second.
    assert hops(outward)[0] == us and hops(outward)[-1] == SERVER and len(hops(outward)) == 3, outward


def test_mtr_shows_the_tunnel(site: Site) -> None:
    program = tool("mtr")
    site.daemon(STATIC)
    site.client(site.home(ipv4=HOME), STATIC).start()
    text = site.core.run(program, "-6", "-n", "-r", "-c", 2, "-i", 0.2, "-G", 1, site.plan.them(STATIC.tid),
                         check=False).stdout
    assert site.plan.us(STATIC.tid) in text and site.plan.them(STATIC.tid) in text, text


def test_traceroute_between_tunnels_shows_the_senders_own(site: Site) -> None:
    ends = Ends(site)
    one, other = ends.add("6in4", 4), ends.add("ayiya", 6)
    ends.start()
    with one.listen() as listener:
        one.send(echo(one.them, other.them, hop_limit=1))
        error = one.first(listener, is_icmp_error)
    assert error is not None and ICMPv6TimeExceeded in error
    assert (error.src, error.dst) == (one.us, one.them) and has_right_checksum(error)
    with other.listen() as listener:
        one.send(echo(one.them, other.them, hop_limit=2))
        inner = other.first(listener, lambda p: ICMPv6EchoRequest in p and p.src == one.them)
    assert inner is not None and inner.hlim == 1


def reply_of(end: End, packet: Packet, wanted: type[Packet], seconds: float = 1) -> IPv6 | None:
    with end.listen() as listener:
        end.send(packet)
        return end.first(listener, lambda p: wanted in p, seconds)


@pytest.mark.parametrize(("kind", "version"), ALL, ids=IDS)
def test_echo_to_the_pops_addresses(site: Site, kind: Kind, version: int) -> None:
    ends = Ends(site)
    end = ends.add(kind, version)
    ends.start()
    for destination in (end.us, site.plan.own_address):
        for size in (48, 49, 1280, end.tunnel.mtu):
            request = echo(end.them, destination, size=size)
            reply = reply_of(end, request, ICMPv6EchoReply)
            assert reply is not None, (destination, size)
            assert (reply.src, reply.dst) == (destination, end.them)
            assert reply[ICMPv6EchoReply].data == request[ICMPv6EchoRequest].data
            assert has_right_checksum(reply)


def test_echo_to_the_end_of_another_tunnel(site: Site) -> None:
    ends = Ends(site)
    one, other = ends.add("6in4", 4), ends.add("ayiya", 6)
    ends.start()
    reply = reply_of(one, echo(one.them, other.us), ICMPv6EchoReply)
    assert reply is not None and reply.src == other.us


def solicitation(source: str, destination: str, target: str, hop_limit: int = 255) -> IPv6:
    return IPv6(src=source, dst=destination, hlim=hop_limit) / ICMPv6ND_NS(tgt=target)


def group_of(address: str) -> str:
    """The solicited-node group of an address that ends in `:1` and has zeros before."""
    return "ff02::1:ff00:1" if address.endswith("::1") else "ff02::1:ff" + address.split(":")[-2].rjust(2, "0")[-2:] + ":1"


@pytest.mark.parametrize(("kind", "version"), ALL, ids=IDS)
def test_neighbour_solicitations_are_answered(site: Site, kind: Kind, version: int) -> None:
    ends = Ends(site)
    end = ends.add(kind, version)
    ends.start()
    link_local = f"fe80::{end.tunnel.tid:x}:1"
    cases = [(end.them, end.us, end.us), (end.them, group_of(end.us), end.us), (end.them, link_local, link_local)]
    cases += [("fe80::2", link_local, link_local), ("fe80::2", end.us, end.us), ("fe80::2", group_of(end.us), end.us)]
    for source, destination, target in cases:
        advertisement = reply_of(end, solicitation(source, destination, target), ICMPv6ND_NA)
        assert advertisement is not None, (source, destination, target)
        assert (advertisement.src, advertisement.dst, advertisement.hlim) == (target, source, 255)
        message = advertisement[ICMPv6ND_NA]
        assert (message.R, message.S, message.tgt) == (1, 1, target)
        # RFC 4213 3.8: no link-layer address option.
        assert len(bytes(advertisement)) == 40 + 24
        assert has_right_checksum(advertisement)


def test_neighbour_solicitations_that_are_not_answered(site: Site) -> None:
    ends = Ends(site)
    end = ends.add("6in4", 4)
    daemon = ends.start()
    bad = [solicitation(end.them, end.us, end.us, hop_limit=254), solicitation(end.them, end.us, end.them),
           solicitation(end.them, end.us, "fe80::ffff:1"),
           IPv6(src=end.them, dst=end.us, hlim=255) / ICMPv6ND_NS(tgt=end.us) / Raw(bytes(8))]
    before = daemon.balance()
    for packet in bad:
        assert reply_of(end, packet, ICMPv6ND_NA, 0.2) is None, packet.summary()
    assert daemon.balance().answered == before.answered
    with_option = IPv6(src=end.them, dst=end.us, hlim=255) / ICMPv6ND_NS(tgt=end.us) / ICMPv6NDOptSrcLLAddr()
    assert reply_of(end, with_option, ICMPv6ND_NA) is not None, "an option is no fault"


def test_what_link_local_sources_may_not_do(site: Site) -> None:
    ends = Ends(site)
    end = ends.add("6in4", 4)
    daemon = ends.start()
    with Listener(site.core, "chtst01") as uplink, end.listen() as home:
        for number, destination in enumerate((SERVER, end.us, site.plan.own_address, "ff02::1", "ff0e::1"), 1):
            end.send(IPv6(src="fe80::2", dst=destination) / UDP(sport=9, dport=9) / Raw(b"x"))
            assert daemon.wait_for_error(end.tunnel.number, "Wrong Source IPv6", number) == number
        assert end.first(home, lambda p: True, 0.3) is None
        assert uplink.first(lambda p: p.src == "fe80::2" and UDP in p, 0.2) is None


def test_routing_header_type_0_is_refused(site: Site) -> None:
    """RFC 5095 section 3: with segments left a parameter problem that points at the type; without, ignored."""
    ends = Ends(site)
    end = ends.add("6in4", 4)
    ends.start()
    routed = IPv6(src=end.them, dst=end.us) / IPv6ExtHdrRouting(addresses=[SERVER], segleft=1) / ICMPv6EchoRequest()
    error = reply_of(end, routed, ICMPv6ParamProblem)
    assert error is not None
    assert (error[ICMPv6ParamProblem].code, error[ICMPv6ParamProblem].ptr) == (0, 42)
    arrived = IPv6(src=end.them, dst=end.us) / IPv6ExtHdrRouting(addresses=[SERVER], segleft=0) / ICMPv6EchoRequest()
    # scapy sums over the last address, which is not where the packet goes.
    arrived = IPv6(bytes(arrived))
    arrived[ICMPv6EchoRequest].cksum = IPv6(bytes(IPv6(src=end.them, dst=end.us) / ICMPv6EchoRequest())).cksum
    assert reply_of(end, arrived, ICMPv6EchoReply) is not None


def test_extension_headers_pass_in_transit(site: Site) -> None:
    """RFC 8200 section 4: they are not looked at on the way, not even routing headers of type 0."""
    ends = Ends(site)
    end = ends.add("6in4", 4)
    ends.start()
    packets = [IPv6(src=end.them, dst=SERVER) / IPv6ExtHdrDestOpt(options=[PadN(optdata=b"\0" * 4)]) / Raw(b""),
               IPv6(src=end.them, dst=SERVER, nh=253) / Raw(b"what nobody knows"),
               IPv6(src=end.them, dst=SERVER, nh=43) / Raw(bytes([59, 2, 0, 1] + [0] * 20)),
               IPv6(src=end.them, dst=SERVER, nh=44) / Raw(bytes([17, 0, 0, 1, 0, 0, 0, 1]) + bytes(16)),
               IPv6(src=end.them, dst=SERVER, nh=0) / Raw(bytes([59, 0, 5, 2, 0, 0, 1, 0]))]
    with Listener(site.core, "chtst01") as uplink:
        for packet in packets:
            end.send(packet)
            seen = uplink.first(lambda p: p.src == end.them)
            assert seen is not None and bytes(seen)[40:] == bytes(packet)[40:], packet.summary()


def test_a_hop_limit_of_0_or_1_goes_no_further(site: Site) -> None:
    ends = Ends(site)
    end = ends.add("6in4", 4)
    ends.start()
    for hop_limit in (0, 1):
        error = reply_of(end, echo(end.them, SERVER, hop_limit=hop_limit), ICMPv6TimeExceeded)
        assert error is not None and error.src == end.us
        # To us it arrives, whatever its hop limit (RFC 8200 section 3).
        assert reply_of(end, echo(end.them, end.us, hop_limit=hop_limit), ICMPv6EchoReply) is not None
    with Listener(site.core, "chtst01") as listener:
        send_ipv6(site.core, echo(SERVER, end.them, hop_limit=2))
        error = listener.icmp_error(SERVER)
    assert error is not None and ICMPv6TimeExceeded in error and error.src == end.us
