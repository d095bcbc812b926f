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
_FULL = "full.onnx"
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
        (Path(made) / _FULL).unlink(missing_ok=True)
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

    with tempfile.TemporaryDirectory() as fused:
        quantize_dynamic(
            str(_fused(folder / _FULL, Path(fused), modules)),
            str(folder / ONNX),
            weight_type=QuantType.QInt8,
            per_channel=True,
            # Of what comes out of a fused node, the quantiser does not know that it is of floats.
            extra_options={"DefaultTensorType": TensorProto.FLOAT},
        )
    yield "int8"
    (folder / _FULL).replace(folder / ONNX)
    yield "float32"


def _fused(graph: Path, folder: Path, modules: "torch.nn.Module") -> Path:
    """Return the file, in `folder`, of a graph in which the attention of a layer is one node where it is as BERT's."""
    from onnxruntime.transformers.fusion_options import FusionOptions
    from onnxruntime.transformers.optimizer import optimize_model

    shape = attention_shape(modules)
    if shape is None:
        return graph
    # What is fused besides, ONNX Runtime fuses itself when it opens a graph.
    options = FusionOptions("bert")
    options.enable_embed_layer_norm = options.enable_skip_layer_norm = options.enable_bias_skip_layer_norm = False
    options.enable_gelu = options.enable_bias_gelu = False
    heads, width = shape
    model = optimize_model(
        str(graph), "bert", num_heads=heads, hidden_size=width, optimization_options=options, opt_level=0
    )
    # The weights apart: a graph of more than 2 GB is no one file.
    model.save_model_to_file(str(folder / _FULL), use_external_data_format=True)
    return folder / _FULL


def attention_shape(modules: "torch.nn.Module") -> tuple[int, int] | None:
    """Return how many heads a transformer's attention has, and its width; None where its configuration does not say."""
    for module in modules.modules():
        config = getattr(module, "config", None)
        heads, width = getattr(config, "num_attention_heads", None), getattr(config, "hidden_size", None)
        if isinstance(heads, int) and isinstance(width, int) and heads > 0 and width > 0 and width % heads == 0:
            return heads, width
    return None
