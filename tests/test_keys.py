"""The keys of derived files: another code of what made one is another key, and nothing else is."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

import alpharl_bench
from alpharl_bench.forecast import all_methods
from alpharl_bench.keys import PRODUCTS, ProductName, all_inputs, made_by, product_key
from alpharl_bench.source_code import _imported, imported_sources, imports_of, modules_of
from tests.processes import run_script

PACKAGE = Path(alpharl_bench.__file__).parent

RUNS = {"trained run", "self-play run", "score of a trained run"}
FORECASTS = {"forecast by relex", "forecast by alpharl", "score of relex"}
#: Those under a sampling of arithmetic.
SCORES = {
    *("score of the base", "score of rank-1", "score of relex", "score by vllm"),
    *("score of a trained run", "behaviour"),
}
MATCHES = {"matches", "score of a match"}
QUESTIONS = {"questions", *SCORES}

#: One file of every kind of product, and the keys that change when a constant is added to it.
CHANGED: Mapping[str, set[str]] = {
    "training/base.py": {"pretrained base", "parameter count"},
    "training/tokenizer.py": {"pretrained base", "converted base", "warmed base"},
    "runs/wheel.py": {"converted base", "warmed base"},
    "training/warm_up.py": {"warmed base"},
    "training/samples.py": {"teacher samples", "warmed base"} | RUNS,
    "generation.py": {"teacher samples", "warmed base", "score of a match"}
    | RUNS
    | (SCORES - {"score by vllm"}),
    "training/ppo.py": RUNS,
    "training/rewards.py": RUNS,
    "problems/families.py": {"pretrained base", "warmed base"} | RUNS | QUESTIONS,
    "games/negotiation.py": {"pretrained base"} | RUNS | MATCHES,
    "grading/answers.py": RUNS | QUESTIONS,
    "checkpoints/tensors.py": {"teacher samples", "warmed base", "triplets", "dynamics"}
    | {"embedding"}
    | RUNS
    | FORECASTS
    | SCORES
    | {"score of a match"},
    "spectral/svd.py": {"triplets", "dynamics", "embedding", "score of rank-1"} | FORECASTS,
    "variants/materialise.py": {"dynamics", "embedding", "score of a match"} | FORECASTS | SCORES,
    "dynamics/pls.py": {"dynamics", "embedding", "forecast by alpharl"},
    "behaviour/embedding.py": {"embedding"},
    "forecast/selection.py": FORECASTS,
    "forecast/methods/relex.py": {"forecast by relex", "score of relex"},
    "forecast/methods/alpharl.py": {"forecast by alpharl"},
    "scoring/tasks.py": QUESTIONS,
    "scoring/games.py": MATCHES,
    "scoring/engine.py": SCORES | {"score of a match"},
    "scoring/hf.py": (SCORES | {"score of a match"}) - {"score by vllm"},
    "scoring/vllm.py": {"score by vllm"},
    "behaviour/reading.py": {"behaviour"},
    "reporting/html.py": set(),
    "plugin/options.py": set(),
    "plan/cost.py": set(),
    "cli.py": set(),
}
#: What changes no code: a docstring's text, a comment, layout.
PROSE = '\n\ndef _described():\n    """{}"""\n'

#: Modules that products import and no key counts, for they cannot change a bit.
IDLE = {
    # Every key is made by it: were it another, all were.
    "cache": "content_key is in every key",
    "keys": "as the cache",
    "source_code": "as the cache",
    "errors": "messages",
    "extras": "messages",
    "formatting": "messages",
    "limits": "what is beyond them is refused",
    "untrusted": "files are read as they are, or refused",
    "invocation": "messages",
    "lazy": "torch, whenever it is loaded",
    "progress": "bars",
    "library_logging": "silence",
    "training.progress": "bars",
    "training.history": "how far a training is; it ends in the same weights",
    "registry.load": "the entries that count are parts of keys",
    "registry.schema": "as above",
    "checkpoints.config": "transformers loads by it; files count by content",
    "scoring.chat": "a prompt that it lets through is rendered anew",
    "checkpoints.hub": "where files lie; they count by content or commit",
    "checkpoints.gathered": "messages",
    "checkpoints.origin": "messages",
    "spectral.spectrum": "measured of triplets whenever it is asked for; kept nowhere",
    "forecast.registry": "finds a method; the method's code counts",
    "forecast.identity": "makes keys",
    "scoring.sampling": "its values are parts of the key that it makes",
    "scoring.catalogue": "questions count by content",
    "scoring.prompts": "templates are parts of the key",
    "scoring.store": "makes keys",
    "scoring.pace": "what a score took stands beside it",
    "behaviour.table": "made of passes whenever it is asked for; kept nowhere",
    "behaviour.agreement": "as above",
}


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    """The keys of all products, by what was edited in a copy of the package."""
    folder = tmp_path_factory.mktemp("copy")
    shutil.copytree(PACKAGE, folder / "alpharl_bench", ignore=shutil.ignore_patterns("__pycache__"))
    edits = {"nothing": []}
    edits |= {name: [(name, "\n_EDITED = 1\n")] for name in CHANGED}
    described = [module for module in CHANGED if CHANGED[module]]
    edits |= {
        text: [(name, PROSE.format(text)) for name in described]
        for text in ("One text.", "Another text.")
    }
    edits["a comment"] = [(name, "\n\n# A comment.\n\n\n") for name in described]
    script = folder / "keys_of_a_copy.py"
    shutil.copy(Path(__file__).with_name(script.name), script)
    result = run_script(script, json.dumps(edits), ALPHARL_BENCH_CACHE=folder / "cache")
    assert result.returncode == 0, result.stderr
    found: dict[str, dict[str, str]] = json.loads(result.stdout)
    return found


def changed(before: Mapping[str, str], after: Mapping[str, str]) -> set[str]:
    assert before.keys() == after.keys()
    return {name for name in before if before[name] != after[name]}


@pytest.mark.parametrize("file", CHANGED)
def test_an_edit_changes_the_keys_of_what_the_file_decides_over_alone(keys, file):
    assert changed(keys["nothing"], keys[file]) == CHANGED[file]


def test_every_kind_of_product_is_edited(keys):
    assert set.union(*CHANGED.values()) == set(keys["nothing"])


def test_a_comment_and_another_docstring_change_no_key(keys):
    assert changed(keys["nothing"], keys["a comment"]) == set()
    assert changed(keys["One text."], keys["Another text."]) == set()
    # The function that they describe is code.
    assert changed(keys["nothing"], keys["One text."]) == set(keys["nothing"])


# ---- the table ----


def code_of(name: ProductName) -> set[str]:
    """The modules whose code is part of the product's key."""
    return {
        module
        for product in all_inputs(name)
        for code in PRODUCTS[product].code
        for module in modules_of(f"alpharl_bench.{code}")
    }


def counted(name: ProductName) -> set[str]:
    """The modules that decide over the product's key: its own, and those behind its parts."""
    parts = {part for product in all_inputs(name) for part in PRODUCTS[product].keyed_by}
    return code_of(name).union(*map(counted, parts))


def uncounted(modules: set[str], known: set[str]) -> set[tuple[str, str]]:
    """(importing, imported) of what modules import that is not known and not idle."""
    idle = {f"alpharl_bench.{module}" for module in IDLE}
    return {
        (module, imported)
        for module in modules
        for imported in imports_of(module, ["alpharl_bench"])
        if imported not in known | idle
    }


@pytest.mark.parametrize("name", PRODUCTS)
def test_what_decides_over_a_product_is_in_its_key(name):
    assert uncounted(code_of(name), counted(name)) == set()


@pytest.mark.parametrize("method", all_methods())
def test_what_decides_over_a_method_is_in_its_key(method):
    module = type(all_methods()[method].forecaster).__module__
    packages = [f"alpharl_bench.{one}" for one in ("forecast", "dynamics", "spectral", "variants")]
    own = set(imported_sources(module, packages))
    assert uncounted(own, own | counted("forecast")) == set()


def test_what_is_idle_is_imported_and_counted_nowhere():
    imported = set().union(
        *(imports_of(m, ["alpharl_bench"]) for name in PRODUCTS for m in counted(name))
    )
    idle = {f"alpharl_bench.{module}" for module in IDLE}
    assert idle - {"alpharl_bench.source_code"} <= imported
    assert not idle & set().union(*map(code_of, PRODUCTS))


def test_the_check_finds_a_file_that_was_forgotten():
    forgotten = "alpharl_bench.spectral.svd"
    found = uncounted(code_of("triplets"), counted("triplets") - {forgotten})
    assert ("alpharl_bench.spectral.factors", forgotten) in found


def test_a_key_tells_products_and_parts_apart():
    keys = {
        product_key("triplets", base="a"),
        product_key("triplets", base="b"),
        product_key("dynamics", base="a"),
    }
    assert len(keys) == 3


def test_what_others_make_is_keyed_by_their_code_and_ours_that_it_uses(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "others_table.py").write_text("from others_sum import total\n")
    (tmp_path / "others_sum.py").write_text("total = sum\n")
    keys = [made_by("others", "others_table")]
    for text in ("# A comment.\n", "from alpharl_bench.formatting import time_text\n", "X = 1\n"):
        (tmp_path / "others_table.py").write_text(f"from others_sum import total\n{text}")
        _imported.cache_clear()
        keys.append(made_by("others", "others_table"))
    assert keys[0] == keys[1]
    assert len({*keys, made_by("another", "others_table")}) == 4
    assert made_by("dynamics", "others_table") == made_by("dynamics", "elsewhere")


def test_another_version_of_a_library_is_another_key(monkeypatch):
    from alpharl_bench import keys as module  # noqa: PLC0415

    before = product_key("triplets")
    module._made_by.cache_clear()
    monkeypatch.setattr(module, "version", lambda package: f"{package} 0")
    after = product_key("triplets")
    module._made_by.cache_clear()
    assert after != before
