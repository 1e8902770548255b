"""No program gets a score it did not earn, and none changes the score of those it shares a compiler with."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from hostile_programs import HEAVY, HONEST, HOSTILE, Hostile

from rust_rewards.verifier import Limits, Verdict, verify
from rust_rewards.verifier.triage import triage

# Results are remembered by program, tests and limits: each test has limits of its own, so that it judges anew.
ALONE = Limits(wall_seconds=3.0, cpu_seconds=1.0)
TOGETHER = Limits(wall_seconds=3.25, cpu_seconds=1.0)
UNDER_LANDLOCK = Limits(wall_seconds=3.3, cpu_seconds=1.0)
HEAVY_TOGETHER = Limits(wall_seconds=3.5, cpu_seconds=1.0)
HONEST_PROGRAMS = [source for source, _ in HONEST]
HONEST_TESTS = [tests for _, tests in HONEST]


def _wrong(hostile: Hostile, verdict: Verdict) -> str | None:
    """What the verdict says that the program does not deserve, in one line."""
    deserved = (hostile.compiles, hostile.passed, hostile.total, None)
    given = (verdict.compiles, verdict.tests_passed, verdict.tests_total, verdict.failure)
    if given == deserved:
        return None
    codes = [error.code or error.message for error in verdict.errors]
    return f"{hostile.name}: deserves {deserved}, got {given} {verdict.test_statuses} {codes}"


def _all_deserved(programs: Sequence[Hostile], verdicts: list[Verdict]) -> None:
    wrong = [line for pair in zip(programs, verdicts, strict=True) if (line := _wrong(*pair))]
    assert not wrong, "\n".join(wrong)


def _disturbed(verdicts: Sequence[Verdict]) -> list[str]:
    """The honest programs, in order, that did not get full marks without a warning."""
    return [
        f"{source[:60]}: {verdict.test_statuses} {verdict.failure} {[e.message for e in verdict.errors]}"
        for source, verdict in zip(HONEST_PROGRAMS, verdicts, strict=False)
        if not verdict.compiles or verdict.failure or verdict.tests_passed < 3 or verdict.warnings
    ]


def _none_disturbed(verdicts: Sequence[Verdict]) -> None:
    disturbed = _disturbed(verdicts)
    assert not disturbed, "\n".join(disturbed)


def _verify_alone(hostile: Hostile) -> Verdict:
    return verify([hostile.source], [hostile.tests], limits=ALONE, jobs=1)[0]


def test_no_program_of_the_collection_is_lost():
    assert (len(HOSTILE), len(HEAVY), len(HONEST)) == (208, 5, 36)
    assert len(list(filter(_shares_a_crate, HOSTILE))) == 134


def test_every_program_of_the_collection_has_a_name_of_its_own():
    assert len({hostile.name for hostile in (*HOSTILE, *HEAVY)}) == len(HOSTILE) + len(HEAVY)


def test_every_hostile_program_alone_gets_what_it_deserves():
    with ThreadPoolExecutor(2) as pool:
        verdicts = list(pool.map(_verify_alone, HOSTILE))
    _all_deserved(HOSTILE, verdicts)


def test_the_whole_collection_in_one_call_gets_what_it_deserves_and_disturbs_no_neighbour():
    sources = [*HONEST_PROGRAMS, *(hostile.source for hostile in HOSTILE)]
    tests = [*HONEST_TESTS, *(hostile.tests for hostile in HOSTILE)]
    verdicts = verify(sources, tests, limits=TOGETHER)
    _none_disturbed(verdicts[: len(HONEST)])
    _all_deserved(HOSTILE, verdicts[len(HONEST) :])


@pytest.mark.slow
def test_the_collection_gets_the_same_where_only_landlock_confines(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("RUST_REWARDS_SANDBOX", "landlock")
    sources = [*HONEST_PROGRAMS, *(hostile.source for hostile in HOSTILE)]
    tests = [*HONEST_TESTS, *(hostile.tests for hostile in HOSTILE)]
    verdicts = verify(sources, tests, limits=UNDER_LANDLOCK)
    _none_disturbed(verdicts[: len(HONEST)])
    # /dev/stdin can be opened there, and is empty: such a program compiles, and learns nothing.
    expected = [replace(hostile, compiles=True) if "standard input" in hostile.name else hostile for hostile in HOSTILE]
    _all_deserved(expected, verdicts[len(HONEST) :])


def _shares_a_crate(hostile: Hostile) -> bool:
    """Whether it would be compiled together with others: the rest never meets a neighbour."""
    text = hostile.source.encode(errors="replace").decode()
    seen = triage(text, "2021")
    return not seen.alone and seen.rejected is None


def _verify_among_neighbours(numbered: tuple[int, Hostile]) -> list[str]:
    number, hostile = numbered
    sources, tests = [*HONEST_PROGRAMS[:30], hostile.source], [*HONEST_TESTS[:30], hostile.tests]
    anew = Limits(wall_seconds=3.6 + number / 1000, cpu_seconds=1.0)
    *neighbours, verdict = verify(sources, tests, limits=anew, jobs=1)
    return [line for line in (_wrong(hostile, verdict), *_disturbed(neighbours)) if line]


@pytest.mark.slow
def test_every_hostile_program_in_a_batch_with_thirty_neighbours_disturbs_none():
    sharing = list(filter(_shares_a_crate, HOSTILE))
    with ThreadPoolExecutor(2) as pool:
        wrong = [line for lines in pool.map(_verify_among_neighbours, enumerate(sharing)) for line in lines]
    assert not wrong, "\n".join(wrong)


@pytest.mark.slow
def test_programs_that_cost_their_whole_limit_fail_alone_and_cost_their_neighbours_nothing():
    sources = [*HONEST_PROGRAMS, *(hostile.source for hostile in HEAVY)]
    tests = [*HONEST_TESTS, *(hostile.tests for hostile in HEAVY)]
    verdicts = verify(sources, tests, limits=HEAVY_TOGETHER)
    _none_disturbed(verdicts[: len(HONEST)])
    _all_deserved(HEAVY, verdicts[len(HONEST) :])
