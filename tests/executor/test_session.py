"""`pytest suites --executor ray`, typed wrongly; typed rightly in ``test_running_cluster``."""

import pytest

from tests.models import learned_run
from tests.processes import run_pytest

#: Ray tries several times to reach a cluster, for so many seconds each.
HASTY = {"RAY_py_gcs_connect_timeout_s": 1, "RAY_gcs_rpc_server_connect_timeout_s": 1}
CLAIMS = ("P1.1-control", "P1.3", "P1.6")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("sessions")


@pytest.fixture(scope="module")
def judge(folder):
    run, base = learned_run(folder)

    def judged(name, *options, **variables):
        return run_pytest(
            *("suites/property1", f"--run={run}", f"--base={base}", "--tasks=nano", "--kind=SFT"),
            *("--questions=4", "--samples=2", f"--report={folder / name}-report"),
            *("-m", " or ".join(f"claim(id='{claim}')" for claim in CLAIMS), *options),
            ALPHARL_BENCH_CACHE=folder / name,
            **variables,
        )

    return judged


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--ray-address=auto"], "--ray-address auto: requires --executor ray"),
        (["--executor=ray", "-n", "2"], "--executor ray: cannot be combined with -n"),
        (["--executor=dask"], "invalid choice: 'dask'"),
    ],
)
def test_what_cannot_be_is_one_line_before_anything_runs(judge, options, message):
    result = judge("nothing", *options)
    assert result.returncode == 4
    assert message in result.stderr
    assert "Traceback" not in result.stdout + result.stderr


@pytest.mark.parametrize("gone", [True, False], ids=["one that is gone", "none"])
def test_where_no_cluster_runs_it_is_said(judge, tmp_path, gone):
    if gone:
        # Ray leaves its address here, and nobody listens at it.
        (tmp_path / "ray").mkdir()
        (tmp_path / "ray" / "ray_current_cluster").write_text("127.0.0.1:1")
    result = judge("nothing", "--executor=ray", RAY_TMPDIR=tmp_path, **HASTY)
    assert result.returncode == 4
    assert "--ray-address auto: no Ray cluster there" in result.stderr
    assert "Traceback" not in result.stdout + result.stderr
