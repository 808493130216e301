"""Speaks TIC as AICCU does, in its order, and prints what `tunnel show` told as JSON.

    python3 aiccu.py HOST PORT USER SECRET [--tls VERSION] [--scheme md5|sha256|clear] [--tunnel T5072]

It runs inside a namespace, so that it knows nothing of the laboratory. The exit status is 1 where AICCU would give up.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import socket
import ssl
import sys
import time
import warnings

KEYS = ("TunnelId", "Type", "IPv6 Endpoint", "IPv6 POP", "IPv6 PrefixLength", "Tunnel MTU", "Tunnel Name", "POP Id", "IPv4 Endpoint",
        "IPv4 POP", "UserState", "AdminState", "Password", "Heartbeat_Interval")
POP_KEYS = ("POPId", "City", "Country", "IPv4", "IPv6", "ISP Short", "ISP Name", "ISP Website", "ISP ASN", "ISP LIR")


class Refused(Exception):
    """The server said no."""


class Session:
    """A connection, line by line."""

    def __init__(self, host: str, port: int, source: str | None = None) -> None:
        bound = (source, 0) if source else None
        self.socket: socket.socket = socket.create_connection((host, port), timeout=60, source_address=bound)
        self.buffer = b""
        self.expect_yes(self.line())

    def line(self) -> str:
        while b"\n" not in self.buffer:
            octets = self.socket.recv(1024)
            if not octets:
                raise Refused("the server closed the connection")
            self.buffer += octets
        line, _, self.buffer = self.buffer.partition(b"\n")
        return line.decode()

    @staticmethod
    def expect_yes(line: str) -> str:
        # The client looks at the first digit only.
        if line[:1] != "2":
            raise Refused(line)
        return line[4:]

    def ask(self, line: str) -> str:
        self.socket.sendall(line.encode() + b"\n")
        return self.expect_yes(self.line())

    def list(self, line: str) -> list[str]:
        self.socket.sendall(line.encode() + b"\n")
        first = self.line()
        if not first.startswith("201"):
            raise Refused(first)
        lines = []
        while not (line := self.line()).startswith("202"):
            lines.append(line)
        return lines

    def starttls(self, version: str) -> None:
        self.ask("starttls")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.minimum_version = context.maximum_version = ssl.TLSVersion[version]
        secure = context.wrap_socket(self.socket)
        self.socket = secure

    def login(self, user: str, secret: str, scheme: str) -> None:
        self.ask(f"username {user}")
        challenge = self.ask(f"challenge {scheme}")
        if scheme == "clear":
            answer = secret
        else:
            digest = hashlib.new(scheme, secret.encode()).hexdigest()
            answer = hashlib.new(scheme, (challenge + digest).encode()).hexdigest()
        self.ask(f"authenticate {scheme} {answer}")

    def quit(self) -> None:
        self.socket.sendall(b"QUIT Thanks for all the fish\n")
        # AICCU hangs here over TLS until the server closes.
        while self.socket.recv(1024):
            pass


def fields(lines: list[str], keys: tuple[str, ...]) -> dict[str, str]:
    found = dict(line.split(": ", 1) for line in lines)
    assert tuple(found) == keys and all(found.values()), found
    return found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("user")
    parser.add_argument("secret")
    parser.add_argument("--tls")
    parser.add_argument("--scheme", default="md5")
    parser.add_argument("--tunnel")
    arguments = parser.parse_args()
    session = Session(arguments.host, arguments.port)
    session.ask("client TIC/draft-00 AICCU/2007.01.15-console-linux Linux/6.1.0")
    if abs(int(session.ask("get unixtime")) - time.time()) > 120:
        raise Refused("the clock is off")
    result: dict[str, object] = {}
    if arguments.tls:
        session.starttls(arguments.tls)
        secure = session.socket
        assert isinstance(secure, ssl.SSLSocket)
        result["tls"] = secure.version()
        result["certificate"] = hashlib.sha256(secure.getpeercert(True) or b"").hexdigest()
    session.login(arguments.user, arguments.secret, arguments.scheme)
    tunnels = session.list("tunnel list")
    assert all(len(line.split(" ")) == 4 for line in tunnels), tunnels
    chosen = arguments.tunnel or tunnels[0].split(" ")[0]
    tunnel = fields(session.list(f"tunnel show {chosen}"), KEYS)
    pop = fields(session.list(f"pop show {tunnel['POP Id']}"), POP_KEYS)
    if isinstance(session.socket, ssl.SSLSocket):
        # What AICCU breaks at.
        result["ticket"] = session.socket.session is not None and session.socket.session.has_ticket
    session.quit()
    print(json.dumps({**result, "tunnels": tunnels, "tunnel": tunnel, "pop": pop}))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    try:
        main()
    except Refused as refusal:
        print(refusal, file=sys.stderr)
        sys.exit(1)
    except OSError as error:
        print(f"the server ended it: {error}", file=sys.stderr)
        sys.exit(1)
