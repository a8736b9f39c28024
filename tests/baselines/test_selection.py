"""Settings are chosen on the validation split, once, and kept on disk."""

import json
from dataclasses import replace

import pytest

from alpharl_bench.baselines import METHODS, Baselines, Biases, DecodingSelection, strictest
from alpharl_bench.decoding import FORCED, Decoding
from alpharl_bench.variants import decoded

TEMPERATURE, FIRST = decoded("temperature"), decoded("first token")


class Validation:
    """Accuracies by candidate; remembers what it was asked for."""

    def __init__(self, **accuracies):
        self.accuracies = {name.replace("_", " "): of for name, of in accuracies.items()}
        self.scored = []
        self.fitted = 0

    def __call__(self, variants):
        self.scored += variants
        return [self.accuracies[v.method][v.candidate] for v in variants]

    def fit(self):
        self.fitted += 1
        return Biases({7: 1.0, 8: -0.5, 9: 0.1}, {7: 0.5}, (8, 7, 9), (0.1, 0.2))


@pytest.fixture
def validation():
    return Validation(
        first_token=(0.1, 0.2, 0.5, 0.1, 0.1, 0.1),
        one_token=(0.1,) * 6,
        bias_vector=(0.4, 0.4, 0.3),
        greedy=(0.3,),
        temperature=(0.2, 0.3, 0.3, 0.1),
        greedy_bias_vector=(0.1, 0.2, 0.45),
    )


@pytest.fixture
def baselines(validation, tmp_path):
    return Baselines(validation.fit, validation, tmp_path)


def test_the_best_setting_is_chosen_and_of_several_the_mildest(baselines, validation):
    found = baselines.selection(TEMPERATURE)
    assert found == DecodingSelection(
        "temperature",
        ("temperature 0.75", "temperature 0.5", "temperature 0.25", "temperature 1.25"),
        (0.2, 0.3, 0.3, 0.1),
    )
    assert (found.place, found.accuracy) == (1, 0.3)
    assert baselines.decoding(TEMPERATURE) == Decoding(0.5)
    assert [one.candidate for one in validation.scored] == [0, 1, 2, 3]


def test_a_candidate_is_decoded_by_its_own_setting_and_chooses_nothing(baselines, validation):
    *_, last = METHODS["temperature"].settings(validation.fit())
    candidate = replace(TEMPERATURE, candidate=3)
    assert baselines.decoding(candidate) == last
    assert validation.scored == []


def test_biases_are_fitted_once_and_shared(baselines, validation):
    assert baselines.decoding(FIRST) == Decoding(first={7: FORCED})
    assert baselines.decoding(decoded("bias vector")) == Decoding(
        bias={7: 1.0, 8: -0.5, 9: 0.1}, first={7: 0.5}
    )
    assert validation.fitted == 1


def test_what_was_fitted_and_chosen_stays_on_disk(baselines, validation, tmp_path):
    chosen = baselines.selections()
    assert [one.method for one in chosen] == list(METHODS)
    kept = {path.name for path in tmp_path.glob("*.json")}
    assert kept == {"biases.json"} | {
        f"decoding-{method.replace(' ', '-')}.json" for method in METHODS
    }

    def fail(*_):
        raise AssertionError("made again")

    again = Baselines(fail, fail, tmp_path)
    assert again.selections() == chosen
    assert again.biases == validation.fit()
    assert again.decoding(FIRST) == baselines.decoding(FIRST)


def test_what_is_kept_can_be_read(baselines, tmp_path):
    baselines.selection(TEMPERATURE)
    kept = json.loads((tmp_path / "decoding-temperature.json").read_text())
    assert kept["accuracies"] == [0.2, 0.3, 0.3, 0.1]
    assert kept["settings"][1] == "temperature 0.5"


def test_the_strictest_baseline_is_the_best_one_on_the_validation_split(baselines):
    assert strictest(baselines.selections()) == FIRST
    few = [one for one in baselines.selections() if one.method != "first token"]
    assert strictest(few) == decoded("greedy bias vector")


def test_a_killed_choice_leaves_nothing(validation, tmp_path):
    def killed(variants):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Baselines(validation.fit, killed, tmp_path).selection(TEMPERATURE)
    assert not (tmp_path / "decoding-temperature.json").exists()
    assert Baselines(validation.fit, validation, tmp_path).selection(TEMPERATURE).place == 1
