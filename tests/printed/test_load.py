"""What is said about faulty files."""

import shutil
from pathlib import Path

import pytest

from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.papers import arxiv_2510_00553
from alpharl_bench.printed import load_statements, load_tables

OWN = Path(arxiv_2510_00553.__file__).parent


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the package's own data to put faults into."""
    for kind in ("tables", "statements"):
        shutil.copytree(OWN / kind, tmp_path / kind)
    return tmp_path


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def fault(folder: Path) -> str:
    with pytest.raises(AlphaRLBenchError) as caught:
        load_statements(folder)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_every_file_is_loaded() -> None:
    assert sorted(load_tables(OWN)) == sorted(path.stem for path in (OWN / "tables").glob("*.toml"))
    quoted = "".join(path.read_text("utf-8") for path in (OWN / "statements").glob("*.toml"))
    assert len(load_statements(OWN)) == quoted.count("[[statement]]")


def test_a_copy_without_faults_loads(folder: Path) -> None:
    assert load_statements(folder) == load_statements(OWN)


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("tables/table-1", "place =", "plaec =", "tables/table-1.toml: place: Field required"),
        ("tables/table-1", "place =", "plaec =", "plaec: Extra inputs are not permitted"),
        (
            "tables/table-5",
            ', "4%"]',
            "]",
            "row 'Training 5%' of 'Qwen3-4B-Base' has 3 cells for 4",
        ),
        ("tables/table-5", '"4%"', "4", "tables/table-5.toml: blocks.0.rows.0.3: Input should be"),
        ("tables/table-5", "Training 10%", "Training 5%", "have the same label"),
        ("tables/table-1", 'misprinted = ["Training 40%', 'misprinted = ["Trainin 40%', "did you"),
        ("tables/table-1", 'column = "Avg."', 'column = "Avg"', "did you mean 'Avg.'?"),
        ("tables/table-8", "columns", "columns = [", "tables/table-8.toml: "),
        ("statements/appendix", "quote =", "qoute =", "further-results: quote: Field required"),
        ("statements/appendix", "[[statement]]", "[[statements]]", "statements: not known; only"),
        ("statements/appendix", '"= 512"', '"is 512"', "'is 512' is no bound"),
        ("statements/appendix", '"quotient"', '"ratoi"', "checks.0: Input tag 'ratoi'"),
        ("statements/appendix", '"1,024"', '"1,025"', "checks.0: the sentence has no '1,025'"),
        ("statements/appendix", '"table-5"', '"table-9"', "checks.0: unknown table 'table-9'"),
        ("statements/appendix", "AlphaRL WinRate", "AlphaRL Win", "unknown column 'AlphaRL Win'"),
        ("statements/appendix", 'id = "gpus"', 'id = "retention"', "in statements/1-introduction"),
        ("statements/3-dynamics", 'known = "not printed"', "", "either checks, or known = "),
        (
            "statements/3-dynamics",
            'note = "Figure 6b only."',
            "",
            "note: say why it is not printed",
        ),
    ],
)
def test_a_fault_is_named_with_file_and_key(folder: Path, file, old, new, message) -> None:
    replace(folder / f"{file}.toml", old, new)
    assert message in fault(folder)


def test_all_faults_are_listed(folder: Path) -> None:
    replace(folder / "tables" / "table-1.toml", "title", "titel")
    replace(folder / "tables" / "table-3.toml", "title", "titel")
    assert {"tables/table-1.toml", "tables/table-3.toml"} <= set(
        fault(folder).replace(": ", " ").split()
    )
