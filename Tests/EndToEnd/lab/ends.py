"""Far ends of tunnels of every kind over both IP versions, whose packets scapy makes and takes apart.

     core ── chtst01 ── inet
      │                  │
    home6              home4      neither kernel answers what the PoP sends: the test is the far end
 2001:db8:beef::       203.0.113.
"""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Callable
from typing import Literal

from scapy.layers.inet import GRE

from . import beats
from .daemon import Daemon, TunnelLine, configuration
from .namespace import Namespace
from .packets import IP, UDP, IPv6, Listener, Packet, Raw
from .site import PASSWORD, Site
from .topology import CORE_GATEWAY, POP_GATEWAY

Kind = Literal["6in4", "gre", "heartbeat", "ayiya"]
KINDS: tuple[Kind, ...] = ("6in4", "gre", "heartbeat", "ayiya")
ALL: tuple[tuple[Kind, int], ...] = tuple((kind, version) for kind in KINDS for version in (4, 6))
IDS = [f"{kind} over IPv{version}" for kind, version in ALL]

# Octets in front of the inner packet (wire.md section 3).
OVERHEAD = {("6in4", 4): 20, ("gre", 4): 24, ("heartbeat", 4): 20, ("ayiya", 4): 72,
            ("6in4", 6): 40, ("gre", 6): 44, ("heartbeat", 6): 40, ("ayiya", 6): 92}

# The kernel at the far end must not say that it knows no such protocol or port.
SILENCE = "table inet quiet { chain input { type filter hook input priority 0; meta l4proto { 41, 47, 17 } drop; }; }"
# What the daemon measures with before a client listens is answered by the host's kernel, and that is nobody's error here.
NO_UNREACHABLES = "table ip quiet { chain output { type filter hook output priority 0; icmp type destination-unreachable drop; }; }"
IPV6_NETWORK = "2001:db8:beef"


class Ends:
    """The hosts behind which all far ends of a test are, and the daemon that serves them."""

    def __init__(self, site: Site, mtu4: int = 1500, mtu6: int = 1500, quiet: bool = True) -> None:
        self.site = site
        self.home4 = site.backbone.add_host("home4", "203.0.113.1", mtu4)
        self.home6 = self._add_home6(mtu6)
        if quiet:
            self.home4.nft(SILENCE)
            self.home6.nft(SILENCE)
        self._senders = {4: self.home4.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW),
                         6: self.home6.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_RAW)}
        for sender in self._senders.values():
            site.laboratory.on_close(sender.close)
        self.all: list[End] = []

    def _add_home6(self, mtu: int) -> Namespace:
        home, core = self.site.laboratory.namespace("home6"), self.site.core
        self.site.laboratory.link(core, "home6", home, "net0", mtu)
        core.ip(f"addr add {CORE_GATEWAY}/64 dev home6 nodad", f"route add {IPV6_NETWORK}::/48 via {POP_GATEWAY} dev home6")
        home.ip(f"addr add {POP_GATEWAY}/64 dev net0 nodad", f"addr add {IPV6_NETWORK}::1/128 dev net0 nodad",
                f"route add ::/0 via {CORE_GATEWAY} dev net0 src {IPV6_NETWORK}::1")
        return home

    def home(self, version: int) -> Namespace:
        return self.home4 if version == 4 else self.home6

    def pop(self, version: int) -> str:
        """The PoP's outer address."""
        return self.site.plan.ipv4 if version == 4 else self.site.plan.ipv6

    def add_address(self, version: int, number: int) -> str:
        """Gives a home one more address that packets may come from."""
        if version == 4:
            address = f"203.0.113.{number}"
            self.site.backbone.give_address(self.home4, address)
        else:
            address = f"{IPV6_NETWORK}::{number:x}"
            self.home6.ip(f"addr add {address}/128 dev net0 nodad")
        return address

    def add(self, kind: Kind, version: int, mtu: int | None = None) -> End:
        """One more tunnel and its far end."""
        tid = len(self.all) + 1
        address = self.add_address(version, tid + 10)
        is_static = kind in ("6in4", "gre")
        largest = min(1480, 1500 - OVERHEAD[kind, version])
        tunnel = TunnelLine(tid, 1000 + tid, address if is_static else kind, mtu or largest, "" if is_static else PASSWORD)
        end = End(self, kind, version, address, tunnel)
        self.all.append(end)
        return end

    def start(self, subnets: list[tuple[str, int]] = [], extra: str = "", options: list[str] = []) -> Daemon:
        """The daemon with all tunnels, their ends known to it."""
        text = configuration(self.site.plan, [end.tunnel for end in self.all], subnets, extra=extra)
        daemon = Daemon(self.site.pop, self.site.programs.sixxsd, text)
        daemon.options = options
        daemon.start()
        for end in self.all:
            end.open()
        for end in self.all:
            daemon.wait_for_state(end.tunnel.number, "up")
        return daemon

    def send(self, version: int, packet: Packet | bytes) -> None:
        """Sends a whole outer packet as it is."""
        destination = self.pop(version)
        self._senders[version].sendto(bytes(packet), (destination, 0))

    def listen(self, version: int) -> Listener:
        return Listener(self.home(version), "net0", version)


class End:
    """One far end."""

    def __init__(self, ends: Ends, kind: Kind, version: int, address: str, tunnel: TunnelLine) -> None:
        self.ends = ends
        self.kind = kind
        self.version = version
        self.address = address
        self.tunnel = tunnel
        self.port = 40000 + tunnel.tid
        self.us = ends.site.plan.us(tunnel.tid)
        self.them = ends.site.plan.them(tunnel.tid)

    def outer(self, protocol: int, traffic_class: int = 0, **fields: object) -> Packet:
        """The outer IP header."""
        if self.version == 4:
            return IP(src=self.address, dst=self.ends.pop(4), proto=protocol, tos=traffic_class, **fields)
        return IPv6(src=self.address, dst=self.ends.pop(6), nh=protocol, tc=traffic_class, **fields)

    def open(self, when: int | None = None) -> None:
        """Sends what makes the daemon know this end: a beat, or for GRE a packet that asks for nothing."""
        seconds = int(time.time()) if when is None else when
        if self.kind == "heartbeat":
            self.send_datagram(beats.HEARTBEAT_PORT, beats.heartbeat(self.them, PASSWORD, when=seconds))
        elif self.kind == "ayiya":
            self.send_datagram(beats.AYIYA_PORT, beats.ayiya(self.them, PASSWORD, when=seconds))
        else:
            self.send(IPv6(src=self.them, dst=self.us, nh=59))

    def send_datagram(self, port: int, octets: bytes, traffic_class: int = 0) -> None:
        """Sends a UDP datagram to the PoP."""
        self.ends.send(self.version, self.outer(17, traffic_class) / UDP(sport=self.port, dport=port) / Raw(octets))

    def wrap(self, inner: Packet | bytes, traffic_class: int = 0, **fields: object) -> Packet:
        """A whole outer packet around an inner one."""
        octets = bytes(inner)
        match self.kind:
            case "gre": return self.outer(47, traffic_class, **fields) / GRE(proto=0x86DD) / Raw(octets)
            case "ayiya":
                datagram = beats.ayiya(self.them, PASSWORD, octets)
                return self.outer(17, traffic_class, **fields) / UDP(sport=self.port, dport=5072) / Raw(datagram)
            case _: return self.outer(41, traffic_class, **fields) / Raw(octets)

    def send(self, inner: Packet | bytes, traffic_class: int = 0, **fields: object) -> None:
        """Sends a packet through the tunnel."""
        self.ends.send(self.version, self.wrap(inner, traffic_class, **fields))

    def listen(self) -> Listener:
        return self.ends.listen(self.version)

    def is_from_pop(self, packet: Packet) -> bool:
        """Whether an outer packet is one of this tunnel's, by its addresses."""
        return packet.src == self.ends.pop(self.version) and packet.dst == self.address

    def unwrap(self, packet: Packet) -> IPv6 | None:
        """The inner packet of an outer one that the PoP sent here in this kind's way, or None."""
        if not self.is_from_pop(packet):
            return None
        protocol = packet.proto if self.version == 4 else packet.nh
        octets = bytes(packet.payload)
        if protocol == 41 and self.kind in ("6in4", "heartbeat"):
            return IPv6(octets)
        if protocol == 47 and self.kind == "gre" and octets[:4] == struct.pack("!HH", 0, 0x86DD):
            return IPv6(octets[4:])
        if protocol == 17 and self.kind == "ayiya" and octets[:4] == struct.pack("!HH", 5072, self.port):
            datagram = octets[8:]
            return IPv6(datagram[44:]) if beats.ayiya_is_signed(datagram, PASSWORD) else None
        return None

    def first(self, listener: Listener, matches: Callable[[IPv6], bool], seconds: float = 3) -> IPv6 | None:
        """The first inner packet that comes out of the tunnel and matches, or None."""
        found = self.first_outer(listener, matches, seconds)
        return self.unwrap(found) if found is not None else None

    def first_outer(self, listener: Listener, matches: Callable[[IPv6], bool], seconds: float = 3) -> Packet | None:
        """The same with its outer header."""
        def is_it(packet: Packet) -> bool:
            inner = self.unwrap(packet)
            return inner is not None and matches(inner)

        return listener.first(is_it, seconds)
