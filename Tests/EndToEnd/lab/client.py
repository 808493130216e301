"""sixxs-client, the user's end of a tunnel."""

from __future__ import annotations

from pathlib import Path

from .namespace import Namespace, Process, wait_for
from .traffic import answers


class Client:
    """One sixxs-client of any type (`6in4`, `heartbeat`, `ayiya`)."""

    def __init__(self, namespace: Namespace, program: Path, kind: str, pop: str, identity: str,
                 password: str | None = None, mtu: int | None = None, beat_interval: int = 60,
                 tun: str = "sixxs0", options: list[str] = []) -> None:
        self.namespace = namespace
        self.identity = identity
        self.tun = tun
        self.process: Process | None = None
        self._argv: list[str] = [str(program), kind, "--pop", pop, "--identity", identity, "--tun", tun]
        if password is not None:
            file = namespace.laboratory.folder / f"password-{namespace.short_name}-{tun}"
            file.write_text(password + "\n")
            file.chmod(0o600)
            self._argv += ["--password-file", str(file), "--beat-interval", str(beat_interval)]
        # One for each, though two hosts of a laboratory may call their devices the same.
        self.status_socket = namespace.laboratory.folder / f"client-{namespace.short_name}-{tun}.sock"
        self._argv += ["--status-socket", str(self.status_socket)]
        if mtu is not None:
            self._argv += ["--mtu", str(mtu)]
        self._argv += options

    @property
    def pops_end(self) -> str:
        """`::1` of the tunnel."""
        return self.identity.removesuffix("2") + "1"

    def start(self, timeout: float = 8) -> Client:
        """Starts it and waits until the PoP's end of the tunnel answers."""
        process = self.launch()
        wait_for(lambda: answers(self.namespace, self.pops_end) or not process.is_running, timeout,
                 f"the tunnel of {self.namespace}; the client says: {process.output[-500:]}", every=0.1)
        if not process.is_running:
            raise RuntimeError(f"sixxs-client ended with {process.exit_code}: {process.output[-2000:]}")
        return self

    def launch(self) -> Process:
        """Starts it and waits for its TUN device only."""
        self.process = self.namespace.spawn(*self._argv, name="sixxs-client")
        process = self.process
        wait_for(lambda: self.namespace.has_interface(self.tun) or not process.is_running, 5, "the client's TUN device")
        return process

    def stop(self) -> int:
        assert self.process is not None
        return self.process.stop()

    def kill(self) -> int:
        assert self.process is not None
        return self.process.kill()
