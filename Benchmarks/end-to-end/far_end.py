#!/usr/bin/env python3
"""The user's end of an AYIYA tunnel as fast as Python allows: runs of datagrams are one packet for the kernel.

sixxs-client moves one packet at a time, so that a transfer through it would measure the client. Signatures of what
arrives are not verified; what leaves is signed.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import select
import socket
import struct
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "Tests" / "EndToEnd"))

from lab import beats, bulk  # noqa: E402

UDP_GRO, SO_RCVBUFFORCE = 104, 33
LARGEST_RUN, LARGEST_SEND = 64, 65_000
TCP, FLAGS = 6, 53
PUSH = 0x08
BEAT_INTERVAL = 30


def open_tun(name: str) -> int:
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    flags = bulk.IFF_TUN | bulk.IFF_NO_PI | bulk.IFF_VNET_HDR
    fcntl.ioctl(device, bulk.TUNSETIFF, struct.pack("16sH14x", name.encode(), flags))
    fcntl.ioctl(device, bulk.TUNSETOFFLOAD, bulk.TUN_F_CSUM | bulk.TUN_F_TSO6)
    return device


def sum_of(octets: bytes) -> int:
    """RFC 1071's sum: 65536 is 1 modulo 65535."""
    return int.from_bytes(octets if len(octets) % 2 == 0 else octets + b"\0", "big") % 0xFFFF


class FarEnd:
    """Between a TUN device and a UDP socket."""

    def __init__(self, tun: str, pop: str, identity: str, password: str) -> None:
        self._tun = open_tun(tun)
        self._identity, self._password = identity, password
        self._secret = hashlib.sha1(password.encode()).digest()
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 23)
        self._udp.setsockopt(bulk.SOL_UDP, UDP_GRO, 1)
        self._udp.connect((pop, beats.AYIYA_PORT))
        self._udp.setblocking(False)

    def run(self) -> None:
        poll = select.poll()
        poll.register(self._tun, select.POLLIN)
        poll.register(self._udp, select.POLLIN)
        next_beat = 0.0
        while True:
            if time.monotonic() >= next_beat:
                self._udp.send(beats.ayiya(self._identity, self._password))
                next_beat = time.monotonic() + BEAT_INTERVAL
            for descriptor, _ in poll.poll(1000):
                try:
                    self._outward() if descriptor == self._tun else self._inward()
                except (BlockingIOError, ConnectionRefusedError):
                    continue

    def _inward(self) -> None:
        octets, ancillary, _, _ = self._udp.recvmsg(65_535, 64)
        size = struct.unpack("=i", ancillary[0][2][:4])[0] if ancillary else len(octets)
        inner = [octets[n + beats.HEADER_LENGTH:n + size] for n in range(0, len(octets), size)]
        run: list[bytes] = []
        for packet in inner:
            if not packet:
                continue
            if run and not follows(run, packet):
                self._write(run)
                run = []
            run.append(packet)
        if run:
            self._write(run)

    def _write(self, run: list[bytes]) -> None:
        """Hands the kernel one packet for a run of TCP segments."""
        first = run[0]
        if len(run) == 1:
            os.write(self._tun, bulk.PLAIN + first)
            return
        start = payload_offset(first)
        whole = bytearray(first[:start] + b"".join([packet[start:] for packet in run]))
        whole[4:6] = struct.pack("!H", len(whole) - 40)
        whole[FLAGS] |= run[-1][FLAGS] & PUSH
        partial = sum_of(first[8:40] + struct.pack("!II", len(whole) - 40, TCP))
        whole[56:58] = struct.pack("!H", partial)
        header = struct.pack("=BBHHHH", bulk.VIRTIO_NEEDS_CSUM, bulk.VIRTIO_GSO_TCPV6, start, len(first) - start, 40, 16)
        os.write(self._tun, header + whole)

    def _outward(self) -> None:
        octets = os.read(self._tun, 66_000)
        flags, kind, _, size, start, offset = struct.unpack("=BBHHHH", octets[:10])
        packet = octets[10:]
        if kind == bulk.VIRTIO_GSO_NONE:
            if flags & bulk.VIRTIO_NEEDS_CSUM:
                value = struct.pack("!H", 0xFFFF ^ sum_of(packet[start:]))
                packet = packet[:start + offset] + value + packet[start + offset + 2:]
            self._udp.send(self._signed([packet])[0])
            return
        datagrams = self._signed(segments(packet, size))
        each = min(LARGEST_RUN, LARGEST_SEND // len(datagrams[0]))
        length = struct.pack("=H", len(datagrams[0]))
        for first in range(0, len(datagrams), each):
            self._udp.sendmsg([b"".join(datagrams[first:first + each])], [(bulk.SOL_UDP, bulk.UDP_SEGMENT, length)])

    def _signed(self, packets: list[bytes]) -> list[bytes]:
        head = struct.pack("!BBBBI", 0x41, 0x52, 0x10 | beats.FORWARD, beats.IPV6, int(time.time()))
        head += socket.inet_pton(socket.AF_INET6, self._identity)
        prefix = head + self._secret
        return [head + hashlib.sha1(prefix + packet).digest() + packet for packet in packets]


def payload_offset(packet: bytes) -> int:
    return 40 + (packet[52] >> 4) * 4


def follows(run: list[bytes], packet: bytes) -> bool:
    """Whether a TCP segment goes on where a run ends, and says the same in everything else."""
    first, last = run[0], run[-1]
    start = payload_offset(first) if len(first) > 60 else 0
    return (first[6] == packet[6] == TCP and len(first) == len(last) >= len(packet) > start > 0
            and first[:4] == packet[:4] and first[8:44] == packet[8:44] and first[48:53] == packet[48:53]
            and not last[FLAGS] & PUSH and packet[FLAGS] & ~PUSH == first[FLAGS] == 0x10
            and first[54:56] == packet[54:56] and first[58:start] == packet[58:start]
            and int.from_bytes(packet[44:48], "big")
            == (int.from_bytes(last[44:48], "big") + len(last) - start) & 0xFFFF_FFFF)


def segments(packet: bytes, size: int) -> list[bytes]:
    """A super-packet of TCP cut up, each checksum right."""
    start = payload_offset(packet)
    sequence, = struct.unpack("!I", packet[44:48])
    addresses = sum_of(packet[8:40])
    made = []
    for offset in range(start, len(packet), size):
        payload = packet[offset:offset + size]
        is_last = offset + size >= len(packet)
        flags = packet[FLAGS] if is_last else packet[FLAGS] & ~(PUSH | 1)
        head = (packet[40:44] + struct.pack("!I", (sequence + offset - start) & 0xFFFF_FFFF) + packet[48:53] + bytes([flags])
                + packet[54:56])
        tail = packet[58:start] + payload
        length = start - 40 + len(payload)
        value = 0xFFFF ^ (addresses + length + TCP + sum_of(head) + sum_of(tail)) % 0xFFFF
        made.append(packet[:4] + struct.pack("!H", length) + packet[6:40] + head + struct.pack("!H", value) + tail)
    return made


if __name__ == "__main__":
    FarEnd(*sys.argv[1:5]).run()
