"""A home behind a NAT that has nothing but a handle and a password: it logs in, is up, and follows its tunnel.

    home ── nat ── inet ──TCP 3874──► centre: sixxs-central serve --tic
                     └────AYIYA─────► chtst01, then detst01
"""

from __future__ import annotations

import subprocess

import pytest

from lab.fleet import CENTRE, PLANS, Fleet
from lab.namespace import Namespace, Process, wait_for
from lab.traffic import answers

pytestmark = pytest.mark.seconds(60)

PORT = 3874


@pytest.fixture
def two(laboratory, programs) -> Fleet:  # type: ignore[no-untyped-def]
    fleet = Fleet(laboratory, programs, PLANS[:2])
    fleet.trust_all()
    return fleet


def test_a_home_behind_a_nat_logs_in_and_follows_its_tunnel(two: Fleet) -> None:
    central = two.central
    secret = str(central.json("user", "add", "jdoe")["password"])  # type: ignore[index, call-overload]
    tunnel = central.add_tunnel("chtst01", "ayiya", "--owner", "jdoe", "--mtu", "1400")
    central.run("push")
    service = central.spawn("serve", "--interval", 86400, "--tic", f"{CENTRE}:{PORT}")
    wait_for(lambda: "TIC at" in service.output, 10, "the service")
    home: Namespace = two.backbone.add_behind(two.backbone.add_nat("nat", "203.0.113.80"), "home")
    file = two.laboratory.folder / "client.conf"
    file.write_text(f"tic {CENTRE}\ntic-user jdoe\npassword {secret}\nbeat-interval 1\n"
                    f"status-socket {two.laboratory.folder}/client.sock\n")
    file.chmod(0o600)

    client: Process = home.spawn(two.programs.client, "up", "--config", file, name="sixxs-client")
    first = PLANS[0]
    wait_for(lambda: answers(home, first.us(0)), 10, "the tunnel")
    device = home.show("addr", "show", "dev", "sixxs0")[0]  # type: ignore[index]
    assert device["mtu"] == 1400

    tested = home.run(two.programs.client, "test", "--config", file)
    assert [line.split(":")[0] for line in tested.stdout.splitlines()] == [
        "ok    login", "ok    settings", "ok    route to the PoP", "ok    client", "ok    ping through the tunnel", "ok    default route"]

    # Moved to another PoP; the old one forgets its only tunnel with the round, which must be meant.
    central.run("tunnel", "move", tunnel, "detst01")
    central.run("push", "detst01")
    central.run("push", "--force", "chtst01", "--yes")
    second = PLANS[1]
    wait_for(lambda: answers(home, second.us(0)), 40, "the tunnel at the other PoP", every=0.5)
    # Its own probe is answered a moment later.
    wait_for(lambda: client.output.count("the tunnel works") == 2, 10, "the client's own probe")
    assert f"{tunnel} was changed" in client.output
    status = home.run(two.programs.client, "status", "--status-socket", two.laboratory.folder / "client.sock")
    assert second.ipv4 in status.stdout
    assert secret not in client.output + service.output
    assert client.stop() == 0 and not home.has_interface("sixxs0")


def test_what_cannot_be_is_said(two: Fleet) -> None:
    central = two.central
    secret = str(central.json("user", "add", "jdoe")["password"])  # type: ignore[index, call-overload]
    central.add_tunnel("chtst01", "ayiya", "--owner", "jdoe")
    certificate, key = (two.laboratory.folder / f"tic.{kind}" for kind in ("crt", "key"))
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
                    "/CN=tic", "-addext", f"subjectAltName=IP:{CENTRE}", "-keyout", key, "-out", certificate], check=True, capture_output=True)
    service = central.spawn("serve", "--interval", 86400, "--tic", f"{CENTRE}:{PORT}", "--tic-certificate", certificate, "--tic-key", key)
    wait_for(lambda: "TIC at" in service.output, 10, "the service")
    home = two.backbone.add_host("home", "203.0.113.77")
    file = two.laboratory.folder / "secret"
    file.write_text("wrong\n")
    file.chmod(0o600)
    refused = home.run(two.programs.client, "up", "--tic", CENTRE, "--tic-user", "jdoe", "--password-file", file, check=False)
    assert refused.returncode == 1 and "refused the login of jdoe" in refused.stderr
    tested = home.run(two.programs.client, "test", "--tic", CENTRE, "--tic-user", "jdoe", "--password-file", file, check=False)
    assert tested.returncode == 1 and "FAIL  login: " in tested.stdout and "likely cause: the name or the password" in tested.stdout
    # Who signed its certificate itself is believed only by those who have it.
    words = ("test", "--tic", CENTRE, "--tic-user", "jdoe", "--password-file", file, "--tic-tls", "require")
    file.write_text(secret + "\n")
    distrusted = home.run(two.programs.client, *words, check=False)
    assert "FAIL  login: " in distrusted.stdout and "its certificate is not believed" in distrusted.stdout
    trusted = home.run("env", f"SSL_CERT_FILE={certificate}", two.programs.client, *words, check=False)
    assert trusted.stdout.startswith("ok    login: T1"), trusted
    # No password anywhere, and no terminal.
    asked = home.run("setsid", two.programs.client, "up", "--tic", CENTRE, "--tic-user", "jdoe", check=False)
    assert asked.returncode == 1 and "give --password-file" in asked.stderr
    assert home.run(two.programs.client, "up", check=False).returncode == 2
