"""Real senders and real links: a Linux TCP obeys, and so does the daemon.

    host ── core ── chtst01 ── inet ── home      TCP through a tunnel narrower than its links
                     sixxsd
"""

from __future__ import annotations

import re

import pytest
from scapy.layers.inet6 import ICMPv6PacketTooBig

from lab.capture import Capture
from lab.daemon import TunnelLine
from lab.namespace import Namespace, wait_for
from lab.packets import Listener, echo, send_ipv6
from lab.site import PASSWORD, Site
from lab.topology import SERVER
from lab.traffic import ping

HOME = "203.0.113.10"
STATIC = TunnelLine(1, 4141, HOME, 1280)
WIDE = TunnelLine(1, 4141, HOME, 1480)
AYIYA = TunnelLine(2, 5072, "ayiya", 1280, PASSWORD)
WIDE_AYIYA = TunnelLine(2, 5072, "ayiya", 1428, PASSWORD)

RECEIVE = """
import socket, sys, hashlib
server = socket.create_server((sys.argv[1], 7), family=socket.AF_INET6)
print("listening", flush=True)
connection, _ = server.accept()
digest, count = hashlib.sha256(), 0
while octets := connection.recv(65536):
    digest.update(octets); count += len(octets)
print("got", count, digest.hexdigest(), flush=True)
"""
SEND = """
import socket, sys, hashlib, random
octets = random.Random(1280).randbytes(400_000)
sender = socket.create_connection((sys.argv[1], 7), timeout=15)
sender.sendall(octets)
sender.shutdown(socket.SHUT_WR)
sender.recv(1)
print("sent", len(octets), hashlib.sha256(octets).hexdigest(), flush=True)
"""
PYTHON = "/usr/bin/python3"


def transfer(sender: Namespace, receiver: Namespace, address: str) -> bool:
    """Whether 400,000 octets arrive as they were sent."""
    end = receiver.spawn(PYTHON, "-c", RECEIVE, address, name="receiver")
    wait_for(lambda: "listening" in end.output, 5, "the receiver")
    said = sender.run(PYTHON, "-c", SEND, address, check=False, timeout=20).stdout
    wait_for(lambda: "got" in end.output, 5, "the transfer's end")
    return re.findall(r"sent (.*)", said) == re.findall(r"got (.*)", end.output) != []


@pytest.mark.parametrize("tunnel", [STATIC, AYIYA], ids=["static", "ayiya"])
def test_a_sender_shrinks_its_segments(site: Site, tunnel: TunnelLine) -> None:
    """The home announces segments of 1428 octets, too large for the tunnel: packets too big must tell the sender."""
    daemon = site.daemon(tunnel)
    home = site.home(ipv4=HOME)
    # A client that believes its tunnel to be wider than it is.
    client = site.client(home, tunnel, options=["--mtu", "1480"]).start()
    # So that the capture shows what is on a wire, and not what the kernel cuts up later.
    site.core.run("ethtool", "-K", "chtst01", "tso", "off", "gso", "off")
    with Capture(site.core, "chtst01") as capture:
        assert transfer(site.core, home, client.identity)
    sizes = [int(row["ipv6.plen"]) + 40 for row in
             capture.rows(f"ipv6.src == {SERVER} && tcp.len > 0", "ipv6.plen")]
    errors = capture.rows("icmpv6.type == 2", "icmpv6.mtu", "ipv6.src")
    assert errors and {row["icmpv6.mtu"] for row in errors} == {"1280"}
    assert {row["ipv6.src"] for row in errors} == {client.pops_end}
    assert max(sizes) > 1280, "it tried"
    assert max(sizes[len(sizes) // 2:]) <= 1280, "and learnt"
    assert daemon.errors(tunnel.number)["Encap.Pkt Too Big"] == len(errors)
    learnt = site.core.run("ip", "-6", "route", "get", client.identity, check=False).stdout
    assert "mtu 1280" in learnt, learnt


@pytest.mark.parametrize("tunnel", [STATIC, AYIYA], ids=["static", "ayiya"])
def test_a_transfer_from_the_user_completes(site: Site, tunnel: TunnelLine) -> None:
    site.daemon(tunnel)
    home = site.home(ipv4=HOME)
    site.client(home, tunnel).start()
    assert transfer(home, site.core, SERVER)


@pytest.mark.parametrize(("tunnel", "overhead"), [(WIDE, 20), (WIDE_AYIYA, 72)], ids=["static", "ayiya"])
def test_a_narrow_link_at_the_pop_itself(site: Site, tunnel: TunnelLine, overhead: int) -> None:
    """No router says so: the kernel refuses the packet, and the daemon asks it for the link's size."""
    daemon = site.daemon(tunnel)
    home = site.home(ipv4=HOME)
    client = site.client(home, tunnel).start()
    site.pop.ip("link set net0 mtu 1400")
    with Listener(site.core, "chtst01") as listener:
        send_ipv6(site.core, echo(SERVER, client.identity, size=tunnel.mtu, sequence=1))
        # The first packet is lost to the discovery, and counted.
        assert daemon.wait_for_error(tunnel.number, "Encap.Pkt Send Error") == 1
        send_ipv6(site.core, echo(SERVER, client.identity, size=tunnel.mtu, sequence=2))
        error = listener.icmp_error(SERVER)
    assert error is not None and error[ICMPv6PacketTooBig].mtu == 1400 - overhead
    assert ping(site.core, client.identity, size=1400 - overhead).all_arrived
    assert daemon.balance().reasons.get("sendFailure") == 1


def test_a_transfer_over_a_path_that_narrows_completes(site: Site) -> None:
    daemon = site.daemon(WIDE)
    home = site.home(ipv4=HOME)
    client = site.client(home, WIDE).start()
    site.backbone.inet.ip("link set home mtu 1300")
    home.ip("link set net0 mtu 1300")
    assert transfer(site.core, home, client.identity)
    lines = daemon.command("tunnel show 1").lines or ()
    assert any(re.fullmatch(r"Path MTU +: 1300", line) for line in lines), lines


@pytest.mark.parametrize("mtu", [1280, 1000, 576])
def test_1280_octets_arrive_at_a_real_kernel_over_a_path_of(site: Site, mtu: int) -> None:
    """Both ways: the outer fragments are put together by the kernels of the client and of the PoP."""
    site.daemon(WIDE)
    home = site.home(ipv4=HOME)
    client = site.client(home, WIDE).start()
    site.backbone.inet.ip(f"link set home mtu {mtu}")
    home.ip(f"link set net0 mtu {mtu}")
    # The first packets may be the ones that find the narrow link.
    ping(site.core, client.identity, size=1280, count=3)
    assert ping(site.core, client.identity, size=1280).all_arrived


def test_a_full_neighbour_queue_costs_nobody_else(site: Site) -> None:
    """Sending never blocks: an end that does not resolve loses its own packets only."""
    lost = TunnelLine(3, 9, "203.0.113.99", 1280)
    daemon = site.daemon(STATIC, lost)
    home = site.home(ipv4=HOME)
    client = site.client(home, STATIC).start()
    site.pop.ip("route add 203.0.113.99/32 dev net0")
    with Listener(site.core, "chtst01") as listener:
        site.core.spawn("ping", "-n", "-q", "-i", 0.002, "-c", 500, site.plan.them(3), name="flood")
        assert ping(site.core, client.identity, count=20).all_arrived
        # RFC 4443 3.1: no error about what congestion costs.
        assert listener.icmp_error(SERVER, 0.2) is None
    assert daemon.is_running
