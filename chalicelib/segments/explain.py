"""Why a product is in a segment or is not: each condition with the value it saw, and what it came to.

ClickHouse is asked the very expressions that a compute asks, so that the two cannot disagree.
"""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Any

import orjson

from chalicelib.catalog.mirror import settle
from chalicelib.conditions.compile import compile_leaf
from chalicelib.conditions.definition import Group, Leaf, Node, Not, leaves, segments_read
from chalicelib.errors import NotFound, Unavailable
from chalicelib.model.segment import ExplainedCondition, ExplainedGroup, Explanation
from chalicelib.segments import manage
from chalicelib.segments.definitions import Understood, understand
from chalicelib.services import Services
from chalicelib.store import memberships, products, schemas

_PLACE = "definition"
"""Where the definition stands in the segment: the beginning of its paths."""


def explain(services: Services, workspace_id: int, segment_id: int, sku: str) -> Explanation:
    """A segment's definition, as it is now, applied to one product. Raises NotFound for either, InvalidValue for a
    definition that no longer holds, and Unavailable.
    """
    with services.database.workspace(workspace_id) as cursor:
        segment = manage.find(cursor, workspace_id, segment_id)
        if products.id_of_sku(cursor, workspace_id, sku) is None:
            raise NotFound(f'There is no product with the sku "{sku}".')
        schema = schemas.read(cursor, workspace_id)
        understood = understand(cursor, workspace_id, segment.definition, schema, now=services.now(), path=_PLACE)
    settle(services, workspace_id)
    matches, conditions = _ask(services, workspace_id, sku, understood)
    held = segment.current_compute is not None and memberships.holding(
        services.mirror, workspace_id, {segment.id: segment.current_compute}, sku
    )
    results = {each.path: each.result for each in conditions}
    groups = list(_groups(understood.node, _PLACE, results))
    return Explanation(sku, matches, bool(held), conditions, groups)


def _ask(
    services: Services, workspace_id: int, sku: str, understood: Understood
) -> tuple[bool, list[ExplainedCondition]]:
    """Whether the product matches, and each condition, in one question."""
    where = understood.where
    columns, values = [f"({where.sql})"], dict(where.parameters)
    found = list(leaves(understood.node, _PLACE))
    for number, (_, leaf) in enumerate(found):
        compiled = compile_leaf(leaf, memberships=understood.memberships, prefix=f"leaf{number}_")
        columns += [f"({compiled.result})", f"({compiled.value})"]
        values |= compiled.parameters
    row = memberships.explain(services.mirror, workspace_id, sku, columns, values)
    if row is None:
        raise Unavailable("ClickHouse has yet to hear of this product; trying again may help.")
    holding = _holding(services, workspace_id, sku, understood)
    answers = zip(found, row[1::2], row[2::2], strict=True)
    return bool(row[0]), [
        _condition(path, leaf, _seen(leaf, seen, holding), result) for (path, leaf), result, seen in answers
    ]


def _holding(services: Services, workspace_id: int, sku: str, understood: Understood) -> set[int]:
    """The segments that the definition reads and whose members the product is among."""
    computed = {segment: compute for segment, compute in understood.memberships.items() if compute is not None}
    return memberships.holding(services.mirror, workspace_id, computed, sku) if computed else set()


def _seen(leaf: Leaf, seen: str | None, holding: AbstractSet[int]) -> Any:
    if leaf.type == "segment_membership":
        return sorted(holding & segments_read(leaf)) or None
    return None if seen is None else orjson.loads(seen)


def _condition(path: str, leaf: Leaf, seen: Any, result: int) -> ExplainedCondition:
    return ExplainedCondition(
        path=path,
        type=leaf.type,
        property=leaf.property,
        operator=leaf.operator.name,
        value=leaf.value,
        seen=seen,
        result=bool(result),
    )


def _groups(node: Node, path: str, results: Mapping[str, bool]) -> Iterator[ExplainedGroup]:
    """The groups and negations with what they came to, outer before inner."""
    match node:
        case Group(logic, conditions):
            yield ExplainedGroup(path, logic, _result(node, path, results))
            for index, condition in enumerate(conditions):
                yield from _groups(condition, f"{path}.conditions[{index}]", results)
        case Not(condition):
            yield ExplainedGroup(path, "NOT", _result(node, path, results))
            yield from _groups(condition, f"{path}.not", results)
        case Leaf():
            pass


def _result(node: Node, path: str, results: Mapping[str, bool]) -> bool:
    match node:
        case Group(logic, conditions):
            each = (
                _result(condition, f"{path}.conditions[{index}]", results) for index, condition in enumerate(conditions)
            )
            return all(each) if logic == "AND" else any(each)
        case Not(condition):
            return not _result(condition, f"{path}.not", results)
        case Leaf():
            return results[path]
