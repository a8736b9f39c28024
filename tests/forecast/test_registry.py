"""Which methods there are, and a method of another's distribution that is really installed."""

import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from alpharl_bench import source_code
from alpharl_bench.claims import judge
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.forecast import all_methods, forecast_method, method_named, title_of
from alpharl_bench.forecast.identity import method_digest
from alpharl_bench.forecast.method import Method, declared
from alpharl_bench.forecast.methods.expo import ExPO
from alpharl_bench.forecast.registry import GROUP
from alpharl_bench.papers.arxiv_2510_00553.claims import ALPHARL, CLAIMS
from alpharl_bench.variants import forecast
from tests.distributions import install
from tests.forecast.planted import direction, planted
from tests.processes import path_of, run_command, run_pytest
from tests.reporting.forecast_evidence import NAME, STEPS, evidence_of
from tests.scores import report_text, session_of

#: All that a third party writes: W_0 + 2 (W_k − W_0).
TOY = '''
"""Twice the last observed update."""

from dataclasses import dataclass

from alpharl_bench.forecast import Fitted, Forecaster, Target, forecast_method
from alpharl_bench.variants.combined import CombinedWeights
from toy.factor import FACTOR


@forecast_method("toy", title="Toy (twice as far)", reference="Nobody et al. 2026", baseline=True)
@dataclass(frozen=True)
class Toy(Forecaster):
    """W_0 + 2 (W_k − W_0)."""

    def _fit(self, prefix):
        return _Fitted(prefix)


@dataclass(frozen=True)
class _Fitted(Fitted):
    prefix: object

    def predict(self, target: Target) -> CombinedWeights:
        last = self.prefix.weights[-1]
        return CombinedWeights(self.prefix.base, (last,), lambda _: (FACTOR,))
'''
FILES = {"toy/__init__.py": TOY, "toy/factor.py": "FACTOR = 2.0\n"}


def install_toy(folder: Path, **points: str) -> None:
    install(folder, "toyforecasts", FILES, {GROUP: points or {"toy": "toy:Toy"}})


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of installed distributions that holds the toy."""
    folder = tmp_path_factory.mktemp("installed") / "site"
    install_toy(folder)
    return folder


@pytest.fixture
def visit(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Path], None]]:
    """Makes a folder of distributions one of this process."""

    def forget() -> None:
        for module in [name for name in sys.modules if name.partition(".")[0] == "toy"]:
            del sys.modules[module]
        for cached in (all_methods, method_digest, source_code._found, source_code._imported):
            cached.cache_clear()

    def enter(folder: Path) -> None:
        monkeypatch.syspath_prepend(folder)
        forget()

    yield enter
    monkeypatch.undo()
    forget()


def test_a_method_is_found_by_its_name() -> None:
    assert isinstance(method_named("expo").forecaster, ExPO)
    assert title_of("rank1-sigma") == "Rank-1, σ₁ extrapolated"
    assert title_of("gone") == "gone"
    with pytest.raises(AlphaRLBenchError, match="unknown method 'exppo'; did you mean 'expo'"):
        method_named("exppo")


def test_a_class_is_declared_once_for_each_of_its_settings() -> None:
    titles = [method.title for method in all_methods().values()]
    assert titles[:3] == ["AlphaRL", "AlphaRL, norm-matched", "AlphaRL, authors' code"]
    assert len(set(titles)) == len(titles)

    @forecast_method("twice", title="Twice", reference="by hand", alpha=2.0)
    @forecast_method("thrice", title="Thrice", reference="by hand", alpha=3.0)
    @dataclass(frozen=True)
    class Far(ExPO):
        """ExPO with other settings."""

    assert [method.forecaster for method in declared(Far)] == [Far(alpha=2.0), Far(alpha=3.0)]
    assert [method.name for method in declared(ExPO)] == ["expo"]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"name": "Toy 2"}, "'Toy 2': a name has lower-case letters"),
        ({"name": "toy, candidate 1"}, "a name has lower-case letters"),
        ({"title": ""}, "'toy': its title must be one line"),
        ({"reference": "arXiv\n| 1"}, "'toy': its reference must be one line"),
    ],
)
def test_a_bad_declaration_is_refused(changed: Mapping[str, str], message: str) -> None:
    named = {"name": "toy", "title": "Toy", "reference": "by hand"} | changed
    with pytest.raises(AlphaRLBenchError, match=message):
        Method(**named, forecaster=ExPO())


def test_the_command_lists_and_runs_an_installed_method(site: Path, tmp_path: Path) -> None:
    listed = run_command("forecast", "--list", PYTHONPATH=path_of(site))
    assert listed.returncode == 0, listed.stderr
    (row,) = [line for line in listed.stdout.splitlines() if line.startswith("| toy ")]
    assert "Toy (twice as far)" in row
    assert "Nobody et al. 2026" in row
    assert "| alpharl " in listed.stdout
    run = planted(tmp_path, lambda name, shape, step: step / 100 * direction(name, shape))
    out = tmp_path / "out"
    options = ("--run", tmp_path, "--base", run.base, "--method", "toy", "--out", out)
    done = run_command("forecast", *options, "--observed", 0.4, PYTHONPATH=path_of(site))
    assert done.returncode == 0, done.stderr
    assert "as toy predicts it (Toy (twice as far): Nobody et al. 2026)" in done.stdout
    record = json.loads((out / "forecast.json").read_text())
    assert (record["method"], record["title"]) == ("toy", "Toy (twice as far)")
    base, found = (load_file(folder / "model.safetensors") for folder in (run.base, out))
    for name, before in base.items():
        # Twice what step 40 has.
        expected = before + 0.8 * direction(name, before.shape)
        torch.testing.assert_close(found[name], expected, atol=1e-6, rtol=0)


def test_without_its_distribution_there_is_no_such_method() -> None:
    assert "toy" not in all_methods()


def test_an_installed_method_is_held_to_the_contract_of_all(site: Path) -> None:
    files = [
        f"tests/forecast/test_{name}.py" for name in ("prefix", "make", "planted", "stability")
    ]
    done = run_pytest(*files, "-q", "-k", "toy", PYTHONPATH=path_of(site))
    assert done.returncode == 0, done.stdout
    # Nothing after the prefix is seen, what is observed is; a folder; a format; NaN; stability.
    assert "6 passed" in done.stdout


def test_a_baseline_is_judged_and_compared_in_the_report(
    synthetic, site: Path, tmp_path: Path
) -> None:
    evidence, claims = evidence_of(alpharl=66, toy=71), [claim.id for claim in ALPHARL]
    session_of([synthetic.spec], {NAME: evidence}, {NAME: claims}).save(tmp_path)
    # Where it is not installed, the report says so and compares the rest: the best has 50.
    assert "also scored forecasts by `toy`" in report_text(tmp_path)
    rest = judge(CLAIMS["A5"], evidence)
    assert rest.value.estimate == pytest.approx(0.50 - 0.66)
    done = run_command("report", tmp_path, PYTHONPATH=path_of(site))
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "report.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| Toy (twice as far) ")]
    # One row each in the comparison, over runs, and of what was chosen.
    assert len(rows) == 3
    # The checkpoint answers 38 of a hundred, AlphaRL 66.
    assert all(number in rows[0] for number in ("0.710 ", "0.330 ", "-0.050 "))
    assert "also scored forecasts by" not in text


def test_a_baseline_is_scored_for_the_claim_about_all(
    site: Path, visit: Callable[[Path], None]
) -> None:
    assert "toy" not in {variant.method for variant in CLAIMS["A5"].variants(STEPS)}
    visit(site)
    assert forecast("toy", 40) in CLAIMS["A5"].variants(STEPS)
    assert judge(CLAIMS["A5"], evidence_of(alpharl=66, toy=71)).value.estimate == pytest.approx(
        0.05
    )


@pytest.mark.parametrize(
    ("points", "message"),
    [
        ({"gone": "toy:Gone"}, "cannot load toy:Gone: AttributeError: .*repair or uninstall"),
        ({"gone": "toys:Toy"}, "cannot load toys:Toy: ModuleNotFoundError: No module named 'toys'"),
        ({"gone": "toy:FACTOR"}, "toy:FACTOR is not a Forecaster declared by @forecast_method"),
        ({"first": "toy:Toy", "gone": "toy:Toy"}, "method 'toy' is there already, from .*'first'"),
    ],
)
def test_a_bad_entry_point_is_an_error_of_one_line(
    points: dict[str, str], message: str, visit: Callable[[Path], None], tmp_path: Path
) -> None:
    install_toy(tmp_path / "site", **points)
    visit(tmp_path / "site")
    with pytest.raises(AlphaRLBenchError) as caught:
        all_methods()
    assert str(caught.value).startswith("distribution 'toyforecasts', entry point 'gone' ")
    assert re.search(message, str(caught.value))
    assert "\n" not in str(caught.value)


def test_a_name_of_this_package_is_taken(visit: Callable[[Path], None], tmp_path: Path) -> None:
    files = FILES | {"toy/__init__.py": TOY.replace('"toy", title', '"expo", title')}
    install(tmp_path / "site", "toyforecasts", files, {GROUP: {"toy": "toy:Toy"}})
    done = run_command("forecast", "--list", PYTHONPATH=path_of(tmp_path / "site"))
    assert done.returncode == 2
    assert done.stderr == (
        "alpharl-bench: distribution 'toyforecasts', entry point 'toy' "
        "(alpharl_bench.forecasters): the forecast method 'expo' is there already, from "
        "alpharl_bench.forecast.methods.expo; rename or uninstall one of them\n"
    )


def test_an_edit_of_any_of_its_files_is_another_key(
    site: Path, visit: Callable[[Path], None], tmp_path: Path
) -> None:
    visit(site)
    before, others = method_digest("toy"), method_digest("expo")
    files = FILES | {"toy/factor.py": "FACTOR = 3.0\n"}
    install(tmp_path / "site", "toyforecasts", files, {GROUP: {"toy": "toy:Toy"}})
    visit(tmp_path / "site")
    assert method_digest("toy") != before
    assert method_digest("expo") == others
