"""Responses as tokens, drawn from a shipped base of 0.15 M parameters."""

from collections import Counter

import pytest

from alpharl_bench.checkpoints import Checkpoint, Run
from alpharl_bench.decoding import AS_ASKED, FORCED, Decoding
from alpharl_bench.grading import Mark, grade
from alpharl_bench.registry import load_registry
from alpharl_bench.runs.bases import base_folder
from alpharl_bench.scoring import EngineOptions, Sampling
from alpharl_bench.scoring.drawing import put
from alpharl_bench.scoring.engine import ScoringEngine
from alpharl_bench.variants import BASE, FULL, decoded
from alpharl_bench.variants.materialise import UpdateSource

ROOM = 36
ASKED = (0, 2, 5)
SAMPLING = Sampling(("facts",), questions=6, samples=3)
GREEDY = Decoding(0)


def engine_of(name="qwen3-facts", sampling=SAMPLING, **options):
    """The engine with a base that is its own only checkpoint."""
    folder = base_folder(load_registry().model(name))
    run = Run("a-run", folder, (Checkpoint(1, folder),))
    known = {"base, greedy": GREEDY}
    return ScoringEngine(
        run,
        "digest",
        UpdateSource(run),
        sampling,
        EngineOptions(**options),
        lambda variant: known.get(variant.label, AS_ASKED),
    )


@pytest.fixture(scope="module")
def engine():
    return engine_of()


def draw(engine, decoding=AS_ASKED, asked=ASKED, count=4, seed=0, split="test"):
    """Responses to some questions."""
    return engine.draw(decoding, asked, count, seed, split)


def text_of(engine, tokens):
    return engine.backend.lm.tokenizer.decode(tokens, skip_special_tokens=True)


def token_of(engine, text):
    (token,) = engine.backend.lm.tokenizer.encode(text)
    return token


def test_there_are_so_many_responses_to_each_question_with_their_marks(engine):
    found = draw(engine)
    assert [len(row) for row in found] == [4, 4, 4]
    asked = list(engine.questions.asked())
    for place, row in zip(ASKED, found, strict=True):
        question = asked[place]
        texts = [text_of(engine, one.tokens) for one in row]
        marks = [one.mark for one in grade(question.kind, question.answer, texts)]
        assert [one.mark for one in row] == marks
        # A response is to its own question: it names the digits in their order.
        digits, factor = question.prompt.removesuffix("=").split(".")
        assert sum(text.startswith(f"{digits[0]}*{factor}=") for text in texts) >= 3
    assert {one.mark for row in found for one in row} >= {Mark.RIGHT, Mark.WRONG}


def test_the_end_token_is_part_of_a_response_and_nothing_stands_behind_it(engine):
    (end,) = engine.backend.ends
    ended = [one.tokens for row in draw(engine, count=8) for one in row if len(one.tokens) < ROOM]
    assert ended
    assert all(tokens[-1] == end and tokens.count(end) == 1 for tokens in ended)


def test_a_response_that_does_not_end_is_cut_off(engine):
    (end,) = engine.backend.ends
    (row,) = draw(engine, Decoding(bias={end: -FORCED}), asked=(0,), count=2)
    assert all(len(one.tokens) == ROOM and end not in one.tokens for one in row)


def test_the_seed_decides(engine):
    assert draw(engine, seed=1) == draw(engine, seed=1)
    assert draw(engine, seed=1) != draw(engine, seed=2)


def test_a_batch_that_holds_not_all_draws_as_many(engine):
    small = engine_of(batch_size=5)
    found = draw(small)
    assert [len(row) for row in found] == [4, 4, 4]
    small.close()


def test_greedily_all_responses_are_the_likeliest(engine):
    for row in draw(engine, GREEDY):
        assert len({one.tokens for one in row}) == 1
    assert draw(engine, GREEDY, seed=1) == draw(engine, GREEDY, seed=2)


def test_a_forced_token_stands_first_and_there_alone(engine):
    token = token_of(engine, "#")
    for row in draw(engine, Decoding(first={token: FORCED})):
        for one in row:
            assert one.tokens[0] == token
            assert one.tokens[1] != token


def test_a_forbidden_token_stands_nowhere(engine):
    token = token_of(engine, "1")
    drawn = Counter(t for row in draw(engine) for one in row for t in one.tokens)
    assert drawn[token] > 0
    for row in draw(engine, Decoding(bias={token: -FORCED})):
        assert not any(token in one.tokens for one in row)


def test_the_decoding_is_given_back(engine):
    before = draw(engine)
    draw(engine, GREEDY)
    assert draw(engine) == before


def test_the_validation_split_has_questions_of_its_own(engine):
    tests = {question.id for question in engine.questions.asked()}
    draw(engine, split="validation")
    assert len(engine._questions["validation"].indices["facts"]) == 6
    assert tests.isdisjoint(q.id for q in engine._questions["validation"].asked())


def test_a_chat_base_is_asked_in_its_template():
    engine = engine_of("llama3-facts", Sampling(("facts",), questions=6, samples=3, prompt="chat"))
    question = next(engine.questions.asked())
    put_so = engine.backend.lm.tokenizer.decode(put(engine.backend.lm, question, chat=True))
    assert put_so.startswith("<|begin_of_text|><|start_header_id|>user<|end_header_id|>")
    assert put_so.endswith("<|start_header_id|>assistant<|end_header_id|>\n\n")
    assert put_so.count("<|begin_of_text|>") == 1
    (row,) = draw(engine, asked=(0,), count=8)
    digits, factor = question.prompt.removesuffix("=").split(".")
    first = [text_of(engine, one.tokens).startswith(f"{digits[0]}*{factor}=") for one in row]
    assert sum(first) >= 6
    engine.close()


def test_matches_are_no_questions():
    engine = engine_of("qwen3-facts", Sampling(("kuhn-nash",), questions=2, samples=1))
    with pytest.raises(TypeError, match="no questions"):
        draw(engine, asked=(0,))
    engine.close()


def test_a_score_of_a_baseline_is_decoded_so_and_others_are_not(engine):
    greedy = engine.score(decoded("greedy"))
    assert all(len(set(marks)) == 1 for marks in greedy.marks)
    assert greedy.variant == "base, greedy"
    base, full = engine.score(BASE), engine.score(FULL)
    assert any(len(set(marks)) > 1 for marks in base.marks)
    # The only checkpoint is the base.
    assert full.marks == base.marks
    assert engine.score(BASE) == base


def test_exact_responses_are_told_by_the_worked_solution(engine):
    score = engine.score(BASE)
    rows = [row for asked in score.responses.values() for row in asked.values()]
    assert all(len(row.exact) == len(row.marks) == 3 for row in rows)
    # Facts are graded by their answer: what is exact is right.
    pairs = {pair for row in rows for pair in zip(row.marks, row.exact, strict=True)}
    assert pairs <= {("1", "1"), ("1", "0"), ("0", "0"), ("-", "0")}
    assert 0 < score.exact_share <= score.accuracy
