"""What operators look with: doctor, verify, backup, inspect, trace; a fleet of lab.fleet.

    centre ── sixxs-central ──ssh──► chtst01, detst01, nltst01
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess

import pytest

from lab.fleet import Fleet
from lab.namespace import wait_for

pytestmark = pytest.mark.seconds(60)


@pytest.fixture
def pushed(fleet: Fleet) -> Fleet:
    fleet.trust_all()
    fleet.add_tunnel = fleet.central.add_tunnel("chtst01", "static", "--endpoint", "203.0.113.77")
    fleet.central.run("push")
    return fleet


def test_doctor_finds_a_well_fleet_and_names_each_trouble_with_its_mend(pushed: Fleet) -> None:
    os.chmod(pushed.key, 0o600)
    well = pushed.central.run("doctor", check=False)
    assert well.returncode == 0, well.stdout
    assert "OK   chtst01: sixxsd " in well.stdout
    assert "WARN rounds: nobody makes them" in well.stdout

    os.chmod(pushed.key, 0o644)
    pushed.pops["nltst01"].sshd.stop()
    ill = pushed.central.run("doctor", check=False)
    os.chmod(pushed.key, 0o600)
    assert ill.returncode == 1
    assert f"{pushed.key} has mode 644: others can read it\n     → chmod 600 {pushed.key}" in ill.stdout
    assert "FAIL nltst01: cannot connect to" in ill.stdout
    assert {finding["level"] for finding in pushed.central.json("doctor", "--offline")} == {"ok", "warn"}


def test_verify_says_that_all_is_well_or_what_is_broken(pushed: Fleet) -> None:
    assert pushed.central.run("verify").stdout == "All rules hold, and both files are intact.\n"

    with sqlite3.connect(pushed.central.database) as database:
        database.execute("PRAGMA foreign_keys = OFF")
        database.execute("UPDATE tunnel SET owner = 'ghost'")

    result = pushed.central.run("verify", check=False)
    assert result.returncode == 1
    assert "names a user that does not exist" in result.stderr
    push = pushed.central.run("push", check=False)
    assert push.returncode == 1
    assert "the database breaks 1 of its own rules, so nothing is pushed" in push.stderr


def test_a_backup_is_whole_private_and_restores_the_registry(pushed: Fleet) -> None:
    copy = pushed.central.folder / "backup.db"

    assert "whole" in pushed.central.run("backup", copy, "--samples").stdout

    assert copy.stat().st_mode & 0o777 == 0o600
    assert (pushed.central.folder / "backup-samples.db").exists()
    assert not list(pushed.central.folder.glob("*.new*"))
    again = pushed.central.run("backup", copy, check=False)
    assert again.returncode == 1 and "repeat with --force" in again.stderr
    tunnels = pushed.central.json("tunnel", "list", "--database", copy)
    assert [tunnel["tunnel"] for tunnel in tunnels] == [pushed.add_tunnel]


def test_live_shows_a_tunnel_as_its_daemon_sees_it(pushed: Fleet) -> None:
    assert "203.0.113.77" in pushed.central.run("tunnel", "inspect", pushed.add_tunnel).stdout
    # What it was called.
    assert pushed.central.json("live", pushed.add_tunnel)["state"] == "up"
    unknown = pushed.central.run("live", "T99", check=False)
    assert unknown.returncode == 1 and "there is no tunnel T99" in unknown.stderr


@pytest.mark.skipif(not shutil.which("tshark"), reason="tshark is not installed (make packages)")
def test_a_trace_is_a_capture_that_wireshark_reads(pushed: Fleet) -> None:
    file = pushed.central.folder / "trace.pcapng"
    trace = pushed.central.spawn("trace", pushed.add_tunnel, "--packets", 3, "--seconds", 20, "--pcapng", file)
    pop = pushed.pops["chtst01"]

    def ping() -> bool:
        pop.namespace.run("ping", "-6", "-c", "1", "-W", "1", "2001:db8:101::2", check=False)
        return not trace.is_running

    wait_for(ping, 20, "the trace to end")
    assert trace.exit_code == 0, trace.output
    assert file.stat().st_mode & 0o777 == 0o600
    fields = ["-T", "fields", "-e", "ipv6.dst", "-e", "icmpv6.type", "-e", "frame.comment"]
    told = subprocess.run(["tshark", "-r", file, *fields], capture_output=True, text=True, check=True).stdout
    assert "128" in told and "verdict: " in told, told
    both = pushed.central.run("trace", pushed.add_tunnel, "--pcapng", file, "--json", check=False)
    assert both.returncode == 2 and "choose one" in both.stderr
    nowhere = pushed.central.run("trace", pushed.add_tunnel, "--pcapng", "/nowhere/x", check=False)
    assert nowhere.returncode == 1 and "cannot write /nowhere/x" in nowhere.stderr


def test_trace_streams_decisions_and_ends_by_itself(pushed: Fleet) -> None:
    trace = pushed.central.spawn("trace", pushed.add_tunnel, "--packets", 3, "--seconds", 20)
    pop = pushed.pops["chtst01"]

    def ping() -> bool:
        pop.namespace.run("ping", "-6", "-c", "1", "-W", "1", "2001:db8:101::2", check=False)
        return not trace.is_running

    wait_for(ping, 20, "the trace to end")
    *decisions, end = trace.output.splitlines()
    assert trace.exit_code == 0
    assert decisions and all(line.startswith(pushed.add_tunnel) for line in decisions), decisions
    assert end.startswith(f"trace of {pushed.add_tunnel} ended: 3 packets")


def test_status_can_be_watched(pushed: Fleet) -> None:
    watch = pushed.central.spawn("status", "--watch", "--every", 1, "--json")
    wait_for(lambda: watch.output.count('"pop" : "chtst01"') >= 2, 10, "two looks")
    watch.stop()
    assert "\x1b" not in watch.output
    assert json.loads(watch.output.split("\n]", 1)[0] + "]")[0]["pop"] == "chtst01"


def test_errors_come_with_their_packets_in_words(pushed: Fleet) -> None:
    pop = pushed.pops["chtst01"]
    pop.namespace.run("ping", "-6", "-c", "1", "-W", "1", "-s", "1400", "-M", "do", "2001:db8:101::2", check=False)
    told = pushed.central.run("tunnel", "inspect", pushed.add_tunnel, "--errors").stdout.splitlines()
    assert told[0].startswith("Encap.Pkt Too Big: 1 time, last ") and told[0].endswith("from 2001:db8::1, 1448 octets, the first 128")
    assert told[1:3] == ["  IPv6 2001:db8::1 > 2001:db8:101::2, ICMPv6, hop limit 64, 1448 octets", "  ICMPv6 128/0 (echo request)"]


@pytest.mark.skipif(not os.environ.get("SIXXS_LONG"), reason="daemons measure once a minute: part of make campaign")
@pytest.mark.seconds(240)
def test_latency_between_pops_is_that_of_real_daemons(pushed: Fleet) -> None:
    def peers() -> list[dict]:
        pushed.central.run("push")
        return pushed.central.json("stats", "chtst01", "--peers")  # type: ignore[return-value]

    wait_for(lambda: len([peer for peer in peers() if peer.get("medianMs")]) == 2, 200, "round trips to both other PoPs", every=10)
    for peer in peers():
        assert peer["peer"] in ("detst01", "nltst01"), peer
        assert 0 < peer["medianMs"] < 1000 and peer["lossPercent"] < 50, peer
