"""Clients log in at the centre by TIC, and are told how to set up their tunnels.

    home ──TCP 3874──► centre: sixxs-central serve --tic
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from ipaddress import ip_address
from pathlib import Path

import pytest

from lab import aiccu
from lab.fleet import CENTRE, PLANS, Fleet
from lab.namespace import Namespace, Process, wait_for

pytestmark = pytest.mark.seconds(60)

PORT = 3874


class Home:
    """A user with an ayiya and a heartbeat tunnel, and a password."""

    def __init__(self, fleet: Fleet) -> None:
        central = fleet.central
        user = central.json("user", "add", "jdoe")
        self.secret = str(user["password"])  # type: ignore[index, call-overload]
        self.tunnel = central.add_tunnel("chtst01", "ayiya", "--owner", "jdoe", "--mtu", "1428")
        self.other = central.add_tunnel("chtst01", "heartbeat", "--owner", "jdoe")
        self.host: Namespace = fleet.backbone.add_host("home", "203.0.113.77")

    def aiccu(self, *words: object, user: str = "jdoe", secret: str | None = None) -> dict:
        """What AICCU learns; empty when it gives up."""
        script = Path(aiccu.__file__)
        result = self.host.run("python3", script, CENTRE, PORT, user, secret or self.secret, *words, check=False)
        assert result.returncode == 0 or result.stderr.startswith(("4", "5", "the server")), result.stderr
        return json.loads(result.stdout) if result.returncode == 0 else {}


def serve(fleet: Fleet, *words: object) -> Process:
    service = fleet.central.spawn("serve", "--interval", 86400, "--tic", f"{CENTRE}:{PORT}", "--log-level", "trace", *words)
    wait_for(lambda: "TIC at" in service.output, 10, "the service")
    return service


@pytest.fixture
def small(laboratory, programs) -> Fleet:  # type: ignore[no-untyped-def]
    return Fleet(laboratory, programs, PLANS[:1])


def test_aiccu_learns_of_its_tunnels(small: Fleet) -> None:
    home = Home(small)
    service = serve(small)
    shown = home.aiccu()
    password = str(small.central.json("tunnel", "show", home.tunnel, "--secret")["password"])  # type: ignore[index, call-overload]
    plan = PLANS[0]
    them, us = str(ip_address(plan.them(0))), str(ip_address(plan.us(0)))
    assert shown["tunnels"] == [f"{home.tunnel} {them} ayiya chtst01", f"{home.other} {plan.them(1)} heartbeat chtst01"]
    assert shown["tunnel"] == {
        "TunnelId": home.tunnel, "Type": "ayiya", "IPv6 Endpoint": them, "IPv6 POP": us, "IPv6 PrefixLength": "64",
        "Tunnel MTU": "1428", "Tunnel Name": home.tunnel, "POP Id": "chtst01", "IPv4 Endpoint": "ayiya", "IPv4 POP": plan.ipv4,
        "UserState": "enabled", "AdminState": "enabled", "Password": password, "Heartbeat_Interval": "60",
    }
    assert (shown["pop"]["IPv4"], shown["pop"]["IPv6"]) == (plan.ipv4, plan.ipv6)
    # The other digest, and a tunnel's own secret, which opens that tunnel alone and ends at once.
    made = small.central.json("tunnel", "tic-secret", home.other)
    alone = home.aiccu("--scheme", "sha256", user=f"jdoe/{home.other}", secret=made["secret"])  # type: ignore[index, call-overload]
    assert [line.split(" ")[0] for line in alone["tunnels"]] == [home.other]
    small.central.run("tunnel", "tic-secret", home.other, "--revoke")
    assert not home.aiccu(user=f"jdoe/{home.other}", secret=made["secret"])  # type: ignore[index, call-overload]
    # Wrong secrets, in the clear, of another: all the same.
    assert not home.aiccu(secret="wrong") and not home.aiccu("--scheme", "clear") and not home.aiccu(user="nobody")
    small.central.run("tunnel", "disable", home.tunnel)
    assert home.aiccu("--tunnel", home.tunnel)["tunnel"]["AdminState"] == "disabled"
    assert re.search(r"TIC: jdoe logged in from 203\.0\.113\.77", service.output)
    assert "TIC: a login for nobody from 203.0.113.77 was refused" in service.output
    assert not any(word in service.output for word in (home.secret, password, str(made["secret"])))  # type: ignore[index, call-overload]


def certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """A certificate and its key, where the service finds them."""
    files = (folder / "tic.crt", folder / "tic.key")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-subj", f"/CN={name}", "-keyout", files[1], "-out", files[0]], check=True, capture_output=True)
    return files


def raw(host: Namespace, octets: str, then: str = "") -> str:
    """What the service says to these octets, all in one segment, and to these when it has said yes."""
    script = (f"import socket; s = socket.create_connection(('{CENTRE}', {PORT}), 20); s.recv(999); s.sendall({octets!r}.encode()); "
              f"print(s.recv(999)); s.sendall({then!r}.encode()); s.settimeout(8)\nwhile o := s.recv(999): print(o)")
    return host.run("python3", "-c", script, check=False).stdout


def test_tls_begins_without_tickets_and_takes_nothing_from_before(small: Fleet, tmp_path: Path) -> None:
    home = Home(small)
    files = certificate(tmp_path, "first")
    service = serve(small, "--tic-certificate", files[0], "--tic-key", files[1])
    for version, name in (("TLSv1_2", "TLSv1.2"), ("TLSv1_3", "TLSv1.3")):
        shown = home.aiccu("--tls", version, "--scheme", "clear")
        assert (shown["tls"], shown["ticket"], shown["tunnel"]["TunnelId"]) == (name, False, home.tunnel)
    assert not home.aiccu("--tls", "TLSv1_1")
    # What waits behind starttls came in the clear.
    said = raw(home.host, "starttls\nusername evil\n")
    assert "400 Nothing may follow" in said and "200" not in said
    # No TLS at all: the connection ends without another word in the clear.
    said = raw(home.host, "starttls\n", "GET / HTTP/1.1\n")
    assert "200 Begin TLS now" in said and "400" not in said

    fingerprint = certificate_seen(home)
    certificate(tmp_path, "second")
    os.kill(service.pid, signal.SIGHUP)
    wait_for(lambda: "the certificate was read again" in service.output, 5, "the other certificate")
    assert certificate_seen(home) != fingerprint
    files[1].write_text("no key")
    os.kill(service.pid, signal.SIGHUP)
    wait_for(lambda: "the certificate read before stays" in service.output, 5, "a refusal")
    assert home.aiccu("--tls", "TLSv1_3")


def certificate_seen(home: Home) -> str:
    return str(home.aiccu("--tls", "TLSv1_3")["certificate"])
