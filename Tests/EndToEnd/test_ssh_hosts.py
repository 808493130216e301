"""How the centre finds and enters a PoP's host: names, dead addresses, agents, keys that are no secret, keys that changed.

    centre ── inet ── chtst01   sshd, sixxsd
"""

from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path

import pytest

from lab.fleet import PLANS, Fleet
from lab.namespace import Laboratory, wait_for
from lab.programs import Programs

pytestmark = [pytest.mark.xdist_group("ssh hosts"), pytest.mark.seconds(60)]


@pytest.fixture
def alone(laboratory: Laboratory, programs: Programs) -> Fleet:
    fleet = Fleet(laboratory, programs, PLANS[:1])
    fleet.trust_all()
    return fleet


def push(fleet: Fleet, *prefix: object, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return fleet.centre.run(*prefix, fleet.central.program, "push", check=False, env=env or fleet.central.environment, timeout=60)


def test_a_host_whose_first_address_is_dead(alone: Fleet) -> None:
    hosts = alone.laboratory.folder / "hosts"
    hosts.write_text("2001:db8:5::22 pop.example.net\n192.0.2.1 pop.example.net\n")
    alone.centre.ip("addr add 2001:db8:5::10/64 dev net0 nodad", "neigh add 2001:db8:5::22 lladdr 02:00:00:00:00:99 dev net0")
    alone.central.run("pop", "set", "chtst01", "--ssh-host", "pop.example.net")
    script = f'mount --make-rprivate / && mount --bind {hosts} /etc/hosts && exec "$@"'

    result = push(alone, "unshare", "--mount", "/bin/sh", "-c", script, "sh")

    assert result.returncode == 0, result.stderr


def test_a_key_that_an_agent_alone_has(alone: Fleet) -> None:
    path = alone.laboratory.folder / "agent"
    alone.centre.spawn("ssh-agent", "-D", "-a", path, name="agent")
    wait_for(path.exists, 5, "the agent")
    env = {**alone.central.environment, "SSH_AUTH_SOCK": str(path)}
    alone.centre.run("ssh-add", alone.key, env=env)
    alone.key.unlink()

    assert "there is no such file" in push(alone).stderr
    assert push(alone, env=env).returncode == 0
    alone.centre.run("ssh-add", "-D", env=env)
    assert "it has no key: add one with ssh-add" in push(alone, env=env).stderr


def test_an_agent_that_is_none(alone: Fleet) -> None:
    alone.key.unlink()
    silent, full, gone = (alone.laboratory.folder / name for name in ("silent", "full", "gone"))
    with socket.socket(socket.AF_UNIX) as quiet, socket.socket(socket.AF_UNIX) as busy, socket.socket(socket.AF_UNIX) as waits:
        quiet.bind(str(silent))
        quiet.listen(8)
        # Nobody is taken in: one waits, and nobody else may.
        busy.bind(str(full))
        busy.listen(0)
        waits.connect(str(full))
        for path, reason in ((silent, "it did not answer within"), (full, "Resource temporarily unavailable"),
                             (gone, "No such file or directory"), (Path("/etc/passwd"), "Connection refused")):
            refused = push(alone, env={**alone.central.environment, "SSH_AUTH_SOCK": str(path)})
            said = refused.stdout + refused.stderr
            assert refused.returncode == 1 and f"SSH_AUTH_SOCK={path}: {reason}" in said, said


def test_a_key_that_is_no_file(alone: Fleet) -> None:
    alone.key.unlink()
    os.mkfifo(alone.key, 0o600)
    assert "it is not a regular file" in push(alone).stderr


def test_a_key_that_others_can_read(alone: Fleet) -> None:
    os.chmod(alone.key, 0o644)
    assert "others can read it" in push(alone).stderr
    os.chmod(alone.key, 0o600)
    assert push(alone).returncode == 0


def test_a_server_that_wants_two_keys(alone: Fleet) -> None:
    server = alone.pops["chtst01"].sshd
    config = server.folder / "sshd_config"
    config.write_text(config.read_text() + "AuthenticationMethods publickey,publickey\n")
    server.restart()
    assert "and also requires another login method (publickey)" in push(alone).stderr


def test_a_changed_key_is_trusted_by_its_fingerprint_alone(alone: Fleet) -> None:
    server = alone.pops["chtst01"].sshd
    server.change_host_key()
    server.restart()
    refused = alone.central.run("pop", "trust", "chtst01", "--yes", check=False)
    assert refused.returncode != 0 and "repeat with --fingerprint" in refused.stderr
    assert "THE HOST KEY HAS CHANGED" in push(alone).stderr
    alone.central.run("pop", "trust", "chtst01", "--fingerprint", server.fingerprint)
    assert push(alone).returncode == 0
