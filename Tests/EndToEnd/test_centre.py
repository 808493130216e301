"""The centre and its PoPs, with everything that can go wrong between them.

                 ┌──────── inet ────────┐
    centre ──────┤                      ├── chtst01   sshd, sixxsd ── inet ── home
    sixxs-central│                      ├── detst01   the one that fails
                 └──────────────────────┴── nltst01
"""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Callable

import pytest

from lab.client import Client
from lab.fleet import Fleet, FleetPoP
from lab.namespace import wait_for
from lab.sshd import make_key
from lab.topology import SERVER
from lab.traffic import answers, ping

HOME = "198.18.20.1"
DEADLINE = 20


def tunnels(pop: FleetPoP) -> set[str]:
    return {entry["tunnel"] for entry in pop.daemon.report()["tunnels"]}


def tell_the_wrong_key(fleet: Fleet, pop: FleetPoP) -> None:
    other = make_key(fleet.laboratory, "other_key")
    pop.sshd.authorize([other.with_suffix(".pub").read_text()])


def change_the_host_key(fleet: Fleet, pop: FleetPoP) -> None:
    pop.sshd.change_host_key()
    pop.sshd.restart()


def stop_the_daemon(fleet: Fleet, pop: FleetPoP) -> None:
    assert pop.daemon.stop() == 0


def hang_the_daemon(fleet: Fleet, pop: FleetPoP) -> None:
    pop.daemon.signal(signal.SIGSTOP)


def hang_sshd(fleet: Fleet, pop: FleetPoP) -> None:
    assert pop.sshd.process is not None
    pop.sshd.process.signal(signal.SIGSTOP)


def stop_sshd(fleet: Fleet, pop: FleetPoP) -> None:
    pop.sshd.stop()


def forbid_the_forward(fleet: Fleet, pop: FleetPoP) -> None:
    pop.sshd.authorize([fleet.key.with_suffix(".pub").read_text()], 'restrict,command="/bin/false"')


FAILURES: dict[str, tuple[Callable[[Fleet, FleetPoP], None], str]] = {
    "changed host key": (change_the_host_key, r"host key has changed"),
    "refused key": (tell_the_wrong_key, r"refuses the key"),
    "closed control port": (stop_the_daemon, r"nothing listens on 127\.0\.0\.1:42003"),
    "forbidden forward": (forbid_the_forward, r"does not permit forwarding"),
    "no sshd": (stop_sshd, r"cannot connect to"),
    "daemon hangs": (hang_the_daemon, r"timed out after \d+"),
    "sshd hangs": (hang_sshd, r"timed out after \d+"),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_one_pop_fails_and_the_others_are_pushed(fleet: Fleet, failure: str) -> None:
    fleet.trust_all()
    broken = fleet.pops["detst01"]
    others = [pop for pop in fleet.pops.values() if pop is not broken]
    fleet.central.run("push")
    added = {pop.name: fleet.central.add_tunnel(pop.name, "static", "--endpoint", HOME) for pop in fleet.pops.values()}
    break_it, reason = FAILURES[failure]
    break_it(fleet, broken)
    begun = time.monotonic()
    result = fleet.central.run("push", check=False)
    took = time.monotonic() - begun
    assert result.returncode == 1
    assert took < DEADLINE, f"{took:.1f} s"
    said = [line for line in (result.stdout + result.stderr).splitlines() if broken.name in line]
    assert any(re.search(reason, line, re.IGNORECASE) for line in said), result.stdout + result.stderr
    for pop in others:
        assert tunnels(pop) == {added[pop.name]}


def test_an_unknown_host_key_is_not_trusted(fleet: Fleet) -> None:
    unknown = fleet.pops["detst01"]
    for pop in fleet.pops.values():
        if pop is not unknown:
            fleet.trust(pop)
    result = fleet.central.run("push", check=False)
    assert result.returncode == 1
    said = [line for line in (result.stdout + result.stderr).splitlines() if unknown.name in line]
    assert any(re.search(r"no host key is trusted.*pop trust detst01", line) for line in said), said
    assert unknown.daemon.command("config digest").text.startswith("generation 0 ")


def test_trust_refuses_another_fingerprint(fleet: Fleet) -> None:
    pop = fleet.pops["chtst01"]
    other = fleet.pops["detst01"].sshd.fingerprint
    assert fleet.central.run("pop", "trust", pop.name, "--fingerprint", other, "--yes", check=False).returncode != 0
    fleet.trust(pop)


def test_a_push_is_idempotent_and_a_restart_is_healed(fleet: Fleet) -> None:
    fleet.trust_all()
    number = fleet.central.add_tunnel("chtst01", "static", "--endpoint", HOME)
    assert "applied" in fleet.central.run("push", "chtst01").stdout
    assert "unchanged" in fleet.central.run("push", "chtst01").stdout
    pop = fleet.pops["chtst01"]
    pop.daemon.kill()
    pop.daemon.start()
    assert tunnels(pop) == {number}
    assert "unchanged" in fleet.central.run("push", "chtst01").stdout


def test_render_is_what_runs(fleet: Fleet) -> None:
    fleet.trust_all()
    number = fleet.central.add_tunnel("chtst01", "ayiya")
    fleet.central.run("subnet", "add", number)
    fleet.central.run("push", "chtst01")
    rendered = fleet.central.run("render", "chtst01").stdout.splitlines()
    running = fleet.pops["chtst01"].daemon.command("config show").lines
    assert list(running or ()) == rendered


def test_tunnels_go_on_without_the_centre(fleet: Fleet) -> None:
    fleet.trust_all()
    central = fleet.central
    number = central.add_tunnel("chtst01", "static", "--endpoint", HOME)
    service = central.spawn("serve", "--interval", 2, "--lease", 3)
    pop = fleet.pops["chtst01"]
    wait_for(lambda: tunnels(pop) == {number}, 10, "the first round", every=0.1)
    home = fleet.backbone.add_host("home", HOME)
    tunnel = central.json("tunnel", "show", number)
    identity = pop.plan.them(int(str(tunnel["tid"]), 16))  # type: ignore[index, call-overload]
    Client(home, fleet.programs.client, "6in4", pop.plan.ipv4, identity).start()

    service.kill()
    fleet.backbone.inet.ip("link set centre down")
    assert ping(home, SERVER, count=10).all_arrived
    other = central.add_tunnel("chtst01", "static", "--endpoint", "198.18.20.2")
    assert not re.search(r"\bapplied\b", central.run("push", "chtst01", check=False).stdout)

    fleet.backbone.inet.ip("link set centre up", "route replace 198.18.10.1/32 dev centre")
    # Once the lease of the dead has run out.
    central.spawn("serve", "--interval", 2, "--lease", 3)
    wait_for(lambda: tunnels(pop) == {number, other}, 15, "the next round", every=0.1)
    assert answers(home, SERVER)


def test_serve_ends_on_sigterm(fleet: Fleet) -> None:
    fleet.trust_all()
    service = fleet.central.spawn("serve", "--interval", 2)
    wait_for(lambda: fleet.pops["nltst01"].daemon.command("config digest").text.startswith("generation 0 ") is False,
             10, "the first round", every=0.1)
    service.signal(signal.SIGTERM)
    assert service.wait(10) == 0


def test_status_and_check_agree_with_the_daemons(fleet: Fleet) -> None:
    fleet.trust_all()
    fleet.central.add_tunnel("chtst01", "static", "--endpoint", HOME)
    fleet.central.run("push")
    rows = fleet.central.json("status")
    assert {row["pop"] for row in rows} == set(fleet.pops)  # type: ignore[union-attr, index]
    assert re.match("WARNING - 3 of 3 PoPs OK, .*; detst01 restarted [0-9]+ s ago",
                    fleet.central.run("check", check=False).stdout)
    assert fleet.central.run("check", "--recent", 0, check=False).stdout.startswith("OK - ")
    fleet.pops["detst01"].sshd.stop()
    fleet.central.run("push", check=False)
    result = fleet.central.run("check", check=False)
    assert result.returncode == 2 and result.stdout.startswith("CRITICAL - 2 of 3 PoPs OK, 1 of 1 tunnels up; detst01 ")
    assert " | pops=3;;;0 pops_failed=1;;;0;3 tunnels_up=1;;;0;1 tunnels=1;;;0 chtst01_tunnels_up=1;;;0;1 " in result.stdout
    wrong = fleet.central.run("check", "--bogus", check=False)
    assert wrong.returncode == 3 and re.fullmatch(r"UNKNOWN - .*--bogus.*\n", wrong.stdout), wrong


def test_the_key_opens_the_control_port_and_nothing_else(fleet: Fleet) -> None:
    pop = fleet.pops["chtst01"]
    options = ["-F", "none", "-i", fleet.key, "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no",
               "-o", "UserKnownHostsFile=/dev/null", "-o", "ConnectTimeout=5"]

    def ssh(*words: str) -> tuple[int, str, str]:
        result = fleet.centre.run("ssh", *options, *words, check=False)
        return result.returncode, result.stdout, result.stderr

    there = f"sixxs@{pop.plan.ipv4}"
    code, said, _ = ssh("-W", "127.0.0.1:42003", there)
    assert said.startswith("200 ") and code == 0
    assert ssh("-W", "127.0.0.1:22", there)[0] != 0
    assert ssh("-W", f"{pop.plan.ipv4}:5072", there)[0] != 0
    code, said, _ = ssh(there, "id")
    assert code != 0 and "uid" not in said
    assert ssh("-N", "-R", "9999:127.0.0.1:22", "-o", "ExitOnForwardFailure=yes", there)[0] != 0
    assert ssh("-W", "127.0.0.1:42003", f"root@{pop.plan.ipv4}")[0] != 0
    assert "sixxs:" not in open("/etc/passwd").read()


def test_authorized_keys_line_lets_the_centre_in(fleet: Fleet) -> None:
    pop = fleet.pops["chtst01"]
    lines = fleet.central.run("pop", "show", pop.name, "--authorized-keys").stdout
    assert 'permitopen="127.0.0.1:42003"' in lines and lines.lstrip().startswith("restrict,port-forwarding")
    pop.sshd.authorize_lines(lines)
    fleet.trust(pop)
    assert fleet.central.run("push", pop.name).returncode == 0
