"""Events are followed, and told to a program: a file of lines, a mail server, a web server.

    centre ──── chtst01   sshd, sixxsd
"""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.fleet import Fleet
from lab.namespace import Process, wait_for

POP = "chtst01"
SCRIPTS = Path(__file__).resolve().parents[2] / "Packaging" / "events"

MAIL_SERVER = """
import socketserver, sys

class Session(socketserver.StreamRequestHandler):
    def handle(self):
        say = lambda line: self.wfile.write(line + b"\\r\\n")
        say(b"220 test")
        isBody = False
        for line in self.rfile:
            print(line.decode().rstrip(), flush=True)
            if isBody:
                isBody = line != b".\\r\\n"
                if not isBody: say(b"250 kept")
            elif line.upper().startswith(b"DATA"):
                isBody = True
                say(b"354 go on")
            elif line.upper().startswith(b"QUIT"):
                return say(b"221 bye")
            else:
                say(b"250 test")

with socketserver.TCPServer(("127.0.0.1", int(sys.argv[1])), Session) as server:
    print("listening", flush=True)
    server.serve_forever()
"""

WEB_SERVER = """
import http.server, sys

class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        print(self.headers["Authorization"], self.rfile.read(int(self.headers["Content-Length"])).decode(), flush=True)
        self.send_response(204)
        self.end_headers()

with http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Receiver) as server:
    print("listening", flush=True)
    server.serve_forever()
"""


def script(fleet: Fleet, name: str, text: str) -> Path:
    path = fleet.central.folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def served(fleet: Fleet, hook: Path) -> Process:
    service = fleet.central.spawn("serve", "--on-event", hook)
    wait_for(lambda: "round over" in service.output, 20, "the first round")
    return service


@pytest.fixture
def listed(fleet: Fleet) -> Iterator[Fleet]:
    fleet.trust_all()
    fleet.apply_inventory()
    yield fleet


def listening(fleet: Fleet, program: str, port: int) -> Process:
    server = fleet.central.namespace.spawn(sys.executable, "-c", program, port)
    wait_for(lambda: "listening" in server.output, 10, "a server")
    return server


def test_events_are_followed_and_told(listed: Fleet) -> None:
    central = listed.central
    told = central.folder / "told"
    hook = script(listed, "hook", f"cat >> {shlex.quote(str(told))}")
    follower = central.spawn("events", "--follow", "--json")
    service = served(listed, hook)
    central.run("hold", POP, "--because", "the line is being repaired")
    wait_for(lambda: told.exists() and "held" in told.read_text(), 10, "the program to be told")
    events = [json.loads(line) for line in told.read_text().splitlines()]
    last = events[-1]
    assert (last["pop"], last["tunnel"], last["kind"]) == (POP, None, "held")
    assert last["text"].startswith(f"{POP} held: ") and "the line is being repaired" in last["text"]
    numbers = [event["number"] for event in events]
    assert numbers == sorted(set(numbers))
    wait_for(lambda: '"kind":"held"' in follower.output, 10, "the follower")
    shown = [json.loads(line) for line in follower.output.splitlines() if line.startswith("{")]
    assert [event["kind"] for event in shown][-1] == "held"
    # One that ends and another that begins tell nothing twice.
    service.stop()
    before = told.read_text()
    central.run("unhold", POP)
    service = served(listed, hook)
    wait_for(lambda: "released" in told.read_text(), 10, "the program to be told of what was meanwhile")
    assert told.read_text().startswith(before) and told.read_text().count("released") >= 1
    assert told.read_text().count('"kind":"held"') == before.count('"kind":"held"')


def test_a_program_that_fails_is_told_of_and_harms_no_round(listed: Fleet) -> None:
    central = listed.central
    refused = central.run("serve", "--on-event", "/nonexistent", check=False)
    assert refused.returncode == 1 and "there is no program /nonexistent" in refused.stderr
    hook = script(listed, "hook", """grep -q '"kind":"held"' || exit 0; echo no server >&2; exit 3""")
    service = served(listed, hook)
    central.run("hold", POP, "--because", "a test")
    wait_for(lambda: f"was not told '{POP} held" in service.output, 30, "the complaint")
    assert "it ended with status 3: no server" in service.output


def test_the_scripts_that_come_along_mail_and_post(listed: Fleet) -> None:
    central = listed.central
    settings = central.folder / "settings"
    for name, program, port, lines, mark in (
        ("mail-event", MAIL_SERVER, 2525, "noc@example.net\nserver 127.0.0.1:2525\n", f"Subject: [sixxs] {POP} held"),
        ("post-event", WEB_SERVER, 8025, "http://127.0.0.1:8025/hook\nAuthorization: Bearer x\n", '"kind": "held"'),
    ):
        server = listening(listed, program, port)
        settings.write_text(lines)
        service = served(listed, script(listed, name, f"exec {SCRIPTS / name} {settings}"))
        central.run("hold", POP, "--because", "a test")
        wait_for(lambda: mark in server.output, 20, f"{name}\n{service.output}")
        if name == "mail-event":
            assert "noc@example.net" in server.output and "Auto-Submitted: auto-generated" in server.output
        else:
            assert "Bearer x" in server.output
        service.stop()
        central.run("unhold", POP)
