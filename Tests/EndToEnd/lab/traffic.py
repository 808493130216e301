"""Traffic from programs that others wrote: ping and iperf3."""

from __future__ import annotations

import itertools
import json
import re
from dataclasses import dataclass

from .namespace import Namespace, run, wait_for


@dataclass(frozen=True)
class Pings:
    """What ping saw."""

    sent: int
    received: int
    text: str

    @property
    def all_arrived(self) -> bool:
        return self.sent > 0 and self.sent == self.received


def ping(source: Namespace, destination: str, count: int = 3, size: int = 104, hop_limit: int | None = None,
         timeout: float = 1, interval: float = 0.05, interface: str | None = None) -> Pings:
    """Sends echo requests whose IP packets are `size` octets long, never fragmented at the source."""
    overhead = 48 if ":" in destination else 28
    options = ["-n", "-c", count, "-i", interval, "-W", timeout, "-s", size - overhead, "-M", "do"]
    if hop_limit is not None:
        options += ["-t", hop_limit]
    if interface is not None:
        options += ["-I", interface]
    text = source.run("ping", *options, destination, check=False, timeout=count * (timeout + interval) + 10).stdout
    summary = re.search(r"(\d+) packets transmitted, (\d+) received", text)
    return Pings(int(summary[1]), int(summary[2]), text) if summary else Pings(0, 0, text)


def answers(source: Namespace, destination: str) -> bool:
    """Says whether one echo request is answered soon."""
    return ping(source, destination, count=1, timeout=0.5).all_arrived


def throughput(source: Namespace, server: Namespace, address: str, seconds: int = 2, reverse: bool = False) -> float:
    """Megabits a second of one TCP stream to `server` (from it if `reverse`), as the receiver counts them.

    Raises RuntimeError with what iperf3 complains about. Each run has a server of its own, since one that still
    closes the run before would refuse it.
    """
    port = next(_ports)
    process = server.spawn("iperf3", "-s", "-1", "-p", port, name="iperf3")
    wait_for(lambda: f":{port}" in run(*server.within("ss", "-Hltn")).stdout, 5, "the iperf3 server")
    options = ["-c", address, "-p", port, "-t", seconds, "-J", "--connect-timeout", 3000]
    if reverse:
        options.append("-R")
    text = source.run("iperf3", *options, check=False, timeout=seconds + 20).stdout
    process.stop()
    report = json.loads(text or '{"error": "iperf3 said nothing"}')
    if "error" in report:
        raise RuntimeError(report["error"])
    return report["end"]["sum_received"]["bits_per_second"] / 1e6


_ports = itertools.count(5201)
