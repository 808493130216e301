"""A real Prometheus with our rules, and what our dashboards ask it."""

from __future__ import annotations

import json
import re
import urllib.parse
from pathlib import Path

from .namespace import Namespace, Process, wait_for

PACKAGING = Path(__file__).resolve().parents[3] / "Packaging"


def ask(namespace: Namespace, expression: str) -> list[dict]:
    """What Prometheus answers to an expression."""
    query = urllib.parse.urlencode({"query": expression})
    result = namespace.run("curl", "-s", "--max-time", 5, f"http://127.0.0.1:9090/api/v1/query?{query}")
    answer = json.loads(result.stdout)
    assert answer["status"] == "success", answer
    return answer["data"]["result"]


def prometheus(namespace: Namespace, jobs: str) -> Process:
    """Starts one with these jobs and our rules, and waits until it answers."""
    folder = namespace.laboratory.folder / "prometheus"
    folder.mkdir()
    rules = sorted(str(path) for path in (PACKAGING / "prometheus").glob("*.rules.yml"))
    configuration = folder / "prometheus.yml"
    configuration.write_text(
        f"global: {{scrape_interval: 1s, evaluation_interval: 1s}}\nrule_files: {json.dumps(rules)}\nscrape_configs:\n{jobs}"
    )
    process = namespace.spawn("prometheus", f"--config.file={configuration}", f"--storage.tsdb.path={folder}/data",
                              "--web.listen-address=127.0.0.1:9090", name="prometheus")
    wait_for(lambda: "Ready" in namespace.run("curl", "-s", "--max-time", 2, "http://127.0.0.1:9090/-/ready", check=False).stdout,
             20, "prometheus to be ready")
    return process


def expressions(dashboard: dict) -> list[str]:
    """What the panels of a dashboard ask, as Grafana asks it."""
    found = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]
    assert found, "a dashboard has panels"
    return [re.sub(r"\$instance|\$pop", ".*", text.replace("$__rate_interval", "5m")) for text in found]
