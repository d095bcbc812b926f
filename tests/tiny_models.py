"""Tiny models with random weights over the words of the seeds, made in a process of their own, where PyTorch is."""

import subprocess
import sys
from pathlib import Path

from tests.command_line import ROOT
from tests.conftest import SEEDS

# A transformer of one layer and 32 dimensions.
_BERT = """
import sys
from pathlib import Path
from sentence_transformers import CrossEncoder, SentenceTransformer, models
from tokenizers import Tokenizer, models as tokenizer_models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertForSequenceClassification, BertModel, PreTrainedTokenizerFast
import torch

torch.manual_seed(7)
folder, seeds = Path(sys.argv[1]), Path(sys.argv[2])
words = sorted({word for path in seeds.glob("*.txt") for word in path.read_text("utf-8").lower().split()})
vocabulary = {word: number for number, word in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", *words])}
tokenizer = Tokenizer(tokenizer_models.WordLevel(vocabulary, unk_token="[UNK]"))
tokenizer.normalizer = normalizers.Lowercase()
tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
tokenizer.post_processor = processors.TemplateProcessing(
    single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
)
PreTrainedTokenizerFast(
    tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]",
    model_input_names=["input_ids", "token_type_ids", "attention_mask"],
).save_pretrained(folder / "bert")
config = BertConfig(
    vocab_size=len(vocabulary), hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=64,
    max_position_embeddings=256, initializer_range=0.2,
)
"""
_EMBEDDER = """
BertModel(config).save_pretrained(folder / "bert")
transformer = models.Transformer(str(folder / "bert"), max_seq_length=256)
pooling = models.Pooling(transformer.get_word_embedding_dimension())
SentenceTransformer(modules=[transformer, pooling], device="cpu").save(str(folder / "model"))
"""
_CROSS_ENCODER = """
config.num_labels = int(sys.argv[3])
BertForSequenceClassification(config).save_pretrained(folder / "bert")
CrossEncoder(str(folder / "bert"), device="cpu", max_length=256).save_pretrained(str(folder / "model"))
"""


def make_embedder(folder: Path) -> Path:
    """Return the folder, inside `folder`, of a sentence-transformers model."""
    return _made(_BERT + _EMBEDDER, folder)


def make_cross_encoder(folder: Path, labels: int = 1) -> Path:
    """Return the folder, inside `folder`, of a sentence-transformers CrossEncoder that gives so many scores."""
    return _made(_BERT + _CROSS_ENCODER, folder, str(labels))


def _made(script: str, folder: Path, *arguments: str) -> Path:
    command = [sys.executable, "-W", "ignore", "-c", script, str(folder), str(SEEDS), *arguments]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return folder / "model"
