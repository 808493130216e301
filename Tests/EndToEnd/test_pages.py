"""The centre's pages and metrics, of a fleet that runs.

    curl, prometheus ──HTTP──► sixxs-central serve ──ssh──► chtst01, detst01, nltst01
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from lab import browser, past
from lab.fleet import Fleet
from lab.namespace import Process, wait_for
from lab.prometheus import PACKAGING, ask, expressions, prometheus

pytestmark = pytest.mark.seconds(120)

WEB, METRICS = "127.0.0.1:8080", "127.0.0.1:9143"
TOKEN = "0123456789abcdef0123456789abcdef"
HOSTILE = ["<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "' onmouseover='alert(1)", "</title><h1>", "&lt;b&gt;", "${7*7}"]
PAGES = ["/", "/pops/chtst01", "/tunnels/T1", "/tunnels/down", "/users", "/users/jdoe", "/events", "/audit", "/rounds"]


class Site:
    """A fleet whose centre serves pages."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        self.tokens = fleet.central.folder / "tokens"
        self.tokens.write_text(f"# who may look\njdoe {TOKEN}\n")
        self.tokens.chmod(0o600)
        self.process = self.serve("--web", WEB, "--metrics", METRICS)
        wait_for(lambda: self.get("/", accept="application/json", check=False).startswith("["), 20, "the pages")

    def serve(self, *words: object) -> Process:
        return self.fleet.central.spawn("serve", "--interval", 2, "--web-tokens", self.tokens, *words)

    def curl(self, *words: object, check: bool = True) -> str:
        return self.fleet.centre.run("curl", "-s", "--max-time", 10, *words, check=check).stdout

    def get(self, path: str, *words: object, accept: str = "text/html", check: bool = True) -> str:
        headers = ["-H", f"Accept: {accept}", "-H", f"Authorization: Bearer {TOKEN}"]
        return self.curl(*headers, *words, f"http://{WEB}{path}", check=check)

    def json(self, path: str) -> object:
        return json.loads(self.get(path, accept="application/json"))


@pytest.fixture
def site(fleet: Fleet) -> Iterator[Site]:
    fleet.trust_all()
    fleet.central.run("user", "add", "jdoe", "--name", "J. Doe", "--mail", "jdoe@example.net")
    fleet.central.add_tunnel("chtst01", "static", "--endpoint", "203.0.113.77", "--owner", "jdoe")
    fleet.central.run("push")
    yield Site(fleet)


class Page(HTMLParser):
    """What a browser makes of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str | None]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == [], f"left open: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag not in ("meta", "link", "input", "br", "img", "source", "circle"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> closes what is not open"

    def handle_data(self, data: str) -> None:
        self.text += data

    @property
    def pictures(self) -> set[str]:
        return {value for tag, name, value in self.attributes if (tag, name) in (("img", "src"), ("source", "srcset")) and value}

    @property
    def links(self) -> set[str]:
        return {value for tag, name, value in self.attributes if tag == "a" and name == "href" and value}


def test_every_page_can_be_read_by_people_and_by_programs(site: Site) -> None:
    seen, waiting, pictures = set(), set(PAGES), set()
    while waiting:
        path = waiting.pop()
        seen.add(path)
        head, body = site.get(path, "-i").split("\n\n", 1)
        assert head.startswith("HTTP/1.1 200 OK"), f"{path}: {head}"
        assert "Content-Security-Policy: default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'" in head
        for header in ("X-Content-Type-Options: nosniff", "Referrer-Policy: same-origin", "Cache-Control: no-store"):
            assert header in head, f"{path}: {header}"
        page = Page(body)
        assert page.tags.count("h1") == 1 and "script" not in page.tags and "style" not in page.tags
        assert not [name for _, name, _ in page.attributes if name == "style" or name.startswith("on")]
        json.loads(site.get(path, accept="application/json"))
        # Whatever a page leads to is there.
        waiting |= {link for link in page.links if link.startswith("/")} - seen
        pictures |= page.pictures
    assert {"/pops/nltst01", "/users/jdoe", "/tunnels/T1", "/tunnels/T1?last=year"} <= seen
    assert {"/fleet/latency.svg?last=day&theme=dark", "/pops/nltst01/sparkline.svg?last=day&theme=light", "/tunnels/T1/traffic.svg?last=week&theme=dark"} <= pictures
    for path in pictures:
        head, body = site.get(path, "-i", accept="image/svg+xml").split("\n\n", 1)
        assert head.startswith("HTTP/1.1 200 OK") and "Content-Type: image/svg+xml" in head, f"{path}: {head}"
        assert body.startswith("<svg ") and body.endswith("</svg>\n") and "style" not in body, path

    rows = site.json("/")
    assert {row["pop"] for row in rows} == {"chtst01", "detst01", "nltst01"}
    keys = {key for row in site.fleet.central.json("status") for key in row}
    assert {key for row in rows for key in row} == keys, "the page's document is the command's"
    assert site.json("/users/jdoe")["user"]["mail"] == "jdoe@example.net"
    live = site.json("/tunnels/T1/live")
    assert live == {**live, "tunnel": "T1", "state": "up"}


def test_what_is_wrong_comes_first_and_nothing_is_shown_to_strangers(site: Site) -> None:
    site.fleet.pops["nltst01"].sshd.stop()
    wait_for(lambda: site.json("/")[0]["pop"] == "nltst01" and site.json("/")[0]["verdict"] == "CRITICAL", 60, "nltst01 to be first")
    assert " of them not well" in Page(site.get("/")).text

    assert site.curl("-i", f"http://{WEB}/").startswith("HTTP/1.1 303 ")
    assert site.curl("-i", "-H", "Accept: application/json", f"http://{WEB}/").startswith("HTTP/1.1 401 ")
    jar = site.fleet.central.folder / "cookies"
    form = ["-c", jar, "-b", jar, "-L", "--data", f"token={TOKEN}&next=/audit"]
    assert "<h1>Audit</h1>" in site.curl(*form, f"http://{WEB}/login")
    assert "<h1>Events</h1>" in site.curl("-b", jar, f"http://{WEB}/events")
    assert "<h1>403 Forbidden</h1>" in site.curl("-b", jar, "--data", "", f"http://{WEB}/logout")
    logout = re.search(r'name="form" value="([0-9a-f]+)"', site.curl("-b", jar, f"http://{WEB}/events"))
    assert logout is not None
    assert "<h1>Log in</h1>" in site.curl("-b", jar, "-c", jar, "-L", "--data", f"form={logout[1]}", f"http://{WEB}/logout")
    assert "<h1>Log in</h1>" in site.curl("-b", jar, "-L", f"http://{WEB}/events")


def test_whatever_people_write_stays_text(site: Site) -> None:
    for number, text in enumerate(HOSTILE):
        handle = f"user{number}"
        site.fleet.central.run("user", "add", handle, "--name", text, "--mail", f"{handle}@example.net")
        site.fleet.central.run("unhold", "detst01", check=False)
        site.fleet.central.run("hold", "detst01", "--because", text)
        site.fleet.central.run("pop", "set", "chtst01", "--city", text)
        for path in ("/", "/pops/chtst01", "/pops/detst01", "/users", f"/users/{handle}", "/audit?last=1000", "/events?last=1000"):
            page = Page(site.get(path))
            assert not {"script", "b"} & set(page.tags) and page.tags.count("h1") == 1, f"{text} at {path}"
            assert all(picture.startswith("/") for picture in page.pictures), f"{text} at {path}"
            assert not [name for _, name, _ in page.attributes if name.startswith("on")], f"{text} at {path}"
        assert text in Page(site.get(f"/users/{handle}")).text
        assert text in Page(site.get("/pops/chtst01")).text
        assert site.json(f"/users/{handle}")["user"]["name"] == text
    for path in ("/pops/%3Cb%3E", "/tunnels/%22%3E%3Cimg%3E", "/%3Cscript%3E", "/users/%00", "/pops/%ff"):
        head, _, body = site.get(path, "-i").partition("\n\n")
        assert re.match(r"HTTP/1.1 40[04] ", head), path
        assert not {"script", "img", "b"} & set(Page(body).tags), path


def test_clients_that_hang_keep_nobody_from_the_pages(site: Site) -> None:
    with site.fleet.centre.entered():
        held = []
        for _ in range(40):
            connection = socket.create_connection(("127.0.0.1", 8080), timeout=5)
            connection.sendall(b"GET / HTTP/1.1\r\nHos")
            held.append(connection)
        # Those over 32 are closed at once, the others when their time is over.
        wait_for(lambda: sum(ended(connection) for connection in held) >= 8, 5, "those over the limit to be closed")
        wait_for(lambda: all(ended(connection) for connection in held), 15, "the others to be closed")
        for connection in held:
            connection.close()
    assert site.get("/").startswith("<!DOCTYPE html>")

    started = time.monotonic()
    site.process.signal(15)
    assert site.process.wait(20) == 0
    assert time.monotonic() - started < 15


@pytest.mark.seconds(300)
def test_ten_thousand_connections_are_a_few_at_a_time(site: Site) -> None:
    """Whoever connects again and again, and sends half a request, takes nothing from the others, nor memory for good."""
    attempts = 10_000 if os.environ.get("SIXXS_LONG") else 1_000
    status = Path(f"/proc/{site.process.pid}/status")
    memory = lambda: int(re.search(r"VmRSS:\s+(\d+)", status.read_text())[1])  # type: ignore[index]
    before, held, slowest = memory(), [], 0.0
    with site.fleet.centre.entered():
        for number in range(attempts):
            connection = socket.create_connection(("127.0.0.1", 8080), timeout=5)
            connection.sendall(b"GET / HTTP/1.1\r\nX: ")
            held.append(connection)
            if len(held) == 500:
                for old in held:
                    old.close()
                held.clear()
            if number % (attempts // 10) == attempts // 20:
                # The host's own 32 are taken: somebody else, by another address of it.
                started = time.monotonic()
                answer = site.curl("--interface", "127.0.0.2", "-o", "/dev/null", "-w", "%{http_code}", f"http://{WEB}/login")
                slowest = max(slowest, time.monotonic() - started)
                assert answer == "200", f"after {number} connections: {answer}"
        for connection in held:
            connection.close()
    assert slowest < 5
    assert memory() - before < 40_000, f"{before} kB before, {memory()} kB after"
    wait_for(lambda: site.get("/", check=False).startswith("<!DOCTYPE html>"), 15, "the page for who was too many")
    assert re.search(r"round over", site.process.output)


def ended(connection: socket.socket) -> bool:
    """Whether the other side has closed."""
    connection.setblocking(False)
    try:
        return connection.recv(1, socket.MSG_PEEK) == b""
    except BlockingIOError:
        return False
    except ConnectionResetError:
        return True


def test_a_unix_socket_is_for_its_group_and_never_taken_from_the_living(fleet: Fleet) -> None:
    tokens = fleet.central.folder / "tokens"
    tokens.write_text(f"jdoe {TOKEN}\n")
    tokens.chmod(0o600)
    path = fleet.central.folder / "web.socket"
    process = fleet.central.spawn("serve", "--web", f"unix:{path}", "--web-tokens", tokens)
    wait_for(path.exists, 10, "the socket")
    assert path.stat().st_mode & 0o777 == 0o660
    curl = ["curl", "-s", "--unix-socket", path, "-H", f"Authorization: Bearer {TOKEN}", "http://centre/"]
    assert fleet.centre.run(*curl).stdout.startswith("<!DOCTYPE html>")

    second = fleet.central.run("serve", "--web", f"unix:{path}", "--web-tokens", tokens, check=False)
    assert second.returncode == 1 and f"another process listens at {path}" in second.stderr
    assert fleet.centre.run(*curl).stdout.startswith("<!DOCTYPE html>")

    process.kill()
    assert path.exists()
    third = fleet.central.spawn("serve", "--web", f"unix:{path}", "--web-tokens", tokens)
    wait_for(lambda: fleet.centre.run(*curl, check=False).stdout.startswith("<!DOCTYPE html>"), 10, "the next to answer")
    third.signal(15)
    assert third.wait(20) == 0
    assert not path.exists()


def test_what_cannot_be_served_is_said(fleet: Fleet) -> None:
    tokens = fleet.central.folder / "tokens"
    tokens.write_text(f"jdoe {TOKEN}\n")
    tokens.chmod(0o644)

    open_file = fleet.central.run("serve", "--web", 8080, "--web-tokens", tokens, check=False)
    no_web = fleet.central.run("serve", "--web-tokens", tokens, check=False)
    same = fleet.central.run("serve", "--web", 8080, "--web-tokens", tokens, "--metrics", 8080, check=False)

    assert open_file.returncode == 1 and f"chmod 600 {tokens}" in open_file.stderr
    assert no_web.returncode == 2 and "--web-tokens and --web-url go with --web" in no_web.stderr
    assert same.returncode == 2 and "need an address each" in same.stderr


@pytest.mark.skipif(not (browser.CHROMIUM.exists() and (browser.LIBRARY / "playwright").exists()),
                    reason="there is no Chromium, or no playwright (make packages)")
def test_a_real_browser_has_nothing_to_complain_of(site: Site) -> None:
    # What people may write, everywhere: a picture that is asked for, or a script that runs, is a complaint.
    central = site.fleet.central
    central.run("user", "set", "jdoe", "--name", HOSTILE[0] + "x" * 120)
    for number, text in enumerate(HOSTILE):
        central.run("user", "add", f"hostile{number}", "--name", text, "--mail", f"h{number}@example.net")
        central.run("pop", "set", "chtst01", "--city", text)
    central.run("hold", "detst01", "--because", HOSTILE[1])
    central.run("acknowledge", "nltst01", "--until", "3d", "--because", HOSTILE[2])
    past.fill(site.fleet.central.database.with_name("central-samples.db"), {1: 900, 2: 250, 3: 420}, {1: 40})
    folder = site.fleet.central.folder / "pictures"
    folder.mkdir()
    result = site.fleet.centre.run("/usr/bin/python3", browser.__file__, f"http://{WEB}", TOKEN, folder, *PAGES, "/tunnels/T1/live", "/tunnels/T1/errors",
                                   timeout=100, env=site.fleet.central.environment)
    if os.environ.get("SIXXS_PICTURES"):
        shutil.copytree(folder, os.environ["SIXXS_PICTURES"], dirs_exist_ok=True)
    problems = json.loads(result.stdout)
    assert not problems, "\n".join(problems)
    assert len(list(folder.glob("*.png"))) == 4 * (len(PAGES) + 2 + 3)


@pytest.mark.skipif(not shutil.which("prometheus"), reason="prometheus is not installed (make packages)")
def test_a_real_prometheus_scrapes_the_centre(site: Site) -> None:
    text = site.curl(f"http://{METRICS}/metrics")
    check = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
    assert check.returncode == 0, check.stdout + check.stderr
    names = [line.rsplit(" ", 1)[0] for line in text.splitlines() if not line.startswith("#")]
    assert len(set(names)) == len(names), "a series comes twice"
    assert "203.0.113.77" not in text and "jdoe" not in text
    assert site.curl("-i", f"http://{METRICS}/").startswith("HTTP/1.1 404 ")

    prometheus(site.fleet.centre, f"""
  - job_name: sixxs-central
    static_configs: [{{targets: ["{METRICS}"]}}]
""")
    wait_for(lambda: ask(site.fleet.centre, 'sixxs_pop_up{pop="chtst01"} == 1') != [], 20, "chtst01 to be up")
    assert ask(site.fleet.centre, "sixxs_serving == 1") != []
    dashboard = json.loads((PACKAGING / "grafana" / "sixxs-fleet.json").read_text())
    for expression in expressions(dashboard):
        wait_for(lambda: ask(site.fleet.centre, expression) != [], 20, f"a series of {expression}")
