"""Another sentence-transformers model by RAG_MODEL: a tiny one with random weights, made here."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT, SEEDS
from tests.test_processes import CommandLine

pytestmark = pytest.mark.slow

# A whole model of one layer and 32 dimensions; its words are those of the seeds.
MAKE = """
import sys
from pathlib import Path
from sentence_transformers import SentenceTransformer, models
from tokenizers import Tokenizer, models as tokenizer_models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

folder, seeds = Path(sys.argv[1]), Path(sys.argv[2])
words = sorted({word for path in seeds.glob("*.txt") for word in path.read_text("utf-8").lower().split()})
vocabulary = {word: number for number, word in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", *words])}
tokenizer = Tokenizer(tokenizer_models.WordLevel(vocabulary, unk_token="[UNK]"))
tokenizer.normalizer = normalizers.Lowercase()
tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
tokenizer.post_processor = processors.TemplateProcessing(
    single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
)
PreTrainedTokenizerFast(
    tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]"
).save_pretrained(folder / "bert")
BertModel(BertConfig(
    vocab_size=len(vocabulary), hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=64,
    max_position_embeddings=256,
)).save_pretrained(folder / "bert")
transformer = models.Transformer(str(folder / "bert"), max_seq_length=256)
pooling = models.Pooling(transformer.get_word_embedding_dimension())
SentenceTransformer(modules=[transformer, pooling], device="cpu").save(str(folder / "model"))
"""


def test_any_sentence_transformers_model_can_be_used(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "ignore", "-c", MAKE, str(tmp_path), str(SEEDS)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    rag = CommandLine(tmp_path / "data", tmp_path / "models")
    model = str(tmp_path / "model")
    indexed = rag("index", RAG_MODEL=model)
    assert (indexed.returncode, indexed.stdout[:7]) == (0, "5 added"), indexed.stderr
    assert "Preparing the model" in indexed.stderr
    body = json.loads(rag("search", "magnets", "--json", RAG_MODEL=model).stdout)
    assert len(body["results"]) == 5
    refused = rag("search", "magnets")
    assert refused.returncode == 1
    assert model in refused.stderr
    facts = rag("doctor", RAG_MODEL=model)
    assert (facts.returncode, "32 dimensions" in facts.stdout) == (0, True), facts.stdout
