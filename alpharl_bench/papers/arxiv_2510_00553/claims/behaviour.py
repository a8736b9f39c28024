"""What training does to a model's words (§2.3, Appendix D, Table 2).

``m[column]`` is a mean over questions, of the columns of
:mod:`alpharl_bench.behaviour.measurements`, or over tokens of the vocabulary. The paper compares
kinds of training and prints no numbers: the lines drawn here are yardsticks of the run itself, such
as what the base would say by chance.
"""

from collections.abc import Sequence
from functools import partial

import numpy as np

from alpharl_bench.behaviour import (
    BEGINNING_SHARE,
    BEGINNING_TOKENS,
    AnswerAgreement,
    Chains,
    Continuation,
    TeacherForced,
)
from alpharl_bench.claims.claim import Claim, Curve, Null, Point, Printed, Statistic, Threshold
from alpharl_bench.claims.kinds import IMITATION
from alpharl_bench.papers.arxiv_2510_00553.claims.alpharl import LATE, TEXT, too_few_observed
from alpharl_bench.papers.arxiv_2510_00553.claims.property1 import CONTROL_DRAWS
from alpharl_bench.papers.arxiv_2510_00553.claims.reference import in_paper
from alpharl_bench.tables import Means
from alpharl_bench.variants import BASE, FULL, random_control, rank

#: A token that moves by less than half the distance to its nearest neighbour stays nearest to where
#: it was.
OWN_PLACE = 0.5
#: As large as in the base's own samples.
AS_ITS_SAMPLES = 1.0
#: A share that is less than a tenth smaller is the same.
REDUCED = 0.9
#: 'At the beginning': at least twice as dense there as all over.
DENSER = 2.0
#: 'Approach the performance of the full parameter update': most of the gain.
APPROACHED = 0.8
#: 'Largely similar': on most questions.
LARGELY = 0.5
#: Tokens of the prefixes of Figure 14, beside none and all.
PREFIXES = (1, 2, 4, 8, 16, 32, 64, 128)
#: Of a chain with less than twice as many, the first 20 tokens are most of it and no beginning.
LONG_ENOUGH = 2 * BEGINNING_TOKENS

BEFORE, AFTER = Chains(BASE), Chains(FULL)
RANK1, RANDOM = Chains(rank(1)), Chains(random_control(0))
ALPHARL = Chains(TEXT(LATE))
SAMPLES = Chains(BASE, "sampled")

READ_BEFORE, READ_AFTER = TeacherForced(BASE, BEFORE), TeacherForced(BASE, AFTER)
READ_SAMPLES, READ_ELSEWHERE = (
    TeacherForced(BASE, SAMPLES),
    TeacherForced(BASE, AFTER, of_another=True),
)
READ_BY_RANK1 = TeacherForced(rank(1), AFTER)
READ_BY_RANDOM = tuple(TeacherForced(random_control(draw), AFTER) for draw in CONTROL_DRAWS)
READINGS = (READ_BEFORE, READ_AFTER, READ_SAMPLES, READ_ELSEWHERE)

FROM_RANK1, FROM_RANDOM = (Continuation(BASE, c, "beginning") for c in (RANK1, RANDOM))
FROM_20, FROM_20_RANDOM = (Continuation(BASE, c, BEGINNING_TOKENS) for c in (RANK1, RANDOM))
FROM_ANYWHERE = Continuation(BASE, AFTER, "random")
FROM_PREFIX = tuple(Continuation(BASE, RANK1, n) for n in PREFIXES)

_LEARNED = (Point("Base", BASE), Point("Fully trained", FULL))


def _curve(name: str) -> Curve:
    """The figure's name, and what tells whether the run learned."""
    return Curve(name, lambda _: _LEARNED, x_label="")


EMBEDDING = Curve("embedding", lambda _: [], x_label="")
READ, PLACES, PREFIX, ALIKE = map(_curve, ("non-greedy", "places", "prefixes", "alike"))


def non_greedy(m: Means, reading: TeacherForced) -> np.ndarray:
    """The share of a reading's positions that are not greedy."""
    share: np.ndarray = m[reading["non-greedy"]] / m[reading["positions"]]
    return share


def log_perplexity(m: Means, reading: TeacherForced) -> np.ndarray:
    """The mean −log p of a reading's positions, in nats."""
    mean: np.ndarray = m[reading["surprise"]] / m[reading["positions"]]
    return mean


def perplexity(m: Means, reading: TeacherForced) -> np.ndarray:
    """The perplexity of a reading's positions."""
    value: np.ndarray = np.exp(log_perplexity(m, reading))
    return value


def non_greedy_over_samples(m: Means, reading: TeacherForced = READ_AFTER) -> np.ndarray:
    """The share over that of the base's own samples; 0 of its greedy chains."""
    ratio: np.ndarray = non_greedy(m, reading) / non_greedy(m, READ_SAMPLES)
    return ratio


def perplexity_over_samples(m: Means, reading: TeacherForced = READ_AFTER) -> np.ndarray:
    """The perplexity of chains under the base over that of its own samples."""
    ratio: np.ndarray = np.exp(log_perplexity(m, reading) - log_perplexity(m, READ_SAMPLES))
    return ratio


def left_by_rank1(m: Means) -> np.ndarray:
    """The share that is not greedy to Rank-1, over that to the base."""
    left: np.ndarray = non_greedy(m, READ_BY_RANK1) / non_greedy(m, READ_AFTER)
    return left


def left_by_random(m: Means) -> np.ndarray:
    """The same of random rank-1 updates of the same norm, the mean of the draws."""
    shares = np.mean([non_greedy(m, reading) for reading in READ_BY_RANDOM], axis=0)
    left: np.ndarray = shares / non_greedy(m, READ_AFTER)
    return left


def early_over_all(m: Means, reading: TeacherForced = READ_AFTER) -> np.ndarray:
    """The share in the chains' beginnings over that in all of them."""
    early = m[reading["early non-greedy"]] / m[reading["early positions"]]
    ratio: np.ndarray = early / non_greedy(m, reading)
    return ratio


def gain_from(m: Means, prefix: Continuation | Chains) -> np.ndarray:
    """The part of the greedy gain that the base has when it goes on from a prefix."""
    base = m[BEFORE["right"]]
    gain: np.ndarray = (m[prefix["right"]] - base) / (m[AFTER["right"]] - base)
    return gain


def too_short(m: Means) -> str:
    """Why the first 20 tokens of Rank-1's chains are no beginning of them; empty where they are."""
    length = float(m[RANK1["tokens"]][0])
    if length >= LONG_ENOUGH:
        return ""
    return (
        f"the chains of Rank-1 have {length:.0f} tokens on average, so that their first "
        f"{BEGINNING_TOKENS} are no beginning; the claim takes chains of {LONG_ENOUGH} and more"
    )


def shift(m: Means, moved: str = "displacement") -> np.ndarray:
    """The mean displacement over the mean distance to the nearest neighbour."""
    ratio: np.ndarray = m[moved] / m["neighbour"]
    return ratio


def like(chains: Chains) -> AnswerAgreement:
    """Chains beside those of the fully trained model."""
    return AnswerAgreement(chains, AFTER)


def _both(chains: Chains) -> Statistic:
    column = like(chains)["both"]
    return lambda m, _: m[column]


_ELSEWHERE = "its chains behind another question"
_BEGINNING = (
    f"The beginning is the first {BEGINNING_TOKENS} tokens, of a chain with less than "
    f"{BEGINNING_TOKENS / BEGINNING_SHARE:.0f} its first tenth, one token at least."
)
_YARDSTICK = (
    "The paper compares kinds of training in a figure and prints no line. This one is the base's "
    "own: what it says when it samples is by construction in its distribution."
)
_GREEDY = (
    f"{_YARDSTICK} Its greedy chains are the paper's yardstick (before against after; both stand "
    "in the table), but where it answers at once and is not sure of it they surprise it more than "
    "long chains do."
)
_FIGURE = Printed("figure only", {})


#: A claim about chains.
_claim = partial(Claim, table="behaviour", printed=_FIGURE)

BEHAVIOUR: Sequence[Claim] = (
    Claim(
        id="B1",
        title="RL leaves the token embeddings where they are",
        text="RL methods cause minimal distribution shift of the embedding space.",
        paper_ref=in_paper("§2.3, Figure 5b"),
        statistic=lambda m, _: shift(m),
        threshold=Threshold(high=OWN_PLACE),
        formula="mean_v ‖E(v) − E₀(v)‖ / mean_v min_w ‖E₀(v) − E₀(w)‖, w ≠ v",
        statistic_label=(
            "mean displacement of token embeddings over mean distance to the nearest neighbour"
        ),
        printed=_FIGURE,
        curve=EMBEDDING,
        table="embedding",
        nulls=(
            Null(
                "a random update as large, relative to the weights, as that of the other modules",
                lambda m, _: shift(m, "random"),
            ),
        ),
        caveat=(
            "Below a half a token stays nearest to where it was. Where they move as far as by a "
            "random update as large as that of the other modules, the embeddings are not set apart."
        ),
    ),
    Claim(
        id="B1-imitation",
        title="SFT and distillation move the token embeddings",
        text=(
            "The embeddings of DIST and SFT exhibit noticeable global shifts, with DIST showing "
            "particularly large deviations for certain tokens."
        ),
        paper_ref=in_paper("§2.3, Figure 5b"),
        statistic=lambda m, _: shift(m),
        threshold=Threshold(low=OWN_PLACE),
        formula="as B1",
        statistic_label=(
            "mean displacement of token embeddings over mean distance to the nearest neighbour"
        ),
        printed=_FIGURE,
        curve=EMBEDDING,
        table="embedding",
        kinds=IMITATION,
    ),
    _claim(
        id="B2",
        title="RL changes few of the base's choices",
        text=(
            "The proportion of non-greedy positions is substantially higher for the DIST and SFT "
            "methods compared to RL, which has a comparatively limited effect."
        ),
        paper_ref=in_paper("Appendix D, Figure 12a"),
        statistic=lambda m, _: non_greedy_over_samples(m),
        threshold=Threshold(high=AS_ITS_SAMPLES),
        formula=(
            "n(base reads full) / n(base reads its samples), n: positions whose token is not the "
            "reader's first choice, over all positions"
        ),
        statistic_label="share of non-greedy positions over that in the base's own samples",
        curve=READ,
        measurements=READINGS,
        nulls=(Null(_ELSEWHERE, lambda m, _: non_greedy_over_samples(m, READ_ELSEWHERE)),),
        caveat=_YARDSTICK,
    ),
    _claim(
        id="B2-imitation",
        title="SFT and distillation change more of the base's choices than chance",
        text="DIST and SFT significantly alter the base model's output distribution.",
        paper_ref=in_paper("Appendix D, Figure 12a"),
        statistic=lambda m, _: non_greedy_over_samples(m),
        threshold=Threshold(low=AS_ITS_SAMPLES),
        formula="as B2",
        statistic_label="share of non-greedy positions over that in the base's own samples",
        curve=READ,
        measurements=READINGS,
        kinds=IMITATION,
        caveat=_YARDSTICK,
    ),
    _claim(
        id="B3",
        title="RL leaves the perplexity of its chains largely unchanged",
        text="RL training leaves perplexity largely unchanged.",
        paper_ref=in_paper("Appendix D, Figure 12b"),
        statistic=lambda m, _: perplexity_over_samples(m),
        threshold=Threshold(high=AS_ITS_SAMPLES),
        formula=(
            "exp[ℓ(base reads full) − ℓ(base reads its samples)], ℓ: the mean −ln p of a position"
        ),
        statistic_label=(
            "perplexity under the base, the trained model's greedy chains over its own samples"
        ),
        curve=READ,
        measurements=READINGS,
        nulls=(Null(_ELSEWHERE, lambda m, _: perplexity_over_samples(m, READ_ELSEWHERE)),),
        caveat=_GREEDY,
    ),
    _claim(
        id="B3-imitation",
        title="SFT and distillation raise the perplexity of their chains",
        text="DIST and SFT training lead to a marked increase of perplexity.",
        paper_ref=in_paper("Appendix D, Figure 12b"),
        statistic=lambda m, _: perplexity_over_samples(m),
        threshold=Threshold(low=AS_ITS_SAMPLES),
        formula="as B3",
        statistic_label=(
            "perplexity under the base, the trained model's greedy chains over its own samples"
        ),
        curve=READ,
        measurements=READINGS,
        kinds=IMITATION,
        caveat=_GREEDY,
    ),
    _claim(
        id="B4",
        title="Rank-1 alone makes most of the chain greedy",
        text=(
            "Injecting only the Rank-1 information significantly reduces the number of non-greedy "
            "tokens."
        ),
        paper_ref=in_paper("Appendix D, Figure 12c"),
        statistic=lambda m, _: left_by_rank1(m),
        threshold=Threshold(high=REDUCED),
        formula="n(Rank-1 reads full) / n(base reads full), n as in B2",
        statistic_label=(
            "share of non-greedy positions of the trained model's chains, Rank-1 over base"
        ),
        curve=READ,
        measurements=(*READINGS, READ_BY_RANK1, *READ_BY_RANDOM),
        nulls=(Null("random rank-1 of the same norm", lambda m, _: left_by_random(m)),),
    ),
    _claim(
        id="B5",
        title="The critical tokens stand at the beginning",
        text=(
            "Initial-answer tokens, such as 'Alright' or 'Let', typically occur at the beginning "
            "of the generation."
        ),
        paper_ref=in_paper("Appendix D, Figure 13"),
        statistic=lambda m, _: early_over_all(m),
        threshold=Threshold(low=DENSER),
        formula="n(beginnings of full's chains) / n(full's chains), read by the base, n as in B2",
        statistic_label=(
            "share of non-greedy positions in the beginnings of chains over that in all of them"
        ),
        curve=PLACES,
        measurements=(READ_AFTER, READ_SAMPLES),
        nulls=(Null("the base's own samples", lambda m, _: early_over_all(m, READ_SAMPLES)),),
        caveat=_BEGINNING,
    ),
    _claim(
        id="B6",
        title="20 tokens of a Rank-1 chain let the base approach the trained model",
        text=(
            "Using only the first 20 tokens - approximately the first sentence - allows the base "
            "model to approach the performance of the full parameter update."
        ),
        paper_ref=in_paper("Appendix D, Figure 14"),
        statistic=lambda m, _: gain_from(m, FROM_20),
        threshold=Threshold(low=APPROACHED),
        formula=(
            "[a(base from 20 tokens of Rank-1's chains) − a(base)] / [a(full) − a(base)], greedy"
        ),
        statistic_label=(
            "part of the greedy gain that the base has from 20 tokens of a Rank-1 chain"
        ),
        curve=PREFIX,
        measurements=(BEFORE, AFTER, RANK1, FROM_20, FROM_20_RANDOM, *FROM_PREFIX),
        unmeasured_reason=too_short,
        nulls=(
            Null("20 tokens of a random rank-1 chain", lambda m, _: gain_from(m, FROM_20_RANDOM)),
        ),
    ),
    _claim(
        id="B6-tenth",
        title="A tenth of a Rank-1 chain lets the base approach the trained model",
        text=(
            "Not in the paper, which says 20 tokens: the same of chains that are too short for it."
        ),
        paper_ref=in_paper("Appendix D, Figure 14, with shorter beginnings"),
        statistic=lambda m, _: gain_from(m, FROM_RANK1),
        threshold=Threshold(low=APPROACHED),
        formula=(
            "[a(base from the beginning of Rank-1's chains) − a(base)] / [a(full) − a(base)], "
            "greedy"
        ),
        statistic_label=(
            "part of the greedy gain that the base has from the beginning of a Rank-1 chain"
        ),
        curve=PREFIX,
        measurements=(BEFORE, AFTER, RANK1, FROM_RANK1, FROM_RANDOM, FROM_ANYWHERE, *FROM_PREFIX),
        nulls=(
            Null(
                "the beginning of a random rank-1 model's chain",
                lambda m, _: gain_from(m, FROM_RANDOM),
            ),
        ),
        caveat=_BEGINNING,
    ),
    _claim(
        id="B7",
        title="Rank-1 answers as the trained model does",
        text=(
            "Not only consistent with the fully trained model in evaluation metrics but also "
            "largely similar patterns and reasoning approaches in the responses."
        ),
        paper_ref=in_paper("§4.2, Table 2"),
        statistic=_both(RANK1),
        threshold=Threshold(low=LARGELY),
        formula=(
            "share of questions on which Rank-1 and full have the same beginning and the same "
            "answer"
        ),
        statistic_label=(
            "share of questions with the same beginning and the same answer as the trained model"
        ),
        printed=Printed("one example", {}),
        curve=ALIKE,
        measurements=tuple(map(like, (BEFORE, RANK1))),
        nulls=(Null("base", _both(BEFORE)),),
        caveat=_BEGINNING,
    ),
    _claim(
        id="B7-alpharl",
        title="AlphaRL answers as the trained model does",
        text=(
            "The AlphaRL-enhanced model not only remains consistent with the Fully Trained Model "
            "in evaluation metrics but also exhibits largely similar patterns and reasoning "
            "approaches in the responses."
        ),
        paper_ref=in_paper("§4.2, Table 2"),
        statistic=_both(ALPHARL),
        threshold=Threshold(low=LARGELY),
        formula=(
            "share of questions on which AlphaRL of 40 % and full have the same beginning and the "
            "same answer"
        ),
        statistic_label=(
            f"share of questions on which AlphaRL of {LATE} % has the same beginning and the same "
            "answer as the trained model"
        ),
        printed=Printed("one example", {}),
        curve=ALIKE,
        measurements=tuple(map(like, (BEFORE, RANK1, ALPHARL))),
        nulls=(Null("base", _both(BEFORE)),),
        unsupported_reason=too_few_observed(LATE),
        caveat=_BEGINNING,
    ),
)
