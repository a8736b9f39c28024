"""The site builds without a warning: every link, anchor and documented name is there."""

import re
import subprocess
import sys
from html import unescape
from pathlib import Path

import pytest

from alpharl_bench.forecast import all_methods
from alpharl_bench.papers.arxiv_2510_00553.claims import CLAIMS

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "-f", ".mkdocs.yml", "-d", folder],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    return folder


def test_every_claim_has_its_section(site):
    page = unescape((site / "claims" / "index.html").read_text(encoding="utf-8"))
    found = re.findall(r"<h2 id=.*?>(\S+)", page)
    assert found == list(CLAIMS)
    for claim in CLAIMS.values():
        assert claim.statistic_label in page
        assert claim.formula in page
        assert str(claim.threshold) in page


def test_every_forecaster_is_on_its_page(site):
    page = unescape((site / "forecasters" / "index.html").read_text(encoding="utf-8"))
    for method in all_methods().values():
        assert f"<code>{method.name}</code>: {method.title} ({method.reference})" in page


def test_the_api_has_what_docstrings_say(site):
    page = (site / "api" / "index.html").read_text(encoding="utf-8")
    for name in ("checkpoints.open_run", "forecast.observe", "claims.judge"):
        assert f'id="alpharl_bench.{name}"' in page
    assert "Raises:" in page
    assert ":func:" not in page
    assert ":meth:" not in page


def test_the_sample_report_and_its_figures_are_there(site):
    page = (site / "sample" / "report" / "index.html").read_text(encoding="utf-8")
    figures = re.findall(r'<img[^>]* src="([^"]+)"', page)
    assert figures
    for figure in figures:
        assert (site / "sample" / "report" / figure).resolve().is_file()
    (whole,) = re.findall(r'href="([^"]+whole.html)"', page)
    assert "data:image/svg+xml" in (site / "sample" / "report" / whole).resolve().read_text()


def test_a_broken_link_fails(tmp_path):
    """The build that must not warn can."""
    config = (ROOT / ".mkdocs.yml").read_text(encoding="utf-8")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text("[away](nowhere.md#there)")
    bare = re.sub(r"(?ms)^(hooks|exclude_docs): .*?\n|^nav:.*|^plugins:.*?(?=^\w)", "", config)
    (tmp_path / "mkdocs.yml").write_text(bare)
    command = [sys.executable, "-m", "mkdocs", "build", "-f", tmp_path / "mkdocs.yml"]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    assert built.returncode == 1
    assert "nowhere.md" in built.stderr


@pytest.mark.parametrize("path", sorted(ROOT.glob(".github/workflows/*.yml")), ids=lambda p: p.name)
def test_a_workflow_is_one(path):
    command = [
        sys.executable,
        "-m",
        "check_jsonschema",
        "--builtin-schema",
        "vendor.github-workflows",
    ]
    subprocess.run([*command, path], check=True, capture_output=True)


@pytest.mark.parametrize(
    "name", ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"]
)
def test_links_of_the_root_lead_somewhere(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text)
    assert all((ROOT / link).exists() for link in links), links
