"""Which variants are one model, told from steps and shapes: against their weights, to the bit."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import replace
from hashlib import sha256
from itertools import product
from pathlib import Path

import pytest
import torch

from alpharl_bench.checkpoints import Checkpoint, Run, module_names
from alpharl_bench.claims.required import requirements_of
from alpharl_bench.forecast import all_methods
from alpharl_bench.forecast.selection import Forecasts
from alpharl_bench.papers.arxiv_2510_00553.claims import CLAIMS
from alpharl_bench.scoring.canonical import canonical
from alpharl_bench.tables import union
from alpharl_bench.variants import (
    BASE,
    FULL,
    Variant,
    forecast,
    full_at,
    percent,
    random_control,
    rank,
    subspace,
    window,
)
from alpharl_bench.variants.combined import applied
from alpharl_bench.variants.extrapolated_logits import ExtrapolatedLogits
from alpharl_bench.variants.materialise import Change, UpdateSource
from tests.forecast.planted import planted
from tests.models import trained_pair

#: The run goes on for long behind its third checkpoint, as the public ones of Qwen3 do.
STEPS = (5, 10, 15, 100)
#: (m, n) of matrices whose orders are 32 and 16; and 32, 16 and 256.
NARROW = ((32, 32), (16, 32), (48, 32), (32, 48))
WIDE = ((32, 256), (16, 256), (300, 256), (256, 300))


def noise(name: str, shape: torch.Size, step: float) -> torch.Tensor:
    """Every subspace of such an update counts."""
    generator = torch.Generator().manual_seed(int(step) + 1000 * sum(map(ord, name)))
    return 0.01 * torch.randn(shape, generator=generator)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return planted(tmp_path_factory.mktemp("narrow"), noise, STEPS)


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Run:
    size: dict[str, object] = {
        "num_hidden_layers": 1,
        "hidden_size": 256,
        "intermediate_size": 300,
    }
    base, trained = trained_pair(tmp_path_factory.mktemp("wide"), "qwen3", config=size)
    return Run("wide", base, (Checkpoint(7, trained),))


def bits(change: Change, source: UpdateSource) -> str:
    """A digest of the models that a change takes, tensor by tensor, and of a factor beside them."""
    digest = sha256()
    if isinstance(change, ExtrapolatedLogits):
        models = [change.earlier, change.later]
        digest.update(repr(change.alpha).encode())
    else:
        models = [applied(change, source.base)]
    for model in models:
        for name in model.names:
            digest.update(model.tensor(name).contiguous().numpy().tobytes())
    return digest.hexdigest()


def classes(variants: Iterable[Variant], key: Callable[[Variant], Hashable]) -> set[frozenset[str]]:
    """The labels of variants that have the same key, together."""
    found = defaultdict(set)
    for variant in variants:
        found[key(variant)].add(variant.label)
    return set(map(frozenset, found.values()))


def parts(
    ranks: Iterable[int], percents: Iterable[int], subspaces: Iterable[int], steps: Sequence[int]
) -> list[Variant]:
    """Parts of the checkpoints' updates and of the last one, whole and half as long."""
    kinds = [*map(rank, ranks), *map(percent, percents), *map(subspace, subspaces)]
    kinds += [random_control(0), random_control(1)]
    scaled = [replace(v, alpha=alpha) for v, alpha in product(kinds, (1.0, 0.5))]
    placed = [replace(v, step=step) for v, step in product(scaled, (None, *steps))]
    return [BASE, FULL, *map(full_at, steps), *placed]


def shapes_of(source: UpdateSource) -> set[tuple[int, int]]:
    return {(m, n) for m, n in map(source.base.shape, module_names(source.base))}


def test_variants_share_a_name_where_their_weights_are_the_same_and_nowhere_else(run: Run) -> None:
    source = UpdateSource(run)
    assert shapes_of(source) >= set(NARROW)
    variants = parts(range(1, 40), range(1, 101), range(1, 17), (15, 100))
    by_name = classes(variants, lambda v: canonical(v, run.steps, shapes_of(source)))
    assert by_name == classes(variants, lambda v: bits(source.change(v), source))
    # The shorter sides are 16 and 32: 4 % of 32 are 1.28 subspaces, 5 % are 1.6.
    same = {"rank-1", "subspace-1", *(f"rank-{p}%" for p in (1, 2, 3, 4))}
    assert same | {f"{name} @100" for name in same} in by_name
    assert {"full", "full @100"} in by_name
    whole = {"rank-32", "rank-39", "rank-99%", "rank-100%"}
    assert any(whole < one for one in by_name)


def test_orders_that_differ_keep_shares_and_ranks_apart(wide: Run) -> None:
    source = UpdateSource(wide)
    assert shapes_of(source) >= set(WIDE)
    variants = parts((1, 2, 3, 16, 256), (1, 2, 10, 100), (1, 2, 3), (7,))
    by_name = classes(variants, lambda v: canonical(v, wide.steps, shapes_of(source)))
    assert by_name == classes(variants, lambda v: bits(source.change(v), source))
    # 1 % of 256 are 2.56 subspaces, of 16 and 32 one.
    assert {"rank-1%", "rank-1% @7"} in by_name
    assert {"rank-1", "subspace-1", "rank-1 @7", "subspace-1 @7"} in by_name
    assert {"rank-2", "rank-2 @7"} in by_name
    assert {"subspace-2", "subspace-2 @7"} in by_name


@pytest.mark.parametrize(
    ("variant", "expected"),
    [
        (full_at(100), FULL),
        (rank(1, step=100), rank(1)),
        (subspace(1), rank(1)),
        (Variant("subspace", 1, alpha=0.5, step=15), rank(1, alpha=0.5, step=15)),
        (percent(2), rank(1)),
        (rank(39), percent(100)),
        # Of 32 and 16, 49 % are 15.68 and 7.84 subspaces.
        (percent(49), percent(50)),
        (percent(50), percent(50)),
        # No share keeps ten of both, and no round one keeps one of 16 and two of 32.
        (rank(10), rank(10)),
        (percent(7), percent(5)),
        *((v, v) for v in (BASE, FULL, full_at(15), rank(1), rank(2), subspace(2), window(3))),
        *((v, v) for v in (random_control(0), rank(1, alpha=0.5), rank(1, step=15))),
        (replace(window(3, shuffle=1), modules=("up",)),) * 2,
        # 15 % to 99 % hold three checkpoints, 10 % to 14 % two, and all of it four.
        (forecast("alpharl", 50), forecast("alpharl", 20)),
        (forecast("alpharl", 17), forecast("alpharl", 20)),
        (replace(forecast("relex", 30), candidate=2), replace(forecast("relex", 20), candidate=2)),
        (forecast("alpharl", 12), forecast("alpharl", 10)),
        (forecast("alpharl", 7), forecast("alpharl", 5)),
        (forecast("alpharl", 100), forecast("alpharl", 100)),
    ],
    ids=lambda variant: variant.label,
)
def test_the_name_is_that_which_claims_ask_for(variant: Variant, expected: Variant) -> None:
    assert canonical(variant, STEPS, NARROW) == expected


@pytest.mark.parametrize("count", [20, 27, 43])
@pytest.mark.parametrize("shapes", [((128, 128), (64, 128)), ((4096, 4096), (1024, 4096))])
def test_no_score_is_kept_under_a_name_that_no_claim_asks_for(
    count: int, shapes: Sequence[tuple[int, int]]
) -> None:
    """Of runs with evenly placed checkpoints: those of the zoo, of OLMo 2 and of Qwen3 by DAPO."""
    steps = range(4, 4 * count + 4, 4)
    asked = union(requirements_of(claim, steps) for claim in CLAIMS.values()).scores
    kept = {(canonical(variant, steps, shapes), split) for variant, split in asked}
    assert kept < asked.keys()


METHODS = [name for name, method in all_methods().items() if method.forecaster.least <= 3]


@pytest.mark.parametrize("method", METHODS)
def test_a_forecast_follows_from_the_checkpoints_that_it_sees(
    method: str, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("alpharl_bench.forecast.next_network.EPOCHS", 3)
    source = UpdateSource(run)

    def validation(variants: Sequence[Variant]) -> list[float]:
        return [0.9 if v.candidate == 2 else (v.step or 100) / 200 for v in variants]

    def predicted(variant: Variant) -> str:
        folder = tmp_path / variant.label
        return bits(Forecasts(run, validation, folder, "cpu").change(variant), source)

    early, late = forecast(method, 20), forecast(method, 50)
    for candidate in (None, 0):
        variants = [replace(variant, candidate=candidate) for variant in (early, late)]
        assert len({canonical(variant, STEPS, NARROW) for variant in variants}) == 1
        assert len(set(map(predicted, variants))) == 1
    whole = forecast(method, 100)
    assert canonical(whole, STEPS, NARROW) == whole
    assert predicted(whole) != predicted(early)
