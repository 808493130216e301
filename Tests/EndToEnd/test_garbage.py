"""Noise on every door: the daemon counts or refuses it, and its tunnels go on.

    core ── chtst01 ── inet ──┬── home    a real client
             sixxsd           └── noise   random and mutated packets, as fast as they go
"""

from __future__ import annotations

import random
import socket
from collections.abc import Callable

import pytest
from scapy.layers.inet import ICMP

from lab import beats
from lab.daemon import TunnelLine
from lab.namespace import Namespace, wait_for
from lab.packets import IP, IPv6, Raw, echo
from lab.site import PASSWORD, Site
from lab.topology import SERVER
from lab.traffic import answers, ping

HOME, NOISE = "203.0.113.10", "203.0.113.66"
STATIC = TunnelLine(1, 4141, NOISE, 1280)
HEARTBEAT = TunnelLine(2, 3740, "heartbeat", 1280, PASSWORD)
AYIYA = TunnelLine(3, 5072, "ayiya", 1280, PASSWORD)
CLIENT = TunnelLine(4, 1, "ayiya", 1280, PASSWORD)
PACKETS = 200_000
SEED = 5072


def mutations(good: list[bytes], count: int) -> list[bytes]:
    """Random octets, and good packets with octets changed, cut off or added."""
    chance = random.Random(SEED)
    made = []
    for _ in range(count):
        octets = bytearray(chance.choice(good))
        match chance.randrange(6):
            case 0:
                octets = bytearray(chance.randbytes(chance.randrange(0, 1400)))
            case 1:
                octets = octets[: chance.randrange(len(octets) + 1)]
            case 2:
                octets += chance.randbytes(chance.randrange(1, 200))
            case _:
                for _ in range(chance.randrange(1, 8)):
                    octets[chance.randrange(min(len(octets), 80))] = chance.randrange(256)
        made.append(bytes(octets))
    return made


def inner_packets(site: Site, tid: int) -> list[bytes]:
    them, us = site.plan.them(tid), site.plan.us(tid)
    return [bytes(packet) for packet in (
        echo(them, SERVER), echo(them, us), echo(them, site.plan.them(4)), echo(them, SERVER, hop_limit=1),
        echo(them, SERVER, size=1280), IPv6(src=them, dst=us, nh=43) / Raw(bytes([58, 2, 0, 1] + [0] * 20)),
        IPv6(src=them, dst=us, nh=0) / Raw(bytes([60, 0, 1, 4, 0, 0, 0, 0, 58, 0, 1, 4, 0, 0, 0, 0, 128, 0])),
        IPv6(src=them, dst=us, nh=44) / Raw(bytes([58, 0, 0, 1, 0, 0, 0, 1]) + bytes(16)))]


def udp_sender(noise: Namespace, port: int) -> socket.socket:
    sender = noise.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sender.connect(("192.0.2.42", port))
    return sender


def raw_sender(noise: Namespace, protocol: int) -> socket.socket:
    sender = noise.socket(socket.AF_INET, socket.SOCK_RAW, protocol)
    sender.connect(("192.0.2.42", 0))
    return sender


def ayiya_noise(site: Site, noise: Namespace) -> tuple[socket.socket, list[bytes]]:
    them = site.plan.them(AYIYA.tid)
    inner = inner_packets(site, AYIYA.tid)
    good = [beats.ayiya(them, PASSWORD, octets, opcode=opcode) for octets in inner for opcode in (1, 2, 3)]
    # Rightly signed, so that what is inside is looked at as well.
    signed = [beats.ayiya(them, PASSWORD, octets, opcode=opcode, next_header=header)
              for octets in mutations(inner, 2000) for opcode, header in ((1, 41), (3, 41), (1, 4))]
    return udp_sender(noise, 5072), signed + mutations([*good, beats.ayiya(them, PASSWORD)], 4000)


def heartbeat_noise(site: Site, noise: Namespace) -> tuple[socket.socket, list[bytes]]:
    them = site.plan.them(HEARTBEAT.tid)
    good = [beats.heartbeat(them, PASSWORD, sender) for sender in ("sender", NOISE, "x")]
    return udp_sender(noise, 3740), mutations(good, 8000)


def sixinfour_noise(site: Site, noise: Namespace) -> tuple[socket.socket, list[bytes]]:
    return raw_sender(noise, 41), mutations(inner_packets(site, STATIC.tid), 8000)


def gre_noise(site: Site, noise: Namespace) -> tuple[socket.socket, list[bytes]]:
    good = [bytes([0, 0, 0x86, 0xDD]) + inner for inner in inner_packets(site, STATIC.tid)]
    return raw_sender(noise, 47), mutations(good, 4000)


def icmp_noise(site: Site, noise: Namespace) -> tuple[socket.socket, list[bytes]]:
    quoted = bytes(IP(src="192.0.2.42", dst=NOISE, proto=41)) + bytes(8)
    good = [bytes(ICMP(type=3, code=code, nexthopmtu=1280)) + quoted for code in (2, 4)]
    return raw_sender(noise, 1), mutations(good, 4000)


NOISES: dict[str, Callable[[Site, Namespace], tuple[socket.socket, list[bytes]]]] = {
    "ayiya": ayiya_noise,
    "heartbeat": heartbeat_noise,
    "6in4": sixinfour_noise,
    "gre": gre_noise,
    "icmpv4": icmp_noise,
}


def blast(sender: socket.socket, octets: list[bytes], count: int) -> int:
    """Sends `count` packets as fast as it can; a full buffer only costs the packet."""
    sent = 0
    send = sender.send
    with sender:
        while sent < count:
            for packet in octets:
                try:
                    send(packet)
                except OSError:
                    pass
            sent += len(octets)
    return sent


@pytest.mark.parametrize("kind", NOISES)
def test_noise_on_the_wire_is_survived(site: Site, kind: str) -> None:
    daemon = site.daemon(STATIC, HEARTBEAT, AYIYA, CLIENT)
    client = site.client(site.home(ipv4=HOME), CLIENT).start()
    noise = site.home("noise", NOISE)
    pid = daemon.pid
    errors_before = sum(sum((entry.get("errors") or {}).values()) for entry in daemon.report()["tunnels"])
    sender, octets = NOISES[kind](site, noise)
    assert blast(sender, octets, PACKETS) >= PACKETS
    # What still waits in the daemon's sockets comes first.
    wait_for(lambda: answers(site.core, client.identity), 10, "the noise to be worked off", every=0.2)
    assert daemon.is_running and daemon.pid == pid, daemon.log[-2000:]
    assert ping(site.core, client.identity, timeout=2).all_arrived
    assert ping(client.namespace, SERVER, timeout=2).all_arrived
    errors = sum(sum((entry.get("errors") or {}).values()) for entry in daemon.report()["tunnels"])
    if kind in ("ayiya", "heartbeat", "6in4"):
        assert errors > errors_before


def test_noise_on_the_uplink_is_survived(site: Site) -> None:
    daemon = site.daemon(STATIC, CLIENT)
    client = site.client(site.home(ipv4=HOME), CLIENT).start()
    destinations = [site.plan.them(STATIC.tid), site.plan.us(STATIC.tid), site.plan.own_address]
    with site.core.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_RAW) as sender:
        for destination in destinations:
            good = [bytes(echo(SERVER, destination, size=size)) for size in (48, 104, 1280)]
            for octets in mutations(good, 10_000):
                if len(octets) >= 40 and octets[0] >> 4 == 6:
                    try:
                        sender.sendto(octets, (destination, 0))
                    except OSError:
                        pass
    assert daemon.is_running, daemon.log[-2000:]
    assert ping(site.core, client.identity, timeout=2).all_arrived


def test_noise_on_the_control_port_is_refused(site: Site) -> None:
    daemon = site.daemon(STATIC)
    words = [b"tunnel set config 1 T7 192.0.2.9 up 1280", b"config push 7 100 " + b"0" * 64, b"pop show status",
             b"config push 7 -1 x", b"config push 7 99999999999999999999 x", b"tunnel show zz", b"/", b"..", b"end",
             b"tunnel", b"show", b"subnet set config ::/0 1 static", b"tunnel list err=x", b"pop set id 999999999999"]
    chance = random.Random(SEED)
    for octets in mutations([word + b"\n" for word in words], 300):
        session = daemon.session()
        session.send(octets + (b"\n" if chance.random() < 0.8 else b""))
        session.close()
    session = daemon.session()
    try:
        for _ in range(200):
            session.send(b"a" * 65536)
    except OSError:
        pass
    session.close()
    assert daemon.is_running, daemon.log[-2000:]
    assert daemon.answers()
    assert len(daemon.digest()) == 64, "a mutated command may be right by chance, and change it"


def test_many_idle_sessions_do_not_lock_others_out(site: Site) -> None:
    daemon = site.daemon(STATIC)
    idle = [daemon.session() for _ in range(64)]
    assert daemon.command("pop show status").is_success
    for session in idle:
        session.close()
