"""sixxs-client moves many packets as one, or it does not: what arrives is the same, and each packet is judged for itself.

    host ── core ── chtst01 ── inet ── home      TCP and UDP through a tunnel, both ways
                     sixxsd            sixxs-client

    home ── inet ── pop (no daemon: the test sends)
    sixxs-client
"""

from __future__ import annotations

import re
import socket
import struct
import time

import pytest

from lab import beats
from lab.bulk import (SO_SNDBUFFORCE, SOL_UDP, TCP_HEADER_LENGTH, UDP_SEGMENT, VIRTIO_GSO_NONE, VIRTIO_GSO_TCPV6, ipv4, raw_sender,
                      tcp, udp)
from lab.client import Client
from lab.daemon import Daemon, TunnelLine
from lab.namespace import Namespace, wait_for
from lab.packets import UDP, Listener, udp_payload
from lab.site import PASSWORD, Site
from lab.topology import SERVER
from lab.traffic import ping
from test_client import HOME, POP, THEM, US, Stage, stage  # noqa: F401
from test_offloads import everything, receiver
from test_tcp_obeys import transfer

KINDS = pytest.mark.parametrize("tunnel", [
    TunnelLine(1, 4141, HOME, 1480), TunnelLine(2, 5072, "ayiya", 1428, PASSWORD), TunnelLine(3, 3740, "heartbeat", 1480, PASSWORD),
], ids=["static", "ayiya", "heartbeat"])
AYIYA = TunnelLine(2, 5072, "ayiya", 1428, PASSWORD)
LARGEST_ON_A_WIRE = 1500
SOL_PACKET, PACKET_VNET_HDR, VNET_HEADER = 263, 15, 10
TCP_OCTETS = 40 + TCP_HEADER_LENGTH
# What the PoP's kernel says on a new device: router solicitations, reports of groups.
CHATTER = {"impossibleSource", "linkLocal", "multicast"}


def refusals(daemon: Daemon) -> dict[str, int]:
    """What the daemon dropped, by reason."""
    return {reason: count for reason, count in daemon.balance().reasons.items() if reason not in CHATTER}


def segments_itself(home: Namespace, client: Client) -> bool:
    """Whether TCP leaves segmentation to the client's device."""
    settings = home.run("ethtool", "-k", client.tun).stdout
    return re.search(r"tcp-segmentation-offload: on", settings) is None


@KINDS
@pytest.mark.parametrize("offloads", ["auto", "off"])
def test_a_transfer_completes_both_ways(site: Site, tunnel: TunnelLine, offloads: str) -> None:
    daemon = site.daemon(tunnel)
    home = site.home(ipv4=HOME)
    client = site.client(home, tunnel, options=["--offloads", offloads]).start()
    assert segments_itself(home, client) == (offloads == "off")
    assert ping(home, SERVER, count=3).received
    errors, dropped = daemon.errors(tunnel.number), refusals(daemon)
    with Listener(site.pop, "net0", version=4) as link:
        assert transfer(home, site.core, SERVER)
        sizes = [len(packet) for packet in link.packets(0.5) if packet.src == HOME]
    assert transfer(site.core, home, client.identity)
    assert daemon.errors(tunnel.number) == errors
    assert refusals(daemon) == dropped
    assert (max(sizes) > LARGEST_ON_A_WIRE) == (offloads == "auto" and tunnel.remote == "ayiya"), "datagrams leave as runs"
    assert client.stop() == 0
    said = re.search(r"(\d+) packets sent, (\d+) received, (\d+) not sent; dropped: (.*)", client.process.output)  # type: ignore
    assert said is not None and said[3] == "0", client.process.output  # type: ignore[union-attr]
    assert int(said[1]) > 400_000 // tunnel.mtu and int(said[2]) > 400_000 // tunnel.mtu, "each packet is counted"


@pytest.mark.parametrize("last", [123, 1000])
def test_datagrams_that_a_program_of_the_host_sends_as_one(site: Site, last: int) -> None:
    daemon = site.daemon(AYIYA)
    home = site.home(ipv4=HOME)
    site.client(home, AYIYA).start()
    assert ping(home, SERVER, count=3).received
    errors = daemon.errors(AYIYA.number)
    sent = [bytes([number]) * 1000 for number in range(20)] + [bytes([20]) * last]
    with site.core.socket(socket.AF_INET6, socket.SOCK_DGRAM) as server, \
            home.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sender:
        server.bind((SERVER, 9))
        sender.connect((SERVER, 9))
        sender.sendmsg([b"".join(sent)], [(SOL_UDP, UDP_SEGMENT, struct.pack("=H", 1000))])
        sender.send(b"the end")
        assert everything(server) == [*sent, b"the end"]
    assert daemon.errors(AYIYA.number) == errors


def test_what_the_kernel_refuses_together_goes_one_by_one(site: Site) -> None:
    """A run is never cut into fragments; datagrams that are longer than the link takes are."""
    daemon = site.daemon(AYIYA)
    home = site.home(ipv4=HOME)
    client = site.client(home, AYIYA).start()
    assert ping(home, SERVER, count=3).received
    site.backbone.inet.ip("link set home mtu 1400")
    home.ip("link set net0 mtu 1400")
    assert transfer(home, site.core, SERVER)
    assert client.stop() == 0
    assert " 0 not sent" in client.process.output, client.process.output  # type: ignore[union-attr]
    assert daemon.is_running


@pytest.mark.parametrize(("tunnel", "what"), [(AYIYA, "UDP 5072"), (TunnelLine(1, 4141, HOME, 1480), "protocol 41")],
                         ids=["ayiya", "static"])
def test_says_that_nobody_is_there_under_load_too(site: Site, tunnel: TunnelLine, what: str) -> None:
    """No daemon runs: the PoP's kernel refuses what comes."""
    home = site.home(ipv4=HOME)
    client = site.client(home, tunnel)
    process = client.launch()
    home.spawn("ping", "-n", "-q", "-i", 0.002, "-l", 20, "-c", 1000, SERVER, name="load")
    wait_for(lambda: f"refuses {what}" in process.output, 5, "the client to say so")
    assert process.is_running


def bound_client(stage: Stage, *options: str) -> tuple[Client, tuple[str, int]]:  # noqa: F811
    """A running client, and where its datagrams come from."""
    with Listener(stage.pop, "net0", version=4) as listener:
        client = stage.client("ayiya", 60, None, *options)
        client.launch()
        beat = listener.first(lambda packet: udp_payload(packet, 5072) is not None)
        assert beat is not None
    return client, (HOME, beat[UDP].sport)


def drops(client: Client) -> dict[str, int]:
    """What the client says it dropped, once it is stopped."""
    assert client.stop() == 0
    text = client.process.output.rpartition("dropped: ")[2]  # type: ignore[union-attr]
    return {reason: int(count) for reason, count in re.findall(r"(\w+) (\d+)", text)}


def send_run(stage: Stage, there: tuple[str, int], datagrams: list[bytes]) -> None:  # noqa: F811
    """Sends datagrams as one message; all but the last have the same length."""
    with stage.pop.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.setsockopt(socket.SOL_SOCKET, SO_SNDBUFFORCE, 1 << 24)
        sender.bind((POP, 5072))
        sender.sendmsg([b"".join(datagrams)], [(SOL_UDP, UDP_SEGMENT, struct.pack("=H", len(datagrams[0])))], 0, there)


@pytest.mark.parametrize("forged", [{0}, {7}, {8}, {8, 9}, {39}, set(range(0, 40, 3))],
                         ids=["first", "odd", "even", "pair", "last", "many"])
@pytest.mark.parametrize("options", [(), ("--offloads", "off")], ids=["auto", "off"])
def test_a_forged_datagram_of_a_run_is_dropped_alone(stage: Stage, forged: set[int],  # noqa: F811
                                                     options: tuple[str, ...]) -> None:
    client, there = bound_client(stage, *options)
    packets = [udp(SERVER, THEM, 200 if number < 39 else 100, 1024 + number) for number in range(40)]
    datagrams = [beats.ayiya(US, "wrong" if number in forged else PASSWORD, packet) for number, packet in enumerate(packets)]
    with receiver(stage.home, client.tun, 0x86DD) as arrivals, Listener(stage.home, "net0", version=4) as link:
        send_run(stage, there, datagrams)
        found = [packet for packet in everything(arrivals) if packet[6] == 17]
        assert any(len(packet) > LARGEST_ON_A_WIRE for packet in link.packets(0.2)), "it came as one"
    assert found == [packet for number, packet in enumerate(packets) if number not in forged]
    assert drops(client).get("wrongSignature") == len(forged)


def test_every_rule_holds_inside_a_run(stage: Stage) -> None:  # noqa: F811
    client, there = bound_client(stage)
    packet = udp(SERVER, THEM, 200, 1)
    good = beats.ayiya(US, PASSWORD, packet)
    changed = bytearray(good)
    changed[-1] ^= 1
    bad = {
        "wrongIdentity": beats.ayiya(THEM, PASSWORD, packet),
        "wrongSignature": bytes(changed),
        "clockOff": beats.ayiya(US, PASSWORD, packet, when=int(time.time()) - 200),
        "ownSource": beats.ayiya(US, PASSWORD, udp(THEM, THEM, 200, 1)),
        "linkLocal": beats.ayiya(US, PASSWORD, udp("fe80::1", THEM, 200, 1)),
        "impossibleAddress": beats.ayiya(US, PASSWORD, udp("::1", THEM, 200, 1)),
        "notAYIYA": bytes(len(good)),
        "wrongPayload": beats.ayiya(US, PASSWORD, packet, next_header=beats.IPV4),
    }
    with receiver(stage.home, client.tun, 0x86DD) as arrivals:
        send_run(stage, there, [octets for one in bad.values() for octets in (one, good, one)] + [good])
        found = [packet for packet in everything(arrivals) if packet[6] == 17]
    assert found == [packet] * (len(bad) + 1)
    found_drops = drops(client)
    assert {reason: found_drops.get(reason) for reason in bad} == {reason: 2 for reason in bad}


@pytest.mark.parametrize("size", [1300, 1])
def test_segments_of_a_run_reach_the_host_put_together(stage: Stage, size: int) -> None:  # noqa: F811
    client, there = bound_client(stage)
    packets = [tcp(SERVER, THEM, 1 + size * number, bytes([number]) * (size if number < 29 else (size + 1) // 2))
               for number in range(30)]
    with receiver(stage.home, client.tun, 0x86DD) as arrivals:
        send_run(stage, there, [beats.ayiya(US, PASSWORD, packet) for packet in packets])
        found = [packet for packet in everything(arrivals) if packet[6] == 6]
    assert len(found) == 1
    assert found[0][TCP_OCTETS:] == b"".join(packet[TCP_OCTETS:] for packet in packets)


@pytest.mark.parametrize("offloads", ["auto", "off"])
def test_tcp_that_the_receiving_link_merged_reaches_the_host(site: Site, offloads: str) -> None:
    """GRO merges TCP inside protocol 41: the segments' size is lost, and their checksums."""
    home, tunnel = site.home(ipv4=HOME), TunnelLine(1, 4141, HOME, 1480)
    client = site.client(home, tunnel, options=["--offloads", offloads])
    client.launch()
    home.run("ethtool", "-K", "net0", "gro", "on")
    # A veth hands what it gets to GRO only when its peer does not segment by itself.
    site.backbone.inet.run("ethtool", "-K", "home", "tso", "off")
    # As long as a burst takes.
    home.run("sh", "-c", "cd /sys/class/net/net0 && echo 2000000 > gro_flush_timeout && echo 50 > napi_defer_hard_irqs")
    size = 1480 - TCP_OCTETS
    payloads = [bytes([number]) * (size if number < 19 else 100) for number in range(20)]
    packets = [tcp(SERVER, client.identity, 1 + size * number, payload) for number, payload in enumerate(payloads)]
    with home.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x86DD)) as arrivals, \
            Listener(home, "net0", version=4) as link, raw_sender(site.pop) as sender:
        arrivals.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
        with home.entered():
            arrivals.bind((client.tun, 0x86DD))
        for packet in packets:
            sender.sendto(ipv4(site.plan.ipv4, HOME, 41, packet), (HOME, 0))
        told = [(octets[:VNET_HEADER], octets[VNET_HEADER:]) for octets in everything(arrivals)]
        found = [packet for _, packet in told if packet[6] == 6]
        assert any(len(packet) > LARGEST_ON_A_WIRE for packet in link.packets(0.2)), "the link merged nothing"
    assert b"".join(packet[TCP_OCTETS:] for packet in found) == b"".join(payloads)
    if offloads == "off":
        assert found == packets
    for header, packet in told:
        _, kind, _, segment, _, _ = struct.unpack("=BBHHHH", header)
        wanted = (VIRTIO_GSO_TCPV6, size) if len(packet) > 1480 else (VIRTIO_GSO_NONE, 0)
        assert (kind, segment) == wanted, "the kernel knows how to cut it up"


@pytest.mark.parametrize("offloads", ["auto", "off"])
def test_a_transfer_completes_where_the_receiving_link_merges(site: Site, offloads: str) -> None:
    tunnel = TunnelLine(1, 4141, HOME, 1480)
    site.daemon(tunnel)
    home = site.home(ipv4=HOME)
    client = site.client(home, tunnel, options=["--offloads", offloads]).start()
    home.run("ethtool", "-K", "net0", "gro", "on")
    site.backbone.inet.run("ethtool", "-K", "home", "tso", "off")
    assert transfer(site.core, home, client.identity)
    assert transfer(home, site.core, SERVER)
