"""Run as an unprivileged user, and watched by a service manager.

    chtst01 alone
"""

from __future__ import annotations

import contextlib
import pwd
import re
import signal
import socket
from pathlib import Path

from lab.daemon import Daemon, TunnelLine, configuration
from lab.namespace import wait_for
from lab.site import PLAN, Site
from lab.traffic import answers

TEXT = configuration(PLAN, [TunnelLine(1, 4141, "203.0.113.10", 1280)])
NET_ADMIN, NET_RAW = 12, 13
NOBODY = pwd.getpwnam("nobody").pw_uid


def unprivileged(site: Site) -> Daemon:
    daemon = Daemon(site.pop, site.programs.sixxsd, TEXT)
    daemon.options = ["--user", "nobody"]
    return daemon


def test_every_thread_has_two_capabilities_and_another_user(site: Site) -> None:
    daemon = unprivileged(site).start()
    tasks = list(Path(f"/proc/{daemon.pid}/task").iterdir())
    assert len(tasks) > 2
    for task in tasks:
        status = (task / "status").read_text()
        uids = re.search(r"Uid:\s+(\d+)\s+(\d+)\s+(\d+)\s+(\d+)", status)
        assert uids and {int(uid) for uid in uids.groups()} == {NOBODY}, status
        effective = re.search(r"CapEff:\s+([0-9a-f]+)", status)
        assert effective and int(effective[1], 16) == 1 << NET_ADMIN | 1 << NET_RAW, status
        assert "NoNewPrivs:\t1" in status
    assert answers(site.core, site.plan.us(1))


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
