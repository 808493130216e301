"""What Prometheus costs a daemon: how long its answers take with as many tunnels as there can be, and how often it wakes when idle.

    curl ──HTTP──► chtst01 (127.0.0.1:9142)
"""

from __future__ import annotations

import statistics
import time
from pathlib import Path

from lab.daemon import TunnelLine
from lab.namespace import Laboratory, Namespace
from lab.programs import find_programs
from lab.site import Site

ADDRESS = "127.0.0.1:9142"
METRICS = ["--metrics", ADDRESS, "--metrics-tunnels"]
TUNNELS = 8191
# A copy of the figures is good for a second: each answer is to be a new one.
PAUSE = 1.1
SETTLING, IDLE = 3, 20


def answer(namespace: Namespace, path: str) -> tuple[float, float]:
    """How long an answer took, in ms, and how long it was, in MB."""
    told = namespace.run("curl", "-s", "-o", "/dev/null", "-w", "%{time_total} %{size_download} %{http_code}", f"http://{ADDRESS}{path}")
    seconds, octets, code = told.stdout.split()
    assert code == "200", told.stdout
    return float(seconds) * 1000, float(octets) / 1e6


def answers(rounds: int) -> list[str]:
    rows = []
    with Laboratory() as laboratory:
        site = Site(laboratory, find_programs())
        tunnels = [TunnelLine(tid, tid, f"100.{64 + tid // 62500}.{tid // 250 % 250}.{tid % 250 + 1}") for tid in range(1, TUNNELS + 1)]
        daemon = site.daemon(*tunnels, options=METRICS)
        for path, must in (("/metrics", 50), ("/metrics/tunnels", 100)):
            found = []
            for _ in range(rounds):
                time.sleep(PAUSE)
                found.append(answer(site.pop, path))
            times = [milliseconds for milliseconds, _ in found]
            rows.append(f"| `{path}`, {TUNNELS:,} tunnels, {found[0][1]:.1f} MB | {min(times):.0f} | {statistics.median(times):.0f} | {must} ms |")
        daemon.stop()
    return rows


def wakeups(pid: int) -> int:
    """How often all threads went to sleep so far."""
    lines = [line for file in Path(f"/proc/{pid}/task").glob("*/status") for line in file.read_text().splitlines()]
    return sum(int(line.split()[1]) for line in lines if line.startswith("voluntary_ctxt_switches"))


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
        count = (wakeups(daemon.pid) - before) / IDLE
        daemon.stop()
        return count


def table(rounds: int) -> list[str]:
    lines = ["| answer | least, ms | median, ms | must |", "| --- | ---: | ---: | ---: |", *answers(rounds), "",
             "| idle, one tunnel that is disabled | wake-ups a second | must |", "| --- | ---: | ---: |"]
    for name, options, must in (("without `--metrics`", [], ""), ("with `--metrics`, asked once", METRICS, "2")):
        lines.append(f"| {name} | {idle(options):.1f} | {must} |")
    print(*lines, sep="\n", flush=True)
    return lines
