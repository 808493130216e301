"""Packets in bulk: made beforehand, and sent as a TCP or a program in bursts would."""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import socket
import struct
from collections.abc import Iterator

from .namespace import Namespace

TUNSETIFF, TUNSETOFFLOAD, TUNATTACHFILTER = 0x400454CA, 0x400454D0, 0x401054D5
IFF_TUN, IFF_TAP, IFF_NO_PI, IFF_VNET_HDR = 0x0001, 0x0002, 0x1000, 0x4000
TUN_F_CSUM, TUN_F_TSO4, TUN_F_TSO6, TUN_F_USO = 0x01, 0x02, 0x04, 0x60
VIRTIO_NEEDS_CSUM, VIRTIO_GSO_NONE, VIRTIO_GSO_TCPV6, VIRTIO_GSO_UDP = 1, 0, 4, 5
UDP_SEGMENT, SOL_UDP, SO_SNDBUFFORCE = 103, 17, 32

TCP_HEADER_LENGTH = 32
# Two no-operations and a timestamp.
TCP_OPTIONS = bytes([1, 1, 8, 10]) + struct.pack("!II", 1000, 2000)
FIN, PSH, ACK, CWR = 0x01, 0x08, 0x10, 0x80


def checksum(octets: bytes, start: int = 0) -> int:
    """RFC 1071, not complemented."""
    if len(octets) % 2:
        octets += b"\0"
    total = start + sum(struct.unpack(f"!{len(octets) // 2}H", octets))
    while total > 0xFFFF:
        total = (total >> 16) + (total & 0xFFFF)
    return total


def ipv6(source: str, destination: str, next_header: int, payload: bytes, hop_limit: int = 64) -> bytes:
    """An IPv6 packet."""
    return (struct.pack("!IHBB", 6 << 28, len(payload), next_header, hop_limit)
            + socket.inet_pton(socket.AF_INET6, source) + socket.inet_pton(socket.AF_INET6, destination) + payload)


def pseudo_header(source: str, destination: str, next_header: int, length: int) -> int:
    addresses = socket.inet_pton(socket.AF_INET6, source) + socket.inet_pton(socket.AF_INET6, destination)
    return checksum(addresses + struct.pack("!II", length, next_header))


def tcp(source: str, destination: str, sequence: int, payload: bytes, port: int = 40000, options: bytes = TCP_OPTIONS,
        flags: int = ACK) -> bytes:
    """A TCP segment, with timestamps unless told otherwise, inside IPv6, its checksum right."""
    words = 5 + len(options) // 4
    head = struct.pack("!HHIIBBHHH", port, 5001, sequence & 0xFFFFFFFF, 1, words << 4, flags, 500, 0, 0)
    segment = head + options + payload
    value = 0xFFFF ^ checksum(segment, pseudo_header(source, destination, 6, len(segment)))
    return ipv6(source, destination, 6, segment[:16] + struct.pack("!H", value) + segment[18:])


def super_packet(source: str, destination: str, sequence: int, payload: bytes, segment: int, port: int = 40000,
                 options: bytes = TCP_OPTIONS, flags: int = ACK) -> bytes:
    """The same with a virtio header that asks to cut it up, as a TCP that leaves segmentation to the device does."""
    packet = bytearray(tcp(source, destination, sequence, payload, port, options, flags))
    partial = pseudo_header(source, destination, 6, len(packet) - 40)
    packet[56:58] = struct.pack("!H", partial)
    header = struct.pack("=BBHHHH", VIRTIO_NEEDS_CSUM, VIRTIO_GSO_TCPV6, 60 + len(options), segment, 40, 16)
    return header + bytes(packet)


def udp(source: str, destination: str, size: int, port: int, payload: bytes = b"") -> bytes:
    """A UDP datagram whose IPv6 packet has `size` octets, zeros behind its payload."""
    length = size - 40
    datagram = struct.pack("!HHHH", port, 9, length, 0) + payload.ljust(length - 8, b"\0")
    value = 0xFFFF ^ checksum(datagram, pseudo_header(source, destination, 17, length))
    return ipv6(source, destination, 17, datagram[:6] + struct.pack("!H", value or 0xFFFF) + datagram[8:])


def super_datagram(source: str, destination: str, payload: bytes, segment: int, port: int) -> bytes:
    """UDP datagrams of `segment` octets each as one packet, as a program that uses UDP_SEGMENT has the device cut up."""
    packet = bytearray(udp(source, destination, 48 + len(payload), port, payload))
    packet[46:48] = struct.pack("!H", pseudo_header(source, destination, 17, 8 + len(payload)))
    return struct.pack("=BBHHHH", VIRTIO_NEEDS_CSUM, VIRTIO_GSO_UDP, 48, segment, 40, 6) + bytes(packet)


class Device:
    """A TUN device with virtio headers: a source of packets, or a sink that is as good as the best network card."""

    def __init__(self, namespace: Namespace, name: str, is_sink: bool = False) -> None:
        with namespace.entered():
            self._file = open("/dev/net/tun", "r+b", buffering=0)
            # Only a TAP device takes a filter.
            flags = (IFF_TAP if is_sink else IFF_TUN) | IFF_NO_PI | IFF_VNET_HDR
            fcntl.ioctl(self._file, TUNSETIFF, struct.pack("16sH14x", name.encode(), flags))
        fcntl.ioctl(self._file, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_USO)
        if is_sink:
            self._drop_all()
            namespace.ip(f"link set {name} arp off")
        namespace.ip(f"link set {name} up")
        namespace.laboratory.on_close(self._file.close)

    def _drop_all(self) -> None:
        """A packet that no reader's filter lets through ends when it is transmitted."""
        program = struct.pack("HBBI", 0x06, 0, 0, 0)
        self._program = ctypes.create_string_buffer(program)
        fcntl.ioctl(self._file, TUNATTACHFILTER, struct.pack("HxxxxxxP", 1, ctypes.addressof(self._program)))

    def write(self, packet: bytes) -> None:
        """Hands the kernel a packet with its virtio header."""
        self._file.write(packet)


PLAIN = bytes(10)


@contextlib.contextmanager
def raw_sender(namespace: Namespace) -> Iterator[socket.socket]:
    """A socket for whole IPv4 packets."""
    with namespace.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as sender:
        sender.setsockopt(socket.SOL_SOCKET, SO_SNDBUFFORCE, 1 << 24)
        yield sender


def ipv4(source: str, destination: str, protocol: int, payload: bytes) -> bytes:
    """An IPv4 packet, whose checksum the kernel fills in."""
    return (struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), 1, 0x4000, 64, protocol, 0)
            + socket.inet_aton(source) + socket.inet_aton(destination) + payload)
