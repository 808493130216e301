"""Links that merge (GRO, the default of network cards), and packets whose checksum the kernel left unfinished."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass

from . import bulk
from .daemon import TunnelLine
from .namespace import Namespace
from .site import PASSWORD, Site
from .topology import CORE_GATEWAY, POP_GATEWAY, SERVER
from .traffic import throughput

SOL_PACKET, PACKET_VNET_HDR = 263, 15
ETHER_HEADER_LENGTH = 14


def merge(receiver: Namespace, device: str, sender: Namespace, peer: str, forwards_udp: bool = True, lists: bool = False,
          microseconds: int = 2000) -> None:
    """Has a link put together what arrives on it, as long as a burst takes.

    A veth hands what it gets to GRO only when its peer does not segment by itself.
    """
    receiver.run("ethtool", "-K", device, "gro", "on", "rx-udp-gro-forwarding", "on" if forwards_udp else "off",
                 "rx-gro-list", "on" if lists else "off")
    sender.run("ethtool", "-K", peer, "tso", "off", "tx-udp-segmentation", "off")
    patience = f"echo {1000 * microseconds} > gro_flush_timeout && echo 50 > napi_defer_hard_irqs"
    receiver.run("sh", "-c", f"cd /sys/class/net/{device} && {patience}")


def show_the_wire(namespace: Namespace, device: str) -> None:
    """Has the kernel cut up and complete by itself what leaves through a device, so that who receives it sees what a wire would carry."""
    namespace.run("ethtool", "-K", device, "tx", "off", "tso", "off", "gso", "off", "tx-udp-segmentation", "off")


def link_address(namespace: Namespace, device: str) -> bytes:
    links = {link["ifname"]: link for link in namespace.show("link") if "ifname" in link}  # type: ignore[attr-defined]
    return bytes.fromhex(links[device]["address"].replace(":", ""))


class Unfinished:
    """Lays packets on a cable with a checksum that is left to a device, as the veth of a container on the same host hands
    them on.
    """

    def __init__(self, namespace: Namespace, device: str, peer: Namespace, peer_device: str) -> None:
        self._addresses = link_address(peer, peer_device) + link_address(namespace, device)
        self._socket = namespace.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        with namespace.entered():
            self._socket.bind((device, 0))
        self._socket.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
        namespace.laboratory.on_close(self._socket.close)

    def send(self, packet: bytes, start: int | None = None, offset: int = 0) -> None:
        """Sends a whole IP packet, unfinished where it covers all from `start` on, or else complete."""
        if packet[0] == 0x45:
            packet = packet[:10] + struct.pack("!H", 0xFFFF ^ bulk.checksum(packet[:10] + bytes(2) + packet[12:20])) + packet[12:]
        kind = b"\x08\x00" if packet[0] >> 4 == 4 else b"\x86\xdd"
        flags, place = (0, 0) if start is None else (bulk.VIRTIO_NEEDS_CSUM, ETHER_HEADER_LENGTH + start)
        header = struct.pack("=BBHHHH", flags, bulk.VIRTIO_GSO_NONE, 0, 0, place, offset)
        self._socket.send(header + self._addresses + kind + packet)


@dataclass(frozen=True)
class Stretch:
    """A way through the PoP for TCP that comes out of a 6in4 tunnel of 1480 octets."""

    site: Site
    source: Namespace
    target: Namespace
    address: str

    def carried(self, seconds: int = 1) -> float:
        """Megabits a second."""
        return throughput(self.source, self.target, self.address, seconds)

    def merge(self, microseconds: int = 100) -> None:
        """Has the PoP's link merge."""
        merge(self.site.pop, "net0", self.site.backbone.inet, self.site.plan.name, microseconds=microseconds)


WIDE = TunnelLine(1, 4141, "203.0.113.10", 1480)
NARROW = TunnelLine(2, 5072, "ayiya", 1428, PASSWORD)


def _home(site: Site) -> Namespace:
    home = site.home(ipv4=WIDE.remote)
    site.client(home, WIDE).start()
    return home


def no_narrower(site: Site) -> Stretch:
    """host ── core ── chtst01 ── inet ── home"""
    site.daemon(WIDE)
    return Stretch(site, _home(site), site.core, SERVER)


def narrower_tunnel(site: Site) -> Stretch:
    """chtst01 ── inet ── home, home2      the second has AYIYA, with 1428 octets"""
    site.daemon(WIDE, NARROW)
    other = site.home("home2", "203.0.113.20")
    client = site.client(other, NARROW).start()
    return Stretch(site, _home(site), other, client.identity)


def narrower_link(site: Site) -> Stretch:
    """far ── core ── chtst01 ── inet ── home      a link of 1400 octets, of which only a router tells"""
    site.daemon(WIDE)
    far, address = site.laboratory.namespace("far"), "2001:db8:beef:f::1"
    site.laboratory.link(site.core, "far", far, "net0", 1400)
    site.core.ip(f"addr add {CORE_GATEWAY}/64 dev far nodad", f"route add {address}/128 via {POP_GATEWAY} dev far")
    # It announces segments for a wider link.
    far.ip("link set net0 mtu 1500", f"addr add {POP_GATEWAY}/64 dev net0 nodad", f"addr add {address}/128 dev net0 nodad",
           f"route add ::/0 via {CORE_GATEWAY} dev net0 src {address}")
    return Stretch(site, _home(site), far, address)


STRETCHES: dict[str, Callable[[Site], Stretch]] = {
    "6in4 to the server": no_narrower,
    "6in4 (1480) to AYIYA (1428)": narrower_tunnel,
    "6in4 (1480) over a link of 1400 behind the core": narrower_link,
}
