"""The settings: read once at the edge from the environment, passed down as plain values."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from index.embedder import DEFAULT_MODEL
from index.limits import Limits
from index.storage import Milvus
from rag.errors import InvalidSetting

PREFIX = "RAG_"


class Settings(BaseSettings):
    """Everything that can be set, each by `RAG_` and its name in capitals."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid")

    data_dir: Path = Field(Path("var"), description="Folder of the database and of what is derived from it.")
    model: str = Field(DEFAULT_MODEL, min_length=1, description="A sentence-transformers model, by name or folder.")
    models_dir: Path | None = Field(
        None, description="Folder of prepared models; `models` in the data folder when not set."
    )
    store: Literal["embedded", "milvus"] = Field(
        "embedded", description="Where documents are kept: `embedded`, in the data folder, or `milvus`."
    )
    milvus_uri: str | None = Field(
        None,
        pattern=r"^(?:(?:https?|tcp)://[^\s@]+|unix:\S+|.+\.db)$",
        examples=["http://milvus:19530"],
        description="Address of a Milvus, `http://host:19530`, or a file ending in `.db` for Milvus Lite.",
    )
    milvus_collection: str = Field(
        "footnote",
        pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,99}$",
        examples=["footnote"],
        description="What the names of its collections begin with; a corpus has its own.",
    )
    milvus_token: SecretStr | None = Field(None, description="`user:password` or an API key, where it wants one.")
    milvus_timeout_s: float = Field(
        10.0, gt=0, le=600, description="Seconds after which a request to it is given up with 503."
    )
    reranker: str = Field(
        "off",
        min_length=1,
        description="What rereads the best: `reader`, which comes along, or a CrossEncoder by name or folder.",
    )
    rerank_deadline_ms: int = Field(
        400, ge=0, le=60_000, description="Milliseconds after which no further passage is reread."
    )
    llm_base_url: str | None = Field(
        None, min_length=1, description="An OpenAI-compatible server that puts answers into words."
    )
    llm_model: str | None = Field(None, min_length=1, description="The model to ask it for; needed with the address.")
    llm_api_key: SecretStr | None = Field(None, description="The key to send it, where it wants one.")
    llm_deadline_s: float = Field(
        20.0, gt=0, le=600, description="Seconds after which the quoted answer is given without it."
    )
    host: str = Field("127.0.0.1", min_length=1, description="Address that `rag serve` listens on.")
    port: int = Field(8000, ge=0, le=65535, description="Port that `rag serve` listens on; 0 takes a free one.")
    public_url: str | None = Field(
        None,
        pattern=r"^https?://[^\s/?#]+[^\s?#]*$",
        examples=["https://footnote.example"],
        description="Address that readers reach the service at, for links in other programs; else the request's own.",
    )
    api_keys: SecretStr | None = Field(
        None, description="Keys as `name:read:key` or `name:write:key`, between commas; `rag key` makes one."
    )
    api_keys_file: Path | None = Field(None, description="A file of more keys, one on a line.")
    open_to_all: bool = Field(
        False, description="Whether, without keys, other machines may reach the service and do everything."
    )
    rate_limit: str | None = Field(
        None,
        pattern=r"^[1-9]\d*/(?:[1-9]\d* ?)?(?:second|minute|hour|day)$",
        examples=["600/minute"],
        description="Requests that one key, or without keys one address, may send, such as `600/minute`.",
    )
    cors_origins: str | None = Field(
        None,
        pattern=r"^https?://[^\s/?#,*]+(?:[\s,]+https?://[^\s/?#,*]+)*$",
        examples=["https://wiki.example, https://intranet.example"],
        description="Origins of other web pages that may ask from a browser, between commas.",
    )
    trusted_proxies: str = Field(
        "127.0.0.1",
        pattern=r"^(?:\*|[\da-fA-F.:/]+(?:,[\da-fA-F.:/]+)*)$",
        examples=["127.0.0.1,10.0.0.0/8"],
        description="Addresses or networks of proxies whose `X-Forwarded-For` is believed, between commas.",
    )
    threads: int = Field(0, ge=0, le=256, description="Threads that embed and answer; 0 takes one for each core.")
    max_document_mb: float = Field(
        20.0, gt=0, le=1024, description="Megabytes that one document may have, as a file and as text."
    )
    max_pdf_pages: int = Field(1000, ge=1, le=100_000, description="Pages that a PDF may have.")
    max_body_mb: float = Field(
        128.0, gt=0, le=4096, description="Megabytes that one request may send; questions 8 at most."
    )
    max_upload_files: int = Field(100, ge=1, le=1000, description="Files that one upload may hold.")
    body_deadline_s: float = Field(
        60.0, gt=0, le=3600, description="Seconds within which the whole of a request must have come."
    )
    queue: int = Field(
        32, ge=0, le=10_000, description="Questions and reads that may wait for a thread; more are refused with 503."
    )
    write_queue: int = Field(
        8, ge=0, le=1000, description="Changes that may wait for the one before; more are refused with 503."
    )
    queue_deadline_s: float = Field(
        15.0, gt=0, le=600, description="Seconds that a request may wait for a thread before it is refused with 503."
    )
    max_connections: int = Field(
        512, ge=1, le=100_000, description="Connections that may be open; more are refused with 503."
    )
    grace_s: int = Field(
        10, ge=0, le=3600, description="Seconds that requests may still take once `rag serve` is told to stop."
    )
    log_format: Literal["plain", "json"] = Field("plain", description="Lines of the log: `plain` or `json`.")
    log_level: Literal["debug", "info", "warning", "error"] | None = Field(
        None, description="From which level on there is a log; when not set, `info` in JSON and `warning` else."
    )
    log_questions: bool = Field(False, description="Whether the log, from `info` on, has the words of questions.")

    @model_validator(mode="after")
    def _names_a_model(self) -> Self:
        if (self.llm_base_url is None) != (self.llm_model is None):
            given = {"RAG_LLM_BASE_URL": self.llm_base_url, "RAG_LLM_MODEL": self.llm_model}
            said = ", ".join(f"{name} is {_without_password(value)!r}" for name, value in given.items() if value)
            raise ValueError(f"Only {said}; give RAG_LLM_BASE_URL and RAG_LLM_MODEL together, or neither")
        return self

    @model_validator(mode="after")
    def _says_where_milvus_is(self) -> Self:
        if self.store == "milvus" and self.milvus_uri is None:
            raise ValueError("RAG_STORE is 'milvus' and RAG_MILVUS_URI is not set; give an address or a file for it")
        return self

    @property
    def milvus(self) -> Milvus | None:
        """The Milvus that documents are kept in, None where they are in the data folder."""
        return self.named_milvus if self.store == "milvus" else None

    @property
    def named_milvus(self) -> Milvus | None:
        """The Milvus that is named, whether documents are kept in it or not."""
        if self.milvus_uri is None:
            return None
        token = self.milvus_token.get_secret_value() if self.milvus_token else ""
        return Milvus(self.milvus_uri, self.milvus_collection, token, self.milvus_timeout_s)

    @property
    def document_limits(self) -> Limits:
        """What one document may be at most."""
        return Limits(int(self.max_document_mb * 2**20), self.max_pdf_pages)

    @property
    def cross_encoder(self) -> str | None:
        """The cross-encoder that is to be prepared, None where none is named."""
        return None if self.reranker in {"off", "reader"} else self.reranker

    @property
    def prepared_models(self) -> Path:
        """The folder that prepared models are kept in."""
        return self.models_dir or self.data_dir / "models"

    @classmethod
    def read(cls, **given: object) -> Self:
        """Return the settings of the environment, with what is `given` (and is not None) before it.

        Raises InvalidSetting naming the variable and its value.
        """
        _refuse_unknown(os.environ)
        try:
            return cls(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
        except ValidationError as error:
            fault = error.errors()[0]
            if not fault["loc"]:
                raise InvalidSetting(f"{fault['ctx']['error']}.") from error
            name = PREFIX + str(fault["loc"][0]).upper()
            shown = _without_password(str(fault["input"]))
            raise InvalidSetting(f"{name} cannot be {shown!r}{_remedy(str(fault['loc'][0]), fault['msg'])}.") from error


def _remedy(name: str, problem: str) -> str:
    """Return what a setting takes instead, by an example where it has to have a form."""
    field = Settings.model_fields[name]
    if not field.examples:
        return f": {problem}"
    return f"; give one as in {field.examples[0]!r}: {(field.description or name).rstrip('.')}"


def _without_password(value: str) -> str:
    """Return what a setting was set to, as it may be shown: an address without who is to be let in by it."""
    before, at, host = value.rpartition("@")
    scheme, slashes, _ = before.partition("//")
    return f"{scheme + slashes if slashes else ''}…@{host}" if at else value


def _refuse_unknown(environment: Mapping[str, str]) -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    for name in environment:
        if name.upper().startswith(PREFIX) and name.upper() not in known:
            raise InvalidSetting(f"{name} is no setting; there are {', '.join(sorted(known))}.")
