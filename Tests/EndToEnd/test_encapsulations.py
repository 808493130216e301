"""Every kind of tunnel over both IP versions: packets by scapy, judged by scapy and tshark.

    host ── core ── chtst01 ── inet ── home4
             │       sixxsd
           home6
"""

from __future__ import annotations

import pytest

from lab.capture import Capture
from lab.ends import ALL, IDS, OVERHEAD, End, Ends, Kind
from lab.packets import ICMPv6EchoReply, ICMPv6EchoRequest, IPv6, Listener, echo, send_ipv6
from lab.site import Site
from lab.topology import SERVER


def is_echo(inner: IPv6, source: str, destination: str, sequence: int) -> bool:
    """Whether it is that very request."""
    return (ICMPv6EchoRequest in inner and (inner.src, inner.dst) == (source, destination)
            and inner[ICMPv6EchoRequest].seq == sequence)


def crosses(sender: End, receiver: End, sequence: int) -> bool:
    """Whether a packet gets from one tunnel into another, one hop older and otherwise the same."""
    packet = echo(sender.them, receiver.them, size=200, sequence=sequence, hop_limit=9)
    with receiver.listen() as listener:
        sender.send(packet)
        inner = receiver.first(listener, lambda p: is_echo(p, sender.them, receiver.them, sequence), 2)
    return inner is not None and inner.hlim == 8 and bytes(inner.payload) == bytes(packet.payload)


@pytest.mark.parametrize(("kind", "version"), ALL, ids=IDS)
def test_carries_packets_both_ways(site: Site, kind: Kind, version: int) -> None:
    ends = Ends(site)
    end = ends.add(kind, version)
    daemon = ends.start()
    before = daemon.tunnel(end.tunnel.number)
    for sequence, size in enumerate((48, 49, 1280, end.tunnel.mtu)):
        outward = echo(end.them, SERVER, size=size, sequence=sequence, identifier=0x7001)
        with Listener(site.core, "chtst01") as uplink, end.listen() as home:
            end.send(outward)
            seen = uplink.first(lambda p: is_echo(p, end.them, SERVER, sequence))
            assert seen is not None, f"{size} octets outward"
            assert seen.hlim == outward.hlim - 2, "one hop the tunnel, one the kernel of the PoP"
            assert bytes(seen.payload) == bytes(outward.payload)
            # The kernel of the host answers, and the answer comes back whole.
            answer = end.first(home, lambda p: ICMPv6EchoReply in p and p[ICMPv6EchoReply].seq == sequence)
            assert answer is not None, f"{size} octets inward"
            assert answer[ICMPv6EchoReply].data == outward[ICMPv6EchoRequest].data
    after = daemon.tunnel(end.tunnel.number)
    assert after["inPackets"] - before["inPackets"] == 4
    assert after["inBytes"] - before["inBytes"] == 48 + 49 + 1280 + end.tunnel.mtu
    assert end.address in after["endpoint"]
    assert daemon.errors(end.tunnel.number) == {}


def test_tshark_finds_nothing_wrong(site: Site) -> None:
    ends = Ends(site)
    for kind, version in ALL:
        ends.add(kind, version)
    ends.start()
    with Capture(site.pop, "net0", "four") as four, Capture(site.pop, "core0", "six") as six:
        for end in ends.all:
            with end.listen() as listener:
                send_ipv6(site.core, echo(SERVER, end.them, size=1280))
                assert end.first(listener, lambda p, end=end: is_echo(p, SERVER, end.them, 1)) is not None, end.kind
    assert four.complaints("ip.src == 192.0.2.42") == []
    assert six.complaints(f"ipv6.src == {site.plan.ipv6}") == []
    fields = ("ip.dst", "ip.proto", "ip.ttl", "ip.len", "icmpv6.checksum.status")
    rows = four.rows("ip.src == 192.0.2.42 && icmpv6.type == 128 && frame.len > 1200", *fields)
    for end in (end for end in ends.all if end.version == 4):
        row = next(row for row in rows if row["ip.dst"] == end.address)
        assert row["ip.proto"] == {"gre": "47", "ayiya": "17"}.get(end.kind, "41")
        assert row["ip.ttl"] == "64"
        assert int(row["ip.len"]) == 1280 + OVERHEAD[end.kind, 4]
        assert row["icmpv6.checksum.status"] == "1"
    fields = ("ipv6.dst", "ipv6.nxt", "ipv6.hlim", "ipv6.plen", "icmpv6.checksum.status")
    rows = six.rows(f"ipv6.src == {site.plan.ipv6} && icmpv6.type == 128 && frame.len > 1200", *fields)
    for end in (end for end in ends.all if end.version == 6):
        row = next(row for row in rows if row["ipv6.dst"] == end.address)
        assert row["ipv6.nxt"] == {"gre": "47", "ayiya": "17"}.get(end.kind, "41")
        assert row["ipv6.hlim"] == "64"
        assert int(row["ipv6.plen"]) == 1280 + OVERHEAD[end.kind, 6] - 40
    # RFC 8200 8.1: a UDP checksum over IPv6 is never 0, and it is right.
    sums = six.rows(f"ipv6.src == {site.plan.ipv6} && udp.srcport == 5072", "udp.checksum", "udp.checksum.status")
    assert sums and all(int(row["udp.checksum"], 16) != 0 and row["udp.checksum.status"] == "1" for row in sums)


@pytest.mark.seconds(60)
def test_between_all_pairs_of_tunnels(site: Site) -> None:
    ends = Ends(site)
    for kind, version in ALL:
        ends.add(kind, version)
    daemon = ends.start()
    before = daemon.balance()
    pairs = [(one, other) for one in ends.all for other in ends.all if one is not other]
    lost = [f"{one.kind}{one.version} to {other.kind}{other.version}"
            for sequence, (one, other) in enumerate(pairs) if not crosses(one, other, sequence)]
    assert lost == []
    assert daemon.balance().forwarded - before.forwarded == len(pairs) == 56


def test_into_its_own_tunnel_is_dropped_and_counted(site: Site) -> None:
    ends = Ends(site)
    end = ends.add("6in4", 4)
    daemon = ends.start()
    with end.listen() as listener:
        end.send(echo(end.them, f"2001:db8:2ff:{0x8000 + end.tunnel.tid:x}::9"))
        assert daemon.wait_for_error(end.tunnel.number, "Same In&Out Interface") == 1
        assert end.first(listener, lambda p: True, 0.3) is None


SUBNETS = {"default /64": ("2001:db8:2ff:8001:", "2001:db8:2ff:8001:ffff:ffff:ffff:ffff"),
           "/48 of a /40": ("2001:db8:3077:", "2001:db8:3077:ffff:ffff:ffff:ffff:ffff"),
           "/56 of a /48": ("2001:db8:4000:4200:", "2001:db8:4000:42ff:ffff:ffff:ffff:ffff")}


@pytest.mark.parametrize("prefix", SUBNETS)
def test_routes_prefixes_to_their_tunnel(site: Site, prefix: str) -> None:
    base, last = SUBNETS[prefix]
    site.core.ip("route add 2001:db8:4000::/48 via fe80::2 dev chtst01")
    ends = Ends(site)
    owner, other = ends.add("6in4", 4), ends.add("ayiya", 6)
    daemon = ends.start([("2001:db8:3077::/48", 1), ("2001:db8:4000:4200::/56", 1)],
                        "pop subnetprefix add 2001:db8:4000::/48\n")
    for sequence, address in enumerate((f"{base}:1", last)):
        with owner.listen() as listener, Listener(site.core, "chtst01") as uplink:
            send_ipv6(site.core, echo(SERVER, address, sequence=sequence))
            inner = owner.first(listener, lambda p: is_echo(p, SERVER, address, sequence))
            assert inner is not None, address
            owner.send(echo(address, SERVER, sequence=sequence))
            assert uplink.first(lambda p: is_echo(p, address, SERVER, sequence)) is not None
            # Another tunnel may neither send from it …
            other.send(echo(address, SERVER, sequence=100 + sequence))
            daemon.wait_for_error(other.tunnel.number, "Wrong Source IPv6", sequence + 1)
            # … nor is kept from sending to it.
            other.send(echo(other.them, address, sequence=sequence))
            assert owner.first(listener, lambda p: is_echo(p, other.them, address, sequence)) is not None
