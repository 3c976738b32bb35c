"""One job id and its spellings."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.ids import imp_id, make_job_uuid, parse_imp_id


@given(st.integers(0, 2**48 - 1), st.integers(0, 2**74 - 1))
def test_a_job_id_is_a_uuid_of_version_7_and_reads_back_from_its_other_spelling(at, bits):
    job_uuid = make_job_uuid(at, bits)
    assert job_uuid.version == 7
    assert job_uuid.variant == uuid.RFC_4122
    assert parse_imp_id(imp_id(job_uuid)) == job_uuid
    assert parse_imp_id(imp_id(job_uuid).lower()) == job_uuid


def test_later_ids_sort_later_in_both_spellings():
    earlier, later = make_job_uuid(1_700_000_000_000, 2**74 - 1), make_job_uuid(1_700_000_000_001, 0)
    assert earlier < later
    assert imp_id(earlier) < imp_id(later)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "imp_",
        "01HQ0000000000000000000000",
        "imp_01HQ",
        "imp_81HQ0000000000000000000000",
        "imp_U1HQ0000000000000000000000",
    ],
)
def test_what_is_no_imp_id_is_none(text):
    assert parse_imp_id(text) is None
