"""Latency probes: to every kind of end and to the other PoPs.

    host ── core ── chtst01 ── inet ── home4
             ├── chtst02 ───────┘
           home6
"""

from __future__ import annotations

import time

import pytest

from lab.daemon import Daemon, TunnelLine, configuration
from lab.ends import ALL, IDS, Ends, Kind
from lab.namespace import wait_for
from lab.packets import ICMPv6EchoReply, ICMPv6EchoRequest, IPv6, Packet, has_right_checksum
from lab.site import PLAN, Site
from lab.topology import PoPPlan

OTHER = PoPPlan("chtst02", 2, "192.0.2.43", "2001:db8::43", "2001:db8:2fe::/48")
ABSENT = PoPPlan("chtst03", 3, "192.0.2.44", "2001:db8::44", "2001:db8:2fd::/48")


def reply_to(probe: IPv6, **changes: object) -> Packet:
    """What a host answers."""
    request = probe[ICMPv6EchoRequest]
    reply = IPv6(src=probe.dst, dst=probe.src) / ICMPv6EchoReply(id=request.id, seq=request.seq, data=request.data)
    for name, value in changes.items():
        setattr(reply[IPv6] if name in ("src", "dst") else reply[ICMPv6EchoReply], name, value)
    return reply


def latency(daemon: Daemon, number: int) -> dict:
    return daemon.tunnel(number)["latency"]


@pytest.mark.parametrize(("kind", "version"), ALL, ids=IDS)
@pytest.mark.seconds(90)
def test_every_kind_of_end_is_probed(site: Site, kind: Kind, version: int) -> None:
    ends = Ends(site)
    # Of two tunnels half a minute apart one is soon probed; they share the address.
    first = ends.add(kind, version)
    others = [TunnelLine(tid, 2000 + tid, first.tunnel.remote, 1280, first.tunnel.password) for tid in range(2, 61)]
    text = configuration(PLAN, [first.tunnel, *others])
    daemon = Daemon(site.pop, site.programs.sixxsd, text).start()
    for tid in range(1, 61):
        first.us, first.them = PLAN.us(tid), PLAN.them(tid)
        first.open()
    with first.listen() as listener:
        probe = first.first(listener, lambda p: ICMPv6EchoRequest in p, 3)
        assert probe is not None
        assert probe.src.endswith("::1") and probe.dst == probe.src.removesuffix("1") + "2"
        assert len(bytes(probe.payload)) == 1000 and has_right_checksum(probe)
        number = 2000 + int(probe.src.split(":")[3], 16)
        number = first.tunnel.number if number == 2001 else number
        first.them = probe.dst
        first.send(reply_to(probe))
    wait_for(lambda: latency(daemon, number)["received"] == 1, 2, "the reply to count")
    counted = latency(daemon, number)
    assert counted["sent"] == 1 and counted["lossPercent"] == 0
    assert 0 < counted["minMs"] <= counted["avgMs"] <= counted["maxMs"] < 2000
    buckets = counted["buckets"]
    assert len(buckets) == 17 and buckets == sorted(buckets) and buckets[-1] == 1
    assert buckets[[0.25 * 2**n >= counted["minMs"] for n in range(16)].index(True)] == 1
    stats = next(line.split() for line in daemon.command("tunnel stats").lines or () if line.startswith(f"T{number} "))
    assert stats[5:7] == ["1", "1"]


@pytest.mark.seconds(60)
def test_only_the_right_reply_counts(site: Site) -> None:
    ends = Ends(site)
    tunnels = [ends.add("6in4", 4)]
    address = tunnels[0].address
    text = configuration(PLAN, [TunnelLine(tid, 2000 + tid, address, 1280) for tid in range(1, 61)])
    daemon = Daemon(site.pop, site.programs.sixxsd, text).start()
    end = tunnels[0]
    with end.listen() as listener:
        probe = end.first(listener, lambda p: ICMPv6EchoRequest in p, 3)
    assert probe is not None
    tid = int(probe.src.split(":")[3], 16)
    number = 2000 + tid
    octets = bytes(probe[ICMPv6EchoRequest].data)
    wrong_magic = bytes([octets[0] ^ 1]) + octets[1:]
    neighbour = PLAN.them(tid + 1 if tid < 60 else 1)
    for lie in (reply_to(probe, data=wrong_magic), reply_to(probe, data=octets[:20]), reply_to(probe, src=neighbour)):
        end.send(lie)
    time.sleep(0.2)
    assert latency(daemon, number)["received"] == 0
    end.send(reply_to(probe))
    end.send(reply_to(probe))
    wait_for(lambda: latency(daemon, number)["received"] == 1, 2, "the reply to count")
    time.sleep(0.2)
    assert latency(daemon, number)["received"] == 1, "seen before"


@pytest.mark.seconds(60)
def test_the_other_pops_are_probed(site: Site) -> None:
    site.backbone.add_pop(OTHER)
    site.backbone.add_pop(ABSENT).ip("link set net0 down", "link set core0 down")
    plans = [(number, OTHER if number % 2 else ABSENT) for number in range(2, 32)]
    extra = "".join(f"pop set details {number} chtst{number:02} {plan.ipv4} {plan.ipv6}\n" for number, plan in plans)
    text = configuration(PLAN, [], extra=extra)
    daemon = Daemon(site.pop, site.programs.sixxsd, text).start()

    def rows() -> list[list[str]]:
        return [line.split() for line in daemon.command("pop show pops").lines or ()]

    # Sixty places, one a second: of each PoP's two probes one is sent soon.
    wait_for(lambda: sum(int(row[5]) + int(row[11]) for row in rows() if row[2] == OTHER.ipv4) >= 2, 12,
             "replies from the other PoP", every=0.2)
    answered = [row for row in rows() if row[2] == OTHER.ipv4]
    for row in answered:
        for sent, received, loss, least, average, most in (row[4:10], row[10:16]):
            assert int(received) <= int(sent)
            if int(received):
                assert float(loss) == 0 and 0 <= float(least) <= float(average) <= float(most) < 1000
    for row in rows():
        if row[2] == ABSENT.ipv4:
            assert row[5] == row[11] == "0"
    assert len(rows()[0]) == 4, "itself is not probed"
