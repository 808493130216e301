"""What a packet costs the daemon, the kernel's share included, beside the best loop that moves one at a time.

        user ─── net0 ┌─────────── one, batched, straight ───────────┐ feed0: a TCP that leaves
                      │  sixxsd: --batch 1 --offloads off, or neither │        segmentation to the device
                      └─ sink0: a network card that can do everything ┘

Packets are queued while the daemon is stopped (SIGSTOP), and the CPU time of its worker is read when it has
served them all: nothing else runs in the measured time. What a long queue takes longer than a short one is shown, so that
neither a wake-up nor cold caches are in it. Two daemons take turns: the third one has --egress link. Who sends shares one
processor with them, so that no figure depends on where the scheduler puts whom; or has another, where that is asked for.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import socket
import statistics
import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import links
import threads
from lab import beats, bulk
from lab.bulk import PLAIN, Device, raw_sender
from lab.daemon import Daemon, TunnelLine, configuration
from lab.namespace import Laboratory, wait_for
from lab.programs import find_programs
from lab.topology import PoPPlan

PLAN = PoPPlan("chtst01", 1, "192.0.2.42", "2001:db8::42", "2001:db8:2ff::/48")
PASSWORD = "f3d47c2de40fb698e1ab15d757a09bfc"
SERVER = "2001:db8:ffff::80"
USER = "198.18.0.1"
PEERS = 64
# Tunnels 0 to 63 are 6in4 of 1480 octets, 64 to 127 AYIYA of 1428.
FIRST_AYIYA = PEERS
SEGMENT_6IN4, SEGMENT_AYIYA = 1480 - 72, 1428 - 72
SIZES = (72, 100, 128, 200)
QUEUE = 4096
# How many times as short every other burst is.
SHORTER = 8


def remote(tid: int) -> str:
    return f"203.0.113.{tid + 1}"


class Bench:
    """One daemon between a user, a sink and a source."""

    def __init__(self, laboratory: Laboratory, name: str, options: list[str], program: Path, ayiya_mtu: int = 1428) -> None:
        self.pop, self.user = laboratory.namespace(name), laboratory.namespace(f"{name}-user")
        laboratory.link(self.user, "net0", self.pop, "net0")
        self.feed = Device(self.pop, "feed0")
        self.sink = Device(self.pop, "sink0", is_sink=True)
        self.pop.sysctl({"net.ipv4.conf.all.rp_filter": "0", "net.ipv4.conf.net0.rp_filter": "0",
                         "net.ipv4.ip_forward": "0"})
        self.pop.ip(f"addr add {PLAN.ipv4}/32 dev net0", f"route add {USER}/32 dev net0",
                    "route add 203.0.113.0/24 dev sink0", f"addr add {PLAN.ipv6}/128 dev lo",
                    "route add 2001:db8:ffff::/48 dev sink0", "link set sink0 mtu 1500", "link set feed0 mtu 1500")
        self.user.ip(f"addr add {USER}/32 dev net0", f"route add {PLAN.ipv4}/32 dev net0")
        tunnels = [TunnelLine(tid, tid + 1, remote(tid), 1480) for tid in range(PEERS)]
        tunnels += [TunnelLine(tid, tid + 1, "ayiya", ayiya_mtu, PASSWORD) for tid in range(FIRST_AYIYA, 2 * PEERS)]
        self.daemon = Daemon(self.pop, program, configuration(PLAN, tunnels))
        self.daemon.options = options
        self.daemon.start()
        self.pop.ip(f"link set sixxs txqueuelen {QUEUE}")

    def beat(self) -> None:
        """Brings the AYIYA tunnels up, their ends behind the sink."""
        with raw_sender(self.user) as sender:
            for tid in range(FIRST_AYIYA, 2 * PEERS):
                sender.sendto(datagram(tid, beats.ayiya(PLAN.them(tid), PASSWORD)), (PLAN.ipv4, 0))
        last = 2 * PEERS
        wait_for(lambda: self.daemon.state(last) == "up", 5, "the AYIYA tunnels")

    def drain(self, load: Load) -> tuple[float, int]:
        """Nanoseconds a packet, and how many packets there were.

        Bursts are long and short in turns, and the difference counts, so that what comes with each of them is in no figure.
        """
        before = self.daemon.balance()
        lengths = (load.burst, max(load.burst // SHORTER, 1))
        spent: dict[int, list[int]] = {length: [] for length in lengths}
        with load.sender(self) as send:
            start = 0
            for length in itertools.cycle(lengths):
                burst = load.packets[start:start + length]
                if not burst:
                    break
                start += length
                cost = self._serve(lambda: [send(packet) for packet in burst])
                if len(burst) == length:
                    spent[length].append(cost)
        after = self.daemon.balance()
        assert after.is_even, f"lost count: {after}"
        count = after.forwarded - before.forwarded
        received = after.received - before.received
        if count < 0.98 * received or count == 0:
            raise RuntimeError(f"{count} of {received} packets went on: {after}")
        long, short = (statistics.median(spent[length]) for length in lengths)
        each = (long - short) / (lengths[0] - lengths[1])
        return each * len(load.packets) / count, count

    def _is_stopped(self) -> bool:
        tasks = Path(f"/proc/{self.daemon.pid}/task").glob("*/stat")
        return all(task.read_text().rpartition(")")[2].split()[0] == "T" for task in tasks)

    def _serve(self, fill: Callable[[], object]) -> int:
        """Nanoseconds that the daemon takes for a burst that was queued before it runs."""
        self.daemon.signal(signal.SIGSTOP)
        wait_for(self._is_stopped, 2, "the daemon to stop", 0)
        fill()
        started = threads.times(self.daemon.pid)
        self.daemon.signal(signal.SIGCONT)
        seen, quiet = started, 0
        deadline = time.monotonic() + 10
        while quiet < 5:
            time.sleep(0.001)
            if time.monotonic() > deadline or not self.daemon.is_running:
                state = "still runs" if self.daemon.is_running else "has ended"
                raise RuntimeError(f"{self.daemon.name} serves nothing and {state}: {self.daemon.log[-3000:]}")
            now = threads.times(self.daemon.pid)
            quiet = quiet + 1 if now == seen != started else 0
            seen = now
        return threads.busiest(started, seen)


@dataclass(frozen=True)
class Load:
    """Packets, how many are queued at a time, and how they are sent."""

    packets: list[bytes]
    sender: Callable[[Bench], contextlib.AbstractContextManager[Callable[[bytes], object]]]
    # As many as the ring of a network card holds: a longer queue leaves the caches before it is served.
    burst: int = 512


def datagram(tid: int, payload: bytes) -> bytes:
    """A UDP datagram to AYIYA's port inside IPv4."""
    return bulk.ipv4(remote(tid), PLAN.ipv4, 17, struct.pack("!HHHH", 40000, 5072, 8 + len(payload), 0) + payload)


@contextlib.contextmanager
def through_feed(bench: Bench) -> Iterator[Callable[[bytes], object]]:
    yield bench.feed.write


@contextlib.contextmanager
def from_user(bench: Bench) -> Iterator[Callable[[bytes], object]]:
    with raw_sender(bench.user) as sender:
        yield lambda packet: sender.sendto(packet, (PLAN.ipv4, 0))


def in_runs(segment: int, tid: int) -> Callable[[Bench], contextlib.AbstractContextManager[Callable[[bytes], object]]]:
    """Datagrams that a UDP socket sends many at a time, and that stay together on the link."""
    @contextlib.contextmanager
    def sender(bench: Bench) -> Iterator[Callable[[bytes], object]]:
        bench.user.ip(f"addr replace {remote(tid)}/32 dev net0")
        with bench.user.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.bind((remote(tid), 40000))
            udp.setsockopt(bulk.SOL_UDP, bulk.UDP_SEGMENT, segment)
            yield lambda payload: udp.sendto(payload, (PLAN.ipv4, 5072))
    return sender


def small_out(tids: list[int], count: int, sizes: tuple[int, ...] = SIZES) -> list[bytes]:
    return [PLAIN + bulk.udp(SERVER, PLAN.them(tids[n % len(tids)]), sizes[n % len(sizes)], 1024 + n % 1000)
            for n in range(count)]


def small_in(tids: list[int], count: int) -> list[bytes]:
    inner = [bulk.udp(PLAN.them(tids[n % len(tids)]), SERVER, SIZES[n % len(SIZES)], 1024 + n % 1000)
             for n in range(count)]
    return [bulk.ipv4(remote(tids[n % len(tids)]), PLAN.ipv4, 41, packet) for n, packet in enumerate(inner)]


def bulk_out(tid: int, segment: int, packets: int) -> list[bytes]:
    each = 64_000 // segment
    return [bulk.super_packet(SERVER, PLAN.them(tid), n * each * segment, bytes(each * segment), segment)
            for n in range(packets // each)]


def bulk_segments(tid: int, segment: int, packets: int) -> list[bytes]:
    return [bulk.tcp(PLAN.them(tid), SERVER, n * segment, bytes(segment)) for n in range(packets)]


def bulk_in(tid: int, segment: int, packets: int) -> list[bytes]:
    return [bulk.ipv4(remote(tid), PLAN.ipv4, 41, inner) for inner in bulk_segments(tid, segment, packets)]


def ayiya_in(tid: int, segment: int, packets: int) -> list[bytes]:
    return [beats.ayiya(PLAN.them(tid), PASSWORD, inner) for inner in bulk_segments(tid, segment, packets)]


@dataclass(frozen=True)
class Example:
    name: str
    # None where nothing was promised.
    must: float | None
    aim: float | None
    load: Callable[[], Load]
    needs_beats: bool = False
    # Which daemon is beside the one that moves one at a time.
    daemon: str = "batched"


AYIYA = list(range(FIRST_AYIYA, 2 * PEERS))
STATIC = list(range(PEERS))
# GSO packets of 44 segments, so that as many segments are queued as single packets.
BULK = 512 // 44


def ayiya_runs() -> Load:
    payloads = ayiya_in(FIRST_AYIYA, SEGMENT_AYIYA, 8800)
    runs = [b"".join(payloads[n:n + 44]) for n in range(0, len(payloads), 44)]
    return Load(runs, in_runs(len(payloads[0]), FIRST_AYIYA), BULK)


EXAMPLES = [
    Example("6in4 out, mixed small packets", 1.2, 1.9, lambda: Load(small_out(STATIC, 16_384), through_feed)),
    Example("6in4 in, mixed small packets", 1.1, 1.8, lambda: Load(small_in(STATIC, 16_384), from_user)),
    Example("6in4 out, TCP bulk", 1.4, 2.7, lambda: Load(bulk_out(3, SEGMENT_6IN4, 16_384), through_feed, BULK)),
    Example("6in4 out, mixed small packets, AF_PACKET", None, None,
            lambda: Load(small_out(STATIC, 16_384), through_feed), daemon="straight"),
    Example("6in4 out, TCP bulk, AF_PACKET", None, None,
            lambda: Load(bulk_out(3, SEGMENT_6IN4, 16_384), through_feed, BULK), daemon="straight"),
    Example("6in4 in, TCP bulk", 3, 3.4, lambda: Load(bulk_in(3, SEGMENT_6IN4, 8_192), from_user)),
    Example("AYIYA out, TCP bulk, outer GSO", 4.5, 5.5,
            lambda: Load(bulk_out(FIRST_AYIYA, SEGMENT_AYIYA, 16_384), through_feed, BULK), True),
    Example("AYIYA in, TCP bulk, outer GRO", 4.5, 5.5, ayiya_runs, True),
    Example("AYIYA in, TCP bulk, without GRO", 2.5, 3, lambda: Load(
        [datagram(FIRST_AYIYA, octets) for octets in ayiya_in(FIRST_AYIYA, SEGMENT_AYIYA, 8_192)], from_user), True),
    Example("AYIYA out, bursts to one peer, small", 3.5, 4,
            lambda: Load(small_out([FIRST_AYIYA], 16_384, (100,)), through_feed), True),
    Example("AYIYA out, many peers, 1280 octets", 1.15, 1.25,
            lambda: Load(small_out(AYIYA, 8_192, (1280,)), through_feed), True),
]


@dataclass(frozen=True)
class Costs:
    """Nanoseconds a packet in each round, and how many packets a round had."""

    rounds: list[float]
    packets: int

    @property
    def median(self) -> float:
        return statistics.median(self.rounds)

    def times(self, other: Costs) -> float:
        """How many times as much as the other's: the median of the rounds' ratios, since a machine is not always equally fast."""
        return statistics.median(mine / theirs for mine, theirs in zip(self.rounds, other.rounds, strict=True))


def measure(load: Load, benches: dict[str, Bench], rounds: int, needs_beats: bool) -> dict[str, Costs]:
    """Some rounds, in which the daemons take turns."""
    costs: dict[str, list[float]] = {name: [] for name in benches}
    counts = {}
    for _ in range(rounds + 1):
        for name, bench in benches.items():
            if needs_beats:
                bench.beat()
            cost, counts[name] = bench.drain(load)
            costs[name].append(cost)
    # The first round warms up.
    return {name: Costs(all_costs[1:], counts[name]) for name, all_costs in costs.items()}


def table(only: str, rounds: int, is_apart: bool) -> list[str]:
    processors = os.sched_getaffinity(0)
    lines = ["| case | packets | one at a time | batched | ratio | must | aim |", "| --- | ---: | ---: | ---: | ---: | ---: | ---: |"]
    print(*lines, sep="\n", flush=True)
    program = find_programs().sixxsd
    with threads.on_one_processor(), Laboratory() as laboratory:
        options = {"one": ["--batch", "1", "--offloads", "off"], "batched": [], "straight": ["--egress", "link"]}
        benches = {name: Bench(laboratory, name, words, program) for name, words in options.items()}
        for example in EXAMPLES:
            if only not in example.name:
                continue
            pair = {name: benches[name] for name in ("one", example.daemon)}
            with threads.elsewhere(processors) if is_apart else contextlib.nullcontext():
                found = measure(example.load(), pair, rounds, example.needs_beats)
            one, batched = found.values()
            ratio = one.times(batched)
            mark = " ✗" if example.must is not None and ratio < example.must else ""
            must, aim = (f"{figure:g}×" if figure is not None else "–" for figure in (example.must, example.aim))
            lines.append(f"| {example.name} | {batched.packets} | {one.median:.0f} | {batched.median:.0f} | "
                         f"**{ratio:.2f}×**{mark} | {must} | {aim} |")
            print(lines[-1], flush=True)
        laboratory.check()
        lines += ["", *links.settings({"": laboratory})]
    print(lines[-1], flush=True)
    return ["Nanoseconds of CPU a packet.", "", *lines]
