"""Stored scores: found again for the same question, never for another."""

from pathlib import Path

import pytest

from alpharl_bench.cache import CACHE_VARIABLE
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.scoring import Provenance, Sampling, Score, ScoreStore
from alpharl_bench.variants import BASE, FULL, full_at, rank

SAMPLING = Sampling(questions=2, samples=3, seed=5)


def score(variant: str) -> Score:
    return Score(
        variant=variant,
        correct={"modulo": {"47%6=": "110"}},
        provenance=Provenance(
            run="mine",
            run_digest="d",
            sampling_key=SAMPLING.key,
            questions_per_task=2,
            samples_per_question=3,
            seed=5,
            engine="hf",
            device="cpu",
            packages={},
        ),
    )


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ScoreStore:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    return ScoreStore("digest", SAMPLING, "hf")


def test_a_score_is_loaded_as_it_was_saved(store: ScoreStore) -> None:
    variants = (BASE, FULL, full_at(5), rank(1), rank(1, alpha=0.5))
    for variant in variants:
        store.save(variant, score(variant.label))
    again = ScoreStore("digest", SAMPLING, "hf")
    assert [again.load(v) for v in variants] == [score(v.label) for v in variants]
    # One file a variant, and no scratch files beside them.
    assert set(store.folder.iterdir()) == {store.path(v) for v in variants}
    assert len({store.path(v) for v in variants}) == len(variants)


@pytest.mark.parametrize(
    ("digest", "sampling", "engine"),
    [
        ("other", SAMPLING, "hf"),
        ("digest", Sampling(questions=3, samples=3, seed=5), "hf"),
        ("digest", Sampling(questions=2, samples=4, seed=5), "hf"),
        ("digest", Sampling(questions=2, samples=3, seed=6), "hf"),
        ("digest", SAMPLING, "vllm"),
    ],
    ids=["run", "questions", "samples", "seed", "engine"],
)
def test_what_was_scored_otherwise_is_not_found(
    store: ScoreStore, digest: str, sampling: Sampling, engine: str
) -> None:
    store.save(BASE, score("base"))
    other = ScoreStore(digest, sampling, engine)
    assert not other.path(BASE).exists()
    with pytest.raises(AlphaRLBenchError) as caught:
        other.load(BASE)
    assert str(other.path(BASE)) in str(caught.value)


def test_a_damaged_score_is_named(store: ScoreStore) -> None:
    store.save(BASE, score("base"))
    path = store.path(BASE)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(AlphaRLBenchError) as caught:
        store.load(BASE)
    assert str(path) in str(caught.value)


def test_the_store_is_in_the_cache(store: ScoreStore, tmp_path: Path) -> None:
    store.save(BASE, score("base"))
    assert tmp_path in store.path(BASE).parents


@pytest.mark.parametrize(
    ("wrong", "option"),
    [
        ({"questions": 0}, "--questions 0"),
        ({"samples": -1}, "--samples -1"),
        ({"seed": -1}, "--seed -1"),
    ],
)
def test_a_sampling_that_cannot_be_scored(wrong: dict[str, int], option: str) -> None:
    with pytest.raises(AlphaRLBenchError, match=option):
        Sampling(**wrong)
