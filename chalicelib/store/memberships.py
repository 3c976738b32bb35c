"""Who is in which segment, and who would be: ClickHouse (``memberships.sql``).

A set is named by (workspace, segment, compute) and never changes once it is written; which one is current is
PostgreSQL's to say (``segments``). Conditions come ready from the compiler, with their values beside them.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from chalicelib.conditions.compile import Where
from chalicelib.store.mirror import Mirror
from chalicelib.store.sql import load_statements

_SQL = load_statements("memberships.sql")

_QUESTION_BYTES = 40_000

SAMPLE_MOST = 100
"""Skus a preview brings along; stands in its statement, where ClickHouse takes no bound value."""


def preview(mirror: Mirror, workspace_id: int, where: Where) -> tuple[int, list[str]]:
    """How many products match, and the first of their skus, in order, at most ``SAMPLE_MOST``."""
    count, skus = mirror.query(_framed("preview", where), _values(workspace_id, where))[0]
    return int(count), list(skus)


def shown(where: Where) -> str:
    """The statement that selects the matching skus, with its places for values."""
    return _framed("shown", where)


def write(mirror: Mirror, workspace_id: int, segment_id: int, compute: int, where: Where) -> int:
    """Write the matching products as the members of a new compute; how many they are."""
    mirror.command(
        _framed("compute", where), {**_values(workspace_id, where), "segment": segment_id, "compute": compute}
    )
    return int(mirror.query(_SQL["count"], _set(workspace_id, segment_id, compute))[0][0])


def differ(mirror: Mirror, workspace_id: int, segment_id: int, computes: Sequence[int]) -> bool:
    """Whether two computes of a segment hold different members."""
    values = {"workspace": workspace_id, "segment": segment_id, "computes": list(computes)}
    return bool(mirror.query(_SQL["differs"], values)[0][0])


def page(mirror: Mirror, workspace_id: int, segment_id: int, compute: int, *, limit: int, offset: int) -> list[str]:
    """Skus of a set from the ``offset``-th on, in order."""
    values = {**_set(workspace_id, segment_id, compute), "limit": limit, "offset": offset}
    return [sku for (sku,) in mirror.query(_SQL["page"], values)]


def following(mirror: Mirror, workspace_id: int, segment_id: int, compute: int, *, after: str, limit: int) -> list[str]:
    """Skus of a set that come after this one (all come after the empty text), in order."""
    values = {**_set(workspace_id, segment_id, compute), "after": after, "limit": limit}
    return [sku for (sku,) in mirror.query(_SQL["after"], values)]


def holding(mirror: Mirror, workspace_id: int, computes: Mapping[int, int], sku: str) -> set[int]:
    """The segments, of those given with their current compute, that hold a product."""
    values = {
        "workspace": workspace_id,
        "segments": list(computes),
        "computes": list(computes.values()),
        "sku": sku,
    }
    return {int(segment) for (segment,) in mirror.query(_SQL["holding"], values)}


def holding_many(
    mirror: Mirror, workspace_id: int, computes: Mapping[int, int], skus: Sequence[str]
) -> Mapping[int, int]:
    """How many of these products each segment holds, of those given with their current compute; absent: none."""
    held: Counter[int] = Counter()
    for asked in _within_a_question(skus):
        values = {
            "workspace": workspace_id,
            "segments": list(computes),
            "computes": list(computes.values()),
            "skus": asked,
        }
        held.update({int(segment): int(count) for segment, count in mirror.query(_SQL["holding_many"], values)})
    return held


def _within_a_question(skus: Sequence[str]) -> Iterator[Sequence[str]]:
    """The skus in parts that a question can carry: ClickHouse takes 128 KB in one value."""
    at = size = 0
    for number, sku in enumerate(skus):
        size += len(sku.encode()) + 4
        if size > _QUESTION_BYTES:
            yield skus[at:number]
            at, size = number, 0
    if at < len(skus):
        yield skus[at:]


def explain(
    mirror: Mirror, workspace_id: int, sku: str, columns: Sequence[str], values: Mapping[str, Any]
) -> tuple[Any, ...] | None:
    """What these compiled expressions are for one product, or None when the mirror has no such product."""
    statement = _SQL["explain"].replace("{columns}", ", ".join(columns))
    found = mirror.query(statement, {**values, "workspace": workspace_id, "sku": sku})
    return found[0] if found else None


def drop(mirror: Mirror, computes: Sequence[tuple[int, int, int]]) -> None:
    """Delete the members of these (workspace, segment, compute). Compute ids repeat in no workspace."""
    workspaces, segments, ids = (sorted(set(each)) for each in zip(*computes, strict=True))
    mirror.command(_SQL["drop"], {"workspaces": workspaces, "segments": segments, "computes": ids})


def _set(workspace_id: int, segment_id: int, compute: int) -> dict[str, Any]:
    return {"workspace": workspace_id, "segment": segment_id, "compute": compute}


def _values(workspace_id: int, where: Where) -> dict[str, Any]:
    return {**where.parameters, "workspace": workspace_id}


def _framed(statement: str, where: Where) -> str:
    return _SQL[statement].replace("{where}", where.sql)
