"""What programs may do once they run: the daemon, watched by a service manager, and the client.

    chtst01 alone, or with a home
"""

from __future__ import annotations

import contextlib
import os
import pwd
import signal
import socket
from pathlib import Path

import pytest

from lab.daemon import Daemon, TunnelLine, configuration
from lab.namespace import wait_for
from lab.site import PASSWORD, PLAN, Site
from lab.topology import SERVER
from lab.traffic import answers, ping

TEXT = configuration(PLAN, [TunnelLine(1, 4141, "203.0.113.10", 1280)])
DAC_OVERRIDE, NET_ADMIN, NET_RAW = 1, 12, 13
NOBODY = pwd.getpwnam("nobody").pw_uid


def unprivileged(site: Site) -> Daemon:
    daemon = Daemon(site.pop, site.programs.sixxsd, TEXT)
    daemon.options = ["--user", "nobody"]
    return daemon


def statuses(pid: int) -> list[dict[str, str]]:
    """What /proc says of every thread, by name."""
    texts = [(task / "status").read_text() for task in Path(f"/proc/{pid}/task").iterdir()]
    return [dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line) for text in texts]


def assert_confined(pid: int, uid: int, *capabilities: int) -> None:
    """Holds all threads to a user, to some capabilities and to no way to others; no core dump has their memory."""
    mask = f"{sum(1 << number for number in capabilities):016x}"
    none = f"{0:016x}"
    for status in statuses(pid):
        assert status["Uid"].split() == [str(uid)] * 4
        assert (status["CapEff"], status["CapPrm"], status["CapBnd"], status["CapInh"], status["CapAmb"]) == (
            mask, mask, none, none, none), status
        assert status["NoNewPrivs"] == "1"
    assert os.stat(f"/proc/{pid}/mem").st_uid == 0, "nobody but root reads what a process keeps to itself"


def test_every_thread_has_two_capabilities_and_another_user(site: Site) -> None:
    daemon = unprivileged(site).start()
    assert len(statuses(daemon.pid)) > 2
    assert_confined(daemon.pid, NOBODY, NET_ADMIN, NET_RAW)
    assert answers(site.core, site.plan.us(1))


def test_root_keeps_little_of_its_powers(site: Site) -> None:
    daemon = Daemon(site.pop, site.programs.sixxsd, TEXT).start()
    assert_confined(daemon.pid, 0, DAC_OVERRIDE, NET_ADMIN, NET_RAW)
    assert daemon.push(2, TEXT).is_success


@pytest.mark.parametrize(("kind", "capabilities"), [("ayiya", [NET_ADMIN]), ("heartbeat", [NET_ADMIN, NET_RAW])])
def test_the_client_gives_its_powers_away_and_still_moves(site: Site, kind: str, capabilities: list[int]) -> None:
    tunnel = TunnelLine(1, 5072, kind, 1280, PASSWORD)
    site.daemon(tunnel)
    home = site.home(ipv4="203.0.113.10")
    client = site.client(home, tunnel, beat_interval=1).start()
    assert client.process is not None
    assert_confined(client.process.pid, NOBODY, *capabilities)
    site.backbone.move(home, "203.0.113.10", "203.0.113.20")
    wait_for(lambda: "203.0.113.20" in client.process.output, 8, "the move")
    # The PoP believes the new address from the next beat on.
    wait_for(lambda: ping(home, SERVER, count=1).all_arrived, 5, "an answer at the new address")
    assert ping(home, SERVER, count=3).all_arrived
    assert client.stop() == 0 and not home.has_interface(client.tun)


def test_it_still_changes_routes_and_saves(site: Site) -> None:
    daemon = unprivileged(site).start()
    text = TEXT.replace("cliacl", "subnetprefix add 2001:db8:4000::/40\n\tcliacl", 1)
    assert daemon.push(2, text).is_success
    found = site.pop.show("-6", "route", "show", "table", "all")
    assert "2001:db8:4000::/40" in {route["dst"] for route in found}  # type: ignore[attr-defined]
    assert daemon.file.stat().st_uid == NOBODY and daemon.file.stat().st_mode & 0o777 == 0o600
    assert daemon.socket_path.stat().st_mode & 0o777 == 0o660
    assert "not follow" not in daemon.log
    daemon.signal(signal.SIGTERM)
    assert daemon.process is not None and daemon.process.wait(5) == 0
    assert not site.pop.has_interface("sixxs")


def test_a_folder_that_it_can_t_write_is_named(site: Site) -> None:
    daemon = unprivileged(site)
    daemon.file.parent.chmod(0o755)
    process = daemon.launch()
    assert process.wait(5) == 1
    assert "not writable for user nobody" in process.output
    assert not site.pop.has_interface("sixxs")


def test_an_unknown_user_is_named(site: Site) -> None:
    daemon = unprivileged(site)
    daemon.options = ["--user", "sxnobody"]
    process = daemon.launch()
    assert process.wait(5) == 1
    assert "sxnobody" in process.output


def test_a_service_manager_is_told(site: Site) -> None:
    daemon = Daemon(site.pop, site.programs.sixxsd, TEXT)
    path = daemon.file.with_name("notify")
    with contextlib.closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as manager:
        manager.bind(str(path))
        manager.settimeout(3)
        daemon.prefix = ["env", f"NOTIFY_SOCKET={path}", "WATCHDOG_USEC=600000"]
        daemon.start()
        said = [manager.recv(200).decode() for _ in range(6)]
        assert "READY=1" in said and said.count("WATCHDOG=1") >= 4
        daemon.signal(signal.SIGHUP)
        wait_for(lambda: manager.recv(200).startswith(b"RELOADING=1\nMONOTONIC_USEC="), 3, "RELOADING")
        wait_for(lambda: manager.recv(200) == b"READY=1", 3, "READY")
        daemon.signal(signal.SIGTERM)
        wait_for(lambda: manager.recv(200) == b"STOPPING=1", 3, "STOPPING")
