"""What a confirmation would make of the first rows of a file, for the wizard.

The rows are kept with the job: the file is not read, the catalogue not asked and nothing written. What the whole file
would come to is the dry run's to say.
"""

from chalicelib.fields import FIELD_TYPES, JsonValue
from chalicelib.imports import history
from chalicelib.imports.confirm import Confirmation, plan_by, steps_of, wanted_schema
from chalicelib.imports.rows import Converted, Problem, Refused, RowPlan, row_explainer
from chalicelib.model.import_job import Move, refuse
from chalicelib.model.mapping import EAN, NAME, SKU
from chalicelib.model.outcomes import SampledRow
from chalicelib.model.row_error import RowError
from chalicelib.services import Services
from chalicelib.store import schemas


def preview_sample(services: Services, workspace_id: int, job_id: int, confirmation: Confirmation) -> list[SampledRow]:
    """The first rows of a job as the confirmation would read them. Raises NotFound, IllegalTransition, and InvalidValue
    naming what cannot be.
    """
    job = history.read(services, workspace_id, job_id)
    refuse(Move.CONFIRM, job.state)
    assert job.analysis is not None
    with services.database.workspace(workspace_id) as cursor:
        stored = schemas.read(cursor, workspace_id)
    schema = wanted_schema(services, job, stored, confirmation)
    plan = plan_by(job, confirmation, schema, steps_of(job, confirmation)).rows
    convert = row_explainer(plan)
    return [_sampled(plan, number, convert(row)) for number, row in enumerate(job.analysis["sample_rows"], start=1)]


def _sampled(plan: RowPlan, number: int, read: Converted | Refused) -> SampledRow:
    if isinstance(read, Refused):
        return SampledRow(number, {}, [_finding(number, problem) for problem in read.problems])
    findings = [_finding(number, problem) for problem in (*read.warnings, *read.lacks)]
    return SampledRow(number, _values(plan, read), findings)


def _values(plan: RowPlan, read: Converted) -> dict[str, JsonValue]:
    """Field to value, as products print it."""
    types = {column.field: column.type for column in plan.columns if column.type}
    on_the_product: dict[str, JsonValue] = {SKU: read.sku, NAME: read.name, EAN: read.ean}
    told = {name: value for name, value in on_the_product.items() if value is not None}
    return told | {name: FIELD_TYPES[types[name]].show(value) for name, value in read.data.items()}


def _finding(number: int, problem: Problem) -> RowError:
    """The line of a row is not kept with it."""
    return RowError(
        number,
        0,
        problem.severity,
        problem.error_type,
        problem.message,
        problem.field,
        problem.column,
        problem.raw_value,
    )
