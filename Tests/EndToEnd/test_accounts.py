"""A user gets a link, chooses a password, logs in and sees what is theirs; an operator suspends and erases them.

    curl ──HTTP──► sixxs-central serve --web
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lab.fleet import Fleet
from lab.namespace import wait_for

pytestmark = pytest.mark.seconds(60)

WEB = "127.0.0.1:8080"
URL = "https://tunnels.example.net"
PASSWORD = "correct horse battery"


class Browser:
    """curl with its cookies, as if behind the proxy that has the name."""

    def __init__(self, fleet: Fleet, name: str) -> None:
        self.fleet, self.jar = fleet, fleet.central.folder / name

    def ask(self, path: str, **fields: str) -> str:
        """The answer's head and body."""
        # The cookie is for TLS alone: curl gives it back over http only to the host itself.
        data = [word for name, value in fields.items() for word in ("--data-urlencode", f"{name}={value}")]
        cookie = ["-H", f"Cookie: {self.jar.read_text()}"] if self.jar.exists() else []
        command = ["curl", "-s", "-i", "--max-time", "20", "-H", f"Origin: {URL}", *cookie, *data, f"http://{WEB}{path}"]
        answer = self.fleet.centre.run(*command).stdout
        if session := re.search(r"^Set-Cookie: (__Host-sixxs_session=[0-9a-f]*); Path=/; HttpOnly; SameSite=Lax; Max-Age=\d+; Secure$", answer, re.MULTILINE):
            self.jar.write_text(session[1])
        return answer

    def status(self, path: str, **fields: str) -> int:
        return int(self.ask(path, **fields).split()[1])

    def form(self, path: str) -> str:
        token = re.search(r'name="form" value="([0-9a-f]{64})"', self.ask(path))
        assert token is not None
        return token[1]


def test_from_a_link_to_the_end_of_an_account(fleet: Fleet) -> None:
    central = fleet.central
    for handle in ("jdoe", "asmith"):
        central.run("user", "add", handle, "--name", f"Name of {handle}", "--mail", f"{handle}@example.net")
    own = central.add_tunnel("chtst01", "ayiya", "--owner", "jdoe")
    other = central.add_tunnel("chtst01", "ayiya", "--owner", "asmith")
    service = central.spawn("serve", "--interval", 86400, "--web", WEB, "--web-url", URL, "--log-level", "trace")
    wait_for(lambda: "pages at" in service.output, 20, "the pages")
    jdoe = Browser(fleet, "jdoe")
    assert central.run("user", "invite", "jdoe", check=False).returncode == 2
    assert central.run("user", "invite", "jdoe", "--web-url", "https://a/b", check=False).returncode == 2

    link = central.run("user", "invite", "jdoe", "--web-url", URL).stdout.strip()
    assert re.fullmatch(rf"{URL}/welcome/[0-9a-f]{{64}}", link)
    path = link.removeprefix(URL)
    assert jdoe.status(path) == 200
    assert jdoe.status(path, password="short", again="short") == 400
    assert jdoe.status(path, password=PASSWORD, again=PASSWORD) == 303
    assert jdoe.status(path) == 404
    assert jdoe.status("/login", user="jdoe", password="wrong horse battery") == 403
    assert "Location: /home" in jdoe.ask("/login", user="jdoe", password=PASSWORD)

    home = jdoe.ask("/home")
    assert f">{own}<" in home and f">{other}<" not in home
    assert [jdoe.status(place) for place in ("/users", f"/tunnels/{own}", f"/tunnels/{other}", "/audit", "/events")] == [404] * 5
    assert len(central.json("user", "sessions", "jdoe")) == 1  # type: ignore[arg-type]
    assert jdoe.status("/account/sessions") == 405 and jdoe.status("/account/sessions", form="x") == 403

    central.run("user", "set", "jdoe", "--role", "operator")
    assert jdoe.status("/home") == 303
    assert jdoe.status("/login", user="jdoe", password=PASSWORD) == 303 and jdoe.status("/users") == 200
    assert jdoe.status("/account/sessions", form=jdoe.form("/account")) == 303 and jdoe.status("/home") == 303

    jdoe.status("/login", user="jdoe", password=PASSWORD)
    assert "1 tunnel disabled" in central.run("user", "suspend", "jdoe").stdout
    assert jdoe.status("/home") == 303 and jdoe.status("/login", user="jdoe", password=PASSWORD) == 403
    assert "jdoe is suspended" in central.run("tunnel", "enable", own, check=False).stderr
    central.run("user", "resume", "jdoe")
    assert central.json("tunnel", "show", own)["enabled"] is True  # type: ignore[index, call-overload]

    central.run("user", "erase", "jdoe", "--yes")
    audit = central.run("audit", "--json", "--last", 1000).stdout
    assert "Name of jdoe" not in audit and "jdoe@" not in audit and "Name of asmith" in audit
    central.run("verify")
    # Nothing that lets anybody in was told to anybody else.
    token = path.rsplit("/", 1)[1]
    for text in (service.output, audit, central.run("events", "--json").stdout):
        assert token not in text and PASSWORD not in text and "scrypt" not in text


def test_the_link_is_alone_on_standard_output(fleet: Fleet, tmp_path: Path) -> None:
    fleet.central.run("user", "add", "jdoe", "--mail", "jdoe@example.net")
    invited = fleet.central.run("user", "invite", "jdoe", "--web-url", f"{URL}/")
    assert invited.stdout.count("\n") == 1 and invited.stdout.startswith(f"{URL}/welcome/")
    assert "jdoe@example.net" in invited.stderr and "good once" in invited.stderr
    forgotten = fleet.central.run("user", "reset", "jdoe", "--web-url", URL, check=False)
    assert forgotten.returncode == 1 and "sixxs-central user invite jdoe" in forgotten.stderr
