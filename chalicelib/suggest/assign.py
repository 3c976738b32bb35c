"""Suggest, who gets what: at most one column a concept and one concept a column, the best claims first.

In: each column's claims, concept to score. Out: column to concept. A column that loses its first choice to a stronger
one may take its second; the total of the scores decides, as long as nobody gives up much.
"""

from collections.abc import Mapping, Sequence

ACCEPTED = 0.55
"""A claim below this stays an attribute."""

_DEPTH = 4
_TRADED = 0.25
"""What a holder may lose by giving way: a plain claim is not traded for two poor ones."""


def assign(claims: Sequence[Mapping[str, float]], fixed: Mapping[int, str]) -> dict[int, str]:
    """Concepts by column position. ``fixed`` columns keep theirs and nobody else may have it."""
    reserved = set(fixed.values())
    wanted = [
        {concept: score for concept, score in each.items() if score >= ACCEPTED and concept not in reserved}
        for each in claims
    ]
    given = dict(fixed)
    holders = {concept: position for position, concept in fixed.items()}
    order = sorted(
        (position for position, each in enumerate(wanted) if each and position not in fixed),
        key=lambda position: -max(wanted[position].values()),
    )
    for position in order:
        gain, moves = _best_place(position, wanted, holders, frozenset(reserved), _DEPTH)
        if gain > 0:
            for mover, concept in moves:
                given[mover] = concept
                holders[concept] = mover
    return given


def _best_place(
    position: int,
    wanted: Sequence[Mapping[str, float]],
    holders: Mapping[str, int],
    barred: frozenset[str],
    depth: int,
) -> tuple[float, list[tuple[int, str]]]:
    """The place for a column that adds most to the total, and the moves that lead to it, the last mover first."""
    best_gain, best_moves = 0.0, list[tuple[int, str]]()
    for concept, score in sorted(wanted[position].items(), key=lambda each: -each[1]):
        if concept in barred:
            continue
        holder = holders.get(concept)
        if holder is None:
            gain, moves = score, [(position, concept)]
        elif depth == 0:
            continue
        else:
            elsewhere, following = _best_place(holder, wanted, holders, barred | {concept}, depth - 1)
            if not following or elsewhere < wanted[holder][concept] - _TRADED:
                continue
            gain = score - wanted[holder][concept] + elsewhere
            moves = [*following, (position, concept)]
        if gain > best_gain + 1e-9:
            best_gain, best_moves = gain, moves
    return best_gain, best_moves
