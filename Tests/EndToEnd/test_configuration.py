"""Configuration is taken whole or not at all, from a file and through the control port.

    core ── chtst01 ── inet ── home
             sixxsd, spoken to on 127.0.0.1:42003
"""

from __future__ import annotations

import hashlib
import re

import pytest

from lab.daemon import Daemon, TunnelLine, configuration
from lab.namespace import run, wait_for
from lab.site import PASSWORD, PLAN, Site
from lab.topology import SERVER
from lab.traffic import answers, ping

HOME = "203.0.113.10"
STATIC = TunnelLine(1, 4141, HOME, 1280)
AYIYA = TunnelLine(2, 5072, "ayiya", 1280, PASSWORD)
BOTH = configuration(PLAN, [STATIC, AYIYA])
AT = re.compile(r"(\S+):(\d+):(\d+): (expected .*)")

BROKEN = {
    "an unknown word": (BOTH.replace("tunnelprefix", "tunelprefix"), "tunelprefix"),
    "an address": (BOTH.replace(HOME, "203.0.113.1000"), "203.0.113.1000"),
    "an MTU": (BOTH.replace("up 1280\n", "up 1279\n", 1), "1279"),
    "a tid": (configuration(PLAN, [TunnelLine(0x2000, 7, HOME)]), "2000"),
    "a state": (BOTH.replace(f"{HOME} up", f"{HOME} upp"), "upp"),
    "a subnet of nobody": (configuration(PLAN, [STATIC], [("2001:db8:4001::/48", 1)]), "2001:db8:4001::/48"),
    "a subnet without its tunnel": (configuration(PLAN, [STATIC], [("2001:db8:3001::/48", 9)]), "9"),
    "two tunnels with one tid": (configuration(PLAN, [STATIC, TunnelLine(1, 7, "192.0.2.7")]), "1"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_file_stops_the_start(site: Site, what: str) -> None:
    text, found = BROKEN[what]
    daemon = Daemon(site.pop, site.programs.sixxsd, text)
    process = daemon.launch()
    assert process.wait(5) == 1
    said = AT.search(process.output)
    assert said, process.output
    assert said[1].endswith("sixxsd.conf")
    line = text.splitlines()[int(said[2]) - 1]
    assert line[int(said[3]) - 1:].startswith(found), (said[0], line)
    assert not site.pop.has_interface("sixxs")


def test_check_judges_a_file(site: Site) -> None:
    file = site.laboratory.folder / "pop.conf"
    file.write_text(BOTH)
    file.chmod(0o644)
    assert run(site.programs.sixxsd, "configtest", file).stdout.startswith(f"{file}: OK, 2 tunnels, ")
    assert run(site.programs.sixxsd, "check", file, check=False).returncode == 0, "its old name"
    file.write_text(BROKEN["an address"][0])
    result = run(site.programs.sixxsd, "configtest", file, check=False)
    assert result.returncode == 1
    assert AT.search(result.stdout + result.stderr)


@pytest.mark.parametrize("what", BROKEN)
def test_a_push_with_one_broken_line_changes_nothing(site: Site, what: str) -> None:
    daemon = site.daemon(STATIC, AYIYA)
    before = daemon.command("config digest").text
    text, found = BROKEN[what]
    reply = daemon.push(42, text)
    assert reply.code == 400
    said = AT.search(str(reply))
    assert said, str(reply)
    line = text.splitlines()[int(said[2]) - 1]
    assert line[int(said[3]) - 1:].startswith(found), (said[0], line)
    assert daemon.command("config digest").text == before


def test_a_push_changes_what_differs_and_says_so(site: Site) -> None:
    daemon = site.daemon(STATIC)
    home = site.home(ipv4=HOME)
    client = site.client(home, STATIC).start()
    before = daemon.tunnel(4141)
    text = configuration(PLAN, [STATIC, AYIYA], [("2001:db8:3001::/48", 1)])
    reply = daemon.push(42, text)
    assert reply.code == 200
    assert reply.text == "generation 42 applied: tunnels +1 ~0 -0, subnets +1 ~0 -0"
    assert answers(site.core, client.identity)
    after = daemon.tunnel(4141)
    assert after["inPackets"] > before["inPackets"] > 0, "counters of a tunnel that stays go on"
    assert daemon.push(43, text).text == "generation 43 unchanged"
    changed = configuration(PLAN, [TunnelLine(1, 4141, HOME, 1400)])
    assert daemon.push(44, changed).text == "generation 44 applied: tunnels +0 ~1 -1, subnets +0 ~0 -1"
    shown = daemon.command("config show")
    digest = hashlib.sha256("".join(line + "\n" for line in shown.lines or ()).encode()).hexdigest()
    assert digest == daemon.digest()


def test_a_push_with_a_wrong_digest_changes_nothing(site: Site) -> None:
    daemon = site.daemon(STATIC)
    before = daemon.command("config digest").text
    reply = daemon.push(42, BOTH, digest="0" * 64)
    assert reply.code == 400
    assert daemon.command("config digest").text == before


def test_a_push_cut_in_the_middle_changes_nothing(site: Site) -> None:
    daemon = site.daemon(STATIC)
    before = daemon.command("config digest").text
    octets = BOTH.encode()
    digest = hashlib.sha256(octets).hexdigest()
    for cut in (0, 1, len(octets) // 2, len(octets) - 1):
        session = daemon.session()
        session.send(f"config push 42 {len(octets)} {digest}\n".encode() + octets[:cut])
        session.close()
    assert daemon.command("config digest").text == before
    assert daemon.push(43, BOTH).is_success


def test_removing_a_tunnel_stops_it(site: Site) -> None:
    daemon = site.daemon(STATIC)
    client = site.client(site.home(ipv4=HOME), STATIC).start()
    assert daemon.push(2, configuration(PLAN, [])).is_success
    assert "Destination unreachable: Address unreachable" in ping(site.core, client.identity, count=1).text
    assert daemon.push(3, configuration(PLAN, [STATIC])).is_success
    assert answers(site.core, client.identity)


def test_disabling_a_tunnel_stops_it(site: Site) -> None:
    daemon = site.daemon(STATIC)
    client = site.client(site.home(ipv4=HOME), STATIC).start()
    disabled = TunnelLine(1, 4141, HOME, 1280, state="disabled")
    assert daemon.push(2, configuration(PLAN, [disabled])).is_success
    assert "prohibited" in ping(site.core, client.identity, count=1).text
    assert not answers(client.namespace, SERVER)


def test_a_changed_password_ends_the_session(site: Site) -> None:
    daemon = site.daemon(AYIYA)
    user = site.user(site.home(ipv4=HOME), HOME, AYIYA)
    user.beat()
    daemon.wait_for_state(5072, "up")
    other = TunnelLine(2, 5072, "ayiya", 1280, "0123456789")
    assert daemon.push(2, configuration(PLAN, [other])).is_success
    assert daemon.state(5072) == "down"
    user.beat()
    daemon.wait_for_error(5072, "AYIYA Hash Fail")
    assert daemon.state(5072) == "down"


def test_commands_change_the_running_configuration(site: Site) -> None:
    daemon = site.daemon(STATIC)
    assert daemon.command(f"tunnel set {AYIYA}").is_success
    assert daemon.command("subnet set config 2001:db8:3007::/48 1 static").is_success
    assert {entry["tunnel"] for entry in daemon.report()["tunnels"]} == {"T4141", "T5072"}
    assert daemon.command("pop saveconfig").is_success
    assert daemon.file.stat().st_mode & 0o777 == 0o600
    daemon.kill()
    daemon.start()
    assert {entry["tunnel"] for entry in daemon.report()["tunnels"]} == {"T4141", "T5072"}


def test_killed_it_starts_with_the_last_configuration(site: Site) -> None:
    daemon = site.daemon(STATIC)
    client = site.client(site.home(ipv4=HOME), STATIC).start()
    assert daemon.push(42, BOTH).is_success
    digest = daemon.digest()
    instance = daemon.report()["instance"]
    for _ in range(3):
        daemon.kill()
        daemon.start()
        assert daemon.digest() == digest
    assert daemon.report()["instance"] != instance
    wait_for(lambda: answers(site.core, client.identity), 3, "the static tunnel to carry again")


def test_an_unconfirmed_push_comes_back(site: Site) -> None:
    daemon = site.daemon(STATIC)
    before = daemon.digest()
    assert daemon.push(42, BOTH, confirm=2).is_success
    assert daemon.digest() != before
    wait_for(lambda: daemon.digest() == before, 5, "the previous configuration")
    assert daemon.push(43, BOTH, confirm=2).is_success
    assert daemon.command("config confirm 43").is_success
    with pytest.raises(TimeoutError):
        wait_for(lambda: daemon.digest() == before, 3, "nothing")
