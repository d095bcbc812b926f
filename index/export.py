"""What preparing any model takes: its digest, its tokenizer, its graph in ONNX, and a folder that appears whole."""

import hashlib
import json
import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.errors import ModelError, ModelNotPrepared, ModelUnusable
from index.onnx_model import ONNX, TOKENIZER, TOKENS, Card, OnnxModel, find_folder, read_card

if TYPE_CHECKING:
    import torch

RECIPE = "onnx-opset17-int8-per-channel-v3"
_FULL, _FUSED = "full.onnx", "fused.onnx"
_FEATURES = ("input_ids", "attention_mask", "token_type_ids")
_PROBES = Path(__file__).with_name("probes.txt")


def probes() -> list[str]:
    """Return the texts on which an export must agree with its reference: questions, then passages, of many kinds."""
    return _PROBES.read_text(encoding="utf-8").splitlines()


@contextmanager
def loading(name: str, folder: Path | None, variable: str) -> Iterator[None]:
    """Say in a ModelNotPrepared why a model could not be loaded. The hub is not asked about one that has a folder."""
    if folder is not None:
        os.environ["HF_HUB_OFFLINE"] = "1"
    try:
        yield
    except ImportError as error:
        raise ModelNotPrepared(
            f"Preparing {name!r} needs sentence-transformers, which is not installed; "
            "run `pip install 'footnote[prepare]'` or bring a prepared model."
        ) from error
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise ModelNotPrepared(
            f"Model {name!r} is neither a folder here nor a model that could be fetched ({reason}); "
            f"give the folder of a sentence-transformers model in {variable}."
        ) from error


def digest(path: Path) -> str:
    """Return a file's SHA-256."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fingerprint_of(folder: Path) -> str:
    """Return a digest of a model's files and of the recipe of its export."""
    made = hashlib.sha256(RECIPE.encode())
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix in {".json", ".safetensors", ".bin", ".txt", ".model"}:
            made.update(f"\n{path.relative_to(folder).as_posix()} {digest(path)}".encode())
    return made.hexdigest()


def made_with() -> dict[str, str]:
    """Return the versions of the packages that an export depends on."""
    return {package: version(package) for package in ("sentence-transformers", "torch", "onnxruntime")}


def prepared_folder(kind: type[Card], models_dir: Path, name: str, source: Path | None) -> Path | None:
    """Return the folder of a model that is prepared and whole; None where it is not, or its `source` is another now."""
    try:
        folder = find_folder(kind, models_dir, name, None if source is None else fingerprint_of(source))
        OnnxModel(folder, read_card(kind, folder))
    except ModelError:
        return None
    return folder


def write_folder(models_dir: Path, fingerprint: str, write: Callable[[Path], None]) -> Path:
    """Return the folder of a fingerprint, filled by `write`; it appears whole, in place of any that is there."""
    target = models_dir / fingerprint[:16]
    models_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=models_dir, prefix=".preparing-") as made:
        write(Path(made))
        for name in (_FULL, _FUSED):
            (Path(made) / name).unlink(missing_ok=True)
        shutil.rmtree(target, ignore_errors=True)
        Path(made).rename(target)
        Path(made).mkdir()
    return target


def write_tokenizer(tokenizer: object, name: str, folder: Path) -> None:
    """Write a model's tokenizer without truncation and padding; raise ModelUnusable where it has no fast one."""
    backend: Any = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        raise ModelUnusable(f"Model {name!r} has no fast tokenizer; choose one with a tokenizer.json.")
    described = json.loads(backend.to_str()) | {"truncation": None, "padding": None}
    (folder / TOKENIZER).write_text(json.dumps(described), encoding="utf-8")


def write_graph(
    forward: "Callable[[dict[str, torch.Tensor]], tuple[torch.Tensor, ...]]",
    modules: "torch.nn.Module",
    example: "Mapping[str, torch.Tensor]",
    outputs: Sequence[str],
    folder: Path,
) -> list[str]:
    """Write the graph of `forward`, which runs `modules`, traced with an example; return the names of its inputs.

    `outputs` names what it gives: a row for each text, or one for each token.
    """
    import torch

    class Whole(torch.nn.Module):  # type: ignore[misc]
        def __init__(self, inputs: list[str]) -> None:
            super().__init__()
            self.modules_run = modules
            self.inputs = inputs

        def forward(self, *features: torch.Tensor) -> tuple[torch.Tensor, ...]:
            return forward(dict(zip(self.inputs, features, strict=True)))

    inputs = [key for key in _FEATURES if key in example]
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            Whole(inputs).eval(),
            tuple(example[key] for key in inputs),
            str(folder / _FULL),
            input_names=inputs,
            output_names=list(outputs),
            dynamic_axes={
                **{key: {0: "texts", 1: "tokens"} for key in inputs},
                **{key: {0: "texts", 1: "tokens"} if key == TOKENS else {0: "texts"} for key in outputs},
            },
            opset_version=17,
            dynamo=False,
        )
    return inputs


def precisions(folder: Path, modules: "torch.nn.Module") -> Iterator[str]:
    """Write the traced graph of `modules` in int8, then in float32, yielding each name; the caller stops at one."""
    from onnx import TensorProto
    from onnxruntime.quantization import QuantType, quantize_dynamic

    _fuse_attention(folder / _FULL, folder / _FUSED, modules)
    quantize_dynamic(
        str(folder / _FUSED),
        str(folder / ONNX),
        weight_type=QuantType.QInt8,
        per_channel=True,
        # Of what comes out of a fused node, the quantiser does not know that it is of floats.
        extra_options={"DefaultTensorType": TensorProto.FLOAT},
    )
    yield "int8"
    (folder / _FULL).replace(folder / ONNX)
    yield "float32"


def _fuse_attention(graph: Path, fused: Path, modules: "torch.nn.Module") -> None:
    """Write a graph in which the attention of each layer is one node; as it was, where it is not made as BERT's is."""
    from onnxruntime.transformers.fusion_options import FusionOptions
    from onnxruntime.transformers.optimizer import optimize_model

    described = [module.config for module in modules.modules() if hasattr(module, "config")]
    heads = max((getattr(config, "num_attention_heads", 0) for config in described), default=0)
    width = max((getattr(config, "hidden_size", 0) for config in described), default=0)
    # What is fused besides, ONNX Runtime fuses itself when it opens a graph.
    options = FusionOptions("bert")
    options.enable_embed_layer_norm = options.enable_skip_layer_norm = options.enable_bias_skip_layer_norm = False
    options.enable_gelu = options.enable_bias_gelu = False
    model = optimize_model(
        str(graph), "bert", num_heads=heads, hidden_size=width, optimization_options=options, opt_level=0
    )
    model.save_model_to_file(str(fused))
