"""The page in HTML: as text, and in a real browser without a network."""

import base64
import hashlib
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote_to_bytes

import pytest

from alpharl_bench.reporting import html, write_report
from tests.conftest import SyntheticRun
from tests.reporting.pictures import picture
from tests.reporting.test_front import FEW, evidence_of
from tests.scores import session_of


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    specs, evidence = [], {}
    for name, rank1 in (("a run", 0.9), ("b run", 0.3), ("c run", 0.6)):
        synthetic = SyntheticRun(name)
        specs.append(synthetic.spec)
        evidence[name] = evidence_of(synthetic, rank1)
    claims = {name: [*FEW, "P1.6"] for name in evidence}
    session_of(specs, evidence, claims).save(folder)
    write_report(folder)
    return folder / "report.html"


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.open, self.tags = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in {"meta", "link", "img", "br", "hr"}:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_is_whole_and_needs_nothing_else(report):
    page = Page(report.read_text())
    assert page.open == []
    images = [attributes["src"] for tag, attributes in page.tags if tag == "img"]
    assert len(images) == 2  # P1.1 and its control share one
    for source in images:
        (report.parent / "shown.svg").write_bytes(
            unquote_to_bytes(source.removeprefix("data:image/svg+xml,"))
        )
        assert picture(report.parent / "shown.svg").texts
    for _, attributes in page.tags:
        for name in ("src", "href"):
            assert re.match(r"data:|#", attributes.get(name) or "#")
    anchors = {a["href"][1:] for tag, a in page.tags if tag == "a"}
    assert anchors == {a["id"] for tag, a in page.tags if tag in {"h2", "h3"}}


def test_no_script_but_its_own_may_run(report):
    text = report.read_text()
    (script,) = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in text
    assert "default-src 'none'" in text


def test_html_within_markdown_is_text_but_for_folds():
    text = (
        "# T\n\n<details><summary>a &lt; b</summary>\n\nin\n\n</details>\n\n<b>x</b> <i>\n\n<div>y"
    )
    shown = html.page(text, Path())
    body = shown.split("<main>")[1].split("</main>")[0]
    assert "<details><summary>a &lt; b</summary>" in body
    assert "&lt;b&gt;x&lt;/b&gt;" in body
    assert "&lt;div&gt;y" in body
    assert not re.search(r"<(b|i|div)>", body)


@pytest.mark.browser
def test_in_a_browser(report, tmp_path, chromium):
    backgrounds, faults = {}, []
    for scheme in ("light", "dark"):
        for width in (390, 1280):
            context = chromium.new_context(
                color_scheme=scheme, viewport={"width": width, "height": 844}, offline=True
            )
            page = context.new_page()
            page.on("console", lambda message: faults.append(message.text))
            page.on("pageerror", lambda error: faults.append(str(error)))
            page.on("request", lambda asked: faults.append(asked.url) if _outside(asked) else 0)
            page.goto(report.as_uri())
            page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert page.locator("img").evaluate_all("all => all.every(i => i.alt.length > 5)")
            page.evaluate("Promise.all([...document.images].map(i => i.decode()))")
            assert page.locator("img").evaluate_all("all => all.every(i => i.naturalWidth > 400)")
            look = "getComputedStyle(document.body).backgroundColor"
            backgrounds[scheme] = page.evaluate(look)
            page.locator("#theme").click()
            assert page.evaluate(look) != backgrounds[scheme]
            _sorts(page)
            page.screenshot(path=tmp_path / f"{scheme}-{width}.png")
            context.close()
    assert faults == []
    assert backgrounds["light"] != backgrounds["dark"]


def _outside(request):
    return not request.url.startswith(("file:", "data:"))


def _sorts(page):
    """The table of P1.1's verdicts: by what is ours, up and then down."""
    heading = page.locator("h3", has_text="P1.1 Rank-1 recovers")
    table = heading.locator("xpath=following::table[1]")
    runs = table.locator("tbody tr td:first-child")
    assert runs.all_inner_texts() == ["a run", "b run", "c run"]
    button = table.locator("th button", has_text="ours")
    button.click()
    assert runs.all_inner_texts() == ["b run", "c run", "a run"]
    button.click()
    assert runs.all_inner_texts() == ["a run", "c run", "b run"]
