"""What operators do at the centre's command line, without any PoP.

    centre   sixxs-central and a database of its own
"""

from __future__ import annotations

import pytest

from lab.central import Central
from lab.namespace import Laboratory
from lab.programs import Programs

POPS = (("chtst01", 1, "192.0.2.1", "2001:db8::1", "2001:db8:101::/48", "2001:db8:1000::/40"),
        ("nltst01", 2, "203.0.113.1", "2001:db8::2", "2001:db8:102::/48", "2001:db8:2000::/40"))


@pytest.fixture
def central(laboratory: Laboratory, programs: Programs) -> Central:
    """A registry with two PoPs and their prefixes."""
    central = Central(laboratory.namespace("centre"), programs.central)
    central.run("init")
    for name, number, ipv4, ipv6, tunnels, subnets in POPS:
        central.run("pop", "add", name, "--id", number, "--ipv4", ipv4, "--ipv6", ipv6)
        central.run("prefix", "add", name, "tunnel", tunnels)
        central.run("prefix", "add", name, "subnet", subnets)
    return central


def test_a_password_of_a_user_is_shown_once(central: Central) -> None:
    words = central.run("user", "add", "jdoe", "--name", "John Doe", "--mail", "jdoe@example.net").stdout.split()
    assert words[:3] == ["jdoe", "added;", "password:"]
    assert central.json("user", "show", "jdoe")["passwordSet"] is True
    shown = central.run("user", "show", "jdoe").stdout
    assert words[3] not in shown
    for kind in ("md5", "sha256"):
        assert kind not in shown.lower()


def test_a_user_keeps_his_account_while_he_has_tunnels(central: Central) -> None:
    central.run("user", "add", "jdoe")
    tunnel = central.add_tunnel("chtst01", "ayiya", "--owner", "JDoe")
    assert [row["tunnel"] for row in central.json("tunnel", "list", "--owner", "jdoe")] == [tunnel]
    refused = central.run("user", "remove", "jdoe", "--yes", check=False)
    assert (refused.returncode, "has 1 tunnel:" in refused.stderr) == (1, True)
    central.run("tunnel", "set", tunnel, "--no-owner")
    central.run("user", "remove", "jdoe", "--yes")
    assert central.json("user", "list") == []


def test_a_tunnel_is_up_when_both_want_it(central: Central) -> None:
    tunnel = central.add_tunnel("chtst01", "ayiya")
    central.run("tunnel", "set", tunnel, "--user-disable")
    shown = central.json("tunnel", "show", tunnel)
    assert (shown["enabled"], shown["enabledByUser"]) == (True, False)
    assert " disabled " in central.run("render", "chtst01").stdout
    central.run("tunnel", "set", tunnel, "--user-enable")
    assert " disabled " not in central.run("render", "chtst01").stdout


def test_a_moved_tunnel_keeps_its_number_and_password(central: Central) -> None:
    tunnel = central.add_tunnel("chtst01", "heartbeat")
    before = central.json("tunnel", "show", tunnel, "--secret")
    moved = central.json("tunnel", "move", tunnel, "nltst01", "--tid", "1a")
    after = central.json("tunnel", "show", tunnel, "--secret")
    assert (moved["pop"], moved["tid"], moved["userAddress"]) == ("nltst01", "1a", "2001:db8:102:1a::2")
    assert after["password"] == before["password"]
    assert tunnel not in central.run("render", "chtst01").stdout


def test_what_is_exported_is_imported(central: Central) -> None:
    central.run("user", "add", "jdoe")
    tunnel = central.add_tunnel("chtst01", "ayiya", "--owner", "jdoe")
    central.run("subnet", "add", tunnel)
    central.add_tunnel("nltst01", "static", "--endpoint", "198.51.100.7", "--mtu", "1480")
    whole = central.run("export", "--format", "json", "--secrets").stdout
    other = central.folder / "other.db"
    central.run("init", "--database", other)
    said = central.run("import", "-", "--format", "json", "--database", other, input=whole).stdout
    assert said == "2 PoPs, 4 prefixes, 1 user, 2 tunnels, 1 subnet imported.\n"
    assert central.run("export", "--format", "json", "--secrets", "--database", other).stdout == whole
    again = central.run("import", "-", "--format", "csv", input=central.run("export").stdout).stdout
    assert again.startswith("Nothing to import")


def test_a_daemons_file_is_imported(central: Central) -> None:
    central.run("tunnel", "add", "chtst01", "--type", "heartbeat", "--tid", "1f")
    rendered = central.run("render", "chtst01", "--secret").stdout
    file = central.folder / "sixxsd.conf"
    file.write_text(rendered)
    other = central.folder / "other.db"
    central.run("init", "--database", other)
    central.run("pop", "add", "chtst01", "--id", 1, "--ipv4", "192.0.2.1", "--ipv6", "2001:db8::1", "--database", other)
    central.run("import", file, "--pop", "chtst01", "--database", other)
    details = "\t\tdetails 2 nltst01 203.0.113.1 2001:db8::2\n"
    assert central.run("render", "chtst01", "--secret", "--database", other).stdout == rendered.replace(details, "")


def test_nothing_is_imported_when_a_line_is_wrong(central: Central) -> None:
    before = central.run("export").stdout
    file = central.folder / "tunnels.csv"
    file.write_text("pop,type,mtu\nchtst01,ayiya,1280\nchtst01,ayiya,1500\n")
    refused = central.run("import", file, check=False)
    assert refused.returncode == 1
    assert f"{file}:3:15: mtu: expected an MTU from 1280 to 1480, found \"1500\"" in refused.stderr
    assert central.run("export").stdout == before


def test_the_audit_says_what_differs(central: Central) -> None:
    tunnel = central.add_tunnel("chtst01", "ayiya")
    central.run("tunnel", "set", tunnel, "--mtu", "1428", "--new-password")
    lines = central.run("audit", tunnel).stdout.splitlines()
    assert len(lines) == 3
    assert lines[2].endswith(f"change tunnel {tunnel}: mtu 1280 -> 1428, password changed")
    newest = central.json("audit", "--last", "1")
    assert (newest[0]["before"]["mtu"], newest[0]["after"]["mtu"]) == (1280, 1428)
    ahead = central.run("audit", "--since", "2100-01-01", check=False)
    assert ahead.returncode == 2 and "expected a time of the past" in ahead.stderr
    assert central.run("audit", "--since", "soon", check=False).returncode == 2


def test_a_backup_never_overwrites_the_database(central: Central) -> None:
    central.add_tunnel("chtst01", "ayiya")
    link = central.folder / "link.db"
    link.symlink_to(central.database)
    for path in (central.database, link):
        refused = central.run("backup", path, "--force", check=False)
        assert (refused.returncode, "is the database itself" in refused.stderr) == (1, True)
    assert len(central.json("tunnel", "list")) == 1


@pytest.mark.parametrize("words", (
    ("user", "show", "nobody"), ("tunnel", "show", "T99"), ("history", "xxxxx00"), ("events", "xxxxx00"), ("stats", "T99"),
    ("log", "xxxxx00"), ("export", "--pop", "xxxxx00"), ("import", "/nowhere.csv"), ("tunnel", "list", "--owner", "nobody"),
))
def test_what_is_not_there_is_an_error_in_one_line(central: Central, words: tuple[str, ...]) -> None:
    result = central.run(*words, check=False)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith("sixxs-central: ") and result.stderr.count("\n") == 1
