"""The wire of OpenAI's chat completions: what is read of a request, and what a response holds.

A field that is not named here is passed over, unlike on the service's own routes: chat front ends send fields of their
own, and sampling has nothing to act on where answers are quoted.
"""

from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
)
from pydantic_core import PydanticCustomError

from api import schemas
from rag.conversation import Turn
from rag.errors import InvalidQuery
from rag.followup import MAX_TURNS
from rag.query import Query

MAX_TURN_CHARS = 100_000


def _refused(reason: str) -> PydanticCustomError:
    return PydanticCustomError("unsupported_value", "{reason}", {"reason": reason})


def _text_of(content: object) -> object:
    """Return the text of a message whose content may be null or a list of parts."""
    if content is None:
        return ""
    if not isinstance(content, list):
        return content
    return "\n".join(_text_of_part(number, part) for number, part in enumerate(content))


def _as_read(message: object) -> object:
    """Return a message other than the question as it is read: its text where user or assistant said it."""
    if not isinstance(message, dict):
        return message
    content = message.get("content") if message.get("role") in ("user", "assistant") else None
    if isinstance(content, list):
        content = [part for part in content if isinstance(part, dict) and part.get("type") in ("text", "refusal")]
    return {**message, "content": content}


def _text_of_part(number: int, part: object) -> str:
    kind = part.get("type") if isinstance(part, dict) else None
    text = part.get(kind) if isinstance(part, dict) and kind in ("text", "refusal") else None
    if not isinstance(text, str):
        raise _refused(f"Part {number} is of type {str(kind)[:40]!r}; send parts of type 'text' only")
    return text


def _one_choice(n: int | None) -> int | None:
    if n is not None and n > 1:
        raise _refused("There is one answer to a question; leave it out")
    return n


def _no_logprobs(asked: int | None) -> int | None:
    if asked:
        raise _refused("No answer has log probabilities; leave it out")
    return asked


def _no_forced_call(choice: object) -> object:
    if choice not in (None, "none", "auto"):
        raise _refused("No tool is ever called; give 'auto' or 'none'")
    return choice


def _plain_text(response_format: object) -> object:
    kind = response_format.get("type") if isinstance(response_format, dict) else response_format
    if kind not in (None, "text"):
        raise _refused("Answers are plain text; give {'type': 'text'}, or leave it out")
    return response_format


def _no_audio(asked: object) -> object:
    if asked is not None and asked != ["text"]:
        raise _refused("Answers are plain text; leave it out")
    return asked


def _listed(stop: object) -> object:
    return [stop] if isinstance(stop, str) else stop


def _only(*values: object) -> WithJsonSchema:
    """Return the description of a field that takes these values and null."""
    return WithJsonSchema({"enum": [*values, None], "default": None})


Text = Annotated[
    str,
    BeforeValidator(_text_of, json_schema_input_type=str | list[dict[str, Any]] | None),
    Field(description="A text, or parts of type `text`."),
]
Sampling = Field(None, description="Checked and without effect: nothing is sampled.")


class Message(BaseModel):
    """A message of the conversation. What user and assistant say is read; instructions and tool results are not."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: Text = ""


class StreamOptions(BaseModel):
    """What a stream holds beside the answer."""

    include_usage: StrictBool | None = Field(False, description="Whether the last event before `[DONE]` counts tokens.")


class ChatRequest(BaseModel):
    """A conversation whose last user message is the question, and what is before it the history."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"model": "footnote", "messages": [{"role": "user", "content": "what happened after Geneva?"}]},
            ]
        }
    )
    model: str = Field(description="`footnote`.")
    messages: list[Message] = Field(min_length=1, max_length=1000)
    stream: StrictBool | None = Field(False, description="Answer by server-sent events.")
    stream_options: StreamOptions | None = None
    top_k: schemas.TopK = 5
    filters: schemas.FilterBody | None = None
    temperature: Annotated[float, Field(ge=0, le=2, strict=True)] | None = Sampling
    top_p: Annotated[float, Field(ge=0, le=1, strict=True)] | None = Sampling
    presence_penalty: Annotated[float, Field(ge=-2, le=2, strict=True)] | None = Sampling
    frequency_penalty: Annotated[float, Field(ge=-2, le=2, strict=True)] | None = Sampling
    seed: Annotated[int, schemas.AS_JSON] | None = Sampling
    max_tokens: Annotated[int, Field(ge=1), schemas.AS_JSON] | None = Field(
        None, description="Without effect: no quote is cut short."
    )
    max_completion_tokens: Annotated[int, Field(ge=1), schemas.AS_JSON] | None = Field(
        None, description="The same as `max_tokens`."
    )
    stop: Annotated[
        Annotated[list[str], Field(max_length=4)] | None,
        BeforeValidator(_listed, json_schema_input_type=str | list[str] | None),
        Field(description="Without effect: no quote is cut short."),
    ] = None
    n: Annotated[int | None, Field(ge=1), schemas.AS_JSON, AfterValidator(_one_choice), _only(1)] = None
    logprobs: Annotated[StrictBool | None, AfterValidator(_no_logprobs), _only(False)] = None
    top_logprobs: Annotated[int | None, schemas.AS_JSON, AfterValidator(_no_logprobs), _only(0)] = None
    tool_choice: Annotated[Any, AfterValidator(_no_forced_call), _only("none", "auto")] = None
    function_call: Annotated[Any, AfterValidator(_no_forced_call), _only("none", "auto")] = None
    response_format: Annotated[Any, AfterValidator(_plain_text), _only({"type": "text"}, "text")] = None
    modalities: Annotated[Any, AfterValidator(_no_audio), _only(["text"])] = None
    audio: Annotated[Any, AfterValidator(_no_audio), _only(["text"])] = None

    @field_validator("messages", mode="before")
    @classmethod
    def _of_which_the_last_is_asked(cls, messages: object) -> object:
        """Return the messages of which only the question is strict: an image long ago keeps nothing from going on."""
        if not isinstance(messages, list):
            return messages
        by_users = [
            at for at, message in enumerate(messages) if isinstance(message, dict) and message.get("role") == "user"
        ]
        return [
            message if by_users and at == by_users[-1] else _as_read(message) for at, message in enumerate(messages)
        ]

    @field_validator("filters")
    @classmethod
    def _with_dates(cls, filters: schemas.FilterBody | None) -> schemas.FilterBody | None:
        try:
            if filters is not None:
                filters.filters()
        except InvalidQuery as error:
            raise _refused(str(error).rstrip(".")) from error
        return filters

    @field_validator("stream_options")
    @classmethod
    def _of_a_stream(cls, options: StreamOptions | None, known: ValidationInfo) -> StreamOptions | None:
        if options is not None and not known.data.get("stream"):
            raise _refused("It is for streams only; set stream to true, or leave it out")
        return options

    def conversation(self) -> tuple[Query, list[Turn]]:
        """Return the question and what is read of the history; raise InvalidQuery where there is no question."""
        asked = max((at for at, message in enumerate(self.messages) if message.role == "user"), default=None)
        if asked is None:
            raise InvalidQuery("No message has the role 'user'; the last one of them is the question.")
        filters = self.filters.filters() if self.filters else None
        turns = [
            Turn(message.role, message.content[:MAX_TURN_CHARS])
            for message in self.messages[:asked]
            if message.role in ("user", "assistant") and message.content
        ]
        return Query.parse(self.messages[asked].content, self.top_k, filters), turns[-MAX_TURNS:]


class UrlCitation(BaseModel):
    """The place of a marker in `content`, half-open and in code points, and the page that shows what it cites."""

    start_index: int
    end_index: int
    url: str
    title: str


class Annotation(BaseModel):
    """A citation of an answer. The nth annotation is that of the marker `[n]`, where it first stands."""

    type: Literal["url_citation"] = "url_citation"
    url_citation: UrlCitation


class AssistantMessage(BaseModel):
    """The answer."""

    role: Literal["assistant"] = "assistant"
    content: str
    refusal: None = None
    annotations: list[Annotation]


class Choice(BaseModel):
    """The one answer that there is."""

    index: int = 0
    message: AssistantMessage
    logprobs: None = None
    finish_reason: Literal["stop"] = "stop"


class Usage(BaseModel):
    """Tokens as the embedding model counts them: of the question and the turns read with it, and of the answer."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class Footnote(BaseModel):
    """What this service knows of an answer and OpenAI's form has no place for."""

    standalone_question: str
    abstained: bool
    confidence: float | None
    answerable: float | None
    reason: str | None
    citations: list[schemas.MarkedCitation]
    disagreements: list[schemas.Disagreement]


class Completion(BaseModel):
    """An answer in OpenAI's form."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str
    choices: list[Choice]
    usage: Usage
    footnote: Footnote


class Model(BaseModel):
    """What answers."""

    id: str
    object: Literal["model"] = "model"
    created: int
    owned_by: str = "footnote"


class ModelList(BaseModel):
    """What there is to choose from."""

    object: Literal["list"] = "list"
    data: list[Model]


class OpenAIErrorBody(BaseModel):
    """What went wrong; `param` names the field at fault."""

    message: str
    type: str
    param: str | None
    code: str | None


class OpenAIErrorResponse(BaseModel):
    """Every answer of these routes that is not a success."""

    error: OpenAIErrorBody
