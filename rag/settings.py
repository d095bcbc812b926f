"""The settings: read once at the edge from the environment, passed down as plain values."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from index.embedder import DEFAULT_MODEL
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
    reranker: str | None = Field(
        None,
        min_length=1,
        description="A sentence-transformers CrossEncoder, by name or folder, that rereads the best.",
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
        description="Address that readers reach the service at, for links in other programs; else the request's own.",
    )
    threads: int = Field(0, ge=0, le=256, description="Threads that embed and answer; 0 takes one for each core.")

    @model_validator(mode="after")
    def _names_a_model(self) -> Self:
        if (self.llm_base_url is None) != (self.llm_model is None):
            given = {"RAG_LLM_BASE_URL": self.llm_base_url, "RAG_LLM_MODEL": self.llm_model}
            said = ", ".join(f"{name} is {value!r}" for name, value in given.items() if value)
            raise ValueError(f"Only {said}; give RAG_LLM_BASE_URL and RAG_LLM_MODEL together, or neither")
        return self

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
            raise InvalidSetting(f"{name} cannot be {str(fault['input'])!r}: {fault['msg']}.") from error


def _refuse_unknown(environment: Mapping[str, str]) -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    for name in environment:
        if name.upper().startswith(PREFIX) and name.upper() not in known:
            raise InvalidSetting(f"{name} is no setting; there are {', '.join(sorted(known))}.")
