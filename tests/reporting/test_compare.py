"""Two reports side by side, against scipy's tests and faults that are planted."""

import json

import numpy as np
import pytest
from markdown_it import MarkdownIt
from scipy import stats

from alpharl_bench.cli import main
from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.reporting.compare import compare
from tests.reporting.hostile import NAME
from tests.reporting.test_front import FEW, NEEDED, evidence_of
from tests.scores import score_of, session_of, store_scores, stored_scores, write_results

GRPO = "qwen3-facts-grpo"


def stored(synthetic, folder, rank1=0.7, claims=FEW, name=GRPO, kind="RL", **changed):
    synthetic.name, synthetic.kind = name, kind
    evidence = {name: evidence_of(synthetic, rank1, **changed)}
    session_of([synthetic.spec], evidence, {name: claims}).save(folder)
    write_results(folder)
    return folder


def only(found, variant):
    (difference,) = [d for d in found.differences if d.variant == variant]
    return difference


def test_a_report_does_not_differ_from_itself(synthetic, tmp_path):
    folder = stored(synthetic, tmp_path / "a")
    found = compare(folder, folder)
    assert not found.regressed
    assert not found.changes
    assert all(d.estimate == 0 and d.paired and not d.clear for d in found.differences)
    assert found.markdown().startswith("### No regression")


def test_a_verdict_that_got_worse_is_a_regression_and_a_better_one_is_not(synthetic, tmp_path):
    # Of a run that the registry does not know.
    good = stored(synthetic, tmp_path / "good", rank1=0.9, name="mine")
    bad = stored(synthetic, tmp_path / "bad", rank1=0.4, name="mine")
    worse, better = compare(good, bad), compare(bad, good)
    assert [(c.old.outcome, c.new.outcome) for c in worse.changes] == [("supported", "refuted")]
    assert worse.regressed
    assert not better.regressed
    assert "| worse |" in worse.markdown().replace("  ", "")
    assert "better" in better.markdown()


def test_what_the_registry_knows_and_contrasts_are_no_regressions(synthetic, tmp_path):
    for name, kind in ((GRPO, "RL"), ("mine", "SFT")):
        good = stored(synthetic, tmp_path / f"{kind} good", rank1=0.9, name=name, kind=kind)
        bad = stored(synthetic, tmp_path / f"{kind} bad", rank1=0.4, name=name, kind=kind)
        found = compare(good, bad)
        assert len(found.changes) == 1
        assert not found.regressed


def test_a_trained_model_that_clearly_fell_is_a_regression(synthetic, tmp_path):
    before = stored(synthetic, tmp_path / "before", rank1=0.2, full=0.9)
    after = stored(synthetic, tmp_path / "after", rank1=0.2, full=0.6)
    found = compare(before, after)
    assert only(found, "full").worse
    assert only(found, "full").estimate == pytest.approx(-0.3)
    assert not only(found, "base").clear
    assert found.regressed
    assert not compare(after, before).regressed


def changed_scores(folder, variant, marks):
    new = [
        json.loads(score_of(variant, marks, run=GRPO).model_dump_json())
        if line["variant"] == variant
        else line
        for line in stored_scores(folder)
    ]
    store_scores(folder, new)
    write_results(folder)


def test_the_same_questions_are_compared_in_pairs(synthetic, tmp_path):
    folders = [stored(synthetic, tmp_path / name) for name in ("old", "new")]
    rng = np.random.default_rng(0)
    right = [rng.integers(0, 5, (2, 10)) for _ in folders]
    for folder, counts in zip(folders, right, strict=True):
        marks = {
            task: {f"q{i}": "1" * n + "0" * (4 - n) for i, n in enumerate(row)}
            for task, row in zip(("addition", "chain"), counts, strict=True)
        }
        changed_scores(folder, "rank-1", marks)
    found = only(compare(*folders), "rank-1")
    change = (right[1] - right[0]) / 4
    # Two tasks of ten questions: the pooled t-test has 18 degrees of freedom too.
    centred = change - change.mean(axis=1, keepdims=True)
    error = np.sqrt((centred**2).sum() / 9 / 10) / 2
    assert found.paired
    assert found.estimate == pytest.approx(change.mean())
    assert found.p == pytest.approx(2 * stats.t.sf(abs(change.mean()) / error, 18))
    reach = stats.t.ppf(0.975, 18) * error
    ends = (found.estimate - reach, found.estimate + reach)
    assert (found.low, found.high) == pytest.approx(ends)


def test_one_task_is_scipy_s_paired_test(synthetic, tmp_path):
    folders = [stored(synthetic, tmp_path / name) for name in ("old", "new")]
    rng = np.random.default_rng(1)
    right = [rng.integers(0, 5, 12) for _ in folders]
    for folder, counts in zip(folders, right, strict=True):
        marks = {"chain": {f"q{i}": "1" * n + "0" * (4 - n) for i, n in enumerate(counts)}}
        half = {"chain": dict.fromkeys(marks["chain"], "1100")}
        scores = [score_of(v, marks if v == "rank-1" else half, run=GRPO) for v in NEEDED]
        store_scores(folder, [score.model_dump(mode="json") for score in scores])
        write_results(folder)
    found = only(compare(*folders), "rank-1")
    expected = stats.ttest_rel(right[1] / 4, right[0] / 4)
    assert found.p == pytest.approx(expected.pvalue)
    interval = expected.confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))


def test_without_scores_the_intervals_are_compared(synthetic, tmp_path):
    folders = [stored(synthetic, tmp_path / n, full=f) for n, f in (("old", 0.9), ("new", 0.6))]
    found = only(compare(*(folder / "results.json" for folder in folders)), "full")
    old, new = (
        json.loads((folder / "results.json").read_text())["runs"][GRPO]["accuracies"]["full"]
        for folder in folders
    )
    old, new = old["accuracy"], new["accuracy"]
    assert not found.paired
    # By hand: the reaches of the two towards each other, as legs of a triangle.
    low = ((new["estimate"] - new["low"]) ** 2 + (old["high"] - old["estimate"]) ** 2) ** 0.5
    assert found.low == pytest.approx(-0.3 - low)
    assert found.high < 0
    assert found.worse


def test_what_is_in_one_alone_is_named(synthetic, tmp_path):
    of_both = evidence_of(synthetic, 0.7)
    folders = []
    for name, claims in (("gone run", ["P1.1"]), ("new run", FEW)):
        specs, evidence = [synthetic.spec], {synthetic.name: of_both}
        synthetic.name = name
        specs.append(synthetic.spec)
        evidence[name] = evidence_of(synthetic, 0.7)
        folders.append(tmp_path / name)
        session_of(specs, evidence, {GRPO: ["P1.1"], name: claims}).save(folders[-1])
        write_results(folders[-1])
        synthetic.name = GRPO
    found = compare(*folders)
    assert found.gone == (("P1.1", "gone run"),)
    assert set(found.came) == {(claim, "new run") for claim in FEW}
    assert "P1.1 on gone run" in found.markdown()
    assert not found.regressed


def emptied(content):
    return content | {"runs": {}, "verdicts": []}


def without_numbers(content):
    runs = {name: run | {"accuracies": {}} for name, run in content["runs"].items()}
    return content | {"runs": runs, "verdicts": [v | {"value": None} for v in content["verdicts"]]}


def not_a_number(content):
    verdict = content["verdicts"][0]
    verdict["value"]["estimate"] = float("nan")
    return content


def infinite(content):
    content["runs"][GRPO]["accuracies"]["full"]["accuracy"]["high"] = float("inf")
    return content


def of_no_claim(content):
    return content | {"claims": {}}


@pytest.mark.parametrize(
    ("spoilt", "message"),
    [
        (emptied, "no verdict and no accuracy with a number"),
        (without_numbers, "no verdict and no accuracy with a number"),
        (not_a_number, "a result that is not a number"),
        (infinite, "a result that is not a number"),
        (of_no_claim, "no such claim"),
    ],
)
def test_a_report_without_numbers_cannot_be_compared(synthetic, tmp_path, spoilt, message):
    good = stored(synthetic, tmp_path / "good")
    bad = tmp_path / "bad.json"
    bad.write_text(json.dumps(spoilt(json.loads((good / "results.json").read_text()))))
    for pair in ((good, bad), (bad, good)):
        with pytest.raises(AlphaRLBenchError, match=f"bad.json: .*{message}") as raised:
            compare(*pair)
        assert "\n" not in str(raised.value)


def test_reports_of_other_runs_cannot_be_compared(synthetic, tmp_path):
    old = stored(synthetic, tmp_path / "old", name="gone run")
    new = stored(synthetic, tmp_path / "new", name="new run")
    with pytest.raises(AlphaRLBenchError, match="no verdict and no accuracy of both"):
        compare(old, new)


def test_a_comment_is_short_and_safe_however_much_changed(synthetic, tmp_path):
    folders = []
    for name, rank1, full in (("old", 0.9, 0.9), ("new", 0.3, 0.5)):
        specs, evidence = [], {}
        for i in range(15):
            synthetic.name = f"{i} {NAME}"
            specs.append(synthetic.spec)
            evidence[synthetic.name] = evidence_of(synthetic, rank1, full=full)
        folder = tmp_path / name
        claims = dict.fromkeys(evidence, FEW)
        session_of(specs, evidence, claims, NAME * 50).save(folder)
        write_results(folder)
        folders.append(folder)
    found = compare(*folders)
    assert found.regressions >= 15
    text = found.markdown()
    assert len(text.splitlines()) <= 60
    assert len(text) < 65_536  # the longest comment on GitHub
    html = MarkdownIt("commonmark", {"html": True}).enable("table").render(text)
    for markup in ("<script", "<img", "<a ", "<b>"):
        assert markup not in html


def test_exit_codes_are_for_scripts(synthetic, tmp_path, monkeypatch, capsys):
    good = stored(synthetic, tmp_path / "good", rank1=0.9, name="mine")
    bad = stored(synthetic, tmp_path / "bad", rank1=0.4, name="mine")

    def ends(new):
        monkeypatch.setattr("sys.argv", ["alpharl-bench", "compare", str(good), str(new)])
        with pytest.raises(SystemExit) as ended:
            main()
        return ended.value.code, capsys.readouterr()

    assert ends(good)[0] == 0
    code, told = ends(bad)
    assert (code, told.out.splitlines()[0]) == (1, "### 1 regression")
    code, told = ends(tmp_path)
    assert (code, told.err.count("\n"), told.out) == (2, 1, "")
    assert "no results" in told.err
