"""Stored scores: found again for the same question, never for another."""

from dataclasses import replace
from pathlib import Path

import pytest

from alpharl_bench.cache import CACHE_VARIABLE
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.scoring import EngineOptions, Sampling, Score, ScoreStore
from alpharl_bench.variants import BASE, FULL, forecast, full_at, rank, window
from tests.scores import score_of

SAMPLING = Sampling(questions=2, samples=3, seed=5)


HF = EngineOptions("hf")


def score(variant: str, look: int = 0, marks: str = "110") -> Score:
    return score_of(variant, {"modulo": {"47%6=": marks}}).model_copy(update={"look": look})


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ScoreStore:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    return ScoreStore("digest", SAMPLING, HF)


def test_a_score_is_loaded_as_it_was_saved(store: ScoreStore) -> None:
    variants = (BASE, FULL, full_at(5), rank(1), rank(1, alpha=0.5))
    for variant in variants:
        store.save(variant, score(variant.label))
    again = ScoreStore("digest", SAMPLING, HF)
    assert [again.load(v) for v in variants] == [score(v.label) for v in variants]
    # One file a variant, and no scratch files beside them.
    assert set(store.folder.iterdir()) == {store.path(v) for v in variants}
    assert len({store.path(v) for v in variants}) == len(variants)


@pytest.mark.parametrize(
    ("digest", "sampling", "engine"),
    [
        ("other", SAMPLING, HF),
        ("digest", Sampling(questions=3, samples=3, seed=5), HF),
        ("digest", Sampling(questions=2, samples=4, seed=5), HF),
        ("digest", Sampling(questions=2, samples=3, seed=6), HF),
        ("digest", SAMPLING, EngineOptions("vllm")),
        ("digest", SAMPLING, EngineOptions("hf", "bfloat16")),
    ],
    ids=["run", "questions", "samples", "seed", "engine", "dtype"],
)
def test_what_was_scored_otherwise_is_not_found(
    store: ScoreStore, digest: str, sampling: Sampling, engine: EngineOptions
) -> None:
    store.save(BASE, score("base"))
    other = ScoreStore(digest, sampling, engine)
    assert not other.path(BASE).exists()
    with pytest.raises(AlphaRLBenchError) as caught:
        other.load(BASE)
    assert str(other.path(BASE)) in str(caught.value)


def test_further_looks_are_added_and_what_is_there_stays(store: ScoreStore) -> None:
    store.save(BASE, score("base"))
    before = store.path(BASE).read_bytes()
    store.save(BASE, score("base", look=1, marks="001"))
    assert store.path(BASE).read_bytes() == before
    assert store.load(BASE).marks == ("110",)
    assert store.load(BASE, 2).marks == ("110001",)


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


def test_another_text_of_the_methods_has_its_forecasts_scored_again(
    store: ScoreStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    predicted, rest = forecast("alpharl", 40), store.path(BASE)
    before = store.path(predicted)
    monkeypatch.setattr("alpharl_bench.scoring.store.method_digest", lambda _: "another")
    assert store.path(predicted) != before
    assert store.path(BASE) == rest


def test_a_window_of_other_modules_is_another_score(store: ScoreStore) -> None:
    first = replace(window(1), modules=("up", "down"))
    assert first.label == window(1).label
    paths = {store.path(replace(first, modules=m)) for m in (("up", "down"), ("up", "q"), ("up",))}
    assert len(paths) == 3
    assert store.path(first) in paths
