"""What ``import_articles`` makes of files, good and bad."""

import os

import pytest

GOOD = {
    "noon.md": "---\nauthor: Ada Quill\nplace: Ogden, US\ntags: [noon, bells]\ndate: 2025-02-03\n---\n# At noon\n\nThe bell.\n",
    "dusk.rst": "At dusk\n=======\n\nA walk from Lisbon to Porto, and in Lisbon again.\n\nLamps\n-----\n\nThey are lit.\n",
    "night.txt": "At night\n\nNobody about.\n",
}
BAD = {
    "binary.md": (b"# A title\n\0\0", "holds binary data"),
    "broken.md": (b"---\ntags: [\n---\n# A title\n", "has front matter that is not YAML"),
    "empty.md": (b" \n", "is empty"),
    "huge.md": (b"# A title\n" + b"x" * 600_000, "is too large"),
    "latin.md": ("# Déjà vu\n".encode("latin-1"), "is not UTF-8"),
    "long.md": (b"# " + b"x" * 300 + b"\n", "is not valid: title"),
    "nameless.md": (b"Some text.\n", "has no title"),
    "nested.rst": (
        ("Deep\n====\n\n" + "".join(f"{' ' * depth}* x\n\n" for depth in range(900))).encode(),
        "cannot be read as reStructuredText",
    ),
    "undated.md": (b"---\ndate: soon\n---\n# A title\n", "'date' is not a date"),
}


@pytest.fixture
def folder(tmp_path):
    for name, text in GOOD.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def imported(room, *arguments, project="wire"):
    done = room.run_command(project, "import_articles", *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_each_kind_of_file_becomes_an_article(room, folder):
    assert "3 added, 0 updated, 0 unchanged, 0 skipped." in imported(room, folder)

    sql = """
        SELECT a.title, a.markup, w.name, p.name FROM wire_article a
        JOIN wire_author w ON w.id = a.author_id LEFT JOIN wire_place p ON p.geoname_id = a.place_id
        WHERE a.title IN ('At noon', 'At dusk', 'At night') ORDER BY a.title DESC LIMIT 3
    """
    assert room.rows("wire", sql) == [
        ("At noon", "markdown", "Ada Quill", "Ogden"),
        ("At night", "text", "The editors", None),
        ("At dusk", "rst", "The editors", "Lisbon"),
    ]


def test_a_second_import_makes_nothing_twice(room, folder):
    imported(room, folder)
    count = room.value("wire", "SELECT count(*) FROM wire_article")

    assert "0 added, 0 updated, 3 unchanged, 0 skipped." in imported(room, folder)
    assert room.value("wire", "SELECT count(*) FROM wire_article") == count


def test_a_changed_file_updates_its_article(room, folder):
    imported(room, folder)
    slug = room.value("wire", "SELECT slug FROM wire_article WHERE title = 'At night' ORDER BY id DESC")
    (folder / "night.txt").write_text("At night, late\n\nSomebody about.\n")

    assert "0 added, 1 updated, 2 unchanged, 0 skipped." in imported(room, folder)
    row = room.rows("wire", "SELECT title, body FROM wire_article WHERE slug = ?", slug)
    assert row == [("At night, late", "Somebody about.")]


def test_an_edit_survives_an_import_of_the_unchanged_file(room, folder):
    imported(room, folder)
    code = "from wire.models import Article; Article.objects.filter(title='At noon').update(title='At one')"
    assert room.run_command("wire", "shell", "-c", code).returncode == 0

    imported(room, folder)
    assert room.value("wire", "SELECT count(*) FROM wire_article WHERE title = 'At noon'") == 0


def test_bad_files_are_skipped_each_with_its_reason(room, tmp_path):
    for name, (content, _) in BAD.items():
        (tmp_path / name).write_bytes(content)

    out = imported(room, tmp_path)
    assert f"0 added, 0 updated, 0 unchanged, {len(BAD)} skipped." in out
    for name, (_, reason) in BAD.items():
        line = next(line for line in out.splitlines() if line.startswith(f"  skipped {tmp_path / name}: it "))
        assert reason in line


def test_what_is_no_file_is_skipped_with_a_reason(room, tmp_path):
    os.mkfifo(tmp_path / "pipe.md")
    (tmp_path / "nowhere.md").symlink_to(tmp_path / "not there")
    (tmp_path / "picture.png").write_bytes(b"\x89PNG")

    out = imported(room, tmp_path)
    assert "pipe.md: it is not a regular file" in out
    assert "nowhere.md: it cannot be read: no such file or directory" in out
    assert "files of other kinds passed over: 1 (.png)" in out


def test_a_name_that_is_no_text_is_shown_with_escapes(room, tmp_path):
    (tmp_path / os.fsdecode(b"caf\xe9.md")).write_text("no title")

    assert "caf\\xe9.md: it has no title" in imported(room, tmp_path)


def test_a_file_is_imported_whole_or_not_at_all(room, tmp_path):
    # The author would be saved before the tag that is too long.
    (tmp_path / "half.md").write_text(f"---\nauthor: Half Done\ntags: [{'x' * 80}]\n---\n# Half\n\nText.\n")
    (tmp_path / "whole.md").write_text("---\nauthor: All Done\n---\n# Whole\n\nText.\n")

    assert "1 added, 0 updated, 0 unchanged, 1 skipped." in imported(room, tmp_path)
    assert room.rows("wire", "SELECT name FROM wire_author WHERE name LIKE '% Done'") == [("All Done",)]
    assert room.value("wire", "SELECT count(*) FROM wire_article WHERE title = 'Half'") == 0


def test_a_child_project_imports_into_core(room, tmp_path):
    (tmp_path / "here.md").write_text("# Imported by the daily\n\nText.\n")

    imported(room, tmp_path, project="daily")
    assert room.value("wire", "SELECT count(*) FROM wire_article WHERE title = 'Imported by the daily'") == 1


@pytest.mark.parametrize("what", ["nothing", "an empty folder"])
def test_where_there_is_nothing_to_import_it_says_so(room, tmp_path, what):
    path = tmp_path / "nothing" if what == "nothing" else tmp_path

    done = room.run_command("wire", "import_articles", path)
    assert done.returncode == 1
    assert done.stderr.startswith("CommandError: There ")
    assert "Traceback" not in done.stderr
