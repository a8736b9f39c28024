"""Games as tasks, with scripted models in place of an engine."""

import re

import numpy as np
import pytest
import torch
from lm_eval.models.huggingface import HFLM
from transformers import AutoModelForCausalLM, AutoTokenizer

from alpharl_bench.checkpoints import Checkpoint, Run
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.games.kuhn import information_sets, nash_policy
from alpharl_bench.grading import Mark
from alpharl_bench.scoring import EngineOptions, Sampling
from alpharl_bench.scoring.catalogue import GAME_TASKS, benchmarks
from alpharl_bench.scoring.engine import ScoringEngine
from alpharl_bench.scoring.games import OPPOSITIONS, Matches, kuhn_policy
from alpharl_bench.variants import BASE
from alpharl_bench.variants.materialise import UpdateSource
from tests.byte_model import write_byte_pair
from tests.games.test_kuhn import ACTIVE, DEALS, HANDS, paid


class Scripted:
    """What ``Matches`` takes for lm-eval's model: answers every prompt by a function."""

    eot_token_id = 0

    def __init__(self, move_of):
        self._move_of = move_of
        self.rounds = []

    def generate_until(self, requests):
        self.rounds.append([request.args for request in requests])
        return [self._move_of(request.args[0]) for request in requests]

    def apply_chat_template(self, chat):
        (message,) = chat
        return f"<user>{message['content']}<assistant>"

    def tok_encode(self, text, **_):
        return [ord(character) for character in text]

    def _loglikelihood_tokens(self, requests):
        return [(np.log(0.25), False) for _ in requests]


def active(prompt):
    """Bets and calls, whatever it holds."""
    return "[call]" if "[bet]" in prompt else "[bet]"


def passive(prompt):
    return "[fold]" if prompt.endswith("[bet]:") else "[check]"


def won(move_of, opponent):
    """The exact share of hands won, both roles alike, by enumeration of all that can happen."""
    total = 0.0
    for seat in (0, 1):
        for first, second in DEALS:
            for moves in HANDS:
                chance, history = 1.0, ""
                for turn, move in enumerate(moves):
                    card = (first, second)[turn % 2]
                    if turn % 2 == seat:
                        prompt = f"kuhn {card}{''.join(f'[{m}]' for m in moves[:turn])}:"
                        chance *= move_of(prompt) == f"[{move}]"
                    else:
                        bets = opponent[f"{'JQK'.index(card)}{history}"]
                        chance *= bets if move in ACTIVE else 1 - bets
                    history += "b" if move in ACTIVE else "p"
                payoff = paid(first, second, moves) * (1 if seat == 0 else -1)
                total += chance * (payoff > 0) / (2 * len(DEALS))
    return total


UNIFORM = dict.fromkeys((known.key for known in information_sets()), 0.5)


@pytest.mark.parametrize("move_of", [active, passive])
@pytest.mark.parametrize(
    ("task", "opponent"), [("kuhn-nash", nash_policy()), ("kuhn-uniform", UNIFORM)]
)
def test_the_win_rate_is_what_enumeration_gives(move_of, task, opponent):
    matches = 3000
    asked = Matches(Sampling((task,), matches, 1)).ask(Scripted(move_of), chat=False)
    marks = "".join(r.marks for r in asked.responses[task].values())
    expected = won(move_of, opponent)
    error = np.sqrt(expected * (1 - expected) / matches)
    assert abs(marks.count(Mark.RIGHT) / matches - expected) < 4 * error
    assert set(marks) == {Mark.RIGHT, Mark.WRONG}


def test_win_and_payoff_belong_to_the_models_side():
    asked = Matches(Sampling(("kuhn-uniform",), 40, 1)).ask(Scripted(passive), chat=False)
    # Who never bets wins and loses antes alone.
    answers = asked.responses["kuhn-uniform"].values()
    assert {(r.marks, r.answers[0]) for r in answers} == {("1", "+1"), ("0", "-1")}


def test_a_forbidden_move_is_no_answer_and_costs_the_match():
    asked = Matches(Sampling(GAME_TASKS, 6, 2)).ask(
        Scripted(lambda _: "[Offer: 99 Ore -> 1 Ore]"), chat=False
    )
    for task in GAME_TASKS:
        assert {r.marks for r in asked.responses[task].values()} == {"--"}
        cost = "-1" if task == "negotiation-trader" else "-2"
        assert {r.answers for r in asked.responses[task].values()} == {(cost, cost)}


def test_a_question_is_a_match_with_the_same_deal_seat_and_luck():
    lm = Scripted(active)
    asked = Matches(Sampling(GAME_TASKS, 10, 3)).ask(lm, chat=False)
    assert list(asked.responses) == list(GAME_TASKS)
    for task, played in asked.responses.items():
        assert list(played) == [f"{task}/{n}" for n in range(10)]
        # A model without luck of its own gets the same result in all samples of a match.
        assert all(len(set(r.marks)) == len(set(r.answers)) == 1 for r in played.values())
    first = [prompt for prompt, _ in lm.rounds[0]]
    assert first[0::3] == first[1::3] == first[2::3]
    # The model sits on both sides in turn: as the second player it sees a move before its own.
    poker = first[: 3 * 10 : 3]
    assert all(
        (re.fullmatch("kuhn .:", p) is not None) == (n % 2 == 0) for n, p in enumerate(poker)
    )


def test_the_seed_decides_over_the_matches():
    def asked(seed):
        return Matches(Sampling(GAME_TASKS, 20, 1, seed=seed)).ask(Scripted(active), chat=False)

    assert asked(0) == asked(0)
    assert asked(0).responses != asked(1).responses


def test_matches_go_on_in_lock_step_with_the_settings_asked_for():
    lm = Scripted(lambda prompt: active(prompt) if "kuhn" in prompt else "[Deny]")
    sampling = Sampling(GAME_TASKS, 4, 2, temperature=0.7, max_tokens=20)
    matches = Matches(sampling)
    matches.ask(lm, chat=True)
    assert matches.max_tokens == 20
    # Poker is over in a round for who bets at once; a negotiator moves four times, or three.
    assert [len(asked) for asked in lm.rounds] == [24, 8, 8, 4]
    prompt, settings = lm.rounds[0][0]
    assert re.fullmatch("<user>kuhn .:<assistant>", prompt)
    assert (settings["temperature"], settings["max_gen_toks"]) == (0.7, 20)
    assert settings["do_sample"] is True


@pytest.fixture(scope="module")
def byte_base(tmp_path_factory):
    base, _ = write_byte_pair(tmp_path_factory.mktemp("bytes"))
    return base


def test_the_policy_is_read_from_the_models_own_probabilities(byte_base):
    tokenizer = AutoTokenizer.from_pretrained(byte_base)
    model = AutoModelForCausalLM.from_pretrained(byte_base, dtype=torch.float32)
    read = kuhn_policy(HFLM(pretrained=model, tokenizer=tokenizer), chat=True)
    for known in information_sets():
        chances = []
        for move in known.moves:
            turns = [{"role": "user", "content": known.prompt}]
            before = tokenizer.apply_chat_template(
                turns, tokenize=True, add_generation_prompt=True, return_dict=False
            )
            after = [*tokenizer.encode(move), tokenizer.eos_token_id]
            with torch.no_grad():
                logits = model(torch.tensor([before + after])).logits[0].log_softmax(-1)
            places = range(len(before) - 1, len(before) + len(after) - 1)
            chances.append(
                np.exp(sum(float(logits[i, t]) for i, t in zip(places, after, strict=True)))
            )
        assert read.active[known.key] == pytest.approx(chances[1] / sum(chances), rel=1e-4)
        assert read.off_rules[known.key] == pytest.approx(1 - sum(chances), abs=1e-6)


def test_an_engine_scores_games_and_repeats_itself(byte_base):
    run = Run("a-run", byte_base, (Checkpoint(1, byte_base),))
    sampling = Sampling(GAME_TASKS, 4, 3, max_tokens=4, prompt="chat")
    engine = ScoringEngine(run, "digest", UpdateSource(run), sampling, EngineOptions())
    score = engine.score(BASE)
    assert score == engine.score(BASE)
    assert score.tasks == GAME_TASKS
    assert {len(marks) for marks in score.marks} == {3}
    # Four bytes are no move.
    assert score.task_share("kuhn-nash", Mark.NO_ANSWER) == 1
    assert score.task_payoff("kuhn-nash") == -2
    assert min(score.kuhn_policy.off_rules.values()) > 0.99
    assert 0 <= score.kuhn_policy.exploitability <= 2
    assert score.first(2).kuhn_policy == score.kuhn_policy


def test_poker_alone_has_a_policy():
    lm = Scripted(lambda _: "[Deny]")
    assert Matches(Sampling(("negotiation-trader",), 2, 1)).ask(lm, chat=False).kuhn_policy is None
    policy = Matches(Sampling(("kuhn-nash",), 2, 1)).ask(Scripted(active), chat=False).kuhn_policy
    # Both moves are as likely as each other: the uniform player, who loses 11/24.
    assert set(policy.active.values()) == {0.5}
    assert policy.exploitability == pytest.approx(11 / 24)
    assert list(policy.off_rules.values()) == pytest.approx([0.5] * 12)


def test_every_game_of_the_catalogue_has_its_opponent():
    assert tuple(OPPOSITIONS) == GAME_TASKS
    assert not set(GAME_TASKS) & set(benchmarks())


def test_prompts_for_problems_are_refused():
    with pytest.raises(AlphaRLBenchError, match=r"--prompt paper-rl: .*games"):
        Sampling(GAME_TASKS, prompt="paper-rl")


def test_validation_plays_other_matches():
    numbers = {}
    for split in ("test", "validation"):
        asked = Matches(Sampling(GAME_TASKS, 8, 1, split=split)).ask(Scripted(active), chat=False)
        numbers[split] = [list(played) for played in asked.responses.values()]
    assert numbers["test"] == [[f"{task}/{n}" for n in range(8)] for task in GAME_TASKS]
    assert numbers["validation"] == [[f"{task}/{n}" for n in range(8, 16)] for task in GAME_TASKS]
