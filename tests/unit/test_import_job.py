"""The table of moves, and the words each dialect has for the states."""

import pytest

from chalicelib.dialects import segops
from chalicelib.errors import IllegalTransition
from chalicelib.model.import_job import FINISHED, MOVES, RUNNING, JobState, Move, refuse

STAYING = {Move.DRY_RUN, Move.ARCHIVE, Move.UNARCHIVE, Move.DELETE, Move.UNDO}
"""What is asked of a job without moving it."""
SEGOPS_WORDS = {"pending", "mapping", "importing", "done", "failed"}


def test_every_move_has_states_to_start_from():
    assert set(MOVES) == set(Move)
    assert all(MOVES.values())


def test_segops_has_a_word_for_every_state():
    assert set(segops.STATUS_OF_STATE) == set(JobState)
    assert set(segops.STATUS_OF_STATE.values()) == SEGOPS_WORDS


@pytest.mark.parametrize("state", sorted(JobState))
def test_only_failed_and_cancelled_jobs_leave_their_end(state):
    leaving = {move for move, states in MOVES.items() if state in states} - STAYING
    if state in {JobState.FAILED, JobState.CANCELLED}:
        assert leaving == {Move.RETRY}
    elif state in FINISHED:
        assert not leaving
    else:
        assert leaving


@pytest.mark.parametrize("state", sorted(RUNNING))
def test_every_running_state_can_fail(state):
    assert state in MOVES[Move.FAIL]


def test_a_refused_move_names_state_and_move():
    with pytest.raises(IllegalTransition) as refused:
        refuse(Move.CONFIRM, JobState.COMPLETED)
    assert (refused.value.state, refused.value.move) == ("completed", "confirm")
