"""What a machine lacks, told from its own list."""

from benchmarks.gpu_wheels import lacking, needed


def test_what_is_there_in_any_version_is_not_fetched():
    need = {"torch": "2.13.0", "pydantic-core": "2.50.4", "typer": "0.29.2"}
    there = "torch==2.11.0\nPydantic_Core==2.1\n-e git+x\nnumpy==2.5.2\n"
    assert lacking(need, there) == ["typer==0.29.2"]
    assert lacking(need, "") == ["pydantic-core==2.50.4", "torch==2.13.0", "typer==0.29.2"]


def test_the_acceptance_needs_what_it_imports():
    found = needed()
    assert {"torch", "transformers", "pydantic", "safetensors", "typer", "numpy"} <= found.keys()
    assert not {"alpharl-bench", "vllm", "lm-eval"} & found.keys()
