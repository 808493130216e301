"""Round trips through a way, with both ends in one thread.

     host ── core ── chtst01 ── inet ── home
                     sixxsd

It sends at the host, waits at the home, answers there with packets made beforehand, and waits at the host. So only what lies
between is in the time, and the same in all ways. A load are packets of 72 octets from the home to an address that the core
throws away.
"""

from __future__ import annotations

import random
import socket
import statistics
import struct
import time
from dataclasses import dataclass, field

from lab import beats, bulk
from lab.daemon import TunnelLine
from lab.site import PASSWORD, PLAN
from lab.topology import SERVER
from lossless import without_loss
from sender import Sender
from ways import HOME, Tunnel, Way

PORT, NOWHERE = 9000, "2001:db8:ffff::99"
PAYLOAD = 56
LOAD_SIZE = 72


class Probe(Way):
    """Both ends of plain forwarding."""

    def open(self) -> None:
        """Opens the sockets of both ends."""
        self.site.core.ip(f"route add blackhole {NOWHERE}/128")
        self.host = self.site.core.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        self.end = self.open_end()
        self.host.bind((SERVER, PORT))
        for end in (self.host, self.end):
            end.settimeout(0.5)
            self.laboratory.on_close(end.close)

    def open_end(self) -> socket.socket:
        end = self.home.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        end.bind((self.user, PORT))
        end.connect((SERVER, PORT))
        return end

    def answer(self, payload: bytes) -> bytes:
        """What the home's socket sends back."""
        return payload

    def outer(self, inner: bytes) -> bytes:
        """What is on the wire when the home sends a packet."""
        return inner

    def round_trip(self, number: int) -> float | None:
        """Seconds, or None when a packet was lost."""
        payload = struct.pack("!Q", number).ljust(PAYLOAD, b"\xa5")
        answer = self.answer(payload)
        started = time.perf_counter()
        try:
            self.host.sendto(payload, (self.user, PORT))
            _receive(self.end, payload)
            self.end.send(answer)
            _receive(self.host, payload)
        except TimeoutError:
            return None
        return time.perf_counter() - started

    def load_packets(self) -> list[bytes]:
        return [self.outer(bulk.udp(self.user, NOWHERE, LOAD_SIZE, 1024 + number)) for number in range(1024)]


class ThroughTunnel(Tunnel, Probe):
    """The home's packets as the tunnel carries them."""

    def wait(self) -> None:
        self.daemon.wait_for_state(1, "up")

    def inner(self, payload: bytes) -> bytes:
        datagram = struct.pack("!HHHH", PORT, PORT, 8 + len(payload), 0) + payload
        value = 0xFFFF ^ bulk.checksum(datagram, bulk.pseudo_header(self.user, SERVER, 17, len(datagram)))
        return bulk.ipv6(self.user, SERVER, 17, datagram[:6] + struct.pack("!H", value or 0xFFFF) + datagram[8:])


class ThroughSixInFour(ThroughTunnel):
    name = "6in4"
    user = PLAN.them(1)

    def wait(self) -> None:
        """A static tunnel is up by itself."""

    def open_end(self) -> socket.socket:
        end = self.home.socket(socket.AF_INET, socket.SOCK_RAW, 41)
        end.connect((PLAN.ipv4, 0))
        return end

    def answer(self, payload: bytes) -> bytes:
        return self.inner(payload)

    def outer(self, inner: bytes) -> bytes:
        return bulk.ipv4(HOME, PLAN.ipv4, 41, inner)


class ThroughAYIYA(ThroughTunnel):
    name = "AYIYA"
    user = PLAN.them(1)
    tunnel = TunnelLine(1, 1, "ayiya", 1428, PASSWORD)
    SOURCE = 40000

    def build_far_end(self) -> None:
        self.beater = self.home.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.laboratory.on_close(self.beater.close)
        self.beater.bind((HOME, self.SOURCE))
        self.beater.connect((PLAN.ipv4, beats.AYIYA_PORT))
        self.beater.send(beats.ayiya(self.user, PASSWORD))

    def open_end(self) -> socket.socket:
        return self.beater

    def answer(self, payload: bytes) -> bytes:
        return beats.ayiya(self.user, PASSWORD, self.inner(payload))

    def outer(self, inner: bytes) -> bytes:
        datagram = beats.ayiya(self.user, PASSWORD, inner)
        head = struct.pack("!HHHH", self.SOURCE, beats.AYIYA_PORT, 8 + len(datagram), 0)
        return bulk.ipv4(HOME, PLAN.ipv4, 17, head + datagram)


def _receive(end: socket.socket, payload: bytes) -> None:
    """Waits for a packet that ends with what was sent: the daemon's own probes arrive at the same socket."""
    deadline = time.perf_counter() + 0.5
    while not end.recv(2048).endswith(payload):
        if time.perf_counter() > deadline:
            raise TimeoutError


@dataclass
class Times:
    """What one way took, in seconds."""

    rate: float
    took: list[float] = field(default_factory=list)
    lost: int = 0

    @property
    def median(self) -> float:
        return statistics.median(self.took) * 1e6

    @property
    def percentile(self) -> float:
        """The 99th."""
        return statistics.quantiles(self.took, n=100)[98] * 1e6


def take(way: Probe, count: int, gap: float, times: Times, warm_up: int = 0) -> None:
    """Adds some round trips, with about so many seconds between them."""
    # What a kernel with a full queue said of packets that were sent while rates were looked for.
    way.end.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    for number in range(warm_up + count):
        time.sleep(random.uniform(0.5, 1.5) * gap)
        took = way.round_trip(number)
        if took is None:
            times.lost += 1
        elif number >= warm_up:
            times.took.append(took)


def half_load(way: ThroughTunnel) -> float:
    """Half as many packets a second as get through without loss."""
    with Sender(way.home, way.load_packets()) as sender:
        return without_loss(way.daemon, sender) / 2
