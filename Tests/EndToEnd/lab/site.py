"""One PoP between both internets, configured by hand, and users whose packets a test makes."""

from __future__ import annotations

import socket
import time

from . import beats
from .client import Client
from .daemon import FAST_PATH, Daemon, TunnelLine, configuration
from .namespace import Laboratory, Namespace
from .packets import IPv6, Listener, Packet, send_ipv4, sixinfour
from .programs import Programs
from .topology import Backbone, PoPPlan

PLAN = PoPPlan("chtst01", 1, "192.0.2.42", "2001:db8::42", "2001:db8:2ff::/48", ("2001:db8:3000::/40",))
PASSWORD = "f3d47c2de40fb698e1ab15d757a09bfc"


class Site:
    """core ── chtst01 ── inet, to which a test attaches homes."""

    def __init__(self, laboratory: Laboratory, programs: Programs) -> None:
        self.laboratory = laboratory
        self.programs = programs
        self.plan = PLAN
        self.backbone = Backbone(laboratory)
        self.core = self.backbone.core
        self.pop = self.backbone.add_pop(PLAN)
        if FAST_PATH != "off":
            # As cards do on a wire: what the kernel forwards as one would arrive as one, its checksums unfinished.
            for device in ("net0", "core0"):
                self.pop.run("ethtool", "-K", device, "tx", "off", "gso", "off", "tx-udp-segmentation", "off")

    def daemon(self, *tunnels: TunnelLine, subnets: list[tuple[str, int]] = [],
               beat_timeout: int | None = None, options: list[str] = []) -> Daemon:
        """A running sixxsd with these tunnels."""
        text = configuration(self.plan, list(tunnels), subnets, beat_timeout)
        daemon = Daemon(self.pop, self.programs.sixxsd, text)
        daemon.options = options
        return daemon.start()

    def home(self, name: str = "home", ipv4: str = "203.0.113.10") -> Namespace:
        return self.backbone.add_host(name, ipv4)

    def client(self, home: Namespace, tunnel: TunnelLine, beat_interval: int = 60, options: list[str] = []) -> Client:
        """A sixxs-client for a tunnel, not started."""
        kind = tunnel.remote if tunnel.remote in ("ayiya", "heartbeat") else "6in4"
        return Client(home, self.programs.client, kind, self.plan.ipv4, self.plan.them(tunnel.tid),
                      tunnel.password or None, tunnel.mtu, beat_interval, options=options)

    def user(self, home: Namespace, ipv4: str, tunnel: TunnelLine) -> User:
        return User(self, home, ipv4, tunnel)


class User:
    """A user's end that sends exactly what it is told to."""

    def __init__(self, site: Site, home: Namespace, ipv4: str, tunnel: TunnelLine) -> None:
        self.home = home
        self.ipv4 = ipv4
        self.pop = site.plan.ipv4
        self.tunnel = tunnel
        self.us = site.plan.us(tunnel.tid)
        self.them = site.plan.them(tunnel.tid)

    def beat(self, age: int = 0, password: str | None = None) -> bytes:
        """Sends what keeps this type of tunnel up, `age` seconds old, and returns the datagram."""
        make, port = (beats.ayiya, beats.AYIYA_PORT) if self.tunnel.remote == "ayiya" else (
            beats.heartbeat, beats.HEARTBEAT_PORT)
        datagram = make(self.them, password or self.tunnel.password, when=int(time.time()) - age)
        self.send_datagram(datagram, port)
        return datagram

    def send(self, inner: Packet) -> None:
        """Sends a packet through the tunnel."""
        if self.tunnel.remote == "ayiya":
            self.send_datagram(beats.ayiya(self.them, self.tunnel.password, bytes(inner)), beats.AYIYA_PORT)
        else:
            send_ipv4(self.home, sixinfour(self.ipv4, self.pop, inner))

    def send_datagram(self, datagram: bytes, port: int, source_port: int = 5072) -> None:
        with self.home.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.bind((self.ipv4, source_port))
            sender.sendto(datagram, (self.pop, port))

    def listen(self) -> Listener:
        return Listener(self.home, "net0", version=4)


def inner_of(packet: Packet) -> IPv6 | None:
    """The IPv6 packet that an outer packet carries, by 6in4 or AYIYA."""
    octets = bytes(packet.payload)
    if packet.proto == 41:
        return IPv6(octets)
    if packet.proto == 17 and len(octets) > 8 + beats.HEADER_LENGTH:
        return IPv6(octets[8 + beats.HEADER_LENGTH:])
    return None
