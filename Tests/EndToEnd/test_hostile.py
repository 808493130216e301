"""Clients of the control port that mean no good.

    core ── chtst01 ── inet
             sixxsd, spoken to by floods, mutes and babblers
"""

from __future__ import annotations

import contextlib
import random
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.daemon import CONTROL, Daemon, TunnelLine, configuration
from lab.namespace import wait_for
from lab.site import PASSWORD, PLAN, Site
from lab.traffic import answers

STATIC = TunnelLine(1, 4141, "203.0.113.10", 1280)


def connect(site: Site) -> socket.socket:
    connection = site.pop.socket(socket.AF_INET, socket.SOCK_STREAM)
    connection.settimeout(5)
    connection.connect(CONTROL)
    return connection


def resident(daemon: Daemon) -> int:
    """Memory of the daemon, in KiB."""
    for line in Path(f"/proc/{daemon.pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise AssertionError("no VmRSS")


@contextlib.contextmanager
def unharmed(site: Site, daemon: Daemon, kibibytes: int) -> Iterator[None]:
    """Whatever happens inside takes little memory and disturbs nobody."""
    before = resident(daemon)
    yield
    assert daemon.is_running
    wait_for(daemon.answers, 5, "the control port")
    assert answers(site.core, site.plan.us(1))
    assert resident(daemon) - before < kibibytes


def test_a_line_that_is_too_long_is_refused(site: Site) -> None:
    daemon = site.daemon(STATIC)
    with unharmed(site, daemon, 20_000), contextlib.closing(connect(site)) as client:
        client.recv(200)
        with contextlib.suppress(OSError):
            for _ in range(1000):
                client.sendall(b"x" * 65536)
        with contextlib.suppress(ConnectionError):
            assert client.recv(200).startswith(b"400 expected a line of at most 4096 octets")
    with daemon.session() as session:
        assert session.command("# " + "x" * 4093 + "\npop show version").text.startswith("sixxsd ")
        assert session.command("x" * 4096).code == 404
        assert session.command("x" * 4097).code == 400


def test_binary_garbage_is_answered_and_never_echoed(site: Site) -> None:
    daemon = site.daemon(STATIC)
    rng = random.Random(1)
    before = daemon.command("config digest").text
    with unharmed(site, daemon, 20_000):
        for _ in range(20):
            with contextlib.closing(connect(site)) as client, contextlib.suppress(OSError):
                client.settimeout(0.2)
                client.sendall(rng.randbytes(20_000))
                said = b""
                while piece := client.recv(65536):
                    said += piece
                assert not any(octet < 0x20 and octet not in (9, 10) or octet == 0x7f for octet in said)
    assert daemon.command("config digest").text == before


def test_two_hundred_connections_at_once(site: Site) -> None:
    daemon = site.daemon(STATIC)
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(contextlib.closing(connect(site))) for _ in range(200)]
        greetings = [client.recv(200) for client in clients]
        assert sum(said.startswith(b"200 ") for said in greetings) == 100
        refused = [said for said in greetings if said.startswith(b"425 ")]
        assert len(refused) == 100 and b"too many sessions" in refused[0]
        with daemon.unix_session() as session:
            assert session.command("pop show version").is_success, "the UNIX socket has room of its own"
        assert answers(site.core, site.plan.us(1))
    wait_for(daemon.answers, 5, "a free session")


def test_clients_that_never_read_are_bounded(site: Site) -> None:
    tunnels = [TunnelLine(tid, tid + 1, "ayiya", 1280, PASSWORD) for tid in range(2, 2000)]
    daemon = Daemon(site.pop, site.programs.sixxsd, configuration(PLAN, [STATIC, *tunnels])).start()
    daemon.report()
    with unharmed(site, daemon, 150_000), contextlib.ExitStack() as stack:
        for _ in range(10):
            client = stack.enter_context(contextlib.closing(connect(site)))
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.settimeout(0.2)
            with contextlib.suppress(OSError):
                for _ in range(2000):
                    client.sendall(b"pop report\ntunnel list\n" * 100)
        time.sleep(2)


def asks_too_much(daemon: Daemon, text: str) -> bool:
    with daemon.session() as session:
        return session.diff(text).code == 425


def test_a_slow_push_holds_nobody_up(site: Site) -> None:
    daemon = site.daemon(STATIC)
    text = configuration(PLAN, [STATIC])
    with contextlib.ExitStack() as stack:
        # Twice as many as there may be: whoever asks meanwhile takes a place for a moment.
        for _ in range(16):
            client = stack.enter_context(contextlib.closing(connect(site)))
            client.sendall(b"config push 9 1000000 " + b"0" * 64 + b"\npop\n")
        # Each text takes memory: there is a limit.
        wait_for(lambda: asks_too_much(daemon, text), 5, "all eight to be announced")
        assert daemon.command("pop show version").is_success
    wait_for(lambda: daemon.push(11, text).is_success, 5, "room for a text")


@pytest.mark.parametrize("line", ["pop shutdown now", "config push", "config push x", "config diff 5",
                                  "config push 1 99999999 " + "0" * 64, "explain 0", "explain", "trace", "trace T1",
                                  "tunnel set debug T4141 maybe", "tunnel reseterrors"])
def test_wrong_arguments_change_nothing(site: Site, line: str) -> None:
    daemon = site.daemon(STATIC)
    before = daemon.command("config digest").text
    assert daemon.command(line).code in (400, 404)
    assert daemon.command("config digest").text == before
