"""The command line: `rag` with its subcommands, and `ask` as an alias of `rag ask`.

Each command loads only what it needs, when it needs it, so that a question from cold is answered at once.
"""

import logging
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO, cast

import typer

from api import completion, terminal
from api.errors import exit_status
from index.errors import FootnoteError, ModelNotPrepared
from rag.errors import InvalidQuery

if TYPE_CHECKING:
    from io import TextIOWrapper

    from index.corpus import Corpus
    from rag.engine import Engine
    from rag.generation import Generator
    from rag.query import Query
    from rag.reranking import Reranking
    from rag.settings import Settings


class Destination(StrEnum):
    """The stores that documents can be copied to."""

    MILVUS = "milvus"
    EMBEDDED = "embedded"


# Far more than a question may have.
_MAX_PIPED_CHARS = 100_000

app = typer.Typer(
    name="rag",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
ask_app = typer.Typer(name="ask", pretty_exceptions_enable=False)

# What the shell has divided is taken and then refused, with the words put together again.
_MORE_WORDS = {"allow_extra_args": True}

Data = Annotated[
    Path | None, typer.Option("--data", help="Data folder (RAG_DATA_DIR, default var).", show_default=False)
]
Cutoff = Annotated[int, typer.Option("-k", help="How many passages to look at, 1 to 100.")]
Docs = Annotated[
    list[str] | None,
    typer.Option("--doc", help="Only this document; may be repeated.", autocompletion=completion.doc_ids),
]
Sources = Annotated[
    list[str] | None,
    typer.Option("--source", help="Only this source; may be repeated.", autocompletion=completion.sources),
]
After = Annotated[str | None, typer.Option("--after", metavar="DATE", help="Published on this day or later.")]
Before = Annotated[str | None, typer.Option("--before", metavar="DATE", help="Published on this day or earlier.")]
Json = Annotated[bool, typer.Option("--json", help="Print the body of the HTTP response.")]
JsonLines = Annotated[bool, typer.Option("--json", help="Print each document as an object of JSON on a line.")]
JsonFigures = Annotated[bool, typer.Option("--json", help="Print the figures as JSON, as --baseline takes them.")]


def _show_version(asked: bool) -> None:
    if asked:
        sys.stdout.write(f"footnote {version('footnote')}\n")
        raise typer.Exit


@app.callback()
def options(
    _: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """Answers questions over your articles, each answer cited to the exact characters of its source."""


@app.command("index")
def index_command(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Files and folders of articles.", show_default="seeds")
    ] = None,
    data: Data = None,
    prune: Annotated[bool, typer.Option("--prune", help="Drop documents whose files are gone.")] = False,
    processes: Annotated[
        int, typer.Option(help="Processes that read and embed, each with a model of its own.", min=1, max=256)
    ] = 1,
) -> None:
    """Add and update articles; what is unchanged is skipped."""
    from index.ingestion import article_files, emptied_folders, ingest, nothing_in, other_files, readmes

    paths = paths or [Path("seeds")]
    emptied = emptied_folders(paths) if prune else []
    files = article_files([path for path in paths if path not in emptied])
    skipped = [file.suffix for file in other_files(paths)]
    settings = _shared(_settings(data), processes)

    try:
        corpus = _opened(settings, create=bool(files))
    except ModelNotPrepared:
        _prepare(settings.model, settings.prepared_models)
        corpus = _opened(settings, create=bool(files))
    limits = settings.document_limits
    try:
        with terminal.progress(len(files)) as on_file:
            summary = ingest(corpus, files, prune=prune, processes=processes, on_file=on_file, limits=limits)
    except KeyboardInterrupt:
        terminal.say("Stopped; what has been indexed is kept, and the same command goes on from there.")
        raise typer.Exit(1) from None
    corpus.close()
    for folder in emptied:
        terminal.say(str(nothing_in(folder)))
    for failure in summary.failures:
        terminal.say(failure.reason)
    terminal.print_summary(summary, skipped, len(readmes(paths)))
    if summary.failures:
        raise typer.Exit(1)


@app.command(context_settings=_MORE_WORDS)
@ask_app.command(context_settings=_MORE_WORDS)
def ask(
    context: typer.Context,
    question: Annotated[
        str | None, typer.Argument(help="The question; without one a prompt opens, or it is read from a pipe.")
    ] = None,
    data: Data = None,
    k: Cutoff = 5,
    doc: Docs = None,
    source: Sources = None,
    after: After = None,
    before: Before = None,
    json: Json = False,
) -> None:
    """Answer a question in quoted sentences, each cited."""
    _check_one_argument(question, context.args)
    parse = _parser(k, doc, source, after, before)
    if question is None and not json and _is_terminal(sys.stdin) and _is_terminal(sys.stdout):
        _converse(_settings(data), parse)
        return
    query = parse(_piped() if question is None else question)
    engine = _engine(_settings(data))
    if json:
        from api import schemas

        terminal.print_json(schemas.ask_response(engine.ask(query)))
    else:
        terminal.print_answer(terminal.answered(engine, query))


@app.command(context_settings=_MORE_WORDS)
def search(
    context: typer.Context,
    query: Annotated[str, typer.Argument(help="The query.")],
    data: Data = None,
    k: Cutoff = 5,
    doc: Docs = None,
    source: Sources = None,
    after: After = None,
    before: Before = None,
    json: Json = False,
) -> None:
    """Rank the passages that answer a query."""
    from api import schemas

    _check_one_argument(query, context.args)
    parsed = _parser(k, doc, source, after, before)(query)
    engine = _engine(_settings(data))
    response = engine.search(parsed)
    if json:
        terminal.print_json(schemas.search_response(response))
    elif response.hits:
        terminal.print_ranking(response)
    else:
        terminal.print_remark(engine.why_nothing(parsed.filters))


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on (RAG_HOST, default 127.0.0.1).")] = None,
    port: Annotated[
        int | None, typer.Option(help="Port to listen on (RAG_PORT, default 8000).", min=0, max=65535)
    ] = None,
    data: Data = None,
) -> None:
    """Serve the HTTP API."""
    from api import logs
    from api.server import keep_memory_together, read_access, serve_app, take_port

    keep_memory_together()
    settings = _settings(data, host=host, port=port)
    logs.begin(settings.log_format, settings.log_level)
    # The port is taken first: a port in use is said at once, not after the model is loaded.
    access = read_access(settings)
    with take_port(settings.host, settings.port, to_others=bool(access.keys) or settings.open_to_all) as listener:
        serve_app(_engine(settings, create=True), listener, settings, access)


@app.command()
def key(
    name: Annotated[str, typer.Argument(help="Whose key it is, such as a person's or a program's name.")],
    write: Annotated[bool, typer.Option("--write", help="It may change the documents, not only ask.")] = False,
) -> None:
    """Make a key for the HTTP service: the key itself, and the entry by which the service knows it."""
    from api.keys import Scope, new_key

    made, entry = new_key(name, Scope.WRITE if write else Scope.READ)
    terminal.print_fact("key", made)
    terminal.print_fact("entry", entry)
    terminal.say("Give away the key; put the entry into RAG_API_KEYS, or into the file that RAG_API_KEYS_FILE names.")


@app.command()
def mcp(data: Data = None) -> None:
    """Offer the articles to language models: a Model Context Protocol server on standard input and output."""
    settings = _settings(data)
    with _engine(settings) as engine:
        from api.mcp_server import serve_stdio

        if _is_terminal(sys.stdin):
            terminal.say("Waiting for a program's messages on standard input; Ctrl+C ends it.")
        serve_stdio(engine, settings.threads, settings.public_url)


@app.command()
def doctor(data: Data = None) -> None:
    """Check the stored data against itself; say what is wrong and how to mend it."""
    from index.doctor import diagnose, facts

    settings = _settings(data)
    for name, value in facts(settings.data_dir, settings.milvus):
        terminal.print_fact(name, value)
    faults = list(diagnose(settings.data_dir, settings.milvus))
    try:
        _opened(settings).close()
    except FootnoteError as error:
        faults.append(str(error))
    for fault in faults:
        terminal.print_fact("fault", fault)
    if faults:
        raise typer.Exit(1)
    terminal.print_fact("faults", "none")


@app.command("list")
def list_command(data: Data = None, json: JsonLines = False) -> None:
    """List the documents by their ids, with title, source and day."""
    from api.upkeep import print_documents

    with closing(_opened(_settings(data))) as corpus:
        print_documents(corpus, as_json=json)


@app.command()
def delete(
    doc_ids: Annotated[
        list[str], typer.Argument(help="Ids of documents.", show_default=False, autocompletion=completion.doc_ids)
    ],
    data: Data = None,
) -> None:
    """Remove documents by their ids; what is not there does not keep the others."""
    from api.upkeep import delete_documents

    with closing(_opened(_settings(data))) as corpus:
        missing = delete_documents(corpus, doc_ids)
    if missing:
        raise typer.Exit(exit_status(missing[0]))


@app.command()
def backup(
    target: Annotated[
        Path, typer.Argument(help="File to write; a name without an ending is a folder's.", show_default=False)
    ],
    data: Data = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an earlier backup.")] = False,
) -> None:
    """Write the stored data to one file, as it is at one instant, while it is served or not."""
    from api.upkeep import write_backup

    write_backup(_settings(data), target, force=force)


@app.command()
def restore(
    backup: Annotated[Path, typer.Argument(help="File that `rag backup` wrote.", show_default=False)],
    data: Data = None,
    force: Annotated[bool, typer.Option("--force", help="Put it in the place of data that is there.")] = False,
) -> None:
    """Check a backup and put it in place in one step; a running service goes on with it."""
    from api.upkeep import restore_backup

    restore_backup(_settings(data), backup, _prepare, force=force)


@app.command()
def upgrade(data: Data = None) -> None:
    """Bring data of an earlier version, or of another model, to this version and RAG_MODEL; keep every document."""
    from api.upkeep import upgrade_data

    upgrade_data(_settings(data), _prepare)


@app.command()
def migrate(
    to: Annotated[Destination, typer.Option(help="Where to copy the documents.", show_default=False)],
    data: Data = None,
) -> None:
    """Copy all documents from the data folder into the Milvus of RAG_MILVUS_URI, or back, without embedding again."""
    from api.upkeep import migrate_data

    migrate_data(_settings(data), to.value)


@app.command("eval")
def eval_command(
    gold: Annotated[Path | None, typer.Option(help="File of gold questions over the stored data.")] = None,
    beir: Annotated[
        Path | None, typer.Option(help="Folder in the BEIR layout; its index is kept in the data folder.")
    ] = None,
    split: Annotated[str | None, typer.Option(help="dev or test of gold questions; of BEIR, test by default.")] = None,
    queries: Annotated[int | None, typer.Option(help="Only the first N queries of a BEIR split.", min=1)] = None,
    without_evidence: Annotated[
        bool, typer.Option("--without-evidence", help="Ask a BEIR query with its documents taken out, too: abstention.")
    ] = False,
    data: Data = None,
    json: JsonFigures = False,
    run: Annotated[Path | None, typer.Option(help="Write the rankings in TREC's format.")] = None,
    baseline: Annotated[Path | None, typer.Option(help="Compare with what --json printed before.")] = None,
    max_drop: Annotated[
        float | None, typer.Option(help="Fail where a measure falls further below the baseline.")
    ] = None,
) -> None:
    """Score retrieval and answers against gold questions or a public test collection."""
    from api import evaluations
    from rag.evaluation import check_drop

    if (gold is None) == (beir is None):
        raise InvalidQuery("Give either --gold FILE or --beir DIR.")
    evaluations.check_gate(baseline, max_drop)
    if gold is not None and (queries is not None or without_evidence):
        raise InvalidQuery("--queries and --without-evidence are for --beir; leave them out with --gold.")
    evaluations.check_run(run)
    settings = _settings(data)
    if gold is not None:
        evaluation = evaluations.of_gold(_engine(settings), gold, split)
    else:
        evaluation = evaluations.of_collection(
            settings,
            _reranking(settings),
            cast("Path", beir),
            split or "test",
            queries,
            take_evidence_out=without_evidence,
        )
    comparisons = evaluations.with_baseline(evaluation, baseline) if baseline else {}
    if json:
        evaluations.print_json(evaluation)
    else:
        evaluations.print_tables(evaluation, comparisons)
    if run is not None:
        evaluations.write_run(evaluation, run)
    if max_drop is not None:
        check_drop(comparisons, max_drop)


@app.command()
def prepare(
    data: Data = None,
    force: Annotated[bool, typer.Option("--force", help="Prepare it again even if it is there.")] = False,
) -> None:
    """Prepare the models RAG_MODEL and RAG_RERANKER for this machine; the reader that comes along needs none of it.

    `rag index` prepares RAG_MODEL by itself when it is missing.
    """
    from index.cross_encoder_preparation import prepared_cross_encoder
    from index.preparation import prepared

    settings, forced = _settings(data), "--force" if force else None
    models = settings.prepared_models
    if force or not _is_prepared(settings.model, prepared(settings.model, models)):
        _prepare(settings.model, models, forced)
    reranker = settings.cross_encoder
    if reranker is not None and (force or not _is_prepared(reranker, prepared_cross_encoder(reranker, models))):
        _prepare(reranker, models, "--reranker", forced)


def main() -> None:
    """Run `rag`."""
    _guarded(app)


def ask_main() -> None:
    """Run `ask`, the alias of `rag ask`."""
    _guarded(ask_app)


def _guarded(command: Callable[[], None]) -> None:
    # What libraries remark about a broken file is said once, in our own words.
    for library in ("pypdf", "trafilatura", "charset_normalizer"):
        logging.getLogger(library).setLevel(logging.CRITICAL)
    terminal.open_output()
    try:
        try:
            command()
        finally:
            sys.stdout.flush()
    except FootnoteError as error:
        terminal.say(str(error))
        raise SystemExit(exit_status(error)) from None
    except BrokenPipeError:
        # Whoever read the output has seen enough.
        sys.stderr.close()
        raise SystemExit(1) from None
    except OSError as error:
        if error.filename is not None:
            raise
        terminal.leave_output()
        terminal.say(f"The output cannot be written ({error.strerror}); write it elsewhere or make room.")
        raise SystemExit(1) from None


def _settings(data: Path | None, **given: str | int | None) -> "Settings":
    from rag.settings import Settings

    return Settings.read(data_dir=data, **given)


def _shared(settings: "Settings", processes: int) -> "Settings":
    """Return the settings with a process's share of the threads that embed."""
    threads = settings.threads or os.cpu_count() or 1
    return settings if processes == 1 else settings.model_copy(update={"threads": max(1, threads // processes)})


def _engine(settings: "Settings", *, create: bool = False) -> "Engine":
    from rag.engine import Engine

    return Engine.open(
        settings.data_dir,
        model=settings.model,
        models_dir=settings.prepared_models,
        reranker=settings.reranker,
        rerank_deadline_s=settings.rerank_deadline_ms / 1000,
        generator=_generator(settings),
        threads=settings.threads,
        create=create,
        milvus=settings.milvus,
    )


def _generator(settings: "Settings") -> "Generator | None":
    if settings.llm_base_url is None or settings.llm_model is None:
        return None
    from rag.generation import Generator

    key = settings.llm_api_key.get_secret_value() if settings.llm_api_key else None
    return Generator(settings.llm_base_url, settings.llm_model, key, settings.llm_deadline_s)


def _reranking(settings: "Settings") -> "Reranking | None":
    from rag.reranking import open_reranking

    return open_reranking(
        settings.prepared_models, settings.reranker, settings.threads, settings.rerank_deadline_ms / 1000
    )


def _opened(settings: "Settings", *, create: bool = False) -> "Corpus":
    from index.corpus import open_corpus

    return open_corpus(
        settings.data_dir,
        settings.model,
        settings.prepared_models,
        settings.threads,
        create=create,
        milvus=settings.milvus,
    )


def _check_one_argument(first: str | None, more: list[str]) -> None:
    """Refuse a question that came as several words, because the shell would take some of them for its own."""
    if more:
        raise InvalidQuery(f'Put the question in quotation marks: "{" ".join([str(first), *more])[:200]}".')


def _parser(
    k: int, doc: list[str] | None, source: list[str] | None, after: str | None, before: str | None
) -> "Callable[[str], Query]":
    """Return what makes a query of a question, with the options it is asked with."""
    from rag.query import MAX_TOP_K, Query, parse_filters

    if not 1 <= k <= MAX_TOP_K:
        raise InvalidQuery(f"-k is {k}; give 1 to {MAX_TOP_K}.")
    filters = parse_filters(doc or None, source or None, after, before)
    return lambda question: Query.parse(question, k, filters)


def _piped() -> str:
    """Return the question on standard input."""
    question = ""
    if sys.stdin is not None and not _is_terminal(sys.stdin):
        cast("TextIOWrapper", sys.stdin).reconfigure(encoding="utf-8-sig", errors="strict")
        try:
            question = sys.stdin.read(_MAX_PIPED_CHARS)
        except UnicodeDecodeError as error:
            raise InvalidQuery(f"Standard input is not UTF-8 ({error}); pipe in a question as plain text.") from error
    if not question.strip():
        raise InvalidQuery('There is no question; give one as in `ask "what happened?"`, or pipe one in.')
    return question


def _is_terminal(stream: TextIO | None) -> bool:
    # Python has None for a stream that was closed before it began.
    return stream is not None and stream.isatty()


def _converse(settings: "Settings", parse: "Callable[[str], Query]") -> None:
    from api.prompt import Conversation, converse, kept_history, open_session

    # What is wrong with the options is said before anything is typed.
    parse("options")
    converse(Conversation(_engine(settings), parse), open_session(kept_history()))


def _is_prepared(name: str, folder: Path | None) -> bool:
    """Say where a model is that needs no preparing."""
    if folder is not None:
        terminal.say(f"The model {name} is prepared in {folder}.")
    return folder is not None


def _prepare(name: str, models_dir: Path, *options: str | None) -> None:
    """Prepare a model in a process of its own, because preparing needs PyTorch and nothing after it does."""
    terminal.say(f"Preparing the model {name}; this is done once and takes about half a minute.")
    command = [sys.executable, "-m", "index.preparation", name, str(models_dir)]
    command += filter(None, options)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        try:
            printed, said = child.communicate()
        except KeyboardInterrupt:
            # The other process is told to stop, too, and takes away what it has begun.
            child.wait()
            terminal.say("Stopped; the model is not prepared.")
            raise SystemExit(1) from None
    if child.returncode:
        raise ModelNotPrepared((said.strip().splitlines() or ["no reason was given"])[-1])
    terminal.say(f"Prepared in {printed.strip()}.")


if __name__ == "__main__":
    main()
