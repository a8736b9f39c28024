"""The settings of the baselines, chosen on the validation split."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import numpy as np
from pydantic import TypeAdapter
from pydantic.dataclasses import dataclass

from alpharl_bench.baselines.bias import BIASES, Biases
from alpharl_bench.baselines.methods import METHODS, tried
from alpharl_bench.cache import locked, write_whole
from alpharl_bench.decoding import Decoding
from alpharl_bench.variants import Variant, decoded


@dataclass(frozen=True)
class DecodingSelection:
    """The setting of a baseline, chosen among several.

    Args:
        method: the way in which tokens are chosen.
        settings: those that were tried, in words, the mildest first, (C,).
        accuracies: of readable responses on the validation split, (C,).
    """

    method: str
    settings: tuple[str, ...]
    accuracies: tuple[float, ...]

    @property
    def place(self) -> int:
        """Which setting is best; the mildest of several."""
        return int(np.argmax(self.accuracies))

    @property
    def accuracy(self) -> float:
        """The best accuracy on the validation split."""
        return self.accuracies[self.place]


_KEPT = TypeAdapter(DecodingSelection)


def strictest(selections: Sequence[DecodingSelection]) -> Variant:
    """The baseline with the best accuracy on the validation split: nothing reported chooses it."""
    return decoded(max(selections, key=lambda selection: selection.accuracy).method)


class Baselines:
    """Gives every baseline of one base its setting.

    Args:
        fit: fits the bias vector.
        validation: scores variants on the validation split: the accuracies of readable responses.
        folder: the folder of what was fitted and chosen.
    """

    def __init__(
        self,
        fit: Callable[[], Biases],
        validation: Callable[[Sequence[Variant]], list[float]],
        folder: Path,
    ) -> None:
        self._fit, self._validation, self._folder = fit, validation, folder

    @cached_property
    def biases(self) -> Biases:
        """The fitted bias vector; fitted now if it was not before."""
        path = self._folder / "biases.json"
        with locked(path):
            if not path.is_file():
                write_whole(path, BIASES.dump_json(self._fit()).decode())
        return BIASES.validate_json(path.read_bytes())

    def decoding(self, variant: Variant) -> Decoding:
        """How the tokens of a baseline are chosen, by the chosen setting or by one candidate."""
        place = variant.candidate
        if place is None:
            place = self.selection(variant).place
        return tried(variant, self.biases)[place]

    def selection(self, variant: Variant) -> DecodingSelection:
        """The chosen setting of a baseline; chosen now if it was not before."""
        path = self._folder / f"decoding-{variant.method.replace(' ', '-')}.json"
        if not path.is_file():
            settings = tried(variant, self.biases)
            candidates = [replace(variant, candidate=place) for place in range(len(settings))]
            accuracies = tuple(self._validation(candidates))
            selection = DecodingSelection(variant.method, tuple(map(str, settings)), accuracies)
            write_whole(path, _KEPT.dump_json(selection).decode())
        return _KEPT.validate_json(path.read_bytes())

    def selections(self) -> tuple[DecodingSelection, ...]:
        """Those of all baselines."""
        return tuple(self.selection(decoded(method)) for method in METHODS)
