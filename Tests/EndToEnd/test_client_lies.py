"""ICMP errors that somebody makes up about the client's packets (RFC 5927): they stop nothing, and nothing is learnt.

    core ── chtst01 ── inet ── home
             sixxsd            sixxs-client
"""

from __future__ import annotations

import socket
import threading

import pytest
from scapy.layers.inet import ICMP, UDP

from lab.client import Client
from lab.daemon import TunnelLine
from lab.packets import IP, Listener, Packet, Raw, send_ipv4
from lab.site import PASSWORD, Site
from lab.topology import SERVER
from lab.traffic import ping

HOME, LIAR = "203.0.113.10", "198.18.0.99"
KINDS = {kind: TunnelLine(1, 5072, HOME if kind == "6in4" else kind, 1280, "" if kind == "6in4" else PASSWORD)
         for kind in ("6in4", "heartbeat", "ayiya")}


def quote(site: Site, number: int = 41) -> Packet:
    """Nothing but the ends and the protocol is right."""
    return IP(src=HOME, dst=site.plan.ipv4, proto=number, id=1, flags="DF", len=300) / Raw(bytes(8))


def lie(quoted: Packet, kind: int, code: int, mtu: int = 0) -> bytes:
    return bytes(IP(src=LIAR, dst=HOME) / ICMP(type=kind, code=code, nexthopmtu=mtu) / Raw(bytes(quoted)))


@pytest.mark.parametrize("kind", ["6in4", "heartbeat"])
def test_made_up_errors_stop_nothing(site: Site, kind: str) -> None:
    tunnel = KINDS[kind]
    site.daemon(tunnel)
    home = site.home(ipv4=HOME)
    client = site.client(home, tunnel).start()
    lies = [lie(quote(site), *what) for what in ((3, 13), (12, 0), (3, 2), (3, 7), (3, 4))]
    over = threading.Event()
    with site.backbone.inet.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as liar:
        def tell() -> None:
            number = 0
            while not over.wait(0.01):
                liar.sendto(lies[number % len(lies)], (HOME, 0))
                number += 1
        thread = threading.Thread(target=tell)
        thread.start()
        try:
            result = ping(home, SERVER, count=60, interval=0.03, timeout=1)
        finally:
            over.set()
            thread.join()
    assert result.received >= 59, f"{result.received} of {result.sent}"
    assert client.process is not None
    assert client.process.output.count("Anybody can make up such a message") == 1
    assert "cannot send to" not in client.process.output


def outer_packets(site: Site, client: Client) -> list[Packet]:
    """What leaves when the host sends 1280 octets."""
    with Listener(site.backbone.inet, "home", 4) as listener:
        assert ping(client.namespace, SERVER, count=1, size=1280).received == 1
        return [packet for packet in listener.packets(0.3) if packet.src == HOME and packet.dst == site.plan.ipv4]


@pytest.mark.parametrize("kind", list(KINDS))
def test_made_up_path_mtus_are_not_learnt(site: Site, kind: str) -> None:
    tunnel = KINDS[kind]
    site.daemon(tunnel)
    home = site.home(ipv4=HOME)
    client = site.client(home, tunnel).start()
    quoted = quote(site)
    if kind == "ayiya":
        sent = next(packet for packet in outer_packets(site, client) if UDP in packet)
        # Even one who knows the port is not believed.
        quoted = IP(src=HOME, dst=site.plan.ipv4, id=1, flags="DF", len=1500) / UDP(sport=sent[UDP].sport, dport=5072)
    send_ipv4(site.backbone.inet, IP(lie(quoted, 3, 4, 68)))
    packets = outer_packets(site, client)
    assert packets and all(packet.frag == 0 and not packet.flags.MF for packet in packets)
    # As RFC 4213 section 3.2.1 wants it of who has a static MTU: routers on the way may cut them up.
    assert not any(packet.flags.DF for packet in packets)
    assert "mtu" not in home.run("ip", "route", "get", site.plan.ipv4).stdout
