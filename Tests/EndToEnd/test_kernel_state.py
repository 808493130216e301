"""What the programs have in the kernel, and what others do to it: seen, put back, said.

    core ── chtst01 ── inet ── home
             sixxsd            sixxs-client
"""

from __future__ import annotations

import re
import socket
import struct
import time

import pytest

from lab.daemon import Daemon, TunnelLine, configuration
from lab.fleet import Fleet, FleetPoP
from lab.namespace import Namespace, wait_for
from lab.site import PASSWORD, PLAN, Site
from lab.topology import SERVER
from lab.traffic import ping

AYIYA = TunnelLine(1, 5072, "ayiya", 1280, PASSWORD)
TEXT = configuration(PLAN, [AYIYA])
ROUTES = ("-6", "route", "show", "dev", "sixxs", "proto", 166)
# The specification's five seconds, and what a busy machine takes on top.
SOON = 8
READ_ONLY = ["unshare", "--mount", "/bin/sh", "-c",
             'mount --make-rprivate / && mount -o bind,ro /proc/sys /proc/sys && exec "$@"', "sh"]


def change(namespace: Namespace, *lines: str) -> None:
    """Does what an operator, or a program that knows no better, does with ip(8)."""
    for line in lines:
        namespace.run("ip", *line.split())


def link_of(pop: FleetPoP) -> str:
    """The interface that has the PoP's address."""
    links: list[dict] = pop.namespace.show("addr")  # type: ignore[assignment]
    return next(link["ifname"] for link in links if any(entry["local"] == pop.plan.ipv4 for entry in link["addr_info"]))


def mended(daemon: Daemon) -> dict[str, int]:
    """How often something of each kind was put back."""
    lines = daemon.command("pop show kernel").lines or ()
    return {line.split()[1]: int(line.split()[2]) for line in lines if line.startswith("mended ")}


def test_what_others_change_of_the_daemons_is_put_back(site: Site) -> None:
    daemon = site.daemon(AYIYA)
    routes = site.pop.show(*ROUTES)
    prefix = PLAN.tunnel_prefix
    for what, *lines in (
        ("route", f"-6 route del {prefix} dev sixxs"),
        ("route", f"-6 route replace {prefix} dev core0"),
        ("route", f"-6 route replace blackhole {prefix}"),
        ("route", f"-6 route flush dev sixxs proto {166}"),
        ("mtu", "link set sixxs mtu 1280"),
        ("mtu", "link set sixxs mtu 1200"),
        ("device", "link set sixxs down"),
    ):
        before = mended(daemon)[what]
        change(site.pop, *lines)
        wait_for(lambda: mended(daemon)[what] > before, SOON, f"the daemon to see {lines}")
        wait_for(lambda: site.pop.show(*ROUTES) == routes, SOON, f"all to be as before {lines}")
        device = site.pop.show("link", "show", "dev", "sixxs")[0]  # type: ignore[index]
        assert device["mtu"] == 1500 and "UP" in device["flags"], device
        assert len(site.pop.show("-6", "route", "show", prefix)) == 1, "what took its place is gone"  # type: ignore[arg-type]
    assert "was gone: added again" in daemon.log and "was replaced by" in daemon.log
    assert daemon.report()["kernel"]["mended"] == {kind: count for kind, count in mended(daemon).items() if count}


def test_what_can_t_be_put_back_is_said(site: Site) -> None:
    daemon = site.daemon(AYIYA)
    wait_for(lambda: daemon.report()["kernel"] == {"mended": {}, "faults": []}, SOON, "a daemon content")
    link = next(link for link in site.pop.show("addr") if PLAN.ipv4 in str(link))["ifname"]  # type: ignore[attr-defined]
    length = next(entry["prefixlen"] for entry in site.pop.show("addr", "show", "dev", link)[0]["addr_info"]  # type: ignore
                  if entry["local"] == PLAN.ipv4)
    change(site.pop, f"addr del {PLAN.ipv4}/{length} dev {link}", f"-6 route add {PLAN.tunnel_prefix} dev core0 metric 7")
    wait_for(lambda: len(daemon.report()["kernel"]["faults"]) == 2, SOON, "both to be faults")
    faults = "\n".join(daemon.command("pop show kernel").lines or ())
    assert f"fault address the PoP's address {PLAN.ipv4} is gone" in faults, faults
    assert re.search(rf"fault route packets for {PLAN.tunnel_prefix} .* take .* dev core0 metric 7: remove that", faults), faults
    change(site.pop, f"addr add {PLAN.ipv4}/{length} dev {link}", f"-6 route del {PLAN.tunnel_prefix} dev core0 metric 7")
    wait_for(lambda: daemon.report()["kernel"]["faults"] == [], SOON, "them to be over")
    assert "resolved: the PoP's address" in daemon.log


def advertise(site: Site) -> None:
    """The core's router tells the PoP that it is one (RFC 4861 4.2)."""
    with site.core.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6) as sender, site.core.entered():
        sender.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
        index = socket.if_nametoindex(PLAN.name)
        sender.sendto(struct.pack("!BBHBBHII", 134, 0, 0, 64, 0, 1800, 0, 0), ("ff02::1", 0, 0, index))


def test_the_host_keeps_an_advertised_default_route(site: Site) -> None:
    site.pop.sysctl({"net.ipv6.conf.all.forwarding": "0", "net.ipv6.conf.core0.accept_ra": "1"})
    change(site.pop, "-6 route flush default")
    default = lambda: str(site.pop.show("-6", "route", "show", "default"))

    def heard() -> bool:
        advertise(site)
        return "'protocol': 'ra'" in default()

    wait_for(heard, 5, "an advertised default route", every=0.2)
    daemon = site.daemon(AYIYA)
    assert "'protocol': 'ra'" in default(), daemon.log
    assert "core0 still accepts router advertisements" in daemon.log
    home = site.home()
    site.client(home, AYIYA).start()
    assert ping(home, SERVER, count=2).all_arrived


@pytest.mark.parametrize("forwards", [True, False])
def test_a_setting_is_written_only_where_it_must_be(site: Site, forwards: bool) -> None:
    site.pop.sysctl({"net.ipv6.conf.all.forwarding": str(int(forwards))})
    daemon = Daemon(site.pop, site.programs.sixxsd, TEXT)
    daemon.prefix = READ_ONLY
    if forwards:
        daemon.start()
        return
    process = daemon.launch()
    assert process.wait(10) == 1
    assert "net.ipv6.conf.all.forwarding" in process.output and "--keep-forwarding" in process.output, process.output


def test_the_host_has_back_what_the_client_gave_it(site: Site) -> None:
    site.daemon(AYIYA)
    home = site.home()
    client = site.client(home, AYIYA).start()
    assert client.process is not None
    for lines in (["-6 route del default dev sixxs0"],
                  [f"addr del {client.identity}/64 dev sixxs0", f"addr add {client.identity}/128 dev sixxs0"],
                  ["link set sixxs0 mtu 1400"], ["link set sixxs0 down", "link set sixxs0 up"], ["link set sixxs0 down"]):
        said = client.process.output.count("restored: ")
        change(home, *lines)
        wait_for(lambda: client.process.output.count("restored: ") > said, SOON, f"the client to see {lines}")
        wait_for(lambda: ping(home, SERVER, count=1, timeout=0.5).received, SOON, f"the tunnel after {lines}")
        assert home.show("link", "show", "dev", "sixxs0")[0]["mtu"] == AYIYA.mtu  # type: ignore[index]
        there = home.show("addr", "show", "dev", "sixxs0")[0]["addr_info"]  # type: ignore[index]
        assert (client.identity, 64) in {(entry["local"], entry["prefixlen"]) for entry in there}


def test_the_client_does_not_quarrel_without_end(site: Site) -> None:
    site.daemon(AYIYA)
    home = site.home()
    client = site.client(home, AYIYA).start()
    assert client.process is not None
    said = client.process.output.count("restored: ")
    for _ in range(18):
        home.run("ip", "addr", "del", f"{client.identity}/64", "dev", "sixxs0", check=False)
        time.sleep(0.4)
    assert client.process.output.count("restored: address") - said == 8
    assert client.process.output.count("again and again") == 1


def test_the_client_says_that_packets_go_elsewhere(site: Site) -> None:
    site.daemon(AYIYA)
    home = site.home()
    change(home, "-6 route add default via fe80::9 dev net0 proto ra metric 1024")
    client = site.client(home, AYIYA)
    process = client.launch()
    wait_for(lambda: "does not go through sixxs0" in process.output, SOON, "the client to say so")
    assert "ip -6 route del default via fe80::9 dev net0" in process.output
    assert "net.ipv6.conf.net0.accept_ra_defrtr=0" in process.output
    change(home, "-6 route del default via fe80::9 dev net0")
    wait_for(lambda: "goes through the tunnel again" in process.output, SOON, "the client to say that it is over")
    assert ping(home, SERVER, count=2).all_arrived


@pytest.mark.parametrize(("lines", "words"), [
    (["-6 route add unreachable default metric 5"], "a route or a rule refuses it"),
    (["-6 rule add pref 5 prohibit"], "a route or a rule refuses it"),
    (["-6 route add blackhole default table 77", "-6 rule add pref 5 table 77"], "does not go through sixxs0"),
], ids=["a route", "a rule", "a table"])
def test_the_client_says_that_packets_go_nowhere(site: Site, lines: list[str], words: str) -> None:
    site.daemon(AYIYA)
    home = site.home()
    change(home, *lines)
    process = site.client(home, AYIYA).launch()
    wait_for(lambda: words in process.output, SOON, "the client to say so")
    change(home, *(line.replace(" add ", " del ") for line in reversed(lines)))
    wait_for(lambda: "goes through the tunnel again" in process.output, 35, "the client to say that it is over")


def test_the_centre_tells_what_a_pop_can_t_put_back(fleet: Fleet) -> None:
    central, pop = fleet.central, fleet.pops["chtst01"]
    fleet.trust(pop)
    assert central.outcomes("chtst01") == {"chtst01": "applied"}
    wait_for(lambda: pop.daemon.report()["kernel"]["faults"] == [], SOON, "a daemon content")
    change(pop.namespace, f"-6 route add {pop.plan.tunnel_prefix} dev {link_of(pop)} metric 7")
    wait_for(lambda: pop.daemon.report()["kernel"]["faults"], SOON, "a fault")
    (fault,) = pop.daemon.report()["kernel"]["faults"]
    assert central.outcomes("chtst01") == {"chtst01": "unchanged"}
    for live in ((), ("--live",)):
        (row,) = central.json("status", "chtst01", *live)  # type: ignore[misc]
        assert row["kernelFaults"] == [fault] and row["kernelMended"] == 0  # type: ignore[index]
    shown = central.run("status", "chtst01")
    assert f"chtst01: fault in its kernel: {fault}" in shown.stderr
    verdict = central.run("check", "chtst01", check=False)
    assert verdict.returncode == 2 and f"chtst01 has a fault in its kernel: {fault}" in verdict.stdout, verdict.stdout
    assert fault in central.run("doctor", "chtst01", check=False).stdout
    change(pop.namespace, f"-6 route del {pop.plan.tunnel_prefix} dev {link_of(pop)} metric 7")
    wait_for(lambda: not pop.daemon.report()["kernel"]["faults"], SOON, "it to be over")
    assert central.outcomes("chtst01") == {"chtst01": "unchanged"}
    assert central.json("status", "chtst01")[0]["kernelFaults"] == []  # type: ignore[index]
