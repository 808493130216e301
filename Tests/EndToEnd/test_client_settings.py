"""sixxs-client as people start it: by a file, with names, over IPv6; and what it says of itself.

    core ── chtst01 ── inet ── home
      └─ home6 (IPv6 alone)
"""

from __future__ import annotations

import json
import re
import subprocess

from lab.client import Client
from lab.daemon import TunnelLine
from lab.namespace import Namespace, Process, wait_for
from lab.site import PASSWORD, Site
from lab.topology import SERVER
from lab.traffic import answers, ping

HOME = "203.0.113.10"
HOME6 = "2001:db8:6666::10"
AYIYA = TunnelLine(2, 5072, "ayiya", 1280, PASSWORD)
SIXINFOUR6 = TunnelLine(3, 4142, HOME6, 1280)


def home6(site: Site) -> Namespace:
    """A host that has IPv6 alone, beside the server."""
    host = site.laboratory.namespace("home6")
    site.laboratory.link(site.core, "home6", host, "net0")
    site.core.ip("addr add 2001:db8:6666::1/64 dev home6 nodad")
    host.ip(f"addr add {HOME6}/64 dev net0 nodad", f"route add {site.plan.ipv6}/128 via 2001:db8:6666::1 dev net0")
    return host


def status(site: Site, host: Namespace, socket: object, *words: str, user: str | None = None) -> subprocess.CompletedProcess[str]:
    as_user = ["setpriv", "--reuid", user, "--clear-groups"] if user else []
    return host.run(*as_user, site.programs.client, "status", "--status-socket", socket, *words, check=False)


def test_a_file_says_everything_and_status_what_came_of_it(site: Site) -> None:
    daemon = site.daemon(AYIYA)
    home = site.home(ipv4=HOME)
    folder = site.laboratory.folder
    file, socket = folder / "client.conf", folder / "client.sock"
    lines = [f"# home", "type ayiya", f"pop = {site.plan.ipv4}", f"identity {site.plan.them(2)}", f"password {PASSWORD}",
             "mtu 1400", "beat-interval 1", f"status-socket {socket}"]
    file.write_text("\n".join(lines) + "\n")
    file.chmod(0o644)
    refused = home.run(site.programs.client, "--config", file, check=False)
    assert refused.returncode == 1 and f"chmod 600 {file}" in refused.stderr and PASSWORD not in refused.stderr
    file.chmod(0o600)
    file.write_text(file.read_text() + "beat-intervall 5\n")
    refused = home.run(site.programs.client, "--config", file, check=False)
    assert refused.returncode == 1 and f'{file}:9: unknown key "beat-intervall": did you mean "beat-interval"?' in refused.stderr
    file.write_text("\n".join(lines) + "\n")
    nobody = status(site, home, socket)
    assert nobody.returncode == 1 and f"no sixxs-client answers at {socket}" in nobody.stderr

    process = home.spawn(site.programs.client, "--config", file, "--mtu", "1280", name="sixxs-client")
    wait_for(lambda: "the tunnel works" in process.output, 8, "the tunnel")
    assert ping(home, SERVER, count=3).all_arrived
    said = status(site, home, socket)
    assert said.returncode == 0, said.stderr
    fields = dict(re.split(r"  +", line, maxsplit=1) for line in said.stdout.splitlines())
    assert fields["State"].startswith("answering; last answer ")
    assert fields["MTU"] == "1280", "the command line comes before the file"
    assert fields["Path"] == f"from {HOME} to {site.plan.ipv4}, UDP port 5072"
    assert fields["PoP"] == site.plan.ipv4
    document = json.loads(status(site, home, socket, "--json").stdout)
    assert document["state"] == "answering" and document["sent"]["packets"] >= 3 <= document["received"]["packets"]
    assert document["version"] == home.run(site.programs.client, "--version").stdout.split()[1]
    other = status(site, home, socket, user="65534")
    assert other.returncode == 1 and "run this as the user that started the client" in other.stderr

    daemon.stop()
    wait_for(lambda: status(site, home, socket).returncode == 1, 15, "the client to notice")
    assert "no answer; last answer" in status(site, home, socket).stdout
    assert process.stop() == 0
    assert status(site, home, socket).returncode == 1


def test_a_pop_is_reached_over_ipv6(site: Site) -> None:
    site.daemon(AYIYA, SIXINFOUR6)
    home = home6(site)
    for kind, tunnel, password in (("ayiya", AYIYA, PASSWORD), ("6in4", SIXINFOUR6, None)):
        client = Client(home, site.programs.client, kind, site.plan.ipv6, site.plan.them(tunnel.tid), password, beat_interval=5).start()
        assert ping(home, SERVER, count=3, size=1000).all_arrived, kind
        assert f"to {site.plan.ipv6}" in status(site, home, client.status_socket).stdout
        assert client.stop() == 0
    refused = home.run(site.programs.client, "heartbeat", "--pop", site.plan.ipv6, "--identity", site.plan.them(2), "--password-file", "x",
                       check=False)
    assert refused.returncode == 2 and "over IPv4 only" in refused.stderr


def with_hosts(site: Site, home: Namespace, hosts: object, *words: object) -> Process:
    """A client in a mount namespace in which /etc/hosts is another file."""
    line = f"mount --make-rprivate / && mount --bind {hosts} /etc/hosts && exec \"$@\""
    return home.spawn("unshare", "--mount", "sh", "-c", line, "sh", site.programs.client, *words, name="sixxs-client")


def test_a_name_is_looked_up_again_when_the_pop_moves(site: Site) -> None:
    site.daemon(AYIYA)
    home = site.home(ipv4=HOME)
    hosts, password = site.laboratory.folder / "hosts", site.laboratory.folder / "password"
    hosts.write_text(f"{site.plan.ipv4} pop.example.net\n")
    password.write_text(PASSWORD)
    password.chmod(0o600)
    socket = site.laboratory.folder / "client.sock"
    process = with_hosts(site, home, hosts, "ayiya", "--pop", "pop.example.net", "--identity", site.plan.them(2), "--password-file", password,
                         "--beat-interval", 1, "--status-socket", socket)
    wait_for(lambda: "the tunnel works" in process.output, 8, "the tunnel")
    assert f"sending to pop.example.net ({site.plan.ipv4})" in process.output

    moved = "192.0.2.77"
    site.backbone.give_address(site.pop, moved)
    site.backbone.inet.ip(f"route del {site.plan.ipv4}/32 dev {site.pop.short_name}")
    hosts.write_text(f"{moved} pop.example.net\n")
    wait_for(lambda: f"pop.example.net has another address: {moved}, before {site.plan.ipv4}" in process.output, 20, "the lookup")
    wait_for(lambda: "the tunnel works again" in process.output, 8, "the tunnel at its new address")
    assert answers(home, site.plan.us(2))
    assert json.loads(status(site, home, socket, "--json").stdout)["popAddress"] == moved
    assert process.stop() == 0


def test_a_name_that_nobody_has_is_asked_for_again(site: Site) -> None:
    site.daemon(AYIYA)
    home = site.home(ipv4=HOME)
    hosts, password = site.laboratory.folder / "hosts", site.laboratory.folder / "password"
    hosts.write_text("127.0.0.1 localhost\n")
    password.write_text(PASSWORD)
    password.chmod(0o600)
    process = with_hosts(site, home, hosts, "ayiya", "--pop", "pop.example.net", "--identity", site.plan.them(2), "--password-file", password,
                         "--beat-interval", 1, "--status-socket", "none")
    wait_for(lambda: "the name pop.example.net was not found: " in process.output, 30, "the failure")
    hosts.write_text(f"{site.plan.ipv4} pop.example.net\n")
    wait_for(lambda: "the tunnel works" in process.output, 30, "the tunnel")
    assert process.stop() == 0
