"""What is deployed is valid by its schemas, and agrees with the image, the settings and the routes of the service."""

import json
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from check_jsonschema import main as check_jsonschema
from click.testing import CliRunner
from fastapi.routing import APIRoute

from api.access import needed_scope
from api.app import create_app
from api.keys import Scope, read_keys
from index.corpus import Corpus
from rag.engine import Engine
from rag.settings import PREFIX, Settings
from tests.command_line import ROOT

DEPLOY = ROOT / "deploy"
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
# The oldest that has all fields, and the newest that is known.
KUBERNETES = ("1.30", kubernetes_validate.latest_version())
# What the server takes to close after RAG_GRACE_S.
CLOSING_S = 5


def manifests() -> dict[str, dict[str, Any]]:
    """Return what is applied to a cluster, by kind and name."""
    found = {}
    for path in (DEPLOY / "kubernetes").glob("*.yaml"):
        for manifest in yaml.safe_load_all(path.read_text(encoding="utf-8")):
            if manifest["kind"] != "Kustomization":
                found[f"{manifest['kind']} {manifest['metadata']['name']}"] = manifest
    return found


MANIFESTS = manifests()
POD = MANIFESTS["Deployment footnote"]["spec"]["template"]["spec"]
(CONTAINER,) = POD["containers"]
SERVICE = COMPOSE["services"]["footnote"]


def variables(container: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Give a container's environment; what it may have of a processor is 2, as that is what is set."""
    for variable in container["env"]:
        value = variable.get("value", container["resources"]["limits"]["cpu"])
        yield variable["name"], value


class TestSchemas:
    def test_the_compose_file(self) -> None:
        done = CliRunner().invoke(
            check_jsonschema, ["--builtin-schema", "vendor.compose-spec", str(DEPLOY / "compose.yaml")]
        )
        assert done.exit_code == 0, done.output

    @pytest.mark.parametrize("version", KUBERNETES)
    @pytest.mark.parametrize("name", MANIFESTS)
    def test_the_manifests(self, name: str, version: str) -> None:
        kubernetes_validate.validate(MANIFESTS[name], version, strict=True)

    def test_every_manifest_is_applied(self) -> None:
        folder = DEPLOY / "kubernetes"
        applied = yaml.safe_load((folder / "kustomization.yaml").read_text(encoding="utf-8"))
        assert {*applied["resources"], "kustomization.yaml"} == {path.name for path in folder.iterdir()}


class TestSettings:
    @pytest.mark.parametrize(
        "environment", [SERVICE["environment"], dict(variables(CONTAINER))], ids=["compose", "kubernetes"]
    )
    def test_are_ones_that_the_service_takes(
        self, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        image = dict(re.findall(r"(RAG_\w+)=(\S+)", DOCKERFILE))
        assert all(name.startswith(PREFIX) for name in environment)
        for name, value in (image | environment).items():
            monkeypatch.setenv(name, value)
        settings = Settings.read()
        assert settings.milvus is not None
        assert not settings.open_to_all
        assert settings.api_keys_file is not None
        assert settings.threads == 2
        assert str(settings.data_dir) == "/data"

    def test_the_data_go_to_a_volume_and_nothing_else_is_written_but_tmp(self) -> None:
        assert SERVICE["read_only"] is True
        assert [one.partition(":")[2] for one in SERVICE["volumes"]] == ["/data"]
        assert SERVICE["tmpfs"] == ["/tmp"]
        assert CONTAINER["securityContext"]["readOnlyRootFilesystem"] is True
        written = {one["mountPath"] for one in CONTAINER["volumeMounts"] if not one.get("readOnly")}
        assert written == {"/data", "/tmp"}
        assert "VOLUME /data" in DOCKERFILE

    def test_the_user_has_no_rights(self) -> None:
        (user,) = re.findall(r"^USER (\d+):\d+$", DOCKERFILE, re.M)
        assert POD["securityContext"]["runAsUser"] == int(user) > 0
        assert POD["securityContext"]["runAsNonRoot"] is True
        assert CONTAINER["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert SERVICE["cap_drop"] == ["ALL"]

    def test_stopping_is_waited_for(self) -> None:
        stopping = Settings.read().grace_s + CLOSING_S
        assert int(SERVICE["stop_grace_period"].removesuffix("s")) > stopping
        pause = CONTAINER["lifecycle"]["preStop"]["sleep"]["seconds"]
        assert POD["terminationGracePeriodSeconds"] > stopping + pause

    def test_the_image_is_of_this_version(self) -> None:
        version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
        (image,) = yaml.safe_load((DEPLOY / "kubernetes" / "kustomization.yaml").read_text(encoding="utf-8"))["images"]
        assert SERVICE["image"] == f"footnote:{version}"
        assert (image["name"], image["newTag"]) == (CONTAINER["image"], version)

    def test_milvus_is_the_same_in_both(self) -> None:
        (milvus,) = MANIFESTS["StatefulSet milvus"]["spec"]["template"]["spec"]["containers"]
        composed = COMPOSE["services"]["milvus"]
        assert milvus["image"] == composed["image"]
        assert milvus["command"] == composed["command"]
        assert dict(variables(milvus)) == composed["environment"]
        etcd = yaml.safe_load(MANIFESTS["ConfigMap milvus"]["data"]["embedEtcd.yaml"])
        assert etcd == yaml.safe_load((DEPLOY / "etcd.yaml").read_text(encoding="utf-8"))


class TestWatching:
    def test_probes_are_routes_that_need_no_key(self, corpus: Corpus) -> None:
        routes = {route.path for route in create_app(Engine(corpus)).routes if isinstance(route, APIRoute)}
        for kind, path in (("startup", "/healthz"), ("liveness", "/healthz"), ("readiness", "/readyz")):
            assert CONTAINER[f"{kind}Probe"]["httpGet"] == {"path": path, "port": "http"}
            assert path in routes
            assert needed_scope("GET", path) is None
        assert "/readyz" in DOCKERFILE

    def test_prometheus_has_the_key_that_metrics_need(self) -> None:
        jobs = yaml.safe_load((DEPLOY / "prometheus.yaml").read_text(encoding="utf-8"))["scrape_configs"]
        job = next(job for job in jobs if job["job_name"] == "footnote")
        assert needed_scope("GET", job.get("metrics_path", "/metrics")) is Scope.READ
        secret = Path(job["authorization"]["credentials_file"])
        assert secret.name in COMPOSE["services"]["prometheus"]["secrets"]
        for job in jobs:
            ((target,),) = (one["targets"] for one in job["static_configs"])
            assert target.partition(":")[0] in COMPOSE["services"]

    def test_grafana_has_the_dashboard_and_a_source_for_it(self) -> None:
        mounted = {one["source"]: Path(one["target"]) for one in COMPOSE["services"]["grafana"]["configs"]}
        (provider,) = yaml.safe_load((DEPLOY / "grafana" / "dashboards.yaml").read_text(encoding="utf-8"))["providers"]
        assert mounted["grafana_dashboard"].parent == Path(provider["options"]["path"])
        (source,) = yaml.safe_load((DEPLOY / "grafana" / "datasource.yaml").read_text(encoding="utf-8"))["datasources"]
        dashboard = json.loads((DEPLOY / COMPOSE["configs"]["grafana_dashboard"]["file"]).read_text(encoding="utf-8"))
        asked = next(one for one in dashboard["templating"]["list"] if one["type"] == "datasource")
        assert source["type"] == asked["query"]

    def test_every_file_that_is_mounted_is_there(self) -> None:
        for config in COMPOSE["configs"].values():
            assert (DEPLOY / config["file"]).is_file()


class TestImage:
    def test_its_context_holds_what_the_stages_read(self) -> None:
        lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
        let_in = {line.removeprefix("!") for line in lines if line.startswith("!")}
        packages = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"][
            "packages"
        ]
        read = {"pyproject.toml", "README.md", "constraints.txt", "requirements", "seeds", "deploy/*.sh", *packages}
        assert read == let_in
        assert all(list(ROOT.glob(name)) for name in let_in)


@pytest.mark.slow
class TestSecrets:
    def test_are_made_once_and_taken_by_the_service(self, tmp_path: Path) -> None:
        script = shutil.copy(DEPLOY / "secrets.sh", tmp_path)
        # What a shell splits at spaces; Python's own path has none where the tests run.
        environment = {"RAG": f"{sys.executable} -m api.cli", "PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)}
        made = subprocess.run([script], env=environment, capture_output=True, text=True, check=True, timeout=60)
        folder = tmp_path / "secrets"
        assert {path.name for path in folder.iterdir()} == {
            Path(secret["file"]).name for secret in COMPOSE["secrets"].values()
        }
        keys = read_keys(None, folder / "keys")
        writer = keys.find(made.stdout.strip())
        assert writer is not None
        assert writer.opens(Scope.WRITE)
        scraper = keys.find((folder / "prometheus_key").read_text(encoding="ascii").strip())
        assert scraper is not None
        assert not scraper.opens(Scope.WRITE)
        again = subprocess.run([script], env=environment, capture_output=True, text=True, check=False, timeout=60)
        assert again.returncode == 1
        assert "already" in again.stderr
