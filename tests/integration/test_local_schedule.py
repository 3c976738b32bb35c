"""When a scheduled function runs: the expressions EventBridge takes, and those it or we refuse."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.local.schedule import Cron, parse_schedule

SATURDAY = datetime(2026, 11, 21, 10, 20, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("expression", "next_time"),
    [
        ("rate(1 minute)", "2026-11-21T10:21:30+00:00"),
        ("rate(5 minutes)", "2026-11-21T10:25:30+00:00"),
        ("rate(1 hour)", "2026-11-21T11:20:30+00:00"),
        ("rate(7 days)", "2026-11-28T10:20:30+00:00"),
        ("cron(* * * * ? *)", "2026-11-21T10:21:00+00:00"),
        ("cron(0/15 * * * ? *)", "2026-11-21T10:30:00+00:00"),
        ("cron(5,50 8-10 * * ? *)", "2026-11-21T10:50:00+00:00"),
        ("cron(20 10 * * ? *)", "2026-11-22T10:20:00+00:00"),
        ("cron(0 8 ? * MON-FRI *)", "2026-11-23T08:00:00+00:00"),
        ("cron(0 8 ? * 1 *)", "2026-11-22T08:00:00+00:00"),
        ("cron(30 6 31 * ? *)", "2026-12-31T06:30:00+00:00"),
        ("cron(0 0 1 jan ? *)", "2027-01-01T00:00:00+00:00"),
        ("cron(0 0 29 2 ? 2027-2029)", "2028-02-29T00:00:00+00:00"),
    ],
)
def test_next_time(expression: str, next_time: str) -> None:
    found = parse_schedule(expression).next_after(SATURDAY)
    assert found is not None
    assert found.isoformat() == next_time


def test_a_year_that_is_over_never_comes() -> None:
    assert parse_schedule("cron(0 0 1 1 ? 2020)").next_after(SATURDAY) is None


@pytest.mark.parametrize(
    "expression",
    [
        "5 minutes",
        "rate(0 minutes)",
        "rate(1 minutes)",
        "rate(5 minute)",
        "rate(5 weeks)",
        "cron(0 8 * * *)",
        "cron(0 8 * * * *)",
        "cron(0 8 ? * ? *)",
        "cron(60 8 * * ? *)",
        "cron(0 8 0 * ? *)",
        "cron(0 8 ? * FUN *)",
        "cron(0 8 L * ? *)",
        "cron(0 8 3W * ? *)",
        "cron(0 8 ? * 6#3 *)",
        "cron(0/0 8 * * ? *)",
        "cron(9-5 8 * * ? *)",
    ],
)
def test_refused(expression: str) -> None:
    with pytest.raises(ValueError, match=r"cron|rate"):
        parse_schedule(expression)


@given(
    minutes=st.sets(st.integers(0, 59), min_size=1),
    hours=st.sets(st.integers(0, 23), min_size=1),
    moment=st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
)
def test_cron_is_the_first_matching_minute(minutes: set[int], hours: set[int], moment: datetime) -> None:
    fields = [",".join(str(value) for value in sorted(values)) for values in (minutes, hours)]
    schedule = parse_schedule(f"cron({fields[0]} {fields[1]} * * ? *)")
    assert isinstance(schedule, Cron)
    minute = moment.replace(second=0, microsecond=0)
    while True:
        minute += timedelta(minutes=1)
        if minute.minute in minutes and minute.hour in hours:
            break
    assert schedule.next_after(moment) == minute
