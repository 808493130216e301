"""What Prometheus gets: a real one scrapes a daemon that forwards packets.

    prometheus ──HTTP──► chtst01 (127.0.0.1:9142)
"""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from lab.daemon import TunnelLine
from lab.namespace import Namespace, wait_for
from lab.packets import echo
from lab.prometheus import PACKAGING, ask, expressions, prometheus
from lab.site import Site

pytestmark = pytest.mark.seconds(90)

ADDRESS = "127.0.0.1:9142"


def fetch(namespace: Namespace, path: str, *words: object) -> str:
    """What the daemon answers, with the status in front."""
    return namespace.run("curl", "-s", "-i", "--max-time", 5, *words, f"http://{ADDRESS}{path}").stdout


def metrics(namespace: Namespace, path: str = "/metrics") -> dict[str, float]:
    """The values by series."""
    body = fetch(namespace, path).split("\n\n", 1)[1]
    lines = [line.rsplit(" ", 1) for line in body.splitlines() if not line.startswith("#")]
    assert len({name for name, _ in lines}) == len(lines), "a series comes twice"
    return {name: float(value) for name, value in lines}


@pytest.mark.skipif(not shutil.which("promtool"), reason="prometheus is not installed (make packages)")
def test_the_rules_are_valid_and_do_what_they_say() -> None:
    folder = PACKAGING / "prometheus"
    for rules in sorted(folder.glob("*.rules.yml")):
        subprocess.run(["promtool", "check", "rules", rules], check=True, capture_output=True)
    for test in sorted(folder.glob("*.test.yml")):
        result = subprocess.run(["promtool", "test", "rules", test.name], cwd=folder, capture_output=True, text=True)
        assert result.returncode == 0, result.stdout + result.stderr
    result = subprocess.run(["promtool", "check", "config", "prometheus.yml"], cwd=folder, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.skipif(not shutil.which("prometheus"), reason="prometheus is not installed (make packages)")
def test_a_real_prometheus_scrapes_the_daemon(site: Site) -> None:
    tunnel = TunnelLine(5, 7, "203.0.113.10")
    daemon = site.daemon(tunnel, options=["--metrics", "9142", "--metrics-tunnels"])
    daemon.command("pop set details 2 detst01 203.0.113.77 2001:db8:3ff:ffff::1")
    user = site.user(site.home(), "203.0.113.10", tunnel)
    for _ in range(3):
        user.send(echo(user.them, user.us))
    wait_for(lambda: metrics(site.pop)['sixxsd_packets_total{worker="0",verdict="answered"}'] >= 3, 5, "three answers")

    texts = {path: fetch(site.pop, path) for path in ("/metrics", "/metrics/tunnels")}
    for text in texts.values():
        head, body = text.split("\n\n", 1)
        assert head.startswith("HTTP/1.1 200 OK") and "Content-Type: text/plain; version=0.0.4; charset=utf-8" in head
        check = subprocess.run(["promtool", "check", "metrics"], input=body, capture_output=True, text=True)
        assert check.returncode == 0, check.stdout + check.stderr
    own = metrics(site.pop, "/metrics/tunnels")
    assert own['sixxsd_tunnel_up{tunnel="T7",type="direct"}'] == 1
    assert own['sixxsd_tunnel_receive_packets_total{tunnel="T7",type="direct"}'] >= 3
    assert "203.0.113.10" not in "".join(texts.values()), "no address of a user"

    prometheus(site.pop, f"""
  - job_name: sixxsd
    static_configs: [{{targets: ["{ADDRESS}"]}}]
  - job_name: sixxsd-tunnels
    metrics_path: /metrics/tunnels
    static_configs: [{{targets: ["{ADDRESS}"]}}]
""")
    wait_for(lambda: len(ask(site.pop, "up == 1")) == 2, 15, "both jobs to be up")
    wait_for(lambda: ask(site.pop, 'sixxsd_pop_info{pop="chtst01",id="1"}') != [], 5, "the PoP's name")
    dashboard = json.loads((PACKAGING / "grafana" / "sixxsd.json").read_text())
    for expression in expressions(dashboard):
        wait_for(lambda: ask(site.pop, expression) != [], 15, f"a series of {expression}")
    daemon.stop()


def test_only_what_is_wanted_is_answered(site: Site) -> None:
    daemon = site.daemon(options=["--metrics", "9142"])

    assert fetch(site.pop, "/metrics/tunnels").startswith("HTTP/1.1 404 ")
    assert fetch(site.pop, "/").startswith("HTTP/1.1 404 ")
    assert fetch(site.pop, "/metrics", "-X", "POST").startswith("HTTP/1.1 405 ")
    assert fetch(site.pop, "/metrics", "-I").startswith("HTTP/1.1 200 ")
    listening = site.pop.run("ss", "-Hltn", "sport", "=", ":9142").stdout
    assert [line.split()[3] for line in listening.splitlines()] == [ADDRESS]

    second = site.pop.run(site.programs.sixxsd, "--config", daemon.file, "--metrics-tunnels", check=False)
    assert second.returncode == 2 and "--metrics-tunnels has no effect without --metrics" in second.stderr
    daemon.stop()


def switches(pid: int) -> dict[str, int]:
    """How often each thread went to sleep so far; threads of a pool end, and what they did goes with them."""
    found = {}
    for file in Path(f"/proc/{pid}/task").glob("*/status"):
        line = next(line for line in file.read_text().splitlines() if line.startswith("voluntary_ctxt_switches"))
        found[file.parent.name] = int(line.split()[1])
    return found


def test_an_idle_daemon_seldom_wakes(site: Site) -> None:
    daemon = site.daemon(TunnelLine(5, 7, "203.0.113.10", state="disabled"), options=["--metrics", "9142"])
    metrics(site.pop)
    # A figure of the kernel's over a span of time, of a daemon that does nothing: a busy machine makes it no larger. The least of
    # three spans, since what the start brought may take a while: two a second, and what the spans cut.
    spans = []
    for _ in range(3):
        before = switches(daemon.pid)
        time.sleep(4)
        spans.append(sum(count - before.get(thread, 0) for thread, count in switches(daemon.pid).items()))
    assert min(spans) <= 12, spans


def test_a_port_that_is_taken_is_named(site: Site) -> None:
    site.pop.spawn("/usr/bin/python3", "-m", "http.server", "9142", "--bind", "127.0.0.1", name="other")
    wait_for(lambda: site.pop.run("ss", "-Hltn", "sport", "=", ":9142").stdout != "", 10, "the other program to listen")
    file = site.laboratory.folder / "sixxsd.conf"
    file.write_text("pop set verbosity off\n")

    taken = site.pop.run(site.programs.sixxsd, "--config", file, "--metrics", "9142", check=False)

    assert taken.returncode == 1
    assert "127.0.0.1:9142 cannot be listened at: Address already in use: --metrics names another address" in taken.stderr
