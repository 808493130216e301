"""The control port as people and scripts use it.

    core ── chtst01 ── inet
             sixxsd: 127.0.0.1:42003 and a UNIX socket
"""

from __future__ import annotations

import contextlib
import resource
import socket
import struct
import time

import pytest

from lab.daemon import ControlSession, TunnelLine, configuration
from lab.namespace import wait_for
from lab.site import PASSWORD, PLAN, Site
from lab.traffic import answers

STATIC = TunnelLine(1, 4141, "203.0.113.10", 1280)
AYIYA = TunnelLine(2, 5072, "ayiya", 1280, PASSWORD)


def unix_session(path: str) -> ControlSession:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.connect(path)
    return ControlSession.over(connection)


def test_menus_are_entered_and_left(site: Site) -> None:
    with site.daemon(STATIC).session() as session:
        assert session.command("pop").is_success
        assert session.command("show").is_success
        assert (session.command("status").lines or ())[-1].startswith("total ")
        assert session.command("..").is_success
        assert session.command("end").is_success
        assert session.command("tunnel list").lines
        assert session.command("pop").is_success
        assert session.command("/").is_success
        assert session.command("TUNNEL LIST").lines, "case does not matter"
        assert session.command("help").lines and session.command("fullhelp").lines
        assert session.command("nonsense").code == 404
        assert session.command("tunnel show 1fff").code == 404
        assert session.command("tunnel show xyz").code in (400, 404)
        assert session.command("exit").code == 200
        with pytest.raises(ConnectionError):
            session.command("pop show status")


def test_lines_end_as_their_senders_like(site: Site) -> None:
    with site.daemon(STATIC).session() as session:
        session.send(b"pop show version\r\npop show upt")
        assert session.read_reply().text.startswith("sixxsd ")
        session.send(b"ime\n\n\r\npop show version\n")
        assert "days" in session.read_reply().text
        assert session.read_reply().text.startswith("sixxsd ")


def test_a_tunnel_has_many_names(site: Site) -> None:
    with site.daemon(STATIC, subnets=[("2001:db8:3001::/48", 1)]).session() as session:
        shown = [session.command(f"tunnel show {name}").lines for name in
                 ("1", "T4141", "t4141", "2001:db8:2ff:1::2", "2001:db8:2ff:8001::77", "2001:db8:3001:5::6")]
    assert all(lines and lines[0] == shown[0][0] for lines in shown)  # type: ignore[index]


def test_the_unix_socket_shows_what_loads_again(site: Site) -> None:
    daemon = site.daemon(STATIC, AYIYA)
    with unix_session(str(daemon.socket_path)) as session:
        shown = "".join(line + "\n" for line in session.command("config show").lines or ())
        assert PASSWORD in shown
        assert session.push(2, shown).text == "generation 2 unchanged"
    assert daemon.socket_path.stat().st_mode & 0o002 == 0, "not for everybody"
    assert PASSWORD not in str(daemon.command("config show"))


def test_a_stranger_is_refused(site: Site) -> None:
    text = configuration(PLAN, [STATIC])
    daemon = site.daemon(STATIC)
    assert daemon.push(2, text.replace("\t\tadd 127.0.0.1\n", "\t\tadd 127.0.0.9\n")).is_success
    with contextlib.closing(site.pop.socket(socket.AF_INET, socket.SOCK_STREAM)) as stranger:
        stranger.settimeout(3)
        stranger.connect(("127.0.0.1", 42003))
        assert stranger.recv(100) == b"403 not allowed\n"
        assert stranger.recv(100) == b""
    with unix_session(str(daemon.socket_path)) as session:
        assert session.push(3, text).is_success
    assert daemon.answers()


def test_more_sessions_than_descriptors_do_no_harm(site: Site) -> None:
    daemon = site.daemon(STATIC)
    # All threads live: one that is still to begin would end the daemon.
    assert daemon.balance().is_even
    resource.prlimit(daemon.pid, resource.RLIMIT_NOFILE, (64, 64))
    opened = []
    for _ in range(200):
        connection = site.pop.socket(socket.AF_INET, socket.SOCK_STREAM)
        connection.setblocking(False)
        connection.connect_ex(("127.0.0.1", 42003))
        opened.append(connection)
    time.sleep(1)
    for connection in opened:
        # A reset instead of a polite end.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
    wait_for(daemon.answers, 5, "the control port", every=0.1)
    assert daemon.is_running
    assert answers(site.core, site.plan.us(1))


def test_passwords_are_never_printed(site: Site) -> None:
    with site.daemon(AYIYA).session() as session:
        for line in ("tunnel show 2", "tunnel list", "tunnel stats", "pop show info", "pop report", "config show"):
            assert PASSWORD not in str(session.command(line)), line
