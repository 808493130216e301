"""Many tunnels, and changes while packets flow.

    core ── chtst01 ── inet ── home
             sixxsd with up to 8192 tunnels
"""

from __future__ import annotations

import time

from lab.daemon import TunnelLine, configuration
from lab.namespace import wait_for
from lab.packets import IPv6, ICMPv6EchoRequest
from lab.site import PASSWORD, PLAN, Site
from lab.topology import SERVER
from lab.traffic import answers

HOME = "203.0.113.10"
STATIC = TunnelLine(0, 1, HOME, 1280)
ALL = [STATIC] + [TunnelLine(tid, tid + 1, "ayiya", 1280, PASSWORD) for tid in range(1, 8192)]


def test_8192_tunnels_are_pushed_and_listed(site: Site) -> None:
    daemon = site.daemon(STATIC)
    text = configuration(PLAN, ALL, [(f"2001:db8:30{high:02x}::/48", high) for high in range(256)])
    begun = time.monotonic()
    assert daemon.push(2, text).text == "generation 2 applied: tunnels +8191 ~0 -0, subnets +256 ~0 -0"
    assert time.monotonic() - begun < 5
    with daemon.session(timeout=15) as session:
        assert len(session.command("tunnel list").lines or ()) == 8192
    assert daemon.status()["total"] == (1, 0, 8192)
    client = site.client(site.home(ipv4=HOME), STATIC).start()
    assert answers(site.core, client.identity)
    assert daemon.push(3, configuration(PLAN, [STATIC]), force=True).text.startswith("generation 3 applied: tunnels +0 ~0 -8191")
    assert answers(site.core, client.identity)


def test_no_packet_is_lost_while_configurations_change(site: Site) -> None:
    daemon = site.daemon(STATIC)
    home = site.home(ipv4=HOME)
    client = site.client(home, STATIC).start()
    pings = site.core.spawn("ping", "-n", "-q", "-c", 1500, "-i", 0.002, client.identity, name="ping")
    generation = 1
    with daemon.session(timeout=15) as session:
        while pings.is_running:
            generation += 1
            tunnels = ALL[: 1 if generation % 2 else 2000]
            assert session.push(generation, configuration(PLAN, tunnels), force=True).is_success
    assert " 0% packet loss" in pings.output, pings.output
    assert generation > 5


def test_each_tunnel_is_probed_once_a_minute(site: Site) -> None:
    # One tunnel for each second of a minute, so that whatever the order, each second has its probe.
    tunnels = [TunnelLine(tid, tid + 1, HOME, 1280) for tid in range(60)]
    daemon = site.daemon(*tunnels)
    user = site.user(site.home(ipv4=HOME), HOME, tunnels[0])
    with user.listen() as listener:
        probes = [packet[IPv6] for packet in listener.packets(4.2) if ICMPv6EchoRequest in packet]
    assert 3 <= len(probes) <= 6
    assert len({probe.dst for probe in probes}) == len(probes)
    for probe in probes:
        assert len(bytes(probe.payload)) == 1000
        assert probe.dst.endswith("::2") and probe.src == probe.dst.removesuffix("2") + "1"
    lines = [line.split() for line in daemon.command("tunnel stats").lines or () if line.startswith("T")]
    assert sum(int(line[5]) for line in lines) >= 3, "sent"


def test_latency_is_measured(site: Site) -> None:
    tunnels = [TunnelLine(tid, tid + 1, HOME, 1280) for tid in range(60)]
    daemon = site.daemon(*tunnels)
    home = site.home(ipv4=HOME)
    client = site.client(home, tunnels[0])
    client.launch()
    # One device answers for all of the minute's tunnels.
    home.ip(*(f"addr add {site.plan.them(tid)}/64 dev {client.tun} nodad" for tid in range(1, 60)))

    def answered() -> list[dict]:
        return [entry["latency"] for entry in daemon.report()["tunnels"] if entry["latency"]["received"]]

    wait_for(lambda: len(answered()) >= 2, 20, "probes of two tunnels to be answered", every=0.2)
    for latency in answered():
        assert latency["sent"] == latency["received"] == 1
        assert latency["lossPercent"] == 0
        assert 0 < latency["minMs"] <= latency["avgMs"] <= latency["maxMs"] < 1000
    assert answers(home, SERVER)
