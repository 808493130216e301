"""tshark judges what leaves the daemon on both sides.

    core ── core0 ┌─────────┐ net0 ── inet ──┬── home (static)
         tcpdump  │ chtst01 │ tcpdump        ├── beat (heartbeat)
                  └─────────┘                └── ayiya
"""

from __future__ import annotations


from lab.capture import Capture
from lab.daemon import TunnelLine
from lab.packets import echo, send_ipv6
from lab.site import PASSWORD, Site
from lab.topology import SERVER
from lab.traffic import ping

STATIC = TunnelLine(1, 4141, "203.0.113.10", 1280)
HEARTBEAT = TunnelLine(2, 3740, "heartbeat", 1480, PASSWORD)
AYIYA = TunnelLine(3, 5072, "ayiya", 1428, PASSWORD)
FROM_POP = "ip.src == 192.0.2.42"


def test_outer_packets_are_what_they_claim(site: Site) -> None:
    site.daemon(STATIC, HEARTBEAT, AYIYA)
    clients = []
    for name, ipv4, tunnel in (("home", "203.0.113.10", STATIC), ("beat", "203.0.113.11", HEARTBEAT),
                               ("ayiya", "203.0.113.12", AYIYA)):
        clients.append(site.client(site.home(name, ipv4), tunnel).start())
    with Capture(site.pop, "net0") as capture:
        for client in clients:
            assert ping(site.core, client.identity, count=5, size=1280).all_arrived
            assert ping(client.namespace, client.pops_end, count=5).all_arrived
    assert capture.complaints(FROM_POP) == []
    sixinfour = capture.rows(f"{FROM_POP} && ip.proto == 41 && icmpv6", "ip.dst", "ip.ttl", "icmpv6.type",
                             "icmpv6.checksum.status")
    assert {row["ip.dst"] for row in sixinfour} == {"203.0.113.10", "203.0.113.11"}
    assert all(row["ip.ttl"] == "64" and row["icmpv6.checksum.status"] == "1" for row in sixinfour)
    ayiya = capture.rows(f"{FROM_POP} && udp.srcport == 5072 && ayiya", "ip.dst", "udp.checksum", "ayiya.identity",
                         "ayiya.opcode", "icmpv6.type", "icmpv6.checksum.status")
    assert len(ayiya) >= 10
    assert {row["ip.dst"] for row in ayiya} == {"203.0.113.12"}
    assert all(int(row["ayiya.opcode"], 16) == 1 for row in ayiya), "forward"
    assert all(row["icmpv6.checksum.status"] == "1" for row in ayiya)
    assert all(int(row["udp.checksum"], 16) == 0 for row in ayiya), "none over IPv4"
    epochs = capture.rows(f"{FROM_POP} && ayiya", "ayiya.epoch", "frame.time_epoch")
    assert epochs
    assert capture.count(f"{FROM_POP} && !(ip.proto == 41) && !ayiya && !icmp") == 0


def test_icmpv6_errors_have_right_checksums(site: Site) -> None:
    site.daemon(STATIC, HEARTBEAT)
    site.client(site.home(ipv4="203.0.113.10"), STATIC).start()
    with Capture(site.pop, "core0", expression="icmp6") as capture:
        for packet in (echo(SERVER, site.plan.them(1), size=1400), echo(SERVER, site.plan.them(1), hop_limit=2),
                       echo(SERVER, site.plan.them(2)), echo(SERVER, site.plan.them(0x77)),
                       echo(SERVER, "2001:db8:2ff:1::9"), echo(SERVER, site.plan.us(1), size=1480)):
            send_ipv6(site.core, packet)
        capture.wait_for(5, "icmpv6.type < 128")
    assert capture.complaints("ipv6") == []
    errors = capture.rows("icmpv6.type < 128", "icmpv6.type", "icmpv6.code", "icmpv6.checksum.status", "frame.len")
    kinds = sorted((row["icmpv6.type"], row["icmpv6.code"]) for row in errors)
    assert kinds == [("1", "0"), ("1", "0"), ("1", "3"), ("2", "0"), ("3", "0")], errors
    assert all(row["icmpv6.checksum.status"].startswith("1") for row in errors)
    assert all(int(row["frame.len"]) <= 1280 + 14 for row in errors)


def test_an_ayiya_datagram_carries_the_time(site: Site) -> None:
    site.daemon(AYIYA)
    user = site.user(site.home(ipv4="203.0.113.12"), "203.0.113.12", AYIYA)
    with Capture(site.pop, "net0", expression="udp port 5072") as capture:
        user.beat()
        user.send(echo(user.them, SERVER))
        capture.wait_for(1, f"{FROM_POP} && icmpv6.type == 129")
    row = capture.rows(f"{FROM_POP} && icmpv6.type == 129", "data.data", "frame.time_epoch", "udp.payload")[0]
    seconds = int(row["udp.payload"].replace(":", "")[8:16], 16)
    assert abs(seconds - float(row["frame.time_epoch"])) < 2
