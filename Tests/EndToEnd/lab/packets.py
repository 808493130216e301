"""Single packets: made with scapy, sent and received through sockets inside a namespace."""

from __future__ import annotations

import logging
import select
import socket
import time
from collections.abc import Callable, Iterator

logging.getLogger("scapy").setLevel(logging.ERROR)

from scapy.layers.inet import IP, UDP  # noqa: E402
from scapy.layers.inet6 import (  # noqa: E402
    ICMPv6EchoReply, ICMPv6EchoRequest, IPv6, _ICMPv6, in6_chksum)
from scapy.packet import Packet, Raw  # noqa: E402

from .namespace import Namespace  # noqa: E402

IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE = 23, 3
ETHERTYPES = {4: 0x0800, 6: 0x86DD}


def echo(source: str, destination: str, size: int = 104, hop_limit: int = 64, identifier: int = 0x5858,
         sequence: int = 1) -> IPv6:
    """An echo request whose whole packet is `size` octets long."""
    return (IPv6(src=source, dst=destination, hlim=hop_limit)
            / ICMPv6EchoRequest(id=identifier, seq=sequence, data=bytes(i & 0xFF for i in range(size - 48))))


def send_ipv6(namespace: Namespace, packet: Packet) -> None:
    """Sends an IPv6 packet as it is, its source included, along the namespace's routes."""
    octets = bytes(packet)
    with namespace.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_RAW) as sender:
        # A path MTU that an earlier packet too big told the kernel is not to stop this one.
        sender.setsockopt(socket.IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE)
        sender.sendto(octets, (packet[IPv6].dst, 0))


def send_ipv4(namespace: Namespace, packet: Packet) -> None:
    """Sends an IPv4 packet as it is, its source included, along the namespace's routes."""
    with namespace.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as sender:
        sender.sendto(bytes(packet), (packet[IP].dst, 0))


def sixinfour(source: str, destination: str, inner: Packet) -> IP:
    """An IPv6 packet inside IPv4, protocol 41."""
    return IP(src=source, dst=destination, proto=41) / inner


def udp_payload(packet: Packet, port: int) -> bytes | None:
    """What an IPv4 packet carries to a UDP port, or None if it is another packet."""
    is_for_port = packet.proto == socket.IPPROTO_UDP and UDP in packet and packet[UDP].dport == port
    return bytes(packet[UDP].payload) if is_for_port else None


def has_right_checksum(packet: Packet) -> bool:
    """Computes an ICMPv6 message's checksum again, over the octets as they came."""
    ipv6 = packet[IPv6]
    message = bytes(ipv6.payload)
    without = message[:2] + b"\0\0" + message[4:]
    return in6_chksum(58, ipv6, without) == int.from_bytes(message[2:4], "big")


class Listener:
    """Receives copies of the IP packets of one version that arrive at an interface."""

    def __init__(self, namespace: Namespace, interface: str, version: int = 6) -> None:
        protocol = ETHERTYPES[version]
        self._socket = namespace.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(protocol))
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        with namespace.entered():
            self._socket.bind((interface, protocol))
        self._make = IPv6 if version == 6 else IP

    def __enter__(self) -> Listener:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def packets(self, seconds: float) -> Iterator[Packet]:
        """Yields what arrives within `seconds`, as scapy packets, however long whoever asks takes for each."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            if not select.select([self._socket], [], [], left)[0]:
                return
            yield self._make(self._socket.recv(65535))
        for octets in self._queued():
            yield self._make(octets)

    def _queued(self) -> list[bytes]:
        """What has arrived and was not asked for yet."""
        found = []
        while select.select([self._socket], [], [], 0)[0]:
            found.append(self._socket.recv(65535))
        return found

    def first(self, matches: Callable[[Packet], bool], seconds: float = 3) -> Packet | None:
        """The first packet that matches, or None."""
        return next((packet for packet in self.packets(seconds) if matches(packet)), None)

    def icmp_error(self, destination: str, seconds: float = 3) -> IPv6 | None:
        """The first ICMPv6 error that comes for `destination`."""
        return self.first(lambda p: is_icmp_error(p) and p.dst == destination, seconds)  # type: ignore[return-value]


def is_icmp_error(packet: Packet) -> bool:
    return IPv6 in packet and isinstance(packet[IPv6].payload, _ICMPv6) and packet[IPv6].payload.type < 128


def is_echo_reply(packet: Packet, source: str, identifier: int = 0x5858) -> bool:
    return ICMPv6EchoReply in packet and packet[IPv6].src == source and packet[ICMPv6EchoReply].id == identifier


__all__ = ["IP", "UDP", "IPv6", "ICMPv6EchoReply", "ICMPv6EchoRequest", "Listener", "Packet", "Raw", "echo",
           "has_right_checksum", "is_echo_reply", "is_icmp_error", "send_ipv4", "send_ipv6", "sixinfour", "udp_payload"]
