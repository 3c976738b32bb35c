"""How our functions are deployed, as far as it changes what they are handed: read from what ``make package`` packages.

So a laptop and AWS cannot disagree about a timeout, or about whose answers may name single failed messages.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from chalice.utils import to_cfn_resource_name

_ROOT = Path(__file__).parents[2]
_TEMPLATE = _ROOT / "infra" / "package" / "merge.json"
_CONFIG = _ROOT / ".chalice" / "config.json"


@dataclass(frozen=True, slots=True)
class Deployment:
    """What the template and the configuration say of the functions of these names."""

    names_failures: frozenset[str]
    timeouts_seconds: dict[str, float]


def read_deployment(names: Iterable[str], template: Path = _TEMPLATE, config: Path = _CONFIG) -> Deployment:
    """Timeouts, and which event source mappings have ReportBatchItemFailures switched on."""
    resources = json.loads(template.read_text(encoding="utf-8"))["Resources"]
    configured = json.loads(config.read_text(encoding="utf-8"))
    known = list(names)
    functions = configured.get("lambda_functions", {})
    return Deployment(
        names_failures=frozenset(
            name for name in known if _names_failures(resources.get(to_cfn_resource_name(name), {}))
        ),
        timeouts_seconds={
            name: float(functions.get(name, {}).get("lambda_timeout", configured["lambda_timeout"])) for name in known
        },
    )


def _names_failures(resource: dict[str, dict[str, dict[str, dict[str, dict[str, list[str]]]]]]) -> bool:
    events = resource.get("Properties", {}).get("Events", {}).values()
    return any("ReportBatchItemFailures" in event["Properties"].get("FunctionResponseTypes", []) for event in events)
