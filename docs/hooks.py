"""What the site has beside the pages of this folder: made when it is built, written nowhere."""

import inspect
import re
from itertools import groupby
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from alpharl_bench.claims import Claim
from alpharl_bench.claims.paper import Paper
from alpharl_bench.claims.papers import load_papers
from alpharl_bench.forecast import Method, all_methods
from alpharl_bench.reporting import html

_ROOT = Path(__file__).parents[1]
#: Pages that lie in the root of the repository, by what the site calls them.
_ROOT_PAGES = {
    "architecture.md": "ARCHITECTURE.md",
    "contributing.md": "CONTRIBUTING.md",
    "changelog.md": "CHANGELOG.md",
}
# A reference in a docstring, as Sphinx writes it.
_ROLE = re.compile(r":\w+:<code>~?(?:\w+\.)*?(\w+(?:\.\w+)?)</code>")
#: Files that lie elsewhere in the repository, by what the site calls them.
_FILES = {"results.schema.json": "alpharl_bench/reporting/results.schema.json"}
#: The reports that are committed, each a folder of that name.
_REPORTS = ("sample", "smollm2")
#: What the site calls a report as one file.
_WHOLE = "whole.html"
_CLAIMS = """\
# Every claim

This page lists the claims of `alpharl_bench/papers/` in the order of each paper. The interval of
the statistic [decides the verdict](statistics.md). In formulas a(V) is the accuracy of a variant V
of the weights, the mean over tasks of the mean over each task's questions; *full* is the trained
model; m is a module, ΔW its update with singular values σᵢ and vectors uᵢ, vᵢ; slopes are
least-squares slopes.
"""
_FORECASTERS = """\
# Every forecaster

This page lists the methods of `alpharl-bench forecast --list` with their formulas. W_0 is the
base, W_t the checkpoint of step t, W_k the last observed checkpoint, t* the step of the target.
"""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages of the root, the committed reports and figures, what is registered, files."""
    for name, source in _ROOT_PAGES.items():
        text = (_ROOT / source).read_text(encoding="utf-8")
        files.append(File.generated(config, name, content=_as_in_docs(text)))
    folders = [_ROOT / "reports" / name for name in _REPORTS]
    for part in (p for f in folders for p in (f / "report.md", *f.glob("figures/*.svg"))):
        place = part.relative_to(_ROOT / "reports").as_posix()
        files.append(File.generated(config, place, abs_src_path=str(part)))
    for folder in folders:
        whole = html.page((folder / "report.md").read_text(encoding="utf-8"), folder)
        files.append(File.generated(config, f"{folder.name}/{_WHOLE}", content=whole))
    for name, source in _FILES.items():
        files.append(File.generated(config, name, abs_src_path=str(_ROOT / source)))
    files.append(File.generated(config, "claims.md", content=claims_page()))
    files.append(File.generated(config, "forecasters.md", content=forecasters_page()))
    return files


def on_page_markdown(markdown: str, page: Page, **_: object) -> str:
    """Links to the pages of the root, which the site has beside these; and to whole reports."""
    if page.file.src_uri.endswith("/report.md"):
        return f"[The same as one HTML file]({_WHOLE})\n\n{markdown}"
    moved = {f"{name}/": f"reports/{name}/" for name in _REPORTS}
    for name, source in {**_ROOT_PAGES, **_FILES, **moved}.items():
        markdown = markdown.replace(f"](../{source}", f"]({name}")
    return markdown


def on_page_content(html: str, **_: object) -> str:
    """References in docstrings by the name that they lead to."""
    return _ROLE.sub(r"<code>\1</code>", html)


def claims_page() -> str:
    """One section for each claim, paper by paper."""
    return "\n".join([_CLAIMS, *map(_of_paper, load_papers().values())])


def _of_paper(paper: Paper) -> str:
    return "\n".join([f"Claims of {paper}:\n", *map(_section, paper.claims)])


def _section(claim: Claim) -> str:
    lines = [
        f"## {claim.id} {claim.title}",
        "",
        f"> {claim.text}",
        "",
        f"- Place in the paper: {claim.paper_ref.place}. It printed: {claim.printed.statistic}.",
        f"- Statistic: {claim.statistic_label}:",
        "",
        f"        {claim.formula}",
        "",
        f"- It holds where the statistic is {claim.threshold}.",
        f"- Resampled: {claim.units}.",
    ]
    if claim.nulls:
        lines.append(f"- Nulls: {'; '.join(null.name for null in claim.nulls)}.")
    if claim.engine:
        lines.append(f"- Only with `--engine {claim.engine}`.")
    if claim.caveat:
        lines.append(f"- {claim.caveat}")
    return "\n".join([*lines, ""])


def forecasters_page() -> str:
    """One section for each class of forecasters, with the methods that it is declared as."""
    groups = groupby(all_methods().values(), key=lambda method: type(method.forecaster))
    return "\n".join([_FORECASTERS, *(_forecaster(list(methods)) for _, methods in groups)])


def _forecaster(methods: list[Method]) -> str:
    forecaster = methods[0].forecaster
    text = inspect.cleandoc(type(forecaster).__doc__ or "").partition("\nArgs:\n")[0]
    lines = [f"## {methods[0].title}", "", text, ""]
    for method in methods:
        scored = " Scored alone: it writes no model." if method.scored_only else ""
        lines.append(f"- `{method.name}`: {method.title} ({method.reference}).{scored}")
    needs = forecaster.needs or "nothing"
    lines.append(f"- Checkpoints: at least {forecaster.least}. The target says: {needs}.")
    return "\n".join([*lines, ""])


def _as_in_docs(text: str) -> str:
    """A page of the root with its links as from this folder."""
    return re.sub(r"\]\(docs/", "](", text)
