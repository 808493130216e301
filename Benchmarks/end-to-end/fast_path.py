"""What the kernel forwards by itself (`--fast-path auto`), beside plain forwarding, the daemon and wireguard-go in the same run.

Once on links that do everything together, and once on links as a wire is: nothing that leaves the PoP stands for several packets, what
arrives there is merged as a network card does, and the PoP has one processor, the router and the home another. Then what round trips
take beside a load, and what a small packet costs.
"""

from __future__ import annotations

import contextlib
import os
import re
import socket

from scapy.layers.inet import GRE, IP

import links
import round_trips
import small_packets
from echoes import Probe, ThroughSixInFour, Times
from lab.daemon import Daemon, TunnelLine, configuration
from lab.merging import merge, show_the_wire
from lab.namespace import Laboratory, Namespace, wait_for
from lab.packets import IPv6
from lab.programs import find_programs
from lab.topology import SERVER, PoPPlan
from lab.traffic import answers
from transfers import DIRECTIONS, Found, measure
from ways import AYIYA, HOME, PLAN, SERVERS, SixInFour, Way, WireGuard

FAST = ["--fast-path", "auto"]
# How long a link waits for more to merge, in microseconds.
PATIENCE = 20
# Packets a second of the load that round trips are measured beside, of 72 octets.
LOAD = 150_000


class Far(SixInFour):
    """6in4 whose far end is a daemon that the kernel forwards for, so that the PoP alone makes the difference."""

    def build_far_end(self) -> None:
        plan = PoPPlan("sxhome", 2, HOME, "2001:db8::43", "2001:db8:2fe::/48", ("2001:db8:ff00::/40",))
        mtu = self.tunnel.mtu
        text = configuration(plan, [TunnelLine(1, 1, PLAN.ipv4, mtu)], [(SERVERS, 1)])
        self.far = Daemon(self.home, self.site.programs.sixxsd, text)
        self.far.options = FAST
        self.far.start()
        self.home.ip(f"addr add {self.user}/128 dev lo nodad", f"route replace {SERVERS} dev sixxs src {self.user} mtu {mtu}")


def sends_gre(daemon: Daemon) -> bool:
    return any(re.fullmatch("Encapsulation *: gre", line) for line in daemon.command("tunnel show T1").lines or ())


class FarInGRE(Far):
    """The same in GRE."""

    tunnel = TunnelLine(1, 1, HOME, 1476)

    def wait(self) -> None:
        """Has each daemon follow the other: a packet of GRE that neither sent begins it."""
        super().wait()
        packet = bytes(IP(src=HOME, dst=PLAN.ipv4) / GRE(proto=0x86DD) / IPv6(src=PLAN.them(1), dst=SERVER, nh=59))
        with self.home.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as sender:
            def is_gre() -> bool:
                sender.sendto(packet, (PLAN.ipv4, 0))
                return answers(self.site.core, self.user) and sends_gre(self.daemon) and sends_gre(self.far)

            wait_for(is_gre, 10, "both ends to send GRE", every=0.1)


def steer(host: Namespace, devices: list[str], processor: int) -> None:
    """Has the packets that come to devices be served by one processor."""
    for device in devices:
        host.run("sh", "-c", f"echo {1 << processor:x} > /sys/class/net/{device}/queues/rx-0/rps_cpus")


def lay_a_wire(way: Way) -> None:
    """Makes the PoP's links what a wire would be, and gives it a processor of its own where there are two."""
    pop, core, inet, home = way.site.pop, way.site.core, way.site.backbone.inet, way.home
    for device in ("net0", "core0"):
        show_the_wire(pop, device)
    merge(pop, "net0", inet, PLAN.name, forwards_udp=False, microseconds=PATIENCE)
    merge(pop, "core0", core, PLAN.name, forwards_udp=False, microseconds=PATIENCE)
    merge(home, "net0", inet, "home", forwards_udp=False, microseconds=PATIENCE)
    if (os.cpu_count() or 1) < 2:
        return
    steer(pop, ["net0", "core0"], 0)
    steer(core, [PLAN.name], 1)
    steer(inet, [PLAN.name, "home"], 1)
    steer(home, ["net0"], 1)
    if way.process is not None:
        for thread in os.listdir(f"/proc/{way.process.pid}/task"):
            os.sched_setaffinity(int(thread), {0})


def rows(found: Found, names: list[str], musts: dict[str, int]) -> list[str]:
    lines = ["| way | to the user, Mbit/s | of plain | from the user, Mbit/s | of plain | must |", "| --- | ---: | ---: | ---: | ---: | ---: |"]
    for name in names:
        cells, least = "", 100.0
        for direction in DIRECTIONS:
            share = 100 * found[name, direction].speed / found[Way.name, direction].speed
            least = min(least, share)
            cells += f" {found[name, direction].speed:,.0f} | {share:.0f} % |"
        must = musts.get(name)
        lines.append(f"| {name} |{cells} {f'{must} %' + ('' if least >= must else ' ✗') if must else '–'} |")
    return lines


IN_THE_KERNEL = "6in4, in the kernel"
GRE_IN_THE_KERNEL = "GRE, in the kernel"
BY_THE_DAEMON = "6in4, by the daemon"


def transfers_table(rounds: int, is_wire: bool) -> list[str]:
    programs = find_programs()
    with contextlib.ExitStack() as stack:
        def laboratory() -> Laboratory:
            return stack.enter_context(Laboratory())

        ways: dict[str, Way] = {Way.name: Way(laboratory(), programs), IN_THE_KERNEL: Far(laboratory(), programs, FAST),
                                GRE_IN_THE_KERNEL: FarInGRE(laboratory(), programs, FAST),
                                BY_THE_DAEMON: Far(laboratory(), programs, []), AYIYA.name: AYIYA(laboratory(), programs, [])}
        if WireGuard.what_is_missing() is None:
            ways[WireGuard.name] = WireGuard(laboratory(), programs)
        if is_wire:
            for way in ways.values():
                lay_a_wire(way)
        found = measure(ways, rounds)
        lines = rows(found, [*ways], {IN_THE_KERNEL: 85 if is_wire else 70})
        if missing := WireGuard.what_is_missing():
            lines.append(f"| {WireGuard.name} | {missing} | – | – | – | – |")
        lines += ["", *links.settings({name: way.laboratory for name, way in ways.items()})]
        for way in ways.values():
            way.laboratory.check()
    return lines


class Fast(ThroughSixInFour):
    name = IN_THE_KERNEL


class Slow(ThroughSixInFour):
    name = BY_THE_DAEMON


def latency_table(rounds: int) -> list[str]:
    programs = find_programs()
    lines = ["| way | packets/s beside it | median, µs | 99th percentile, µs | of plain | must | lost |",
             "| --- | ---: | ---: | ---: | ---: | ---: | ---: |"]
    with contextlib.ExitStack() as stack:
        ways = [Probe(stack.enter_context(Laboratory()), programs), Fast(stack.enter_context(Laboratory()), programs, FAST),
                Slow(stack.enter_context(Laboratory()), programs, [])]
        for way in ways:
            way.open()
        found = [Times(LOAD) for _ in ways]
        for _ in range(rounds):
            for way, times in zip(ways, found):
                round_trips.probe(way, times)
        for way, times in zip(ways, found):
            ratio = times.percentile / found[0].percentile
            must = f"2×{'' if ratio <= 2 else ' ✗'}" if way.name == IN_THE_KERNEL else "–"
            lines.append(f"| {way.name} | {times.rate:,.0f} | {times.median:.0f} | {times.percentile:.0f} | **{ratio:.1f}×** | {must} | "
                         f"{times.lost} |")
        for way in ways:
            way.laboratory.check()
    return lines


def table(rounds: int) -> list[str]:
    lines = ["TCP, links with all offloads:", "", *transfers_table(rounds, is_wire=False), "",
             "TCP, links as a wire is (the home's end of the tunnel is forwarded by its kernel in the rows of 6in4 and GRE):", "",
             *transfers_table(rounds, is_wire=True), "",
             "Round trips of packets of 104 octets beside a load of packets of 72:", "", *latency_table(max(rounds // 2, 1)), "",
             f"Nanoseconds of processor time that a packet of {small_packets.SIZE} octets takes, sending included:", "",
             *small_packets.table(rounds)]
    print(*lines, sep="\n", flush=True)
    return lines
