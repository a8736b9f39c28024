"""The shift of token embeddings against scikit-learn and by hand."""

import numpy as np
import pytest
import torch
from sklearn.neighbors import NearestNeighbors

from alpharl_bench.behaviour import embedding
from alpharl_bench.behaviour.embedding import embedding_shift, neighbours
from alpharl_bench.checkpoints import open_weights
from alpharl_bench.errors import AlphaRLBenchError
from tests.models import model_of, trained_pair

NAME = "model.embed_tokens.weight"


@pytest.fixture(scope="module", params=["qwen2", "llama"])  # tied embeddings, and not
def pair(request, tmp_path_factory):
    return trained_pair(tmp_path_factory.mktemp(request.param), request.param, scale=0.01)


@pytest.mark.parametrize("rows", [8192, 7])
def test_neighbours_are_those_of_scikit_learn(pair, monkeypatch, rows):
    monkeypatch.setattr(embedding, "_ROWS", rows)
    weights = open_weights(pair[0])
    chosen = np.array([0, 6, 7, 13, 49])
    vectors = weights.tensor(NAME).double().numpy()
    distances, _ = NearestNeighbors(n_neighbors=2).fit(vectors).kneighbors(vectors[chosen])
    assert neighbours(weights, NAME, chosen) == pytest.approx(distances[:, 1])


def test_every_figure_against_numpy(pair):
    base, trained = map(open_weights, pair)
    found = embedding_shift(base, trained, str)
    before, after = (weights.tensor(NAME).double().numpy() for weights in (base, trained))
    moved = np.linalg.norm(after - before, axis=1)
    assert [token.token for token in found.tokens] == [str(i) for i in range(50)]
    assert [token.displacement for token in found.tokens] == pytest.approx(moved)
    assert found.relative == pytest.approx(np.linalg.norm(after - before) / np.linalg.norm(before))
    assert found.common == pytest.approx(
        np.linalg.norm((after - before).mean(axis=0)) / moved.mean()
    )
    # Gaussian rows of the relative size of the other modules: within a tenth, of 50 tokens.
    expected = found.modules * np.linalg.norm(before) / np.sqrt(50)
    assert np.mean([token.random for token in found.tokens]) == pytest.approx(expected, rel=0.1)
    assert {name: len(places) for name, places in found.pictures.items()} == {
        "PCA": 100,
        "t-SNE": 100,
    }


def test_a_model_that_did_not_move_has_no_shift(pair):
    base = open_weights(pair[0])
    found = embedding_shift(base, base, str)
    assert {token.displacement for token in found.tokens} == {0.0}
    assert (found.relative, found.modules, found.common) == (0, 0, 0)


def test_tokens_that_all_move_alike_share_their_displacement(tmp_path):
    base, trained = trained_pair(tmp_path, "llama")
    model = model_of("llama")
    with torch.no_grad():
        model.model.embed_tokens.weight += 0.5
    model.save_pretrained(trained)
    found = embedding_shift(open_weights(base), open_weights(trained), str)
    assert found.common == pytest.approx(1, abs=1e-6)
    assert found.tokens[3].displacement == pytest.approx(0.5 * np.sqrt(32), rel=1e-6)


def test_a_large_vocabulary_is_measured_by_lot(pair, monkeypatch):
    monkeypatch.setattr(embedding, "TOKENS", 20)
    base, trained = map(open_weights, pair)
    found = embedding_shift(base, trained, str)
    again = embedding_shift(base, trained, str)
    assert len(found.tokens) == 20
    assert found == again
    assert len({token.token for token in found.tokens}) == 20


def test_embeddings_of_another_size_are_named(pair, tmp_path):
    model_of("qwen2", vocab_size=60).save_pretrained(tmp_path)
    with pytest.raises(AlphaRLBenchError, match=r"model\.embed_tokens\.weight"):
        embedding_shift(open_weights(pair[0]), open_weights(tmp_path), str)
