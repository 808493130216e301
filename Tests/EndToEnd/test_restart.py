"""A daemon that ends and another that begins: its tunnels go on, and old datagrams move none of them.

    core ── chtst01 ── inet ──┬── home 203.0.113.10
             sixxsd           └── thief 203.0.113.66
"""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from lab import beats
from lab.daemon import Daemon, TunnelLine
from lab.namespace import wait_for
from lab.packets import echo, send_ipv6
from lab.site import PASSWORD, Site, User, inner_of
from lab.topology import SERVER

HOME, THIEF = "203.0.113.10", "203.0.113.66"
AYIYA = TunnelLine(1, 5072, "ayiya", 1280, PASSWORD)
HEARTBEAT = TunnelLine(2, 3740, "heartbeat", 1280, PASSWORD)


def state_file(daemon: Daemon) -> Path:
    return daemon.file.with_name("sixxsd.state")


def reaches_home(site: Site, user: User) -> bool:
    """Whether a packet from the native side comes to the user's end, who said nothing before."""
    with user.listen() as listener:
        send_ipv6(site.core, echo(SERVER, user.them))

        def is_it(packet: object) -> bool:
            inner = inner_of(packet)  # type: ignore[arg-type]
            return inner is not None and inner.dst == user.them

        return listener.first(is_it, 3) is not None


def endpoint(daemon: Daemon, tunnel: TunnelLine) -> str:
    return (daemon.tunnel(tunnel.number).get("endpoint") or "").partition(":")[0]


def is_written_down(daemon: Daemon, user: User) -> bool:
    lines = state_file(daemon).read_text().splitlines() if state_file(daemon).exists() else []
    return any(f" T{user.tunnel.number} " in line and HOME in line for line in lines)


@pytest.mark.parametrize("tunnel", [AYIYA, HEARTBEAT], ids=["ayiya", "heartbeat"])
@pytest.mark.parametrize("end", ["stop", "kill"])
def test_a_tunnel_goes_on_and_a_copy_is_refused(site: Site, end: str, tunnel: TunnelLine) -> None:
    daemon = site.daemon(AYIYA, HEARTBEAT, options=["--state-interval", "1"])
    user = site.user(site.home(ipv4=HOME), HOME, tunnel)
    thief = site.user(site.home("thief", THIEF), THIEF, tunnel)
    user.beat()
    daemon.wait_for_state(tunnel.number, "up")
    wait_for(lambda: is_written_down(daemon, user), 5, "the session to be written down", every=0.05)
    # Later than what was written down, as far as that was before it.
    stolen = user.beat()
    getattr(daemon, end)()
    mode = state_file(daemon).stat().st_mode
    assert stat.S_IMODE(mode) == 0o600
    assert PASSWORD not in state_file(daemon).read_text()

    daemon.start()
    assert reaches_home(site, user), "at once, and outward"
    port = beats.AYIYA_PORT if tunnel is AYIYA else beats.HEARTBEAT_PORT
    thief.send_datagram(stolen, port)
    daemon.wait_for_error(tunnel.number, "AYIYA Replay" if tunnel is AYIYA else "HB Replay")
    assert endpoint(daemon, tunnel) == HOME
    assert "tunnels=1 " in daemon.log and "sessions restored from before the restart" in daemon.log


# What stands in the file, made of what the daemon wrote, and what is said about it.
USELESS = {
    "cut": (lambda text: text[:-1], "it is damaged"),
    "changed": (lambda text: text.replace(b" up ", b" uq "), "it is damaged"),
    "foreign": (lambda text: b"pop set id 1\n", "it is not a state file"),
    "version": (lambda text: b"sixxsd state 2\n" + text, "it has version 2"),
    "huge": (lambda text: b"x" * (5 << 20), "File too large"),
}


def test_a_file_that_is_of_no_use_is_named_once(site: Site) -> None:
    daemon = site.daemon(AYIYA)
    user = site.user(site.home(ipv4=HOME), HOME, AYIYA)
    for change, words in USELESS.values():
        user.beat()
        daemon.wait_for_state(AYIYA.number, "up")
        daemon.stop()
        file = state_file(daemon)
        file.write_bytes(change(file.read_bytes()))
        daemon.start()
        lines = [line for line in daemon.log.splitlines() if "sixxsd.state" in line]
        assert len(lines) == 1 and words in lines[0], daemon.log
        assert daemon.state(AYIYA.number) == "down"


def test_without_a_file_nothing_is_written(site: Site) -> None:
    daemon = site.daemon(AYIYA, options=["--state", "none"])
    daemon.stop()
    assert [path.name for path in daemon.file.parent.iterdir()] == ["sixxsd.conf"]
