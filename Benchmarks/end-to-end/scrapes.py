"""What Prometheus costs a daemon: how long its answers take with as many tunnels as there can be, and how often it wakes when idle.

    curl ──HTTP──► chtst01 (127.0.0.1:9142)
"""

from __future__ import annotations

import contextlib
import statistics
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from echoes import ThroughSixInFour, Times, take
from lab.daemon import Daemon, TunnelLine, configuration
from lab.namespace import Laboratory, Namespace
from lab.programs import find_programs
from lab.site import PLAN, Site
from sender import Sender, load

ADDRESS = "127.0.0.1:9142"
METRICS = ["--metrics", ADDRESS, "--metrics-tunnels"]
TUNNELS = 8191
# A copy of the figures is good for a second: each answer is to be a new one.
PAUSE = 1.1
SETTLING, IDLE = 3, 20
LOAD = 100_000
PROBES, GAP, WARM_UP = 400, 0.005, 20


def answer(namespace: Namespace, path: str) -> tuple[float, float]:
    """How long an answer took, in ms, and how long it was, in MB."""
    told = namespace.run("curl", "-s", "-o", "/dev/null", "-w", "%{time_total} %{size_download} %{http_code}", f"http://{ADDRESS}{path}")
    seconds, octets, code = told.stdout.split()
    assert code == "200", told.stdout
    return float(seconds) * 1000, float(octets) / 1e6


def many(first: int) -> list[TunnelLine]:
    """Static tunnels from a number on, until there are as many as there can be."""
    return [TunnelLine(tid, tid, f"100.{64 + tid // 62500}.{tid // 250 % 250}.{tid % 250 + 1}") for tid in range(first, TUNNELS + 1)]


def answers(rounds: int) -> list[str]:
    rows = []
    with Laboratory() as laboratory:
        site = Site(laboratory, find_programs())
        daemon = site.daemon(*many(1), options=METRICS)
        for path, must in (("/metrics", 50), ("/metrics/tunnels", 100)):
            found = []
            for _ in range(rounds):
                time.sleep(PAUSE)
                found.append(answer(site.pop, path))
            times = [milliseconds for milliseconds, _ in found]
            rows.append(f"| `{path}`, {TUNNELS:,} tunnels, {found[0][1]:.1f} MB | {min(times):.0f} | {statistics.median(times):.0f} | {must} ms |")
        daemon.stop()
    return rows


def wakeups(pid: int) -> dict[str, int]:
    """How often each thread went to sleep so far."""
    found = {}
    for file in Path(f"/proc/{pid}/task").glob("*/status"):
        line = next(line for line in file.read_text().splitlines() if line.startswith("voluntary_ctxt_switches"))
        found[file.parent.name] = int(line.split()[1])
    return found


def idle(options: list[str]) -> float:
    """How often a daemon with one tunnel that is disabled wakes in a second."""
    with Laboratory() as laboratory:
        site = Site(laboratory, find_programs())
        daemon = site.daemon(TunnelLine(1, 1, "203.0.113.10", state="disabled"), options=options)
        if options:
            answer(site.pop, "/metrics")
        time.sleep(SETTLING)
        before = wakeups(daemon.pid)
        time.sleep(IDLE)
        # Threads of a pool end: what they did before is no part of it.
        count = sum(switches - before.get(thread, 0) for thread, switches in wakeups(daemon.pid).items()) / IDLE
        daemon.stop()
        return count


class Forwarding(ThroughSixInFour):
    """A daemon with as many tunnels as there can be, one of which carries packets."""

    def build(self) -> None:
        self.daemon = Daemon(self.site.pop, self.site.programs.sixxsd, configuration(PLAN, [self.tunnel, *many(2)]))
        self.daemon.options = METRICS
        self.process = self.daemon.start().process

    def sent(self) -> int:
        """How many packets of IPv4 the home has sent."""
        names, values = [line.split() for line in self.home.run("cat", "/proc/net/snmp").stdout.splitlines() if line.startswith("Ip:")]
        known = dict(zip(names, values))
        return int(known.get("OutTransmits", known["OutRequests"]))

    def taken(self) -> int:
        """How many of them the daemon has seen."""
        return self.daemon.tunnel(1)["inPackets"]


@contextlib.contextmanager
def scraping(host: Namespace) -> Iterator[list[int]]:
    """Asks for both answers again and again; yields how often in the end."""
    ended, count = threading.Event(), [0]

    def work() -> None:
        while not ended.is_set():
            for path in ("/metrics", "/metrics/tunnels"):
                answer(host, path)
            count[0] += 1
            # What is asked for sooner is the copy of before.
            ended.wait(PAUSE)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield count
    finally:
        ended.set()
        thread.join()


def beside_load(rounds: int) -> list[str]:
    """What packets see of it, at the issue's rate."""
    times = {name: Times(LOAD) for name in ("not asked", "asked all the time")}
    lost, asked = dict.fromkeys(times, 0), 0
    with Laboratory() as laboratory:
        way = Forwarding(laboratory, find_programs(), METRICS)
        way.open()
        for _ in range(rounds):
            for name, found in times.items():
                before = way.sent() - way.taken()
                with contextlib.ExitStack() as stack:
                    count = stack.enter_context(scraping(way.site.pop)) if name != "not asked" else [0]
                    sender = stack.enter_context(Sender(way.home, way.load_packets()))
                    stack.enter_context(load(sender, LOAD))
                    take(way, PROBES, GAP, found, WARM_UP)
                time.sleep(0.2)
                lost[name] += way.sent() - way.taken() - before
                asked += count[0]
        laboratory.check()
    added = times["asked all the time"].percentile - times["not asked"].percentile
    lines = [f"| {TUNNELS:,} tunnels, {LOAD:,} packets/s, both answers {asked} times | median, µs | 99th percentile, µs | packets lost | must |",
             "| --- | ---: | ---: | ---: | ---: |"]
    for name, found in times.items():
        must = "0 lost, 1000 µs more" if name != "not asked" else ""
        lines.append(f"| {name} | {found.median:.0f} | {found.percentile:.0f} | {lost[name]} | {must} |")
    return [*lines, "", f"Added at the 99th percentile: {added:.0f} µs."]


def table(rounds: int) -> list[str]:
    lines = ["| answer | least, ms | median, ms | must |", "| --- | ---: | ---: | ---: |", *answers(rounds), "",
             "| idle, one tunnel that is disabled | wake-ups a second | must |", "| --- | ---: | ---: |"]
    for name, options, must in (("without `--metrics`", [], ""), ("with `--metrics`, asked once", METRICS, "2")):
        lines.append(f"| {name} | {idle(options):.1f} | {must} |")
    lines += ["", *beside_load(rounds)]
    print(*lines, sep="\n", flush=True)
    return lines
