"""What the centre remembers of its PoPs; a fleet of lab.fleet.

    centre ── sixxs-central ──ssh──► chtst01, detst01, nltst01
"""

from __future__ import annotations

import shutil
from xml.etree import ElementTree

import pytest

from lab.fleet import Fleet

pytestmark = pytest.mark.seconds(60)


def test_the_past_of_a_fleet_is_shown(fleet: Fleet) -> None:
    central = fleet.central
    fleet.trust_all()
    tunnel = central.add_tunnel("chtst01", "static", "--endpoint", "203.0.113.77")
    central.run("push")
    central.run("tunnel", "set", tunnel, "--mtu", "1428")
    fleet.pops["nltst01"].sshd.stop()
    central.run("push", check=False)

    history = central.json("history", "chtst01")
    assert [row["generation"] for row in history["generations"]] == [1, 2]
    assert all(row["confirmed"] for row in history["generations"])
    assert [push["outcome"] for push in history["contacts"]] == ["applied", "applied"]
    assert "~tunnel T1: mtu 1280 -> 1428" in central.run("history", "chtst01", "--diff", 1).stdout
    assert central.run("history", "chtst01", "--diff", 2, 2).stdout == "The two generations are equal.\n"

    log = central.json("log", "nltst01")
    assert [(row["kind"], row["outcome"]) for row in log][-2:] in (
        [("push", "failed"), ("poll", "failed")], [("poll", "failed"), ("push", "failed")])
    assert "cannot connect" in log[-1]["detail"]

    kinds = [row["kind"] for row in central.json("events", "nltst01")]
    assert kinds == ["reachable", "unreachable"]

    figures = central.json("stats")
    assert (figures["pops"], figures["popsReachable"], figures["tunnels"]["up"]) == (3, 2, 1)
    assert figures["tunnels"]["byPoP"] == {"chtst01": 1}
    assert central.run("stats", tunnel).returncode == 0


def test_the_past_is_drawn(fleet: Fleet) -> None:
    central, folder = fleet.central, fleet.laboratory.folder
    fleet.trust_all()
    tunnel = central.add_tunnel("chtst01", "static", "--endpoint", "203.0.113.77")
    central.run("push")

    for words in ([tunnel], ["chtst01", "--what", "traffic", "--last", "week"], ["fleet", "--last", "year", "--theme", "dark"]):
        central.run("graph", *words, "--out", folder / "graph.svg")
        root = ElementTree.parse(folder / "graph.svg").getroot()
        assert (root.tag, root.attrib["role"]) == ("{http://www.w3.org/2000/svg}svg", "img")
        assert not [element for element in root.iter() if "style" in element.attrib or "style" in element.tag]

    image = folder / "graph.png"
    drawn = central.run("graph", "fleet", "--what", "traffic", "--out", image, check=False)
    if shutil.which("rsvg-convert"):
        assert image.read_bytes().startswith(b"\x89PNG")
    else:
        assert drawn.returncode == 1 and "install librsvg2-bin" in drawn.stderr and not image.exists()
    for wrong in (["T99", "--out", folder / "a.svg"], ["fleet", "--out", folder / "a.gif"], ["fleet", "--out", "/nowhere/a.svg"]):
        refused = central.run("graph", *wrong, check=False)
        assert refused.returncode in (1, 2) and refused.stderr.strip()
    assert not list(folder.glob("a.*"))
