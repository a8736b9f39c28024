"""A bias vector: one number for each token, and one for each token that begins a response.

It is the strictest model without a skill: it prefers tokens whatever stands before them. It is
fitted by the reward that the run is scored by, on questions that are not reported.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from pydantic import TypeAdapter
from pydantic.dataclasses import dataclass as validated_dataclass

from alpharl_bench.decoding import Decoding

#: Rounds of the fit, responses to a question and questions in a round at most. Chosen by accuracy
#: on two bases of the zoo before any run was judged: more rounds, larger steps and a policy
#: gradient with exact probabilities ended no higher.
ROUNDS, SAMPLES, QUESTIONS = 20, 8, 64
#: Nats by which a token moves in the first round that is in right responses alone, and twice the
#: mean over its group; smaller by the round.
STEP = 8.0
#: Occurrences that every token is taken to have beside its own: rare tokens move little.
_PRIOR = 16.0


@dataclass(frozen=True)
class Drawn:
    """A sampled response: its tokens with the end token, and whether it is right."""

    tokens: tuple[int, ...]
    right: bool


#: From a decoding, questions by number and a seed to ``SAMPLES`` responses to each.
Draw = Callable[[Decoding, Sequence[int], int], Sequence[Sequence[Drawn]]]


@validated_dataclass(frozen=True)
class Biases:
    """What was fitted.

    Args:
        bias: of each token wherever it stands, in nats.
        first: of each token that begins a response, beside that.
        begins: the tokens that the base's own responses begin with, the most frequent first.
        rewards: the share of right responses in every round, (ROUNDS,).
    """

    bias: Mapping[int, float]
    first: Mapping[int, float]
    begins: tuple[int, ...]
    rewards: tuple[float, ...]


BIASES = TypeAdapter(Biases)


def fit(draw: Draw, questions: int, follow: Callable[[], object] = lambda: None) -> Biases:
    """Fit a bias vector by the reward.

    A round samples ``SAMPLES`` responses to each of some questions and moves every token's bias by
    the covariance, within the responses to a question, of its number in a response and the reward,
    over its mean number: a cross-entropy step (arXiv cs/0507026 calls the scheme CE) that needs
    nothing but responses, so every engine can take it.

    Args:
        draw: samples responses.
        questions: how many questions there are to draw from.
        follow: called after every round.
    """
    rng = np.random.default_rng(0)
    bias: dict[int, float] = {}
    first: dict[int, float] = {}
    begins: Counter[int] = Counter()
    rewards = []
    for number in range(ROUNDS):
        asked = rng.choice(questions, min(QUESTIONS, questions), replace=False).tolist()
        found = draw(Decoding(bias=dict(bias), first=dict(first)), asked, number)
        rewards.append(float(np.mean([one.right for group in found for one in group])))
        if number == 0:
            begins.update(one.tokens[0] for group in found for one in group if one.tokens)
        step = STEP * (1 - number / ROUNDS)
        _move(bias, found, step, lambda tokens: tokens)
        _move(first, found, step, lambda tokens: tokens[:1])
        follow()
    order = sorted(begins, key=lambda token: (-begins[token], token))
    return Biases(bias, first, tuple(order), tuple(rewards))


def _move(
    biases: dict[int, float],
    found: Sequence[Sequence[Drawn]],
    step: float,
    counted: Callable[[tuple[int, ...]], tuple[int, ...]],
) -> None:
    """Move biases towards the tokens that right responses have more of than their group."""
    with_reward: dict[int, float] = {}
    occurrences: Counter[int] = Counter()
    for group in found:
        mean = sum(one.right for one in group) / len(group)
        for one in group:
            for token, number in Counter(counted(one.tokens)).items():
                with_reward[token] = with_reward.get(token, 0.0) + (one.right - mean) * number
                occurrences[token] += number
    for token, covariance in with_reward.items():
        if covariance:
            move = step * covariance / (occurrences[token] + _PRIOR)
            biases[token] = biases.get(token, 0.0) + move
