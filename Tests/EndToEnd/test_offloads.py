"""The kernel hands over and takes many packets as one, or it does not: what arrives is the same.

    host ── core ── chtst01 ── inet ── home      TCP through a tunnel, both ways
                     sixxsd
"""

from __future__ import annotations

import signal
import socket
import struct
import sys
import time
from random import Random

import pytest
from scapy.layers.inet import TCP

from lab import beats, bulk, without_call
from lab.bulk import PLAIN, SO_SNDBUFFORCE, SOL_UDP, UDP_SEGMENT, Device, super_packet, udp
from lab.daemon import FAST_PATH, Daemon, TunnelLine, configuration
from lab.namespace import Namespace, wait_for
from lab.packets import IP, IPv6, Listener, Raw
from lab.site import PASSWORD, Site
from lab.topology import SERVER
from lab.traffic import ping
from test_tcp_obeys import transfer

HOME = "203.0.113.10"
USER_WITH_NOTHING_PINNED = 59999
STATIC = TunnelLine(1, 4141, HOME, 1480)
AYIYA = TunnelLine(2, 5072, "ayiya", 1428, PASSWORD)
TUNNELS = pytest.mark.parametrize("tunnel", [STATIC, AYIYA], ids=["static", "ayiya"])


def carrying(daemon: Daemon, namespace: Namespace, tunnel: TunnelLine) -> dict[str, int]:
    """Waits until a tunnel carries packets, and returns the errors it counted until then.

    What the daemon sent before the client listened was answered with an ICMPv4 error.
    """
    assert ping(namespace, SERVER, count=3).received
    return daemon.errors(tunnel.number)


def transfer_both_ways(site: Site, daemon: Daemon, tunnel: TunnelLine) -> None:
    home = site.home(ipv4=HOME)
    client = site.client(home, tunnel).start()
    errors = carrying(daemon, home, tunnel)
    assert transfer(site.core, home, client.identity)
    assert transfer(home, site.core, SERVER)
    assert daemon.errors(tunnel.number) == errors


def start(site: Site, tunnel: TunnelLine, *options: str) -> Daemon:
    daemon = Daemon(site.pop, site.programs.sixxsd, configuration(site.plan, [tunnel]))
    daemon.options = list(options)
    return daemon.start()


@TUNNELS
@pytest.mark.parametrize("options", [(), ("--offloads", "off"), ("--io-uring", "off"), ("--batch", "1"), ("--batch", "3")],
                         ids=["auto", "off", "read one by one", "one at a time", "three at a time"])
def test_a_transfer_completes_both_ways(site: Site, tunnel: TunnelLine, options: tuple[str, ...]) -> None:
    daemon = start(site, tunnel, *options)
    transfer_both_ways(site, daemon, tunnel)


@TUNNELS
def test_what_the_receiving_link_puts_together_gets_through(site: Site, tunnel: TunnelLine) -> None:
    """GRO merges datagrams of a flow, and TCP inside protocol 41, before any socket sees them."""
    daemon = start(site, tunnel)
    home = site.home(ipv4=HOME)
    client = site.client(home, tunnel).start()
    for device in ("net0", "core0"):
        site.pop.run("ethtool", "-K", device, "gro", "on")
    errors = carrying(daemon, home, tunnel)
    assert transfer(home, site.core, SERVER)
    assert transfer(site.core, home, client.identity)
    assert ping(home, SERVER, count=20, size=1280).all_arrived
    assert daemon.errors(tunnel.number) == errors


def test_tcp_that_the_receiving_link_merged_is_cut_up_again(site: Site) -> None:
    """GRO merges TCP inside protocol 41, and a raw socket gets it without the size of its segments."""
    daemon = start(site, STATIC)
    home = site.home(ipv4=HOME)
    site.pop.run("ethtool", "-K", "net0", "gro", "on")
    # A veth hands what it gets to GRO only when its peer does not segment by itself.
    site.backbone.inet.run("ethtool", "-K", "chtst01", "tso", "off")
    # As long as a burst takes.
    site.pop.run("sh", "-c", "cd /sys/class/net/net0 && echo 2000000 > gro_flush_timeout && echo 50 > napi_defer_hard_irqs")
    payloads = [bytes([number]) * 1420 for number in range(100)]
    packets = [IP(src=HOME, dst=site.plan.ipv4, proto=41, flags="DF")
               / IPv6(src=site.plan.them(1), dst=SERVER)
               / TCP(sport=40000, dport=9, seq=1000 + 1420 * number, flags="A") / Raw(payload)
               for number, payload in enumerate(payloads)]
    with home.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as sender, \
            Listener(site.core, "chtst01") as arrivals, Listener(site.pop, "net0", 4) as link:
        octets = [bytes(packet) for packet in packets]
        for start_of_burst in range(0, len(octets), 20):
            for packet in octets[start_of_burst:start_of_burst + 20]:
                sender.sendto(packet, (site.plan.ipv4, 0))
            arrived = {}
            while len(arrived) < 20:
                packet = arrivals.first(lambda p: TCP in p and p[IPv6].dst == SERVER)
                assert packet is not None, f"{len(arrived)} of 20 arrived; {daemon.balance()}"
                # The daemon hands TCP on as it likes, the wire would see segments.
                data = bytes(packet[TCP].payload)
                for offset in range(0, len(data), 1420):
                    number = (packet[TCP].seq - 1000 + offset) // 1420
                    arrived[number] = data[offset:offset + 1420]
            assert arrived == {n: payloads[n] for n in range(start_of_burst, start_of_burst + 20)}
        # What the kernel forwards by itself comes to no socket where it could be seen.
        if FAST_PATH == "off":
            assert any(len(packet) > 1500 for packet in link.packets(1)), "the link merged nothing"


SO_RCVBUFFORCE = 33
SEGMENT = 200


def everything(sock: socket.socket, seconds: float = 3) -> list[bytes]:
    """All datagrams that come until nothing more does."""
    sock.settimeout(seconds)
    found = []
    while True:
        try:
            found.append(sock.recv(65535))
        except TimeoutError:
            return found
        sock.settimeout(0.5)


def receiver(namespace, device: str, protocol: int) -> socket.socket:
    sock = namespace.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(protocol))
    sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 26)
    with namespace.entered():
        sock.bind((device, protocol))
    return sock


@pytest.mark.parametrize("plain", [0, 20, 40, 60])
def test_packets_and_packets_that_stand_for_several_come_out_each_once(site: Site, plain: int) -> None:
    """A turn brings more than the queues hold, in the middle of what is cut up: no slot is taken twice."""
    daemon = start(site, STATIC)
    home = site.home(ipv4=HOME)
    feed = Device(site.pop, "feed0")
    count = 45
    sent = []
    with receiver(home, "net0", 0x0800) as arrivals:
        daemon.signal(signal.SIGSTOP)
        for number in range(plain):
            feed.write(PLAIN + udp(SERVER, site.plan.them(1), 200, 1024 + number))
        for number in range(24):
            payload = b"".join(struct.pack("!I", number * count + n) * (SEGMENT // 4) for n in range(count))
            sent += [payload[at:at + SEGMENT] for at in range(0, len(payload), SEGMENT)]
            feed.write(super_packet(SERVER, site.plan.them(1), number * len(payload), payload, SEGMENT))
        daemon.signal(signal.SIGCONT)
        inner = [packet[20:] for packet in everything(arrivals) if packet[9] == 41]
    assert sorted(p[72:] for p in inner if p[6] == 6) == sorted(sent)
    assert sorted(struct.unpack("!H", p[40:42])[0] for p in inner if p[6] == 17) == [1024 + n for n in range(plain)]


@pytest.mark.parametrize("ring", ["auto", "off"])
def test_a_mixture_comes_out_in_its_order(site: Site, ring: str) -> None:
    """Packets that were read together, alone, and where others like them were expected."""
    daemon = start(site, STATIC, "--io-uring", ring)
    home = site.home(ipv4=HOME)
    feed = Device(site.pop, "feed0")
    random = Random(5)
    sent: list[bytes] = []
    with receiver(home, "net0", 0x0800) as arrivals:
        for burst in (1, 2, 3, 5, 31, 32, 33, 64, 65, 100, 200):
            daemon.signal(signal.SIGSTOP)
            for _ in range(burst):
                number = len(sent)
                if random.random() < 0.8:
                    sent.append(struct.pack("!H", number) * random.randint(20, 600))
                    feed.write(PLAIN + udp(SERVER, site.plan.them(1), 48 + len(sent[-1]), 1024, payload=sent[-1]))
                    continue
                parts = [struct.pack("!H", number + n) * 200 for n in range(random.randint(2, 9))]
                sent += parts
                feed.write(super_packet(SERVER, site.plan.them(1), number, b"".join(parts), 400))
            daemon.signal(signal.SIGCONT)
            wait_for(lambda: daemon.balance().forwarded >= len(sent), 5, "all packets to be forwarded")
        inner = [packet[20:] for packet in everything(arrivals) if packet[9] == 41]
    assert [packet[72 if packet[6] == 6 else 48:] for packet in inner if packet[6] in (6, 17)] == sent
    assert daemon.balance().is_even


@pytest.mark.parametrize("ring", ["auto", "off"])
def test_a_mixture_goes_in_in_the_order_of_each_flow(site: Site, ring: str) -> None:
    """Packets that are written together, and among them segments that are put together."""
    daemon = start(site, STATIC, "--io-uring", ring)
    home = site.home(ipv4=HOME)
    random = Random(6)
    datagrams: list[bytes] = []
    stream = b""
    with receiver(site.core, "chtst01", 0x86DD) as arrivals, bulk.raw_sender(home) as sender:
        for burst in (1, 2, 3, 5, 31, 63, 64, 65, 100, 200):
            daemon.signal(signal.SIGSTOP)
            for _ in range(burst):
                if random.random() < 0.7:
                    datagrams.append(struct.pack("!H", len(datagrams)) * random.randint(20, 600))
                    inner = [udp(site.plan.them(1), SERVER, 48 + len(datagrams[-1]), 1024, payload=datagrams[-1])]
                else:
                    parts = [random.randbytes(400) for _ in range(random.randint(1, 9))]
                    inner = [bulk.tcp(site.plan.them(1), SERVER, len(stream) + 400 * n, part) for n, part in enumerate(parts)]
                    stream += b"".join(parts)
                for packet in inner:
                    sender.sendto(bulk.ipv4(HOME, site.plan.ipv4, 41, packet), (site.plan.ipv4, 0))
            daemon.signal(signal.SIGCONT)
            wait_for(lambda: daemon.balance().forwarded >= len(datagrams) + len(stream) // 400, 5, "all packets to be forwarded")
        arrived = everything(arrivals)
    assert [packet[48:] for packet in arrived if packet[6] == 17] == datagrams
    assert b"".join(packet[72:] for packet in arrived if packet[6] == 6) == stream
    assert daemon.balance().is_even


def test_memory_that_may_not_be_pinned_is_done_without(site: Site) -> None:
    daemon = Daemon(site.pop, site.programs.sixxsd, configuration(site.plan, [STATIC]))
    # Who has CAP_IPC_LOCK may pin all there is, who has CAP_SYS_RESOURCE allow himself to.
    without = "-ipc_lock,-sys_resource"
    # The kernel counts what is pinned by real user, and those of other daemons here would count too.
    alone = f"--ruid={USER_WITH_NOTHING_PINNED}"
    daemon.prefix = ["prlimit", "--memlock=65536", "setpriv", alone, f"--bounding-set={without}", f"--inh-caps={without}"]
    daemon.start()
    if "without io_uring" in daemon.log:
        pytest.skip("this kernel forbids io_uring")
    transfer_both_ways(site, daemon, STATIC)
    assert "sixxs: Cannot allocate memory (io_uring_register)" in daemon.log
    assert "RLIMIT_MEMLOCK" in daemon.log
    assert "one by one" not in daemon.log


def test_memory_is_pinned_by_the_powers_that_root_starts_with(site: Site) -> None:
    """Who may lock memory when rings are made may pin it after his powers are gone, whatever the limit says."""
    daemon = Daemon(site.pop, site.programs.sixxsd, configuration(site.plan, [STATIC]))
    daemon.prefix = ["prlimit", "--memlock=65536", "setpriv", "--bounding-set=-sys_resource", "--inh-caps=-sys_resource"]
    daemon.start()
    if "without io_uring" in daemon.log:
        pytest.skip("this kernel forbids io_uring")
    assert "not pinned" not in daemon.log


def test_a_kernel_that_forbids_io_uring_is_done_without(site: Site) -> None:
    daemon = Daemon(site.pop, site.programs.sixxsd, configuration(site.plan, [STATIC]))
    daemon.prefix = [sys.executable, without_call.__file__, str(without_call.IO_URING_SETUP)]
    daemon.start()
    transfer_both_ways(site, daemon, STATIC)
    assert "one packet at a time, without io_uring: sixxs: Operation not permitted (io_uring_setup)" in daemon.log


def test_who_starts_after_a_kill_has_the_device(site: Site) -> None:
    """The kernel lets go of a device that was read through a ring only some time after the process is gone."""
    daemon = start(site, STATIC)
    home = site.home(ipv4=HOME)
    site.client(home, STATIC).start()
    for _ in range(5):
        carrying(daemon, home, STATIC)
        daemon.kill()
        daemon.start()
    daemon.stop()
    # Who ends in good order leaves nothing behind that another would have to wait for.
    assert not site.pop.has_interface("sixxs")


@pytest.mark.parametrize("single", [0, 20, 40, 60])
def test_datagrams_that_came_as_one_are_each_taken_once(site: Site, single: int) -> None:
    """UDP_GRO gives the socket runs of datagrams, among others that came alone, more than the loop keeps at a time."""
    daemon = start(site, AYIYA)
    home = site.home(ipv4=HOME)
    site.pop.run("ethtool", "-K", "net0", "gro", "on")
    identity = site.plan.them(2)

    def datagram(number: int, size: int) -> bytes:
        return beats.ayiya(identity, PASSWORD, udp(identity, SERVER, size, 1024 + number))

    with receiver(site.core, "chtst01", 0x86DD) as arrivals, \
            home.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.setsockopt(socket.SOL_SOCKET, SO_SNDBUFFORCE, 1 << 24)
        sender.bind((HOME, 40000))
        daemon.signal(signal.SIGSTOP)
        numbers = iter(range(100_000))
        total = single + 12 * 40
        # Of sizes that grow, so that none joins the one before it.
        for number in range(single):
            sender.sendto(datagram(next(numbers), SEGMENT + number), (site.plan.ipv4, 5072))
        for _ in range(12):
            run = b"".join(datagram(next(numbers), SEGMENT) for _ in range(40))
            sender.sendmsg([run], [(SOL_UDP, UDP_SEGMENT, struct.pack("=H", len(run) // 40))], 0, (site.plan.ipv4, 5072))
        daemon.signal(signal.SIGCONT)
        ports = [struct.unpack("!H", p[40:42])[0] for p in everything(arrivals) if p[6] == 17]
    assert sorted(ports) == [1024 + n for n in range(total)]


def test_what_is_not_known_is_refused(site: Site) -> None:
    program = str(site.programs.sixxsd)
    for options, said in ((["--offloads", "on"], "auto and off"), (["--batch", "0"], "from 1 to 64"), (["--batch", "x"], "from 1 to 64"),
                          (["--io-uring", "on"], "auto and off"),
                          (["--busy-poll", "1001"], "from 0 to 1000"), (["--busy-poll", "x"], "from 0 to 1000"),
                          (["--busy-poll=-1"], "from 0 to 1000")):
        result = site.pop.run(program, "--config", "/nowhere", *options, check=False)
        assert result.returncode != 0
        assert said in result.stderr.replace("'", ""), result.stderr
