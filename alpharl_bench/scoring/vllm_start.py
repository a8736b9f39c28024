"""How vLLM's engine is started: what depends on device and dtype, and what it says if it dies."""

import json
import os
from pathlib import Path
from typing import Any, get_args

from vllm.config.logging import LoggingConfig
from vllm.config.lora import MaxLoRARanks

from alpharl_bench.scoring.engines import Dtype, adapter_rank
from alpharl_bench.untrusted import read_text

#: GiB for keys and values on a CPU, unless the environment says otherwise.
_CPU_CACHE = "2"
#: Bytes of the engine's log that are read.
_LOG_BYTES = 16 * 2**20


def prepare(device: str) -> None:
    """Set vLLM's own environment variables, where the user has not."""
    os.environ.setdefault("VLLM_LOGGING_LEVEL", "ERROR")
    os.environ.setdefault("VLLM_NO_USAGE_STATS", "1")
    if device == "cpu":
        os.environ.setdefault("VLLM_CPU_KVCACHE_SPACE", _CPU_CACHE)
    else:
        # A fork of a process that used CUDA cannot; vLLM itself looks only at torch of this one.
        os.environ.setdefault("VLLM_WORKER_MULTIPROC_METHOD", "spawn")


def takes_adapters(device: str, dtype: Dtype) -> bool:
    """Whether vLLM has adapters: its kernels for GPUs take 16 bits alone (vllm#14827)."""
    return device == "cpu" or dtype != "float32"


def allowed_rank(rank: int, dtype: Dtype) -> int | None:
    """The least rank that vLLM can be started for and that is enough; None above the limit."""
    most = adapter_rank(dtype)
    fitting = [allowed for allowed in get_args(MaxLoRARanks) if rank <= allowed <= most]
    return min(fitting, default=None)


def adapter_arguments(rank: int, modules: list[str]) -> dict[str, Any]:
    """The engine's arguments for adapters up to a rank on some kinds of modules."""
    return {
        "enable_lora": True,
        "max_loras": 1,
        "max_lora_rank": rank,
        # Without the list a bug of the CPU build shows.
        "lora_target_modules": modules,
    }


class EngineLog:
    """What the engine's processes log of errors, in a file beside the terminal.

    Args:
        folder: gets the file; may be removed once the engine runs.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / "errors.log"
        self._config = folder / "logging.json"
        level = os.environ["VLLM_LOGGING_LEVEL"]
        formatter = {"format": "%(levelname)s %(name)s: %(message)s"}
        terminal = {"class": "logging.StreamHandler", "level": level, "formatter": "plain"}
        kept = {
            "class": "logging.FileHandler",
            "level": "ERROR",
            "formatter": "plain",
            "filename": str(self._file),
        }
        config = {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"plain": formatter},
            "handlers": {"terminal": terminal, "kept": kept},
            "loggers": {
                "vllm": {"handlers": ["terminal", "kept"], "level": level, "propagate": False}
            },
        }
        self._config.write_text(json.dumps(config), encoding="utf-8")

    @property
    def arguments(self) -> dict[str, Any]:
        """The engine's argument."""
        return {"logging_config": LoggingConfig(pylogging_config_file=str(self._config))}

    @property
    def cause(self) -> str:
        """The last line of the first error: the exception that the engine died of; or empty.

        Later errors are those of processes that lost the first.
        """
        if not self._file.is_file():
            return ""
        first: list[str] = []
        for line in read_text(self._file, _LOG_BYTES).splitlines():
            if line.startswith("ERROR ") and first:
                break
            if line.strip():
                first.append(line)
        return first[-1].strip() if first else ""
