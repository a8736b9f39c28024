"""The display of many trainings, where there is no terminal."""

from alpharl_bench.runs.multi_run_progress import MultiRunProgress


def test_a_log_file_gets_a_line_when_a_run_begins_and_ends(capsys):
    with MultiRunProgress({"good": (10, 0), "bad[/]": (4, 2)}) as shown:
        shown.begin("good")
        shown.begin("bad[/]")
        shown.move("good", 10, "reward 0.5")
        shown.end("bad[/]", "no such option")
        shown.end("good")
    assert capsys.readouterr().err.splitlines() == [
        "good: begins at step 0 of 10",
        "bad[/]: begins at step 2 of 4",
        "bad[/]: failed: no such option",
        "good: trained, 10 steps, reward 0.5",
    ]
