"""DSCP and ECN through both directions of every tunnel (RFC 6040, RFC 2983).

    host ── core ── chtst01 ── inet ── home4
             │       sixxsd
           home6
"""

from __future__ import annotations

import pytest

from lab.ends import ALL, IDS, Ends, Kind
from lab.packets import ICMPv6EchoRequest, Listener, echo, send_ipv6
from lab.site import Site
from lab.topology import SERVER

NOT_ECT, ECT1, ECT0, CE = 0, 1, 2, 3
DROPPED = None

# RFC 6040 figure 4: (inner, outer) and what comes out.
COMBINED = {
    (NOT_ECT, NOT_ECT): NOT_ECT, (NOT_ECT, ECT0): NOT_ECT, (NOT_ECT, ECT1): NOT_ECT, (NOT_ECT, CE): DROPPED,
    (ECT0, NOT_ECT): ECT0, (ECT0, ECT0): ECT0, (ECT0, ECT1): ECT1, (ECT0, CE): CE,
    (ECT1, NOT_ECT): ECT1, (ECT1, ECT0): ECT1, (ECT1, ECT1): ECT1, (ECT1, CE): CE,
    (CE, NOT_ECT): CE, (CE, ECT0): CE, (CE, ECT1): CE, (CE, CE): CE,
}


@pytest.mark.parametrize(("kind", "version"), ALL, ids=IDS)
def test_is_copied_on_encapsulation(site: Site, kind: Kind, version: int) -> None:
    ends = Ends(site)
    end = ends.add(kind, version)
    ends.start()
    for sequence, traffic_class in enumerate((0x00, 0x01, 0x02, 0x03, 0xB8, 0xBA, 0x28, 0xFF, 0x80)):
        packet = echo(SERVER, end.them, sequence=sequence)
        packet.tc = traffic_class
        with end.listen() as listener:
            send_ipv6(site.core, packet)
            outer = end.first_outer(listener, lambda p: ICMPv6EchoRequest in p and p[ICMPv6EchoRequest].seq == sequence)
        assert outer is not None, hex(traffic_class)
        assert (outer.tos if version == 4 else outer.tc) == traffic_class
        inner = end.unwrap(outer)
        assert inner is not None and inner.tc == traffic_class


@pytest.mark.parametrize(("kind", "version"), ALL, ids=IDS)
def test_is_combined_on_decapsulation(site: Site, kind: Kind, version: int) -> None:
    ends = Ends(site)
    end = ends.add(kind, version)
    daemon = ends.start()
    dscp = 0x28
    with Listener(site.core, "chtst01") as uplink:
        for sequence, ((inner, outer), expected) in enumerate(COMBINED.items()):
            packet = echo(end.them, SERVER, sequence=sequence)
            packet.tc = dscp << 2 | inner
            # The outer DSCP is the path's business and is not copied inward (RFC 2983 section 4.2).
            end.send(packet, traffic_class=0xB8 | outer)
            seen = uplink.first(
                lambda p: ICMPv6EchoRequest in p and p[ICMPv6EchoRequest].seq == sequence and p.src == end.them,
                0.3 if expected is DROPPED else 2)
            if expected is DROPPED:
                assert seen is None, (inner, outer)
            else:
                assert seen is not None, (inner, outer)
                assert seen.tc == dscp << 2 | expected, (inner, outer)
    # The one combination that is dropped is counted.
    assert daemon.errors(end.tunnel.number) == {"Wrong Payload": 1}
    assert daemon.balance().reasons.get("congestionMarkOnUnawarePacket") == 1


def test_survives_from_tunnel_to_tunnel(site: Site) -> None:
    ends = Ends(site)
    one, other = ends.add("6in4", 4), ends.add("ayiya", 6)
    ends.start()
    packet = echo(one.them, other.them)
    packet.tc = 0x28 << 2 | ECT0
    with other.listen() as listener:
        one.send(packet, traffic_class=CE)
        outer = other.first_outer(listener, lambda p: ICMPv6EchoRequest in p)
    assert outer is not None and outer.tc == 0x28 << 2 | CE
    inner = other.unwrap(outer)
    assert inner is not None and inner.tc == 0x28 << 2 | CE


def test_the_flow_label_stays(site: Site) -> None:
    ends = Ends(site)
    end = ends.add("6in4", 4)
    ends.start()
    packet = echo(end.them, SERVER)
    packet.fl = 0xABCDE
    with Listener(site.core, "chtst01") as uplink:
        end.send(packet)
        seen = uplink.first(lambda p: ICMPv6EchoRequest in p and p.src == end.them)
    assert seen is not None and seen.fl == 0xABCDE
