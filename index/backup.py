"""Backup and restore: the database as one file, taken and put back while the data is in use."""

import os
import shutil
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from index.database import (
    DATABASE,
    FORMAT,
    Connection,
    Database,
    as_one_file,
    copy_database,
    damage,
    disk_errors_said,
    is_ours,
    make_folder,
    making,
    meta_of,
    new_database_id,
    put_in_place,
    set_meta,
)
from index.errors import DataCorrupt, DataInTheWay, InvalidBackup

DAMAGED = f"{DATABASE}.damaged"


@dataclass(frozen=True, slots=True)
class Contents:
    """What a checked database holds."""

    documents: int
    passages: int
    format: int
    model: str


def back_up(folder: Path, target: Path, *, force: bool = False) -> tuple[Path, Contents]:
    """Write the data in `folder` as it is at one instant to the file `target`, or to a new one in the folder `target`.

    A name without an ending is a folder's, and it is made where there is none. Returns the file and what it holds.
    Raises DataCorrupt where the data is damaged, and writes nothing then; DataInTheWay where the file is there already,
    unless it is an earlier backup and may be replaced by `force`.
    """
    live = folder / DATABASE
    Database(folder, None).close()
    if target.is_dir() or not (target.exists() or target.suffix):
        target = target / f"footnote-{datetime.now(UTC):%Y-%m-%dT%H-%M-%SZ}.db"
    _check_may_be_replaced(target, live, force=force)
    part = target.parent / f".{target.name}.part"
    with disk_errors_said(target):
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        try:
            copy_database(live, part / DATABASE)
            contents = _checked(part, live)
            as_one_file(part / DATABASE)
            put_in_place(part / DATABASE, target)
        finally:
            shutil.rmtree(part, ignore_errors=True)
    return target, contents


def restore(folder: Path, backup: Path, model: str, fit: Callable[[Path], object], *, force: bool = False) -> Contents:
    """Put the data of a backup into `folder` in one step, in place of what is there only with `force`.

    The backup is copied and checked, and `fit` brings the copy, in a folder of its own, to this version and the
    prepared model; only then is it put in place. Who has the data open goes on with what was restored. Raises
    InvalidBackup where it is damaged, of a newer format, or made with another model than `model`.
    """
    live = folder / DATABASE
    if not backup.is_file() or (live.exists() and backup.samefile(live)):
        raise InvalidBackup(f"'{backup}' is no backup; name a file that `rag backup` wrote.")
    if live.exists() and not force:
        raise DataInTheWay(
            f"There is data in '{folder}' already; give --force to put the backup in its place, or another folder "
            "with --data."
        )
    make_folder(folder)
    with making(folder) as made:
        contents = _copied(backup, made, model)
        fit(made)
        database = Database(made, None)
        with database.write() as (connection, _):
            set_meta(connection, database_id=new_database_id())
        database.close()
        _install(made / DATABASE, live)
    return contents


def _copied(backup: Path, made: Path, model: str) -> Contents:
    try:
        copy_database(backup, made / DATABASE)
        contents = _contents_or_fault(made)
    except DataCorrupt as error:
        # The error itself names the copy, and this very command as the remedy.
        contents = str(error.__cause__ or error)
    if isinstance(contents, str):
        raise InvalidBackup(f"'{backup}' is no sound backup ({contents}) and nothing was changed; name another one.")
    if contents.format > FORMAT:
        raise InvalidBackup(
            f"'{backup}' has format {contents.format}, this version reads format {FORMAT}; "
            "restore it with the version that wrote it."
        )
    if contents.model != model:
        raise InvalidBackup(
            f"'{backup}' was made with model {contents.model!r}, RAG_MODEL asks for {model!r}; "
            f"set RAG_MODEL={contents.model}."
        )
    return contents


def _install(made: Path, live: Path) -> None:
    if live.is_file():
        try:
            copy_database(made, live)
        except DataCorrupt:
            # Too damaged to be written into. It is kept, for whoever may yet read something out of it.
            kept = live.parent / DAMAGED
            kept.unlink(missing_ok=True)
            os.link(live, kept)
        else:
            return
    put_in_place(made, live)


def _checked(folder: Path, shown: Path) -> Contents:
    """Return what the database in `folder` holds; raise DataCorrupt, naming `shown`, where it is damaged."""
    found = _contents_or_fault(folder)
    if isinstance(found, str):
        raise DataCorrupt(f"'{shown}' is damaged ({found}); restore an earlier backup, or index the articles anew.")
    return found


def _contents_or_fault(folder: Path) -> Contents | str:
    """Return what the database in `folder` holds, or what is wrong with it."""
    with closing(Database(folder, None)) as database:
        try:
            with database.read() as connection:
                faults = damage(connection) or _changed_texts(connection)
                return faults[0] if faults else _contents(connection)
        except DataCorrupt as error:
            return str(error.__cause__ or error)


def _contents(connection: Connection) -> Contents:
    said = meta_of(connection, "format", "model", "fingerprint", "database_id", "seq")
    counted = "SELECT (SELECT count(*) FROM documents), (SELECT count(*) FROM passages)"
    documents, passages = connection.execute(counted).fetchone()
    return Contents(documents, passages, int(said["format"]), said["model"])


def _changed_texts(connection: Connection) -> list[str]:
    rows = connection.execute("SELECT doc_id, sha256, text FROM documents")
    return [
        f"the text of {doc_id!r} does not have its SHA-256"
        for doc_id, digest, text in rows
        if sha256(text.encode()).hexdigest() != digest
    ]


def _check_may_be_replaced(target: Path, live: Path, *, force: bool) -> None:
    """Refuse to write a backup over what is there: over an earlier one unless forced, over anything else always.

    What has the name of a database in use may be one.
    """
    if not target.exists():
        return
    if target.samefile(live):
        raise DataInTheWay(f"'{target}' is the data itself; name another file for its backup.")
    if not is_ours(target):
        raise DataInTheWay(f"'{target}' is there already and is no backup; name another file.")
    if target.name == DATABASE:
        raise DataInTheWay(f"'{target}' has the name of data in use; name another file for the backup.")
    if not force:
        raise DataInTheWay(
            f"'{target}' is an earlier backup; name another file or a folder, or give --force to replace it."
        )
