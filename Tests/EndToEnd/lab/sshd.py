"""A real OpenSSH server for a PoP, which permits one thing: a forward to the daemon's control port.

It runs in a mount namespace of its own with an account `sixxs` that exists nowhere else (accounts.py): the host gets
no user, no key and no /run/sshd.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from .accounts import Accounts
from .namespace import Laboratory, Namespace, Process, run, wait_for

PROGRAM = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin:/sbin") or "/usr/sbin/sshd"
RESTRICTION = 'restrict,port-forwarding,permitopen="127.0.0.1:42003",command="/bin/false"'

CONFIGURATION = """\
Port 22
AddressFamily any
HostKey {folder}/host_key
PidFile none
UsePAM no
StrictModes no
PermitRootLogin no
AllowUsers sixxs
PubkeyAuthentication yes
PasswordAuthentication no
KbdInteractiveAuthentication no
AuthorizedKeysFile {folder}/authorized_keys
AllowAgentForwarding no
AllowStreamLocalForwarding no
AllowTcpForwarding local
PermitOpen 127.0.0.1:42003
PermitTTY no
PermitTunnel no
PermitUserRC no
GatewayPorts no
X11Forwarding no
MaxSessions 0
MaxStartups 100
LoginGraceTime 20
UseDNS no
LogLevel VERBOSE
"""

# An empty /run for the privilege separation folder.
SETUP = """\
set -e
mount -t tmpfs -o mode=0755 tmpfs /run
mkdir -m 0755 /run/sshd
exec {program} -D -e -f {folder}/sshd_config
"""


def make_key(laboratory: Laboratory, name: str) -> Path:
    """Makes an ed25519 key pair without a passphrase and returns the private key's path."""
    path = laboratory.folder / name
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", path)
    return path


class SSHServer:
    """One PoP's sshd."""

    def __init__(self, namespace: Namespace, public_keys: list[str], restriction: str = RESTRICTION) -> None:
        self.namespace = namespace
        self.folder = namespace.laboratory.folder / f"sshd-{namespace.short_name}"
        self.process: Process | None = None
        self.folder.mkdir(mode=0o755)
        self.accounts = Accounts(namespace.laboratory)
        (self.folder / "sshd_config").write_text(CONFIGURATION.format(folder=self.folder))
        self.authorize(public_keys, restriction)
        self.change_host_key()

    def authorize(self, public_keys: list[str], restriction: str = RESTRICTION) -> None:
        """Lets these keys in, and no others."""
        lines = [f"{restriction} {key.strip()}\n" for key in public_keys]
        (self.folder / "authorized_keys").write_text("".join(lines))

    def authorize_lines(self, text: str) -> None:
        """Installs ready-made lines, such as `pop show --authorized-keys` prints."""
        (self.folder / "authorized_keys").write_text(text)

    def change_host_key(self) -> None:
        """Makes a new host key; a running server needs a restart to use it."""
        for path in self.folder.glob("host_key*"):
            path.unlink()
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "host", "-f", self.folder / "host_key")

    @property
    def fingerprint(self) -> str:
        """The host key's SHA-256 fingerprint as ssh-keygen prints it."""
        return run("ssh-keygen", "-l", "-f", self.folder / "host_key.pub").stdout.split()[1]

    def launch(self) -> Process:
        """Starts it without waiting for anything."""
        script = SETUP.format(folder=self.folder, program=PROGRAM)
        self.process = self.namespace.spawn(*self.accounts.within("/bin/sh", "-c", script), name="sshd")
        return self.process

    def start(self) -> None:
        process = self.launch()
        wait_for(lambda: "Server listening" in process.output or not process.is_running, 10, "sshd")
        if not process.is_running:
            raise RuntimeError(f"sshd does not start: {process.output}")

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()

    def restart(self) -> None:
        self.stop()
        self.start()
