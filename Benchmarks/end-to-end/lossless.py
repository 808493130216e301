"""How many packets a second get through without loss, by their size and by the number of tunnels; and memory.

        user ─── net0  chtst01  sink0: a network card that can do everything, and drops
                       sixxsd with 8192 tunnels

A rate holds when none of its packets is missing in one of three tries: other work on the machine that takes the
processor away for longer than the queues last is not the daemon's loss.
"""

from __future__ import annotations

import random
import re
import struct
import time
from pathlib import Path

import links
from lab import beats, bulk
from lab.bulk import Device
from lab.daemon import Balance, Daemon, TunnelLine, configuration
from lab.namespace import Laboratory, wait_for
from lab.programs import find_programs
from lab.site import PASSWORD, PLAN
from lab.topology import SERVER
from packet_cost import USER
from sender import Sender

TUNNELS = 8192
COUNTS = (1, 64, 1024, 8192)
SIZES = (72, 256, 512, 1280)
KINDS = ("6in4", "AYIYA")
DIRECTIONS = ("out", "in")
TRY = 0.25
TRIES = 3
STEPS = 5
MOST_MEMORY = 64


def remote(tid: int) -> str:
    return f"198.19.{tid >> 8}.{tid & 255}"


class Stand:
    """A daemon with as many tunnels as there can be, all of one kind."""

    def __init__(self, laboratory: Laboratory, kind: str, program: Path) -> None:
        self.kind = kind
        name = kind.lower()
        self.pop, self.user = laboratory.namespace(name), laboratory.namespace(f"{name}-user")
        laboratory.link(self.user, "net0", self.pop, "net0")
        self.sink = Device(self.pop, "sink0", is_sink=True)
        self.pop.sysctl({"net.ipv4.conf.all.rp_filter": "0", "net.ipv4.conf.net0.rp_filter": "0", "net.ipv4.ip_forward": "0",
                         "net.ipv6.conf.all.forwarding": "1"})
        self.pop.ip(f"addr add {PLAN.ipv4}/32 dev net0", f"route add {USER}/32 dev net0", "route add 198.19.0.0/16 dev sink0",
                    f"addr add {PLAN.ipv6}/128 dev lo", "route add 2001:db8:ffff::/48 dev sink0", "link set sink0 mtu 1500",
                    "addr add fe80::1/64 dev net0 nodad")
        self.user.ip(f"addr add {USER}/32 dev net0", f"route add {PLAN.ipv4}/32 dev net0", "addr add fe80::2/64 dev net0 nodad",
                     "route add ::/0 via fe80::1 dev net0")
        tunnels = [TunnelLine(tid, tid + 1, remote(tid), 1480) if kind == "6in4" else
                   TunnelLine(tid, tid + 1, "ayiya", 1428, PASSWORD) for tid in range(TUNNELS)]
        self.daemon = Daemon(self.pop, program, configuration(PLAN, tunnels))
        self.daemon.start()

    def wrapped(self, tid: int, inner: bytes = b"") -> bytes:
        """What a tunnel's end sends: a packet, or a beat."""
        if self.kind == "6in4":
            return bulk.ipv4(remote(tid), PLAN.ipv4, 41, inner)
        datagram = beats.ayiya(PLAN.them(tid), PASSWORD, inner)
        head = struct.pack("!HHHH", 40000, beats.AYIYA_PORT, 8 + len(datagram), 0)
        return bulk.ipv4(remote(tid), PLAN.ipv4, 17, head + datagram)

    def beat(self) -> None:
        """Brings all tunnels up."""
        if self.kind == "6in4":
            return
        with Sender(self.user, [self.wrapped(tid) for tid in range(TUNNELS)]) as sender:
            sender.send_each()
        wait_for(lambda: self.daemon.status()["total"][0] == TUNNELS, 10, "the AYIYA tunnels", every=0.2)

    def packets(self, direction: str, size: int, count: int) -> list[bytes]:
        """Packets for the first `count` tunnels in random order."""
        tids = [number % count for number in range(max(count, 1024))]
        random.Random(count).shuffle(tids)
        if direction == "out":
            return [bulk.udp(SERVER, PLAN.them(tid), size, 1024 + n % 1000) for n, tid in enumerate(tids)]
        return [self.wrapped(tid, bulk.udp(PLAN.them(tid), SERVER, size, 1024 + n % 1000)) for n, tid in enumerate(tids)]

    def memory(self) -> dict[str, float]:
        """Megabytes (10⁶ octets), by the kernel's names."""
        status = Path(f"/proc/{self.daemon.pid}/status").read_text()
        return {name: int(size) * 1024 / 1e6 for name, size in re.findall(r"(VmRSS|VmHWM):\s+(\d+) kB", status)}


def settled(daemon: Daemon) -> Balance:
    """The account of packets when the queues are empty."""
    seen, same = daemon.balance(), 0
    deadline = time.monotonic() + 2
    while same < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
        now = daemon.balance()
        same = same + 1 if now.forwarded == seen.forwarded else 0
        seen = now
    return seen


def attempt(daemon: Daemon, sender: Sender, rate: float) -> tuple[float, float, float]:
    """Packets a second offered and forwarded, and the part that was lost."""
    before = settled(daemon)
    sent, took = sender.send(rate, TRY)
    forwarded = settled(daemon).forwarded - before.forwarded
    return sent / took, forwarded / took, max(0, sent - forwarded) / sent


def without_loss(daemon: Daemon, sender: Sender) -> float:
    """The greatest rate that lost nothing, in packets a second."""
    # The first packet of a flow is dearer.
    attempt(daemon, sender, 20_000)
    offered, through, lost = attempt(daemon, sender, 1e9)
    if lost == 0:
        return offered
    best, low, high = 0.0, 0.0, min(offered, 1.5 * through)
    for _ in range(STEPS):
        rate = (low + high) / 2
        held = 0.0
        for _ in range(TRIES):
            offered, _, lost = attempt(daemon, sender, rate)
            if lost == 0:
                held = offered
                break
        best = max(best, held)
        low, high = (rate, high) if held else (low, rate)
    return best


def row(stand: Stand, direction: str, count: int) -> str:
    cells = []
    for size in SIZES:
        stand.beat()
        with Sender(stand.user, stand.packets(direction, size, count)) as sender:
            cells.append(f"{without_loss(stand.daemon, sender) / 1000:,.0f}")
    return f"| {stand.kind} {direction} | {count} | {' | '.join(cells)} |"


def ceiling(stand: Stand) -> str:
    """What the sender reaches when the kernel alone forwards, from its link to the sink."""
    cells = []
    for size in SIZES:
        packets = [bulk.udp("2001:db8:beef::1", SERVER, size, 1024 + n) for n in range(1000)]
        with Sender(stand.user, packets) as sender:
            before = _transmitted(stand)
            _, took = sender.send(1e9, 2 * TRY)
            cells.append(f"{(_transmitted(stand) - before) / took / 1000:,.0f}")
    return f"| plain forwarding, what the sender can do | – | {' | '.join(cells)} |"


def _transmitted(stand: Stand) -> int:
    """Packets that were handed to the sink, which counts them as dropped."""
    stats = stand.pop.show("-s", "link", "show", "dev", "sink0")[0]["stats64"]["tx"]  # type: ignore[index]
    return stats["packets"] + stats["dropped"]


def table() -> list[str]:
    sizes = " | ".join(f"{size} octets" for size in SIZES)
    lines = [f"| thousands of packets a second | tunnels | {sizes} |", "| --- | ---: |" + " ---: |" * len(SIZES)]
    print(*lines, sep="\n", flush=True)
    program = find_programs().sixxsd
    memory: list[str] = ["", f"| memory with {TUNNELS} tunnels, MB | when started | after the packets | at most | must be under |",
                         "| --- | ---: | ---: | ---: | ---: |"]
    with Laboratory() as laboratory:
        for kind in KINDS:
            stand = Stand(laboratory, kind, program)
            started = stand.memory()["VmRSS"]
            if kind == KINDS[0]:
                lines.append(ceiling(stand))
                print(lines[-1], flush=True)
            for direction in DIRECTIONS:
                for count in COUNTS:
                    lines.append(row(stand, direction, count))
                    print(lines[-1], flush=True)
            after = stand.memory()
            mark = "" if after["VmHWM"] < MOST_MEMORY else " ✗"
            memory.append(f"| {kind} | {started:.1f} | {after['VmRSS']:.1f} | {after['VmHWM']:.1f}{mark} | {MOST_MEMORY} |")
        laboratory.check()
        memory += ["", *links.settings({"": laboratory})]
    print(*memory, sep="\n", flush=True)
    return lines + memory
