"""What the centre's pages cost, asked by curl on the host of the centre."""

from __future__ import annotations

import re
import secrets
import statistics
import time
from concurrent.futures import ThreadPoolExecutor

from lab.central import Central
from lab.namespace import wait_for

WEB = "127.0.0.1:8080"
ROUNDS = 20
# How many ask at once, and how often each.
CLIENTS, PAGES = 4, 200


class Pages:
    """A service that has made its round, and then does nothing but answer."""

    def __init__(self, central: Central, deadline: float) -> None:
        self.central = central
        tokens, self.token = central.folder / "tokens", secrets.token_hex(16)
        tokens.write_text(f"bench {self.token}\n")
        tokens.chmod(0o600)
        self.service = central.spawn("serve", "--interval", 86400, "--web", WEB, "--web-tokens", tokens)
        wait_for(lambda: re.search(r"round over", self.service.output), deadline, "the round", every=0.1)

    def stop(self) -> None:
        self.service.stop()

    def _curl(self, *words: object) -> str:
        header = ["-H", f"Authorization: Bearer {self.token}"]
        return self.central.namespace.run("curl", "-s", "-o", "/dev/null", *header, *words, timeout=300).stdout

    def times(self, path: str) -> tuple[float, float]:
        """The least and the median time of a page, in ms."""
        found = []
        for _ in range(ROUNDS):
            seconds, code = self._curl("-w", "%{time_total} %{http_code}", f"http://{WEB}{path}").split()
            assert code == "200", f"{path}: {code}"
            found.append(float(seconds) * 1000)
        return min(found), statistics.median(found)

    def rate(self, path: str) -> float:
        """How many pages a second some clients get, each on one connection."""
        mark = "&" if "?" in path else "?"
        begun = time.monotonic()
        with ThreadPoolExecutor(CLIENTS) as pool:
            list(pool.map(lambda _: self._curl(f"http://{WEB}{path}{mark}n=[1-{PAGES}]"), range(CLIENTS)))
        return CLIENTS * PAGES / (time.monotonic() - begun)


HEAD = ["", "| page | least, ms | median, ms | must |", "| --- | ---: | ---: | ---: |"]

# What each page may take, in ms.
OF_MANY_TUNNELS = [("/tunnels/T7007", 100), ("/tunnels/T7007/latency.svg?last=month", 100), ("/pops/xatst07", 1000), ("/events", 1000)]
OF_MANY_POPS = [("/", 200), ("/pops/xatst07/sparkline.svg", 50), ("/fleet/traffic.svg?last=year", 1000)]


def rows(central: Central, what: str, paths: list[tuple[str, int]], deadline: float, rate: str | None = None) -> list[str]:
    """A row for each page, and one for how many of a page there are in a second."""
    pages = Pages(central, deadline)
    lines = []
    for path, must in paths:
        least, median = pages.times(path)
        lines.append(f"| `{path}`, {what} | {least:.0f} | {median:.0f} | {must} ms |")
    if rate:
        lines.append(f"| `{rate}`, {what}, {CLIENTS} clients at once | {pages.rate(rate):.0f} a second | | 200 a second |")
    pages.stop()
    print(*lines, sep="\n", flush=True)
    return lines
