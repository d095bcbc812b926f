"""Upkeep of the data at the terminal: what `rag list`, `delete`, `backup`, `restore` and `upgrade` do and print."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from api import document_schemas, terminal
from index.backup import Contents, back_up, restore
from index.corpus import Corpus, not_found, open_corpus, open_store, stored_identity
from index.document import checked_doc_id
from index.embedder import OnnxEmbedder, find_model
from index.errors import DocumentNotFound, ModelNotPrepared, NotOfThisStore
from index.listing import all_documents
from index.migration import count, migrate
from index.upgrade import made_with, upgrade
from rag.errors import InvalidSetting

if TYPE_CHECKING:
    from rag.settings import Settings

Prepare = Callable[[str, Path], None]


def print_documents(corpus: Corpus, *, as_json: bool) -> None:
    """Print a line for each document, in the order of their ids."""
    for document in all_documents(corpus.store.read):
        if as_json:
            terminal.print_json(document_schemas.document_line(document))
        else:
            terminal.print_document(document)


def delete_documents(corpus: Corpus, doc_ids: Sequence[str]) -> list[DocumentNotFound]:
    """Remove documents and say which; return the errors of those that are not there, which are said, too."""
    missing = []
    # What cannot be an id is refused before anything is removed.
    checked = [checked_doc_id(one) for one in doc_ids]
    for doc_id, was_there in zip(checked, corpus.delete_all(checked), strict=True):
        if was_there:
            terminal.print_fact("deleted", doc_id)
        else:
            missing.append(not_found(doc_id))
            terminal.say(str(missing[-1]))
    return missing


def write_backup(settings: "Settings", target: Path, *, force: bool) -> None:
    """Write the data to a file."""
    _check_embedded(settings, "backup")
    written, contents = back_up(settings.data_dir, target, force=force)
    _print_contents("backup", written, contents)


def restore_backup(settings: "Settings", backup: Path, prepare: Prepare, *, force: bool) -> None:
    """Put a backup in the place of the data, embedding its documents anew where this version or model needs it."""
    _check_embedded(settings, "restore")
    fit = partial(_fit, settings, prepare)
    contents = restore(settings.data_dir, backup, settings.model, fit, force=force)
    # What is derived is made now, not by the first question.
    open_corpus(settings.data_dir, settings.model, settings.prepared_models, settings.threads).close()
    _print_contents("restored", settings.data_dir, contents)


def upgrade_data(settings: "Settings", prepare: Prepare) -> None:
    """Bring the data to this version and RAG_MODEL."""
    _check_embedded(settings, "upgrade")
    if not _fit(settings, prepare, settings.data_dir):
        terminal.print_fact("upgraded", "nothing; the data is as this version and RAG_MODEL make it")
        return
    open_corpus(settings.data_dir, settings.model, settings.prepared_models, settings.threads).close()


def migrate_data(settings: "Settings", to: str) -> None:
    """Copy all documents from the data folder into Milvus, or back."""
    if settings.named_milvus is None:
        raise InvalidSetting("RAG_MILVUS_URI is not set; give the address of the Milvus, or a file for Milvus Lite.")
    here, there = (None, settings.named_milvus) if to == "milvus" else (settings.named_milvus, None)
    identity = stored_identity(settings.data_dir, here)
    source = open_store(settings.data_dir, identity, here)
    target = open_store(settings.data_dir, identity, there, create=True)
    with terminal.progress(count(source), "Copied", "documents") as on_document:
        done = migrate(source, target, on_document)
    target.save()
    target.close()
    source.close()
    terminal.print_fact("copied", f"{done.copied:,} documents, {done.passages:,} passages")
    terminal.print_fact("unchanged", f"{done.unchanged:,} documents")


def _check_embedded(settings: "Settings", command: str) -> None:
    if settings.milvus is not None:
        raise NotOfThisStore(
            f"`rag {command}` is for the embedded store, and RAG_STORE is 'milvus'; use Milvus' own tools, or copy the "
            "documents by `rag migrate --to embedded`."
        )


def _fit(settings: "Settings", prepare: Prepare, folder: Path) -> bool:
    """Bring the data in a folder to this version and RAG_MODEL; tell whether anything had to be done."""
    embedder = OnnxEmbedder(_model_for(settings, prepare, folder), settings.threads)
    done = upgrade(folder, embedder, partial(terminal.progress, doing="Embedded", things="documents"))
    if done is None:
        return False
    for doc_id in done.without_passages:
        terminal.say(f"{doc_id!r} has no text to cite any more and cannot be found; delete it, or index it again.")
    terminal.print_fact("upgraded", f"{done.documents:,} documents, from format {done.from_format}")
    return True


def _model_for(settings: "Settings", prepare: Prepare, folder: Path) -> Path:
    """Return the folder of the model that made the data, if it is RAG_MODEL and still there; else RAG_MODEL's."""
    name, fingerprint = made_with(folder)
    if name == settings.model:
        try:
            return find_model(settings.prepared_models, name, fingerprint)
        except ModelNotPrepared:
            # Another version of it will do.
            pass
    try:
        return find_model(settings.prepared_models, settings.model)
    except ModelNotPrepared:
        prepare(settings.model, settings.prepared_models)
        return find_model(settings.prepared_models, settings.model)


def _print_contents(doing: str, where: Path, contents: Contents) -> None:
    terminal.print_fact(doing, str(where))
    terminal.print_fact("documents", f"{contents.documents:,}")
    terminal.print_fact("passages", f"{contents.passages:,}")
