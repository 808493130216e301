"""Who may use the control port, and how much of it.

    chtst01: sixxsd, and users of the host who mean no good
"""

from __future__ import annotations

import contextlib
import os
import pwd
import socket
import stat
import struct
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.accounts import GID, STRANGER_UID, UID, acting_as
from lab.daemon import CONTROL, ControlSession, Daemon, TunnelLine, configuration
from lab.fleet import PLANS, Fleet
from lab.namespace import Namespace, wait_for
from lab.site import PASSWORD, PLAN, Site

NOBODY = pwd.getpwnam("nobody").pw_uid
TUNNEL = TunnelLine(1, 5072, "ayiya", 1280, PASSWORD)
DISABLE = b"tunnel set config 1 T5072 ayiya disabled 1280 x\r\n"


def connect(site: Site, uid: int = 0, address: tuple[str, int] = CONTROL) -> socket.socket:
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    return connected(site.pop, uid, family, address)


def connected(namespace: Namespace, uid: int, family: int, address: tuple[str, int]) -> socket.socket:
    # Whose a socket is, is who made it.
    with namespace.entered(), acting_as(uid):
        connection = socket.socket(family, socket.SOCK_STREAM)
    connection.settimeout(5)
    connection.connect(address)
    return connection


def hears(connection: socket.socket) -> str:
    """All that is said until the connection ends."""
    said = b""
    with contextlib.closing(connection), contextlib.suppress(ConnectionError):
        while piece := connection.recv(4096):
            said += piece
    return said.decode()


def unix(daemon: Daemon, uid: int) -> str:
    with acting_as(uid):
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(5)
        connection.connect(str(daemon.socket_path))
    connection.sendall(b"exit\n")
    return hears(connection)


def asks(site: Site, uid: int, address: tuple[str, int] = CONTROL) -> str:
    connection = connect(site, uid, address)
    connection.sendall(b"exit\n")
    return hears(connection)


# What is not our language

@pytest.mark.parametrize("request_line", ["POST / HTTP/1.1", "GET / HTTP/1.0", "PUT /x", "Host: 127.0.0.1",
                                          "SSH-2.0-OpenSSH_9.2", "\x16\x03\x01"])
def test_what_is_behind_a_request_is_not_carried_out(site: Site, request_line: str) -> None:
    daemon = site.daemon(TUNNEL)
    connection = connect(site)
    connection.sendall(request_line.encode() + b"\r\nContent-Type: text/plain\r\n\r\n" + DISABLE + b"pop shutdown\r\n")
    assert "200 OK" not in hears(connection)
    assert daemon.state(5072) != "disabled" and daemon.is_running


def test_curl_changes_nothing(site: Site) -> None:
    daemon = site.daemon(TUNNEL)
    for method in ("POST", "GET", "TRACE", "PROPFIND"):
        site.pop.run("curl", "-sS", "--http0.9", "-m", "3", "-X", method, "--data-binary", DISABLE.decode(),
                     "http://127.0.0.1:42003/", check=False)
    site.pop.run("curl", "-sSk", "-m", "3", "--data-binary", DISABLE.decode(), "https://127.0.0.1:42003/", check=False)
    assert daemon.state(5072) != "disabled"


# Who may

def test_only_root_and_the_group_may(site: Site) -> None:
    daemon = Daemon(site.pop, site.programs.sixxsd, configuration(PLAN, [TUNNEL])).let_centre_in()
    # Without an address it listens on both families.
    daemon.control = "[::]:42003"
    daemon.launch()
    wait_for(lambda: "serving" in daemon.log, 10, "the daemon")
    for address in (("127.0.0.1", 42003), ("::1", 42003), ("::ffff:127.0.0.1", 42003)):
        assert asks(site, 0, address).startswith("200 chtst01 sixxsd ")
        assert asks(site, UID, address).startswith("200 chtst01 sixxsd ")
        said = asks(site, STRANGER_UID, address)
        assert said.startswith("403 not allowed: user sxother (64998) may not use the control port; root may, user 0 and "
                               "the members of group sxops: usermod -a -G sxops sxother")
        assert asks(site, NOBODY, address).startswith("403 not allowed: user nobody ")
        assert asks(site, 4711, address).startswith("403 not allowed: user 4711 ")
    status = daemon.socket_path.stat()
    assert status.st_gid == GID and stat.S_IMODE(status.st_mode) == 0o660
    with pytest.raises(PermissionError):
        unix(daemon, NOBODY)
    # Whatever somebody does to the file.
    daemon.socket_path.chmod(0o666)
    daemon.socket_path.parent.chmod(0o755)
    assert unix(daemon, UID).startswith("200 chtst01 ")
    assert unix(daemon, NOBODY).startswith("403 not allowed: user nobody ")
    assert daemon.log.count("user nobody") == 1, "each reason is logged once in a while"


def test_a_list_says_who_may(site: Site) -> None:
    daemon = Daemon(site.pop, site.programs.sixxsd, configuration(PLAN, [TUNNEL])).let_centre_in()
    daemon.options = ["--control-users", "sxother,4711"]
    daemon.start()
    assert asks(site, STRANGER_UID).startswith("200 ") and asks(site, 4711).startswith("200 ")
    assert asks(site, UID).startswith("403 ") and asks(site, NOBODY).startswith("403 ")
    assert daemon.stop() == 0
    daemon.options = ["--control-users", "all"]
    daemon.start()
    assert asks(site, NOBODY).startswith("200 ")


def test_names_that_nobody_knows_are_refused(site: Site) -> None:
    daemon = Daemon(site.pop, site.programs.sixxsd, configuration(PLAN))
    for options, said in ((["--control-users", "root,sxnoone"], 'there is no user "sxnoone" on this host'),
                          (["--control-users", "@sxnoone"], 'there is no group "sxnoone" on this host'),
                          (["--control-group", "sxnoone"], 'there is no group "sxnoone" on this host')):
        daemon.options = options
        process = daemon.launch()
        assert process.wait(5) == 1 and said in process.output


def test_the_daemons_own_user_may(site: Site) -> None:
    daemon = Daemon(site.pop, site.programs.sixxsd, configuration(PLAN)).let_centre_in()
    daemon.options = ["--user", "sxother"]
    daemon.start()
    assert asks(site, STRANGER_UID).startswith("200 ") and asks(site, UID).startswith("200 ")
    assert asks(site, NOBODY).startswith("403 ")
    status = daemon.socket_path.stat()
    assert (status.st_uid, status.st_gid) == (STRANGER_UID, GID)


def test_who_closes_at_once_is_not_taken_for_root(site: Site) -> None:
    """Of a connection that no process holds any more the kernel says user 0."""
    daemon = site.daemon(TUNNEL)
    for number in range(60):
        connection = connect(site, NOBODY)
        connection.sendall(DISABLE)
        if number % 3 == 0:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if number % 3 == 1:
            connection.shutdown(socket.SHUT_WR)
        connection.close()
    # In the daemon's ears all of them are before this.
    assert daemon.command("pop show version").is_success
    assert daemon.state(5072) != "disabled"


def test_who_comes_by_another_address_of_the_host_is_still_its_user(site: Site) -> None:
    text = configuration(PLAN, [TUNNEL]).replace("\t\tadd ::1\n", f"\t\tadd {PLAN.ipv4}\n\t\tadd 203.0.113.0/24\n")
    daemon = Daemon(site.pop, site.programs.sixxsd, text)
    daemon.control = "0.0.0.0:42003"
    daemon.launch()
    wait_for(lambda: "serving" in daemon.log, 10, "the daemon")
    assert asks(site, 0, (PLAN.ipv4, 42003)).startswith("200 ")
    assert asks(site, NOBODY, (PLAN.ipv4, 42003)).startswith("403 not allowed: user nobody ")
    # Elsewhere the address counts, and nobody's number.
    home = site.home()
    connection = connected(home, NOBODY, socket.AF_INET, (PLAN.ipv4, 42003))
    connection.sendall(b"exit\n")
    assert hears(connection).startswith("200 ")


def test_the_centres_account_is_told_what_it_lacks(laboratory, programs) -> None:  # type: ignore[no-untyped-def]
    fleet = Fleet(laboratory, programs, PLANS[:1])
    fleet.trust_all()
    pop = fleet.pops["chtst01"]
    assert fleet.central.outcomes() == {"chtst01": "applied"}
    assert pop.daemon.stop() == 0
    # What sshd forwards is the account's, as the kernel sees it.
    pop.daemon.options = ["--control-group", "root"]
    pop.daemon.start()
    said = fleet.central.line_about("chtst01", "push")
    assert f"403 not allowed: user sixxs ({UID}) may not use the control port" in said
    doctor = fleet.central.run("doctor", check=False)
    assert "usermod -a -G" in doctor.stdout and doctor.returncode == 1
    assert "usermod -a -G" in fleet.central.run("pop", "show", "chtst01", "--authorized-keys").stderr


# How much

@contextlib.contextmanager
def idle(site: Site, uid: int, count: int) -> Iterator[list[socket.socket]]:
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(contextlib.closing(connect(site, uid))) for _ in range(count)]


def test_idle_sessions_of_one_user_keep_nobody_out(site: Site) -> None:
    daemon = Daemon(site.pop, site.programs.sixxsd, configuration(PLAN, [TUNNEL])).let_centre_in()
    daemon.options = ["--control-users", "@sxops,nobody"]
    daemon.start()
    with contextlib.ExitStack() as stack:
        for uid in (NOBODY, 0):
            greetings = []
            for _ in range(130):
                # One by one: of those who come at once, few may wait to be judged.
                connection = stack.enter_context(contextlib.closing(connect(site, uid)))
                greetings.append(connection.recv(200))
            assert sum(said.startswith(b"200 ") for said in greetings) == 100
            assert sum(b"425 too many sessions, at most 100 of one user" in said for said in greetings) == 30
        assert asks(site, UID).startswith("200 ")


def test_announced_texts_of_one_user_refuse_no_push(site: Site) -> None:
    daemon = Daemon(site.pop, site.programs.sixxsd, configuration(PLAN, [TUNNEL])).let_centre_in()
    daemon.options = ["--control-users", "@sxops,nobody"]
    daemon.start()
    announced = f"config push 9 {4 << 20} {'0' * 64}\n".encode()
    with idle(site, NOBODY, 12) as nobodys, idle(site, 0, 12) as roots:
        for connection in nobodys + roots:
            connection.sendall(announced)
        wait_for(lambda: b"425 too many texts of this user" in roots[-1].recv(4096, socket.MSG_PEEK), 5, "a refusal")
        session = ControlSession.over(connect(site, UID))
        assert session.push(10, configuration(PLAN, [TUNNEL], beat_timeout=60)).is_success


def test_those_who_are_refused_hold_no_places(site: Site) -> None:
    daemon = site.daemon(TUNNEL)
    before = descriptors(daemon)
    with contextlib.ExitStack() as stack:
        for _ in range(300):
            stack.enter_context(contextlib.closing(connect(site, NOBODY)))
        # Nobody reads or closes: they are left all the same, and others are served meanwhile.
        assert daemon.command("pop show version").is_success
        # Of 300; a daemon that has just started opens a few more of its own.
        wait_for(lambda: descriptors(daemon) <= before + 10, 5, "the refused to be gone")


def descriptors(daemon: Daemon) -> int:
    return len(os.listdir(f"/proc/{daemon.pid}/fd"))


def test_memory_of_texts_is_bounded(site: Site) -> None:
    daemon = site.daemon(TUNNEL)
    daemon.report()
    before = peak(daemon)
    for piece in ("\n", "#\n", "pop\nend\n", "//" + "x" * 4000 + "\n"):
        text = piece * ((4 << 20) // len(piece))
        started = time.monotonic()
        with daemon.session(timeout=20) as session:
            reply = session.diff(text)
        assert reply.code == 400 or piece.startswith("//")
        assert time.monotonic() - started < 10
    # Eight at once, of which some are told to come later.
    sessions = [daemon.session(timeout=20) for _ in range(8)]
    text = "\n" * (4 << 20)
    for session in sessions:
        with contextlib.suppress(OSError):
            session.send(f"config push 9 {len(text)} {'0' * 64}\n".encode())
    for session in sessions:
        with contextlib.suppress(OSError):
            session.send(text.encode())
    for session in sessions:
        with contextlib.suppress(OSError, ValueError):
            assert session.read_reply().code in (400, 425)
        session.close()
    assert daemon.command("pop show version").is_success
    assert peak(daemon) - before < 60_000


def peak(daemon: Daemon) -> int:
    """The most memory the daemon ever had, in KiB."""
    lines = Path(f"/proc/{daemon.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))


# The doors

def test_the_tcp_door_can_stay_shut(site: Site) -> None:
    daemon = Daemon(site.pop, site.programs.sixxsd, configuration(PLAN, [TUNNEL]), control="none")
    daemon.launch()
    wait_for(lambda: "serving" in daemon.log, 10, "the daemon")
    assert daemon.unix_session().command("pop show version").is_success
    assert ":42003" not in site.pop.run("ss", "-Hltn").stdout
    assert daemon.stop() == 0 and not daemon.socket_path.exists()
    process = site.pop.spawn(site.programs.sixxsd, "--config", daemon.file, "--control", "none")
    assert process.wait(5) == 2 and "give --socket as well" in process.output


def test_a_second_daemon_does_not_take_the_socket(site: Site) -> None:
    daemon = site.daemon(TUNNEL)
    inode = daemon.socket_path.stat().st_ino
    # As in a container that shares the folder.
    second = site.core.spawn(site.programs.sixxsd, "--config", daemon.file, "--socket",
                             daemon.socket_path, name="second")
    assert second.wait(10) == 1
    assert f"{daemon.socket_path}: process {daemon.pid} of user 0 listens there: is a daemon running already?" in second.output
    assert daemon.socket_path.stat().st_ino == inode
    assert daemon.unix_session().command("pop get id").text == "1"
    # What is left of one that was killed is no obstacle, and another's is not removed.
    daemon.kill()
    assert daemon.socket_path.exists()
    daemon.start()
    daemon.socket_path.unlink()
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as other:
        other.bind(str(daemon.socket_path))
        assert daemon.stop() == 0
        assert daemon.socket_path.exists()


def test_the_host_is_not_locked_out_by_accident(site: Site) -> None:
    daemon = site.daemon(TUNNEL)
    with daemon.session() as session:
        assert session.command("pop cliacl reset").is_success
        reply = session.command("pop cliacl add 10.0.0.0/8")
        assert reply.code == 425 and "pop cliacl add 127.0.0.1 first, or add 'force'" in reply.text
        assert daemon.answers()
        assert session.command("pop cliacl add 10.0.0.0/8 force").is_success
        assert asks(site, 0) == "403 not allowed\n" and "cliacl does not let 127.0.0.1 in" in daemon.log
    # Files of old load as they are.
    text = configuration(PLAN, [TUNNEL]).replace("\t\tadd ::1\n\t\tadd 127.0.0.1\n", "\t\tadd 10.0.0.0/8\n")
    with contextlib.closing(daemon.unix_session()) as session:
        assert session.push(2, text).is_success
        assert "10.0.0.0/8" in (session.command("pop cliacl list").lines or ())


KNOCKING = """
import socket
while True:
    try:
        socket.create_connection(("127.0.0.1", 42003), 0.2).close()
    except OSError:
        pass
"""


@pytest.mark.seconds(60)
def test_nobody_disturbs_the_end(site: Site) -> None:
    """Connections that come and go while the daemon ends are closed, and no reason to fall over."""
    for _ in range(6):
        daemon = site.daemon(TUNNEL)
        with idle(site, 0, 10):
            strangers = [site.pop.spawn("setpriv", f"--reuid={STRANGER_UID}", f"--regid={STRANGER_UID}", "--clear-groups",
                                        sys.executable, "-c", KNOCKING) for _ in range(2)]
            time.sleep(0.5)
            assert daemon.stop() == 0
            for stranger in strangers:
                stranger.kill()


@pytest.mark.seconds(60)
def test_reports_of_one_user_hold_up_nobody(site: Site) -> None:
    tunnels = [TunnelLine(tid, 10000 + tid, "ayiya", 1280, PASSWORD) for tid in range(8192)]
    daemon = Daemon(site.pop, site.programs.sixxsd, configuration(PLAN, tunnels)).let_centre_in()
    daemon.options = ["--control-users", "@sxops,sxother"]
    daemon.start()
    before = peak(daemon)
    with idle(site, STRANGER_UID, 100) as sessions:
        for session in sessions:
            session.sendall(b"pop report\n" * 10)
        time.sleep(2)
        started = time.monotonic()
        assert daemon.command("pop show status").is_success
        assert time.monotonic() - started < 10
        # Two of them, however many ask and don't read.
        assert peak(daemon) - before < 64 << 10


def test_root_has_places_that_nobody_takes(site: Site) -> None:
    daemon = Daemon(site.pop, site.programs.sixxsd, configuration(PLAN, [TUNNEL])).let_centre_in()
    daemon.options = ["--control-users", "all"]
    daemon.start()
    with contextlib.ExitStack() as stack:
        for uid in (STRANGER_UID, 4001, 4002, 4003, UID):
            stack.enter_context(idle(site, uid, 110))
        # The same user by the other door.
        for _ in range(110):
            with acting_as(UID, groups=(GID,)):
                session = stack.enter_context(socket.socket(socket.AF_UNIX))
                session.settimeout(5)
                session.connect(str(daemon.socket_path))
            with contextlib.suppress(OSError):
                session.recv(4096)
        assert daemon.command("pop show version").is_success
