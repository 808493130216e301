"""Starting, stopping, and a second daemon where one is already.

    core ── chtst01 ── inet
             sixxsd (and a second one)
"""

from __future__ import annotations

import signal

import pytest

from lab.daemon import Daemon, TunnelLine, configuration
from lab.namespace import wait_for
from lab.site import PLAN, Site
from lab.traffic import answers

STATIC = TunnelLine(1, 4141, "203.0.113.10", 1280)


def routes(site: Site) -> set[str]:
    """Every IPv6 route of the PoP, save the anycast addresses that forwarding brings, and the links' own, which come late."""
    found: list[dict] = site.pop.show("-6", "route", "show", "table", "all")  # type: ignore[assignment]
    return {route["dst"] for route in found if route.get("type") != "anycast" and not route["dst"].startswith("fe80")}


def test_ready_means_device_and_routes(site: Site) -> None:
    site.daemon(STATIC)
    assert {"2001:db8:2ff::/48", "2001:db8:3000::/40"} <= routes(site)
    assert answers(site.core, site.plan.us(1))


def test_the_kernel_keeps_no_neighbour_an_address(site: Site) -> None:
    site.daemon(STATIC)
    for tid in range(0x10, 0x30):
        answers_nothing = site.plan.them(tid)
        site.core.run("ping", "-c", 1, "-W", 0.01, answers_nothing, check=False)
    assert len(site.pop.show("-6", "neigh", "show", "dev", "sixxs")) <= 1  # type: ignore[arg-type]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_told_to_end_it_leaves_nothing(site: Site, number: int) -> None:
    before = routes(site)
    daemon = site.daemon(STATIC)
    daemon.signal(number)
    assert daemon.process is not None and daemon.process.wait(5) == 0
    assert not site.pop.has_interface("sixxs")
    assert routes(site) == before
    assert daemon.start().answers(), "and starts again at once"


def test_a_second_one_on_the_same_port_says_so(site: Site) -> None:
    first = site.daemon(STATIC)
    second = Daemon(site.pop, site.programs.sixxsd, configuration(PLAN), name="second", tun="sixxs1")
    process = second.launch()
    assert process.wait(5) == 1
    assert "5072" in process.output or "42003" in process.output
    assert first.answers() and answers(site.core, site.plan.us(1))


def test_a_second_one_on_the_same_device_says_so(site: Site) -> None:
    first = site.daemon(STATIC)
    second = Daemon(site.pop, site.programs.sixxsd, configuration(PLAN), name="second", control="127.0.0.1:42004")
    process = second.launch()
    assert process.wait(5) == 1
    assert "sixxs" in process.output and ("busy" in process.output.lower() or "use" in process.output.lower())
    assert first.answers() and answers(site.core, site.plan.us(1))


def test_the_control_port_is_on_loopback_only(site: Site) -> None:
    daemon = site.daemon(STATIC)
    listening = site.pop.run("ss", "-Hltn").stdout
    assert "127.0.0.1:42003" in listening
    assert "0.0.0.0:42003" not in listening and "*:42003" not in listening
    assert daemon.socket_path.is_socket()


def test_a_hangup_reads_the_file_again(site: Site) -> None:
    daemon = site.daemon(STATIC)
    pid = daemon.pid
    daemon.file.write_text(configuration(PLAN, [STATIC, TunnelLine(2, 7, "203.0.113.11", 1280)]))
    daemon.signal(signal.SIGHUP)
    wait_for(lambda: len(daemon.report()["tunnels"]) == 2, 3, "the second tunnel")
    assert daemon.pid == pid and daemon.is_running
