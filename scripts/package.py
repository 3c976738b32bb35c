"""`make package`: the deployment package, checked as far as it can be without a cloud.

In comes the project; out come, in ``.package/``: ``deployment.zip`` (all functions), ``sam.json`` (the template that is
deployed) and ``cloudformation.json`` (what the SAM transform makes of it). Chalice's validation, cfn-lint on both
templates and the bounds on size and cold import must all be content, or the exit code is 1.
"""

import argparse
import compileall
import json
import os
import py_compile
import statistics
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chalice.cli.factory import CLIFactory
from chalice.deploy.validate import validate_configuration
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

MEGABYTE = 1_000_000
ZIPPED_LIMIT_BYTES = 60 * MEGABYTE
UNZIPPED_LIMIT_BYTES = 150 * MEGABYTE
COLD_IMPORT_LIMIT_SECONDS = 1.5
COLD_IMPORTS = 5

REGION = "eu-west-3"
FUNCTION_ROOT = "/var/task"
EPOCH_OF_ZIP = (1980, 1, 1, 0, 0, 0)

COLD_IMPORT = """
import sys, time
sys.path.insert(0, sys.argv[1])
start = time.perf_counter()
import app
print(time.perf_counter() - start)
"""


class Refused(Exception):
    """The package is not fit to be deployed; the text says why."""


@dataclass(frozen=True, slots=True)
class Package:
    folder: Path
    stage: str

    @property
    def archive(self) -> Path:
        return self.folder / "deployment.zip"

    @property
    def template(self) -> Path:
        return self.folder / "sam.json"

    @property
    def transformed(self) -> Path:
        return self.folder / "cloudformation.json"


def program(name: str) -> str:
    """A command of the virtual environment this runs in, whether or not it is activated."""
    return str(Path(sys.executable).with_name(name))


def build(package: Package, project: Path) -> None:
    """Let Chalice make the archive and the merged template."""
    ran = subprocess.run(
        [
            program("chalice"),
            *("--project-dir", str(project)),
            *("package", "--stage", package.stage),
            *("--merge-template", str(project / "infra" / "package" / "merge.json")),
            str(package.folder),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    # Chalice only warns of a dependency it found no wheel for.
    if ran.returncode or "Could not install dependencies" in ran.stdout + ran.stderr:
        raise Refused(f"chalice package failed:\n{ran.stdout}{ran.stderr}")


def pin_stage(package: Package) -> None:
    """Bind the template's Stage parameter, which policies name queues by, to the stage it was packaged for."""
    template = json.loads(package.template.read_text())
    template["Parameters"]["Stage"] |= {"Default": package.stage, "AllowedValues": [package.stage]}
    package.template.write_text(json.dumps(template, indent=2) + "\n")


def add_bytecode(package: Package) -> None:
    """Put compiled modules beside their source: on a read-only disk they would be compiled at every cold start."""
    with tempfile.TemporaryDirectory() as folder:
        unpack(package, Path(folder))
        compileall.compile_dir(
            folder,
            quiet=2,
            stripdir=folder,
            prependdir=FUNCTION_ROOT,
            invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
        )
        with zipfile.ZipFile(package.archive, "w", zipfile.ZIP_DEFLATED) as archive:
            # Sorted, without dates: the same input makes the same archive.
            for path in sorted(each for each in Path(folder).rglob("*") if each.is_file()):
                entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), EPOCH_OF_ZIP)
                entry.external_attr = 0o644 << 16
                archive.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED)


def unpack(package: Package, folder: Path) -> None:
    with zipfile.ZipFile(package.archive) as archive:
        archive.extractall(folder)


def validate(package: Package, project: Path) -> None:
    """Chalice's own checks, which ``chalice package`` leaves out: routes, types, queues, names."""
    config = CLIFactory(str(project), environ=os.environ).create_config_obj(package.stage)
    try:
        validate_configuration(config)
    except ValueError as problem:
        raise Refused(f"Chalice refuses the app: {problem}") from problem


def transform(package: Package) -> None:
    """Do to the template what CloudFormation's SAM transform will do."""
    template = json.loads(package.template.read_text())
    for function in functions(template):
        # The transform takes only code that is uploaded already.
        function["CodeUri"] = {"Bucket": "skuloom-code", "Key": package.archive.name}
    translated = Translator({}, Parser()).translate(template, {})
    package.transformed.write_text(json.dumps(translated, indent=2) + "\n")


def functions(template: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            yield resource["Properties"]


def lint(package: Package) -> None:
    for template in (package.template, package.transformed):
        ran = subprocess.run(
            [program("cfn-lint"), "--regions", REGION, "--", str(template)], capture_output=True, text=True, check=False
        )
        if ran.returncode:
            raise Refused(f"cfn-lint on {template.name}:\n{ran.stdout}{ran.stderr}")


def measure(package: Package) -> None:
    """Print size and cold import time and hold them against their bounds."""
    with zipfile.ZipFile(package.archive) as archive:
        unzipped_bytes = sum(entry.file_size for entry in archive.infolist())
    cold_seconds = cold_import_seconds(package)
    figures = [
        ("zipped", package.archive.stat().st_size / MEGABYTE, ZIPPED_LIMIT_BYTES / MEGABYTE, "MB"),
        ("unzipped", unzipped_bytes / MEGABYTE, UNZIPPED_LIMIT_BYTES / MEGABYTE, "MB"),
        (f"cold import of app, median of {COLD_IMPORTS}", cold_seconds, COLD_IMPORT_LIMIT_SECONDS, "s"),
    ]
    for name, value, limit, unit in figures:
        print(f"{name}: {value:.2f} {unit} (at most {limit:g} {unit})")
    over = [name for name, value, limit, _ in figures if value > limit]
    if over:
        raise Refused(f"over the bound: {', '.join(over)}")


def cold_import_seconds(package: Package) -> float:
    """Median seconds of ``import app`` in fresh processes that see the archive and the standard library alone."""
    with tempfile.TemporaryDirectory() as folder:
        unpack(package, Path(folder))
        return statistics.median(import_once(folder) for _ in range(COLD_IMPORTS))


def import_once(folder: str) -> float:
    ran = subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-c", COLD_IMPORT, folder],
        capture_output=True,
        text=True,
        check=False,
        env={},
        cwd=folder,
    )
    if ran.returncode:
        raise Refused(f"app does not import from the archive alone:\n{ran.stderr}")
    return float(ran.stdout.splitlines()[-1])


def make(package: Package, project: Path) -> None:
    steps: list[tuple[str, Callable[[], None]]] = [
        ("chalice package", lambda: build(package, project)),
        ("stage", lambda: pin_stage(package)),
        ("bytecode", lambda: add_bytecode(package)),
        ("chalice validation", lambda: validate(package, project)),
        ("SAM transform", lambda: transform(package)),
        ("cfn-lint", lambda: lint(package)),
        ("measure", lambda: measure(package)),
    ]
    for name, step in steps:
        print(f"{name} ...", file=sys.stderr)
        step()


def neutral_environment() -> None:
    """Make the package the same whoever builds it, and nowhere near anybody's account."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "PIM_"))]:
        del os.environ[name]
    os.environ["AWS_DEFAULT_REGION"] = REGION
    # A stage's settings want an identity provider; the template's parameter names the real one at deployment.
    os.environ["PIM_JWT_JWKS_URL"] = "https://identity.invalid/jwks.json"


def main() -> int:
    arguments = argparse.ArgumentParser(description="Build and check the deployment package.")
    arguments.add_argument("--stage", default="dev", help="a stage of .chalice/config.json")
    arguments.add_argument("--out", type=Path, default=Path(".package"), help="folder of the package")
    given = arguments.parse_args()
    project = Path(__file__).resolve().parent.parent
    neutral_environment()
    try:
        make(Package(given.out.resolve(), given.stage), project)
    except Refused as reason:
        print(reason, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
