"""Every type of tunnel carries packets both ways through a real daemon, and the counters agree.

    core (2001:db8:ffff::80) ── chtst01 ── inet ──┬── home
                                 sixxsd           ├── neighbour
                                                  └── nat ── home
"""

from __future__ import annotations

import re

import pytest

from lab.daemon import TunnelLine
from lab.namespace import wait_for
from lab.packets import IPv6, ICMPv6EchoRequest, Listener, echo, send_ipv4, send_ipv6, sixinfour
from lab.site import PASSWORD, Site, inner_of
from lab.topology import SERVER
from lab.traffic import ping

HOME = "203.0.113.10"
STATIC = TunnelLine(0x10, 4141, HOME, 1480)
HEARTBEAT = TunnelLine(0x20, 3740, "heartbeat", 1480, PASSWORD)
AYIYA = TunnelLine(0x1FFF, 5072, "ayiya", 1428, PASSWORD)
TUNNELS = [STATIC, HEARTBEAT, AYIYA]

MILLISECONDS = r"(-1(\.00)?|\d+\.\d\d)"
STATS_LINE = re.compile(r"(total|uplink)( \d+){4}" rf"|T\d+( \d+){{4}} \d+ \d+ (-1|\d+(\.\d+)?)( {MILLISECONDS}){{3}}")


@pytest.mark.parametrize("tunnel", TUNNELS, ids=["static", "heartbeat", "ayiya"])
def test_carries_packets_both_ways(site: Site, tunnel: TunnelLine) -> None:
    daemon = site.daemon(tunnel)
    home = site.home(ipv4=HOME)
    client = site.client(home, tunnel).start()
    for size in (48, 104, 1280, tunnel.mtu):
        assert ping(home, SERVER, size=size).all_arrived, f"{size} octets outward"
        assert ping(site.core, client.identity, size=size).all_arrived, f"{size} octets inward"
    entry = daemon.tunnel(tunnel.number)
    assert entry["state"] == "up"
    assert entry["endpoint"].startswith(HOME)
    # 4 sizes × 3 requests × 2 directions; the client's own traffic comes on top.
    assert entry["inPackets"] >= 24 and entry["outPackets"] >= 24
    assert entry["mtu"] == tunnel.mtu


@pytest.mark.parametrize("tunnel", [STATIC, AYIYA], ids=["static", "ayiya"])
def test_counts_to_the_packet(site: Site, tunnel: TunnelLine) -> None:
    daemon = site.daemon(tunnel)
    user = site.user(site.home(ipv4=HOME), HOME, tunnel)
    # Otherwise this link shows several datagrams as one.
    site.pop.run("ethtool", "-K", "net0", "tx-udp-segmentation", "off")
    if tunnel.remote == "ayiya":
        user.beat()
        daemon.wait_for_state(tunnel.number, "up")
    before = daemon.tunnel(tunnel.number)
    with user.listen() as listener:
        for sequence in range(50):
            user.send(echo(user.them, SERVER, size=100, sequence=sequence))
        replies = [inner for packet in listener.packets(1) if (inner := inner_of(packet)) is not None]
    after = daemon.tunnel(tunnel.number)
    assert len([reply for reply in replies if reply.src == SERVER]) == 50
    assert after["inPackets"] - before["inPackets"] == 50
    # A latency probe of the daemon's own may be among what it sent.
    assert after["outPackets"] - before["outPackets"] == len(replies)


def test_carries_packets_between_two_tunnels(site: Site) -> None:
    site.daemon(STATIC, AYIYA)
    home = site.home(ipv4=HOME)
    neighbour = site.home("neighbour", "203.0.113.11")
    one = site.client(home, STATIC).start()
    other = site.client(neighbour, AYIYA).start()
    for size in (104, AYIYA.mtu):
        assert ping(home, other.identity, size=size).all_arrived
        assert ping(neighbour, one.identity, size=size).all_arrived


def test_works_behind_a_nat(site: Site) -> None:
    daemon = site.daemon(AYIYA)
    nat = site.backbone.add_nat("nat", "203.0.113.77")
    home = site.backbone.add_behind(nat, "home")
    client = site.client(home, AYIYA).start()
    assert ping(site.core, client.identity, size=1280).all_arrived
    assert daemon.tunnel(AYIYA.number)["endpoint"].startswith("203.0.113.77")


def test_routes_a_subnet_to_its_tunnel(site: Site) -> None:
    site.daemon(STATIC, subnets=[("2001:db8:3001::/48", STATIC.tid)])
    home = site.home(ipv4=HOME)
    site.client(home, STATIC).start()
    lan, address = site.backbone.add_lan(home, "lan", "2001:db8:3001:5")
    assert ping(lan, SERVER, size=1280).all_arrived
    assert ping(site.core, address, size=1280).all_arrived


def test_routes_the_default_64_of_a_tunnel(site: Site) -> None:
    site.daemon(STATIC)
    home = site.home(ipv4=HOME)
    site.client(home, STATIC).start()
    lan, address = site.backbone.add_lan(home, "lan", f"2001:db8:2ff:{0x8000 + STATIC.tid:x}")
    assert ping(lan, SERVER, size=1280).all_arrived
    assert ping(site.core, address, size=1280).all_arrived


def test_answers_pings_itself_whatever_their_size(site: Site) -> None:
    site.daemon(STATIC)
    for size in (48, 104, 1280, 1480):
        assert ping(site.core, site.plan.us(STATIC.tid), size=size).all_arrived
        assert ping(site.core, site.plan.own_address, size=size).all_arrived


def test_the_sender_sees_the_address_it_pinged(site: Site) -> None:
    site.daemon(STATIC)
    own = site.plan.own_address
    home = site.home(ipv4=HOME)
    site.client(home, STATIC).start()
    assert f"from {own}" in ping(home, own).text


def test_a_signed_packet_with_another_source_is_dropped_and_counted(site: Site) -> None:
    daemon = site.daemon(STATIC, AYIYA)
    user = site.user(site.home(ipv4=HOME), HOME, AYIYA)
    with Listener(site.core, "chtst01") as listener:
        for source in (site.plan.them(STATIC.tid), "2001:db8:3001::1", "2001:db8:beef::1"):
            user.send(echo(source, SERVER))
        assert daemon.wait_for_error(AYIYA.number, "Wrong Source IPv6", 3) == 3
        assert listener.first(lambda p: ICMPv6EchoRequest in p and p[IPv6].dst == SERVER, 0.3) is None


def test_a_bare_packet_of_another_tunnel_is_dropped_and_counted(site: Site) -> None:
    daemon = site.daemon(STATIC)
    user = site.user(site.home("thief", "203.0.113.66"), "203.0.113.66", STATIC)
    with Listener(site.core, "chtst01") as listener:
        user.send(echo(user.them, SERVER))
        user.send(echo("2001:db8:beef::1", SERVER))
        assert daemon.wait_for_error(STATIC.number, "Wrong Source IPv4") == 1
        assert listener.first(lambda p: ICMPv6EchoRequest in p and p[IPv6].dst == SERVER, 0.3) is None


def test_status_keeps_its_layout(site: Site) -> None:
    daemon = site.daemon(STATIC, HEARTBEAT, AYIYA, TunnelLine(0x30, 9, "198.51.100.9", 1280, state="disabled"))
    home = site.home(ipv4=HOME)
    site.client(home, AYIYA).start()
    ping(home, SERVER)
    lines = daemon.command("pop show status").lines or ()
    assert all(re.fullmatch(r"[a-z0-9]+ \d+ \d+ \d+", line) for line in lines), lines
    assert lines[-1].startswith("total ")
    rows = daemon.status()
    online, _, configured = rows["total"]
    assert configured == 4
    assert online == 2, "the static one and the one with a client"
    assert sum(row[2] for word, row in rows.items() if word != "total") == 4
    assert rows["ayiya"][:2] == (1, 1)


def test_stats_keep_their_layout(site: Site) -> None:
    daemon = site.daemon(STATIC, HEARTBEAT, AYIYA)
    home = site.home(ipv4=HOME)
    site.client(home, AYIYA).start()
    assert ping(home, SERVER, count=5).all_arrived
    lines = daemon.command("tunnel stats").lines or ()
    assert lines and all(STATS_LINE.fullmatch(line) for line in lines), lines
    words = [line.split()[0] for line in lines]
    assert "total" in words and "uplink" in words
    assert "T5072" in words and "T3740" not in words, "silent tunnels are left out"


def test_list_and_show_keep_their_layout(site: Site) -> None:
    daemon = site.daemon(STATIC, HEARTBEAT)
    line = next(line for line in daemon.command("tunnel list").lines or () if line.startswith("T4141 "))
    assert re.fullmatch(rf"T4141 {site.plan.them(STATIC.tid)} {HOME} up direct 1480 \d+", line), line
    shown = daemon.command(f"tunnel show {HEARTBEAT.tid:x}")
    assert shown.lines and all(re.fullmatch(r".{24}: .*|.{24}:", line) for line in shown.lines), str(shown)
    names = {line[:24].strip(): line[26:] for line in shown.lines}
    assert names["Tunnel ID"] == "T3740" and names["TID"] == f"0x{HEARTBEAT.tid:x}"
    assert names["Tunnel Type"] == "heartbeat" and "Packets in" in names
    assert names["MTU"] == "1480"
    assert names["Tunnel State"] == "down"
    assert PASSWORD not in str(shown)


def test_uptime_and_version(site: Site) -> None:
    daemon = site.daemon()
    assert re.fullmatch(r"\d+ days \d\d:\d\d:\d\d", daemon.command("pop show uptime").text)
    assert re.fullmatch(r"sixxsd \S+", daemon.command("pop show version").text)
    with daemon.session() as session:
        assert session.greeting.code == 200
        assert re.search(r"\bsixxsd \S+$", session.greeting.text)


def test_report_is_json_for_every_tunnel(site: Site) -> None:
    daemon = site.daemon(STATIC, HEARTBEAT, AYIYA)
    report = daemon.report()
    assert re.fullmatch(r"[0-9a-f]{32}", report["instance"])
    assert {entry["tunnel"] for entry in report["tunnels"]} == {"T4141", "T3740", "T5072"}
    assert report["totals"]["configured"] == 3
    assert report["digest"] == daemon.digest()


def test_a_beat_with_a_wrong_password_opens_nothing(site: Site) -> None:
    daemon = site.daemon(HEARTBEAT, AYIYA)
    home = site.home(ipv4=HOME)
    for tunnel, error in ((HEARTBEAT, "Heartbeat Hash Fail"), (AYIYA, "AYIYA Hash Fail")):
        site.user(home, HOME, tunnel).beat(password="wrong")
        daemon.wait_for_error(tunnel.number, error)
        assert daemon.state(tunnel.number) == "down"


def test_a_clock_that_is_off_opens_nothing(site: Site) -> None:
    daemon = site.daemon(HEARTBEAT, AYIYA)
    home = site.home(ipv4=HOME)
    for tunnel in (HEARTBEAT, AYIYA):
        user = site.user(home, HOME, tunnel)
        user.beat(age=130)
        user.beat(age=-130)
        daemon.wait_for_error(tunnel.number, "Clock Off", 2)
        assert daemon.state(tunnel.number) == "down"
        user.beat(age=110)
        wait_for(lambda number=tunnel.number: daemon.state(number) == "up", 2, "a beat within the skew to count")


def test_errors_that_are_no_tunnels_are_shown(site: Site) -> None:
    daemon = site.daemon(STATIC)
    stranger = "203.0.113.66"
    them = site.plan.them(STATIC.tid)
    send_ipv6(site.core, echo(site.plan.them(5), them))
    send_ipv4(site.home("stranger", stranger), sixinfour(stranger, site.plan.ipv4, echo(site.plan.them(5), SERVER)))
    expected = {"Packet over uplink": 1, "Wrong Source IPv6": 1}
    wait_for(lambda: expected.items() <= daemon.report()["uplink"]["errors"].items(), 3, "both to be reported")
    shown = daemon.command("tunnel show uplink").lines or ()
    names = {line[:24].strip(): line[26:] for line in shown}
    assert names["Tunnel ID"] == "uplink" and int(names["Packets in"]) >= 1, shown
    assert names["Packet over uplink"] == names["Wrong Source IPv6"] == "1", shown
    assert (daemon.command("tunnel list erroronly").lines or ())[-1].startswith("uplink "), "the PoP's own line"
    packet = daemon.command("tunnel get errorpacket uplink wrong source ipv6")
    assert packet.lines and f"from {stranger}," in packet.lines[0], packet
    assert daemon.command("tunnel reseterrors uplink").is_success
    assert not expected.keys() & daemon.report()["uplink"]["errors"].keys()
