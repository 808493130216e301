"""A user's router tells where his tunnel ends, as dynamic-DNS clients do; within seconds the PoP knows.

    home ──HTTP──► centre: sixxs-central serve --updates ──ssh──► chtst01: config patch
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lab.fleet import CENTRE, Fleet
from lab.namespace import Namespace, Process, wait_for

pytestmark = pytest.mark.seconds(60)

HOMES = ("203.0.113.77", "203.0.113.78")
PORT = 8053
URL = f"http://{CENTRE}:{PORT}/nic"


class Home:
    """A user with a static tunnel and its update key, at two addresses."""

    def __init__(self, fleet: Fleet) -> None:
        central = fleet.central
        central.run("user", "add", "jdoe")
        self.tunnel = central.add_tunnel("chtst01", "static", "--endpoint", HOMES[0], "--owner", "jdoe")
        self.other = central.add_tunnel("chtst01", "ayiya", "--owner", "jdoe")
        central.run("push")
        self.key = str(central.json("tunnel", "update-key", self.tunnel)["key"])  # type: ignore[index, call-overload]
        self.hosts = [fleet.backbone.add_host(f"home{index}", address) for index, address in enumerate(HOMES)]

    def curl(self, host: Namespace, *words: str, check: bool = True) -> str:
        """As OpenWrt's hotplug script and cron call it."""
        result = host.run("curl", "-4fsS", "-m", "20", "-u", f"jdoe:{self.key}", *words, check=check)
        return result.stdout.strip() if check else f"{result.returncode} {result.stdout.strip()}".strip()


@pytest.fixture
def serving(fleet: Fleet) -> Process:
    fleet.trust_all()
    # Only the first round: what comes to the PoP later comes by itself.
    service = fleet.central.spawn("serve", "--interval", 86400, "--updates", f"{CENTRE}:{PORT}", "--updates-any-address",
                                  "--log-level", "trace")
    wait_for(lambda: "updates at" in service.output, 10, "the service")
    return service


def endpoint(fleet: Fleet, tunnel: str) -> str:
    return fleet.pops["chtst01"].daemon.command(f"tunnel get outer_endpoint {tunnel}").text


def test_a_new_address_is_at_the_pop_within_seconds_and_the_next_push_agrees(fleet: Fleet, serving: Process) -> None:
    home = Home(fleet)
    assert home.curl(home.hosts[0], f"{URL}/update?hostname={home.tunnel}") == f"nochg {HOMES[0]}"
    assert home.curl(home.hosts[1], f"{URL}/checkip") == HOMES[1]
    # Meanwhile an operator changes something that is to wait for a round.
    fleet.central.run("tunnel", "set", home.other, "--mtu", "1300")

    assert home.curl(home.hosts[1], f"{URL}/update?hostname={home.tunnel}") == f"good {HOMES[1]}"

    wait_for(lambda: endpoint(fleet, home.tunnel) == HOMES[1], 5, "the endpoint at the PoP", every=0.1)
    daemon = fleet.pops["chtst01"].daemon
    assert re.search(rf"{home.other} .* ayiya 1280 ", "\n".join(daemon.command("tunnel list").lines or ()))
    assert fleet.central.outcomes() == {"chtst01": "applied", "detst01": "unchanged", "nltst01": "unchanged"}
    assert endpoint(fleet, home.tunnel) == HOMES[1]
    assert "drifted" not in fleet.central.kinds("chtst01")
    audit = fleet.central.run("audit", home.tunnel).stdout
    assert HOMES[1] not in audit and home.key not in audit
    listed = fleet.central.json("tunnel", "endpoints", home.tunnel)
    assert [(row["from"], row["to"], row["state"]) for row in listed["requests"]] == [(HOMES[0], HOMES[1], "applied")]  # type: ignore[index, call-overload]
    assert home.key not in serving.output and "hostname=" not in serving.output


def test_refusals_end_as_clients_need_them(fleet: Fleet, serving: Process) -> None:
    home = Home(fleet)
    host = home.hosts[1]
    wrong = host.run("curl", "-4fsS", "-m", "20", "-u", "jdoe:nonsense", f"{URL}/update?hostname={home.tunnel}", check=False)
    assert wrong.returncode == 22 and "401" in wrong.stderr
    for last in range(1, 6):
        assert home.curl(host, f"{URL}/update?hostname={home.tunnel}&myip=203.0.113.1{last}").startswith("good")
    assert home.curl(host, f"{URL}/update?hostname={home.tunnel}&myip=203.0.113.16", check=False).startswith("22")
    # As old routers ask: HTTP/1.0, the host without its port, an empty myip.
    answer = home.curl(host, "-i", "-0", "-H", f"Host: {CENTRE}", f"{URL}/update?system=dyndns&hostname={home.tunnel}&myip=203.0.113.15")
    head, _, body = answer.partition("\n\n")
    assert body == "nochg 203.0.113.15" and "chunked" not in head.lower() and "content-length:" in head.lower()
    fleet.central.run("tunnel", "update-key", home.tunnel, "--revoke")
    assert home.curl(host, f"{URL}/update?hostname={home.tunnel}&myip=203.0.113.15", check=False).startswith("22")


def test_a_real_ddclient(fleet: Fleet, serving: Process, tmp_path: Path) -> None:
    home = Home(fleet)
    file = tmp_path / "ddclient.conf"
    file.write_text(f"ssl=no\nuse=if, if=net0\nprotocol=dyndns2\nserver={CENTRE}:{PORT}\nlogin=jdoe\npassword={home.key}\n{home.tunnel}\n")
    file.chmod(0o600)

    result = home.hosts[1].run("ddclient", "-daemon=0", "-verbose", "-file", file, "-cache", tmp_path / "cache", check=False)

    assert re.search(rf"SUCCESS:.*{home.tunnel}", result.stdout + result.stderr), result.stdout + result.stderr
    wait_for(lambda: endpoint(fleet, home.tunnel) == HOMES[1], 5, "the endpoint at the PoP", every=0.1)
