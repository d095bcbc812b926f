"""What is installed: pyproject.toml, the versions in constraints.txt and the locks in requirements/ agree.

`make lock` mends what is found here.
"""

import re
import tomllib
from collections.abc import Iterator

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.command_line import ROOT

# What each lock is of, and what it leaves out on purpose (see the Makefile).
LOCKS = {
    "prepare": ({"prepare"}, {"torch"}),
    "dev": ({"dev"}, {"torch"}),
    "serve": ({"milvus", "traces"}, {"torch", "hf-xet", "milvus-lite", "pyarrow", "scipy"}),
}
LINUX = {"sys_platform": "linux", "platform_machine": "x86_64", "platform_python_implementation": "CPython"}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def constraints() -> dict[str, str]:
    pins = [line.split("==") for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").split() if "==" in line]
    return {canonicalize_name(name): version for name, version in pins}


def locked(lock: str) -> Iterator[tuple[Requirement, list[str]]]:
    """Give each requirement of a lock with the digests of its files."""
    text = (ROOT / "requirements" / f"{lock}.txt").read_text(encoding="utf-8").replace("\\\n", "")
    for line in text.splitlines():
        if not line.startswith("#"):
            yield Requirement(line.split("--hash")[0]), re.findall(r"--hash=sha256:([0-9a-f]{64})(?= |$)", line)


def direct(groups: set[str]) -> Iterator[Requirement]:
    """Give what pyproject.toml asks for: always, and for groups, with what these name in turn."""
    yield from map(Requirement, PROJECT["dependencies"])
    for group in groups:
        for one in map(Requirement, PROJECT["optional-dependencies"][group]):
            if one.name == PROJECT["name"]:
                yield from direct(one.extras)
            else:
                yield one


@pytest.mark.parametrize("lock", LOCKS)
def test_every_file_has_its_digest_and_every_package_one_version(lock: str) -> None:
    for requirement, digests in locked(lock):
        assert [one.operator for one in requirement.specifier] == ["=="], requirement
        assert digests, requirement


@pytest.mark.parametrize("lock", LOCKS)
def test_what_pyproject_asks_for_is_locked(lock: str) -> None:
    groups, left_out = LOCKS[lock]
    versions = {canonicalize_name(one.name): str(one.specifier).removeprefix("==") for one, _ in locked(lock)}
    for requirement in direct(groups):
        name = canonicalize_name(requirement.name)
        if name not in left_out:
            assert name in versions, f"{name} is not in requirements/{lock}.txt; run `make lock`"
            assert requirement.specifier.contains(versions[name]), f"{requirement}, but {versions[name]} is locked"
    assert not left_out & versions.keys()


@pytest.mark.parametrize("lock", LOCKS)
def test_the_versions_are_those_that_were_tested_together(lock: str) -> None:
    tested = constraints()
    for requirement, _ in locked(lock):
        version = str(requirement.specifier).removeprefix("==")
        if requirement.marker is None or requirement.marker.evaluate(LINUX):
            assert tested.get(canonicalize_name(requirement.name)) == version, requirement


def test_pytorch_has_the_same_version_everywhere() -> None:
    tool = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    (asked,) = (one for one in direct({"prepare"}) if one.name == "torch")
    (described,) = tool["uv"]["dependency-metadata"]
    assert str(asked.specifier) == f"=={described['version']}" == f"=={constraints()['torch']}"


def test_no_place_that_files_are_fetched_from_is_named() -> None:
    for path in (*(ROOT / "requirements").iterdir(), ROOT / "constraints.txt"):
        assert not re.search(r"https?://|--(extra-)?index-url|--find-links", path.read_text(encoding="utf-8")), path


def test_linux_on_arm_needs_no_compiler() -> None:
    arm = LINUX | {"platform_machine": "aarch64"}
    for lock in LOCKS:
        (measures,) = (one for one, _ in locked(lock) if one.name == "pytrec-eval-terrier")
        assert isinstance(measures.marker, Marker)
        assert not measures.marker.evaluate(arm)
        assert measures.marker.evaluate(LINUX)
