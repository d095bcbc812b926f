import os
from pathlib import Path

import pytest

from index.corpus import Corpus
from index.errors import NothingToIndex
from index.ingestion import Summary, article_files, ingest, other_files, readmes
from tests.doubles import HashingEmbedder


@pytest.fixture
def articles(tmp_path: Path) -> Path:
    folder = tmp_path / "articles"
    folder.mkdir()
    for name in ("one", "two", "three"):
        (folder / f"{name}.txt").write_text(f"Lanthanum article {name}.")
    return folder


def ingested(corpus: Corpus, *paths: Path, prune: bool = False) -> Summary:
    return ingest(corpus, article_files(paths), prune=prune)


def counts(summary: Summary) -> tuple[int, int, int, int, int]:
    return summary.added, summary.changed, summary.unchanged, summary.removed, len(summary.failures)


def ids(corpus: Corpus) -> list[str]:
    with corpus.read() as view:
        return [line.doc_id for line in view.reading.documents(1000)]


def test_a_folder_is_added_once_and_then_skipped_before_the_model_is_called(corpus: Corpus, articles: Path) -> None:
    first = ingested(corpus, articles)
    assert counts(first) == (3, 0, 0, 0, 0)
    assert first.passages == 3
    assert first.passages_per_second > 0
    assert isinstance(corpus.embedder, HashingEmbedder)
    corpus.embedder.embedded.clear()
    assert counts(ingested(corpus, articles)) == (0, 0, 3, 0, 0)
    assert corpus.embedder.embedded == []


def test_a_changed_file_is_replaced(corpus: Corpus, articles: Path) -> None:
    ingested(corpus, articles)
    (articles / "two.txt").write_text("Copper now.")
    assert counts(ingested(corpus, articles)) == (0, 1, 2, 0, 0)
    assert corpus.document("two").text == "Copper now."


def test_prune_drops_documents_whose_files_are_gone(corpus: Corpus, articles: Path) -> None:
    ingested(corpus, articles)
    (articles / "two.txt").unlink()
    assert counts(ingested(corpus, articles)) == (0, 0, 2, 0, 0)
    assert ids(corpus) == ["one", "three", "two"]
    assert counts(ingested(corpus, articles, prune=True)) == (0, 0, 2, 1, 0)
    assert ids(corpus) == ["one", "three"]


def test_a_moved_file_is_the_same_document(corpus: Corpus, articles: Path) -> None:
    ingested(corpus, articles)
    (articles / "deeper").mkdir()
    (articles / "two.txt").rename(articles / "deeper" / "two.txt")
    assert counts(ingested(corpus, articles, prune=True)) == (0, 0, 3, 0, 0)


def test_a_folder_under_another_spelling_is_unchanged(corpus: Corpus, articles: Path, tmp_path: Path) -> None:
    ingested(corpus, articles)
    (tmp_path / "beside").mkdir()
    (tmp_path / "link").symlink_to(articles)
    for spelling in (tmp_path / "beside" / ".." / "articles", tmp_path / "link", articles):
        assert counts(ingested(corpus, spelling)) == (0, 0, 3, 0, 0)
    assert article_files([tmp_path / "beside" / ".." / "articles", articles]) == article_files([articles])


def test_so_is_one_whose_path_was_recorded_unresolved(corpus: Corpus, articles: Path, tmp_path: Path) -> None:
    (tmp_path / "beside").mkdir()
    unresolved = tmp_path / "beside" / ".." / "articles"
    assert counts(ingest(corpus, [unresolved / "one.txt", unresolved / "two.txt"])) == (2, 0, 0, 0, 0)
    assert counts(ingested(corpus, articles, prune=True)) == (1, 0, 2, 0, 0)
    with corpus.read() as view:
        assert dict(view.reading.files())["one"] == str(articles / "one.txt")


def test_a_link_that_leads_to_another_folder_now_brings_changes(corpus: Corpus, articles: Path, tmp_path: Path) -> None:
    link = tmp_path / "current"
    link.symlink_to(articles)
    ingested(corpus, link)
    newer = tmp_path / "newer"
    newer.mkdir()
    (newer / "one.txt").write_text("Copper now.")
    link.unlink()
    link.symlink_to(newer)
    assert counts(ingested(corpus, link)) == (0, 1, 0, 0, 0)


def test_one_bad_file_fails_alone_and_is_counted(corpus: Corpus, articles: Path) -> None:
    (articles / "bad.txt").write_bytes(bytes(range(256)) * 8)
    (articles / "empty.txt").touch()
    (articles / "broken.pdf").write_bytes(b"%PDF-1.7 broken")
    summary = ingested(corpus, articles)
    assert counts(summary) == (3, 0, 0, 0, 3)
    assert [Path(failure.path).name for failure in summary.failures] == ["bad.txt", "broken.pdf", "empty.txt"]
    assert all(failure.path in failure.reason for failure in summary.failures)


def test_a_file_that_turns_bad_leaves_its_document(corpus: Corpus, articles: Path) -> None:
    ingested(corpus, articles)
    (articles / "two.txt").write_bytes(b"\0\1\2\3" * 100)
    assert counts(ingested(corpus, articles)) == (0, 0, 2, 0, 1)
    assert corpus.document("two").text == "Lanthanum article two."


def test_two_files_with_one_id_are_said_and_the_first_stands(corpus: Corpus, articles: Path) -> None:
    (articles / "zz").mkdir()
    (articles / "zz" / "one.md").write_text("# Another one\n\nText.")
    summary = ingested(corpus, articles)
    assert counts(summary) == (3, 0, 0, 0, 1)
    reason = summary.failures[0].reason
    assert "'one'" in reason
    assert "one.md" in reason
    assert "one.txt" in reason
    later = ingested(corpus, articles / "zz")
    assert counts(later) == (0, 0, 0, 0, 1)


def test_a_pipe_fails_alone_and_is_not_waited_for(corpus: Corpus, articles: Path) -> None:
    os.mkfifo(articles / "pipe.txt")
    assert counts(ingested(corpus, articles)) == (3, 0, 0, 0, 1)


def test_a_dangling_link_fails_alone(corpus: Corpus, articles: Path) -> None:
    (articles / "link.txt").symlink_to(articles / "nowhere.txt")
    assert counts(ingested(corpus, articles)) == (3, 0, 0, 0, 1)


def test_an_oversized_file_is_refused_unread(corpus: Corpus, articles: Path) -> None:
    with (articles / "big.txt").open("wb") as file:
        file.truncate(21 * 2**20)
    (failure,) = ingested(corpus, articles).failures
    assert "21.0 MB" in failure.reason
    assert "20 MB" in failure.reason


def test_hidden_files_readmes_and_other_kinds_are_passed_over_in_folders(articles: Path) -> None:
    for name in (".hidden.txt", "README.md", "Readme.txt", "picture.png", "data.csv"):
        (articles / name).write_text("not an article")
    (articles / ".git").mkdir()
    (articles / ".git" / "inside.txt").write_text("not an article")
    assert [path.name for path in article_files([articles])] == ["one.txt", "three.txt", "two.txt"]
    assert [path.name for path in other_files([articles, articles / "picture.png", articles])] == [
        "data.csv",
        "picture.png",
    ]


def test_readmes_deep_in_a_folder_are_counted_and_one_alone_is_said(articles: Path, tmp_path: Path) -> None:
    for folder in (articles, articles / "a", tmp_path / "bare"):
        folder.mkdir(exist_ok=True)
        (folder / "README.md").write_text("About it.")
    assert readmes([articles]) == [articles / "a" / "README.md"]
    assert readmes([articles / "a", articles / "a"]) == []
    with pytest.raises(NothingToIndex, match="holds a README alone"):
        article_files([tmp_path / "bare"])


def test_a_readme_that_is_named_is_taken_and_each_file_only_once(articles: Path) -> None:
    readme = articles / "README.md"
    readme.write_text("Named.")
    assert article_files([readme, articles / "one.txt", articles])[:2] == [readme, articles / "one.txt"]
    assert len(article_files([articles, articles / "one.txt"])) == 3


def test_a_named_file_of_an_unknown_kind_fails_alone(corpus: Corpus, articles: Path) -> None:
    (articles / "data.csv").write_text("a,b")
    summary = ingested(corpus, articles / "data.csv", articles / "one.txt")
    assert counts(summary) == (1, 0, 0, 0, 1)
    assert "'data.csv'" in summary.failures[0].reason


@pytest.mark.parametrize("content", [[], ["picture.png"], [".hidden.txt"]])
def test_a_folder_with_no_readable_file_is_said(tmp_path: Path, content: list[str]) -> None:
    folder = tmp_path / "nothing"
    folder.mkdir()
    for name in content:
        (folder / name).touch()
    with pytest.raises(NothingToIndex, match=r"nothing.*\.txt"):
        article_files([folder])


def test_a_path_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(NothingToIndex, match="absent"):
        article_files([tmp_path / "absent"])
