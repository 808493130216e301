"""What the kernel takes to hand packets over, and nothing else: no batch of ours can win more than what lies above it.

        user ─── net0  floor  feed0, sink0: as in `packet_cost.py`
                       floor.c, at a TUN device or a socket

Packets are queued as they are for the daemon, and then taken by a small program that throws them away, on the same processor.
"""

from __future__ import annotations

import contextlib
import shutil
import statistics
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import threads
from lab import beats, bulk
from lab.bulk import PLAIN, Device, raw_sender
from lab.namespace import Laboratory, run
from packet_cost import PLAN, QUEUE, SEGMENT_6IN4, SERVER, USER, datagram, remote

BURSTS = 16
# How many packets are queued, in turns: the difference counts, as in `packet_cost.py`.
LONG, SHORT = 512, 64
COMPILERS = ("cc", "gcc", "clang")
OUTER, PAYLOAD = 1480, 1472
DEVICE = "floor0"


@dataclass(frozen=True)
class Example:
    name: str
    # What floor.c is to do.
    words: tuple[str, str]
    # What is queued, again and again; nothing for a call.
    packet: bytes = b""
    is_from_user: bool = False


EXAMPLES = [
    Example("TUN device, read packet by packet, 100 octets", ("tun", DEVICE), bulk.udp(SERVER, PLAN.them(1), 100, 1024)),
    Example("TUN device, read packet by packet, 1280 octets", ("tun", DEVICE), bulk.udp(SERVER, PLAN.them(1), 1280, 1024)),
    Example("TUN device, 64 reads a system call, 100 octets", ("ring", DEVICE), bulk.udp(SERVER, PLAN.them(1), 100, 1024)),
    Example("TUN device, 64 reads a system call, 1280 octets", ("ring", DEVICE), bulk.udp(SERVER, PLAN.them(1), 1280, 1024)),
    Example(f"raw socket of protocol 41, recvmmsg of 64, {OUTER} octets", ("raw", "41"),
            bulk.ipv4(remote(1), PLAN.ipv4, 41, bytes(OUTER - 20)), True),
    Example(f"UDP socket, recvmmsg of 64 with IP_PKTINFO and IP_RECVTOS, without GRO, {PAYLOAD} octets",
            ("udp", str(beats.AYIYA_PORT)), datagram(1, bytes(PAYLOAD)), True),
    Example("6in4 in, TCP bulk: recvmmsg of 64, a sum of all octets, and to the TUN device in units of 45", ("join", DEVICE),
            bulk.ipv4(remote(1), PLAN.ipv4, 41, bulk.tcp(PLAN.them(1), SERVER, 1, bytes(SEGMENT_6IN4))), True),
    Example("AYIYA out, small bursts: 64 reads a system call, and as one message through UDP, unsigned", ("runs", DEVICE),
            bulk.udp(SERVER, PLAN.them(1), 100, 1024)),
    Example("a system call that does nothing (getppid)", ("call", "0")),
]


class DoesNotBeginError(RuntimeError):
    """What takes packets has ended, and said why, as where io_uring is forbidden."""


class Stand:
    """A host where `floor.c` takes what comes."""

    def __init__(self, laboratory: Laboratory, program: Path) -> None:
        self.program = program
        self.host, self.user = laboratory.namespace("floor"), laboratory.namespace("floor-user")
        laboratory.link(self.user, "net0", self.host, "net0")
        self.feed = Device(self.host, "feed0")
        self.sink = Device(self.host, "sink0", is_sink=True)
        self.host.sysctl({"net.ipv4.conf.all.rp_filter": "0", "net.ipv4.conf.net0.rp_filter": "0",
                          "net.ipv6.conf.all.forwarding": "1"})
        self.host.ip(f"addr add {PLAN.ipv4}/32 dev net0", f"route add {USER}/32 dev net0",
                     "route add 203.0.113.0/24 dev sink0", f"route add {SERVER}/128 dev sink0", "link set sink0 mtu 1500")
        self.user.ip(f"addr add {USER}/32 dev net0", f"route add {PLAN.ipv4}/32 dev net0")

    @contextlib.contextmanager
    def reader(self, example: Example) -> Iterator[Callable[[], tuple[int, int]]]:
        """Gives what takes all there is, and says how many packets that were and what they cost."""
        argv = self.host.within(self.program, *example.words)
        with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdin and process.stdout
            if process.stdout.readline() != "ready\n":
                raise DoesNotBeginError(f"floor {' '.join(example.words)} does not begin")
            if example.words[1] == DEVICE:
                self.host.ip(f"link set {DEVICE} txqueuelen {QUEUE} addrgenmode none up",
                             f"route replace {PLAN.them(1)}/128 dev {DEVICE}")

            def take() -> tuple[int, int]:
                process.stdin.write("\n")
                process.stdin.flush()
                count, spent = process.stdout.readline().split()
                return int(count), int(spent)

            yield take

    @contextlib.contextmanager
    def sender(self, example: Example) -> Iterator[Callable[[], object]]:
        if not example.packet:
            yield lambda: None
        elif example.is_from_user:
            with raw_sender(self.user) as sender:
                yield lambda: sender.sendto(example.packet, (PLAN.ipv4, 0))
        else:
            yield lambda: self.feed.write(PLAIN + example.packet)

    def measure(self, example: Example, rounds: int) -> float:
        """Nanoseconds a packet, the median of some rounds."""
        costs: dict[int, list[int]] = {LONG: [], SHORT: []}
        with self.reader(example) as take, self.sender(example) as send:
            # The first round warms up.
            for number in range((rounds + 1) * BURSTS):
                for length in costs:
                    for _ in range(length):
                        send()
                    count, cost = take()
                    if example.packet and count < length:
                        raise RuntimeError(f"{example.name}: {count} of {length} packets arrived")
                    if not example.packet:
                        return cost / count
                    if number >= BURSTS:
                        costs[length].append(cost)
        return (statistics.median(costs[LONG]) - statistics.median(costs[SHORT])) / (LONG - SHORT)


def compiled(folder: Path) -> Path | None:
    """The program, or None where there is no compiler."""
    compiler = next(filter(None, map(shutil.which, COMPILERS)), None)
    if compiler is None:
        return None
    program = folder / "floor"
    run(compiler, "-O2", "-Wall", "-Wextra", "-Werror", "-o", program, Path(__file__).with_name("floor.c"), "-luring")
    return program


def table(rounds: int) -> list[str]:
    lines = ["| what the kernel takes alone | ns of CPU a packet |", "| --- | ---: |"]
    print(*lines, sep="\n", flush=True)
    with threads.on_one_processor(), Laboratory() as laboratory:
        program = compiled(laboratory.folder)
        if program is None:
            return [f"What the kernel takes alone was not measured: no compiler of C is installed ({', '.join(COMPILERS)})."]
        stand = Stand(laboratory, program)
        for example in EXAMPLES:
            try:
                figure = f"{stand.measure(example, rounds):.0f}"
            except DoesNotBeginError as error:
                figure = str(error)
            lines.append(f"| {example.name} | {figure} |")
            print(lines[-1], flush=True)
    return lines
