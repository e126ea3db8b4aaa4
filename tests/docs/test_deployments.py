"""The files below docs/deploy for nodes: confined, probed, drained, with settings that exist."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from excise.kinds import KINDS

DEPLOY: Final = Path(__file__).resolve().parents[2] / "docs/deploy"
PAGE: Final = (DEPLOY.parent / "nodes.md").read_text("utf-8")
FILES: Final = ("Dockerfile", "kubernetes.yaml", "haproxy.cfg", "excise.service")
OBJECTS: Final[list[dict[str, Any]]] = list(
    yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text("utf-8"))
)
POD: Final[dict[str, Any]] = next(x for x in OBJECTS if x["kind"] == "Deployment")["spec"]


def one(kind: str) -> dict[str, Any]:
    (found,) = [each for each in OBJECTS if each["kind"] == kind]
    return found


@pytest.mark.parametrize("name", FILES)
def test_every_file_is_told_and_names_settings_that_exist(name: str) -> None:
    text = (DEPLOY / name).read_text("utf-8")
    assert f"deploy/{name}" in PAGE
    named = set(re.findall(r"\bEXCISE_([A-Z_]+)", text)) - {"CONFIG"}
    assert {each.lower() for each in named} <= set(KINDS)
    assert not re.search(r"https?://(?!\w*$)", text), "no registry, no address"


def test_containers_have_no_rights() -> None:
    spec = POD["template"]["spec"]
    assert spec["securityContext"]["runAsNonRoot"] and spec["securityContext"]["runAsUser"] > 1000
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert spec["automountServiceAccountToken"] is False
    for each in (*spec["containers"], *spec["initContainers"]):
        context = each["securityContext"]
        assert context["readOnlyRootFilesystem"] and not context["allowPrivilegeEscalation"]
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert each["resources"]["limits"]["memory"]
        assert {m["name"] for m in each["volumeMounts"]} <= {v["name"] for v in spec["volumes"]}


def test_secrets_come_from_secrets() -> None:
    (container,) = POD["template"]["spec"]["containers"]
    secret = {each["name"] for each in container["env"] if "valueFrom" in each}
    assert secret == {"EXCISE_NODES_KEY", "EXCISE_REDIS"}


def test_nodes_are_probed_and_drained() -> None:
    """Out of the service before the port closes; time for what is under way."""
    spec = POD["template"]["spec"]
    (container,) = spec["containers"]
    ports = {each["name"] for each in container["ports"]}
    for probe, path in (
        ("startupProbe", "/readyz"), ("readinessProbe", "/readyz"), ("livenessProbe", "/healthz"),
    ):  # fmt: skip
        assert container[probe]["httpGet"] == {"path": path, "port": "metrics"}
    env = {each["name"]: each.get("value") for each in container["env"]}
    waits = int(container["lifecycle"]["preStop"]["exec"]["command"][1])
    assert spec["terminationGracePeriodSeconds"] > waits + float(env["EXCISE_DRAIN_SECONDS"])
    assert POD["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
    assert {port["targetPort"] for port in one("Service")["spec"]["ports"]} <= ports


def test_the_objects_speak_of_one_another() -> None:
    labels = POD["template"]["metadata"]["labels"]
    assert {"NetworkPolicy", "PodDisruptionBudget", "HorizontalPodAutoscaler"} <= {
        each["kind"] for each in OBJECTS
    }
    assert POD["selector"]["matchLabels"] == one("Service")["spec"]["selector"] == labels
    assert one("PodDisruptionBudget")["spec"]["selector"]["matchLabels"] == labels
    policy = one("NetworkPolicy")["spec"]
    assert policy["podSelector"]["matchLabels"] == labels
    assert set(policy["policyTypes"]) == {"Ingress", "Egress"}
    out = [port for rule in policy["egress"] for port in rule["ports"]]
    assert {"protocol": "UDP", "port": 443} not in out
    scaled = one("HorizontalPodAutoscaler")["spec"]
    assert scaled["scaleTargetRef"]["name"] == "excise"
    assert scaled["minReplicas"] == POD["replicas"] >= 2
    assert {each["metadata"]["namespace"] for each in OBJECTS} == {"excise"}


def test_the_image_runs_as_nobody() -> None:
    text = (DEPLOY / "Dockerfile").read_text("utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith(("#", " "))]
    assert lines[0] == "ARG BASE=python:3.12-slim"
    assert {line for line in lines if line.startswith("FROM")} == {
        "FROM ${BASE} AS build", "FROM ${BASE}",
    }  # fmt: skip
    assert "USER 10001:10001" in lines and "--require-hashes" in text
    last = text.rpartition("USER ")[2]
    assert "RUN" not in last and 'ENTRYPOINT ["excise"]' in last


def unit() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in (DEPLOY / "excise.service").read_text("utf-8").splitlines():
        name, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            found.setdefault(name, []).append(value)
    return found


def test_the_unit_is_confined_and_left_alone_where_starting_again_mends_nothing() -> None:
    told = unit()
    assert told["NoNewPrivileges"] == ["yes"] and told["CapabilityBoundingSet"] == [""]
    assert told["ProtectSystem"] == ["strict"] and told["LimitCORE"] == ["0"]
    assert told["RestartPreventExitStatus"] == ["2 3"] and told["StateDirectoryMode"] == ["0700"]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    text = (DEPLOY / "excise.service").read_text("utf-8")
    program = shutil.which("true") or "/bin/true"
    path = tmp_path / "excise.service"
    path.write_text(text.replace("/opt/excise/bin/excise", program))
    command = ["systemd-analyze", "verify", "--man=no", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    told = [line for line in (done.stdout + done.stderr).splitlines() if "excise.service" in line]
    assert told == []
    command = ["systemd-analyze", "security", "--offline=yes", "--threshold=20", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stdout[-300:] + done.stderr


@pytest.mark.skipif(shutil.which("haproxy") is None, reason="haproxy is not installed")
def test_haproxy_takes_its_settings() -> None:
    command = ["haproxy", "-c", "-f", str(DEPLOY / "haproxy.cfg")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 0, done.stderr


def test_the_balancer_says_who_its_clients_are_and_asks_who_is_ready() -> None:
    text = (DEPLOY / "haproxy.cfg").read_text("utf-8")
    assert "send-proxy-v2" in text and "option httpchk GET /readyz" in text
    assert "port 9464" in text and "mode tcp" in text
