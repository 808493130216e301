"""What a small packet costs that the kernel forwards by itself, sending included, beside plain forwarding in the same run.

     source ── net0  PoP  sink0 ── sink      the sink drops what comes to it
                     sixxs

One processor does everything within the sender's system calls, so that its CPU time has the whole way in it.
"""

from __future__ import annotations

import contextlib
import statistics
import time
from dataclasses import dataclass

import threads
from lab import bulk
from lab.daemon import Daemon, TunnelLine, configuration
from lab.namespace import Laboratory, Namespace, wait_for
from lab.programs import find_programs
from lab.topology import SERVER, PoPPlan
from sender import Sender

PLAN = PoPPlan("chtst01", 1, "192.0.2.42", "2001:db8::42", "2001:db8:2ff::/48")
SIZE = 72
BURST = 512
BURSTS = 100
REMOTE, NETWORK = "203.0.113.1", "203.0.113.0/24"
PLAIN_SOURCE = "2001:db8:beef::1"
# Drops what is measured and lets addresses be asked for.
DROP = "table netdev sink { chain drops { type filter hook ingress device net0 priority 0; meta l4proto { 17, 41 } drop; }; }"


class Path:
    """A PoP between a source and a sink, which forwards IPv6 plainly."""

    def __init__(self, laboratory: Laboratory, name: str) -> None:
        self.pop, self.source, self.sink = (laboratory.namespace(f"{name}{end}") for end in ("", "-source", "-sink"))
        laboratory.link(self.source, "net0", self.pop, "net0")
        laboratory.link(self.pop, "sink0", self.sink, "net0")
        self.pop.sysctl({"net.ipv6.conf.all.forwarding": "1", "net.ipv4.conf.all.rp_filter": "0", "net.ipv4.conf.net0.rp_filter": "0"})
        self.source.ip("addr add 198.18.0.1/30 dev net0", "addr add 2001:db8:a::1/64 dev net0 nodad",
                       f"route add {PLAN.ipv4}/32 via 198.18.0.2", "route add ::/0 via 2001:db8:a::2")
        self.pop.ip("addr add 198.18.0.2/30 dev net0", f"addr add {PLAN.ipv4}/32 dev net0", "addr add 2001:db8:a::2/64 dev net0 nodad",
                    "addr add 198.18.0.5/30 dev sink0", "addr add 2001:db8:b::1/64 dev sink0 nodad",
                    f"route add {NETWORK} via 198.18.0.6", "route add 2001:db8:ffff::/48 via 2001:db8:b::2",
                    "route add 2001:db8:beef::/48 via 2001:db8:a::1")
        self.sink.ip("addr add 198.18.0.6/30 dev net0", "addr add 2001:db8:b::2/64 dev net0 nodad")
        for address in ("198.18.0.6", "2001:db8:b::2"):
            wait_for(lambda: self.pop.run("ping", "-c", 1, "-W", 1, address, check=False).returncode == 0, 10, f"a way to {address}")
        self.sink.nft(DROP)

    def arrived(self) -> int:
        return int(self.sink.run("cat", "/sys/class/net/net0/statistics/rx_packets").stdout)

    def forwarded(self) -> int:
        """How many packets took the way that is measured."""
        return self.arrived()


class Tunnels(Path):
    """The same through a tunnel, which the kernel forwards of."""

    def __init__(self, laboratory: Laboratory, name: str) -> None:
        super().__init__(laboratory, name)
        self.daemon = Daemon(self.pop, find_programs().sixxsd, configuration(PLAN, [TunnelLine(1, 1, REMOTE, 1480)]))
        self.daemon.options = ["--fast-path", "auto"]
        self.daemon.start()

    def forwarded(self) -> int:
        lines = self.daemon.command("pop show threads").lines or ()
        return int(next(line for line in lines if line.startswith("worker kernel received")).split()[5])


@dataclass(frozen=True)
class Case:
    name: str
    path: Path
    packet: bytes
    # How many times plain forwarding it may take.
    must: float | None = None


def cases(stack: contextlib.ExitStack) -> list[Case]:
    plain = Path(stack.enter_context(Laboratory()), "plain")
    tunnels = Tunnels(stack.enter_context(Laboratory()), "fast")
    user = PLAN.them(1)
    inner = bulk.udp(user, SERVER, SIZE, 1024)
    return [
        Case("plain forwarding", plain, bulk.udp(PLAIN_SOURCE, SERVER, SIZE, 1024)),
        Case("6in4 in, in the kernel", tunnels, bulk.ipv4(REMOTE, PLAN.ipv4, 41, inner), 1.5),
        Case("6in4 out, in the kernel", tunnels, bulk.udp(SERVER, user, SIZE, 1024), 1.8),
    ]


def cost(case: Case, host: Namespace) -> float:
    """Nanoseconds a packet: the median of some bursts, so that what else the processor did in one of them is in no figure."""
    with Sender(host, [case.packet] * BURST) as sender:
        spent = []
        for _ in range(BURSTS):
            before = time.thread_time_ns()
            sent = sender.burst(BURST)
            spent.append((time.thread_time_ns() - before) / sent)
    return statistics.median(spent)


def warm_up(case: Case) -> None:
    """Has the way be asked for, and be the kernel's."""
    def is_there() -> bool:
        before = case.path.forwarded()
        cost(case, case.path.source)
        return case.path.forwarded() - before >= BURST * BURSTS

    wait_for(is_there, 10, f"{case.name}, every packet of a burst", every=0.1)


def table(rounds: int) -> list[str]:
    lines = ["| way | ns a packet | of plain | must |", "| --- | ---: | ---: | ---: |"]
    with threads.on_one_processor(), contextlib.ExitStack() as stack:
        all_cases = cases(stack)
        for case in all_cases:
            warm_up(case)
        found: dict[str, list[float]] = {case.name: [] for case in all_cases}
        for _ in range(rounds):
            for case in all_cases:
                before = case.path.forwarded()
                found[case.name].append(cost(case, case.path.source))
                gone = case.path.forwarded() - before
                if gone < BURST * BURSTS:
                    raise RuntimeError(f"{case.name}: {gone} of {BURST * BURSTS} packets went that way")
        plain = found[all_cases[0].name]
        for case in all_cases:
            ratio = statistics.median(mine / other for mine, other in zip(found[case.name], plain, strict=True))
            must = "–" if case.must is None else f"{case.must:g}×{'' if ratio <= case.must else ' ✗'}"
            lines.append(f"| {case.name} | {statistics.median(found[case.name]):,.0f} | **{ratio:.2f}×** | {must} |")
        for case in all_cases:
            case.path.pop.laboratory.check()
    return lines
