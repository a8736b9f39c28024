"""Passes of a real nano base: what they say of each other, and that nothing is made twice."""

import pytest

from alpharl_bench.behaviour import (
    AnswerAgreement,
    Chains,
    Continuation,
    Divergence,
    TeacherForced,
)
from alpharl_bench.behaviour.asking import Asking
from alpharl_bench.behaviour.chains import Chain
from alpharl_bench.behaviour.measure import Measure
from alpharl_bench.behaviour.shown import Asked, examples
from alpharl_bench.checkpoints import Checkpoint, Run
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.grading import Mark
from alpharl_bench.scoring import EngineOptions, Sampling
from alpharl_bench.scoring.engine import ScoringEngine
from alpharl_bench.variants import BASE, FULL
from alpharl_bench.variants.materialise import UpdateSource
from tests.scoring.test_engine import BASE_FOLDER, damaged  # noqa: F401  (a fixture)

SAMPLING = Sampling(tasks=("addition", "chain"), questions=3, samples=1)
BEFORE, AFTER = Chains(BASE), Chains(FULL)
READING = TeacherForced(BASE, AFTER)
PASSES = (
    TeacherForced(BASE, BEFORE),
    READING,
    TeacherForced(BASE, Chains(BASE, "sampled")),
    TeacherForced(BASE, AFTER, of_another=True),
    Continuation(BASE, AFTER, 2),
    Continuation(BASE, AFTER, 1000),
    Continuation(BASE, BEFORE, "random"),
    AnswerAgreement(AFTER, AFTER),
    AnswerAgreement(BEFORE, AFTER),
    Divergence(BASE, Chains(FULL, "sampled")),
    Divergence(FULL, Chains(FULL, "sampled")),
)


def asking_of(checkpoint, batch_size=1024):
    run = Run("a-run", BASE_FOLDER, (Checkpoint(1, checkpoint),))
    options = EngineOptions(batch_size=batch_size)
    return Asking(ScoringEngine(run, "digest", UpdateSource(run), SAMPLING, options), SAMPLING)


def measure(asking, folder):
    return Measure(lambda: asking, str, folder, "behaviour")


@pytest.fixture(scope="module")
def asking(damaged):  # noqa: F811
    return asking_of(damaged)


@pytest.fixture(scope="module")
def measured(asking, tmp_path_factory):
    folder = tmp_path_factory.mktemp("behaviour")
    return measure(asking, folder).behaviour(PASSES), folder


def column(behaviour, name):
    return [question.columns[name] for question in behaviour.questions]


def test_the_base_s_own_greedy_chains_are_greedy_to_it(measured):
    found, _ = measured
    assert [q.task for q in found.questions] == ["addition"] * 3 + ["chain"] * 3
    assert set(column(found, TeacherForced(BASE, BEFORE)["non-greedy"])) == {0}
    assert sum(column(found, READING["non-greedy"])) > 0
    assert column(found, READING["positions"]) == column(found, AFTER["tokens"])


def test_a_chain_that_is_given_whole_is_its_own_answer(measured):
    found, _ = measured
    whole = Continuation(BASE, AFTER, 1000)
    assert column(found, whole["right"]) == column(found, AFTER["right"])
    assert column(found, whole["given"]) == column(found, AFTER["tokens"])
    assert max(column(found, Continuation(BASE, AFTER, 2)["given"])) <= 2


def test_the_base_goes_on_as_it_began(measured):
    found, _ = measured
    # Its own greedy chain, cut anywhere, comes to the same end.
    assert column(found, Continuation(BASE, BEFORE, "random")["right"]) == column(
        found, BEFORE["right"]
    )
    assert set(column(found, AnswerAgreement(AFTER, AFTER)["start"])) == {1}


def test_the_writer_is_not_apart_from_itself_and_the_base_is(measured):
    found, _ = measured
    of_base, of_writer = (Divergence(v, Chains(FULL, "sampled")) for v in (BASE, FULL))
    assert set(column(found, of_writer["nats"])) == {0}
    assert set(column(found, of_writer["drawn"])) == {0}
    assert min(column(found, of_base["nats"])) > 0
    assert column(found, of_base["tokens"]) == column(found, Chains(FULL, "sampled")["tokens"])


def test_chains_of_another_question_are_those_of_the_next_one_of_the_task(measured):
    found, _ = measured
    lengths = column(found, AFTER["tokens"])
    moved = column(found, TeacherForced(BASE, AFTER, of_another=True)["positions"])
    assert moved == [lengths[i] for i in (1, 2, 0, 4, 5, 3)]


def test_the_size_of_the_batch_changes_nothing(measured, damaged, tmp_path):  # noqa: F811
    found, _ = measured
    alone = measure(asking_of(damaged, batch_size=1), tmp_path).behaviour(PASSES)
    for one, other in zip(found.questions, alone.questions, strict=True):
        assert one.columns == pytest.approx(other.columns, abs=1e-3)
    assert (alone.places, alone.tokens, alone.examples) == (
        found.places,
        found.tokens,
        found.examples,
    )


def test_a_killed_measurement_goes_on_and_the_kept_one_asks_nothing(
    measured, asking, tmp_path, monkeypatch
):
    found, folder = measured
    assert measure(None, folder).behaviour(PASSES) == found
    made = []
    for name in ("respond", "read", "go_on", "compare"):
        genuine = getattr(Asking, name)

        def noted(self, wanted, *rest, genuine=genuine):
            made.append(wanted)
            if len(made) == 5:
                raise KeyboardInterrupt
            return genuine(self, wanted, *rest)

        monkeypatch.setattr(Asking, name, noted)
    with pytest.raises(KeyboardInterrupt):
        measure(asking, tmp_path).behaviour(PASSES)
    assert not list(tmp_path.glob("*.scratch"))
    first = made.copy()
    assert measure(asking, tmp_path).behaviour(PASSES) == found
    # What was killed is made again, nothing that was kept.
    assert made[5] == first[4]
    assert not set(first[:4]) & set(made[5:])


def test_questions_that_must_not_be_printed_are_no_examples():
    asked = [Asked("gpqa", str(i), "" if i % 2 else f"question {i}") for i in range(8)]
    chain = Chain((1,), "text", Mark.RIGHT, "A")
    shown = examples(asked, {"greedy full": [chain] * 8})
    assert len(shown) == 4
    assert {example.prompt for example in shown} == {f"question {i}" for i in (0, 2, 4, 6)}


def test_marks_are_those_of_the_grader(asking):
    for chain, question in zip(asking.respond(BEFORE), asking.questions, strict=True):
        assert (chain.mark == Mark.RIGHT) == (chain.answer == question.answer)


def test_games_have_no_chains():
    class Engine:
        questions = object()

    with pytest.raises(AlphaRLBenchError, match="no chain of thought"):
        Asking(Engine(), SAMPLING)
