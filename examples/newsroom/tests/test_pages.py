"""The three sites, over HTTP."""

import pytest

from tests.databases import engine

TIDES = "the-road-with-a-timetable"
LAKE = "a-lake-of-two-colours"


@pytest.mark.parametrize(
    ("project", "path", "shows"),
    [
        ("wire", "/?q=Sylt", "By rail, with the car on top"),
        ("wire", f"/articles/{TIDES}/", "A hut on stilts"),
        ("wire", "/places/", "Berwick-Upon-Tweed"),
        ("wire", "/world.svg", "<svg"),
        ("daily", "/", "5&nbsp;comments"),
        ("daily", f"/articles/{TIDES}/", "We sat in that hut for six hours"),
        ("daily", "/most-discussed/", "the last on 5 December 2025"),
        ("daily", "/places/", "Comments</th>"),
        ("weekly", "/", "Engineering"),
        ("weekly", f"/articles/{TIDES}/", "The dead can read a table."),
        ("weekly", "/wire/?q=Bahrain", "A border in the middle of the sea"),
        ("weekly", "/stories/", "The last ferryman of the bay"),
        ("weekly", "/stories/wire/a-note-on-distances/", "From the wire's desk"),
        ("weekly", "/most-discussed/", "2&nbsp;letters"),
        ("weekly", "/places/", "Ogden"),
    ],
)
def test_a_page_shows_what_it_is_for(reader, project, path, shows):
    page = reader(project).get(path)
    assert page.status == 200
    assert shows in page.text


@pytest.mark.parametrize("project", ["wire", "daily", "weekly"])
def test_a_page_that_is_not_there_says_so(reader, project):
    page = reader(project).get("/articles/none/")
    assert page.status == 404
    assert "Not found" in page.text


def titles(page, *candidates):
    """The candidates that a list shows, in its order."""
    found = {title: page.text.find(f">{title}</a></h2>") for title in candidates}
    return sorted((title for title, at in found.items() if at >= 0), key=found.get)


ROAD, COAST, BORDER = (
    "The road with a timetable",
    "A causeway that leads nowhere",
    "A border in the middle of the sea",
)


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("sort=discussed", [ROAD, COAST]),
        ("sort=rated", [ROAD, COAST]),
        ("sort=title&tag=tides", [ROAD]),
        ("q=Finn+McCool", [COAST]),
        ("author=mara-lindqvist&sort=title", [COAST, ROAD]),
        ("tag=border", [BORDER]),
        ("rating=4&tag=pilgrims", [ROAD]),
        ("rating=4&tag=border", []),
        ("q=no+such+words", []),
    ],
)
def test_the_daily_filters_and_sorts_across_both_databases(reader, query, shown):
    page = reader("daily").get(f"/?{query}")
    found = titles(page, ROAD, COAST, BORDER)
    assert found[: len(shown)] == shown
    if "sort" not in query:
        assert found == shown


def test_the_weekly_filters_by_local_and_core_fields_at_once(reader):
    page = reader("weekly").get("/?section=places&tag=tides")
    assert "<strong>2</strong> articles" in page.text
    assert "Section: Places" in page.text


def test_a_filter_that_cannot_be_is_left_out_and_says_so(reader):
    page = reader("daily").get("/?place=nowhere&rating=11&page=999")
    assert page.status == 200
    assert "Place: what the address asks for is not in the list" in page.text
    assert "Rating: what the address asks for is not in the list" in page.text


def test_a_list_without_a_match_offers_all_articles(reader):
    assert "No article meets all of these filters." in reader("daily").get("/?q=no+such+words").text


def test_a_comment_is_saved_at_home_and_shown_with_its_markup_escaped(reader, room):
    path = f"/articles/{LAKE}/"
    page = reader("daily").submit(path, "#say", name="Eve", text="<script>alert('comment')</script>")

    assert "<script>alert" not in page.text
    assert "&lt;script&gt;alert(" in page.text
    assert room.value("daily", "SELECT count(*) FROM daily_comment WHERE name = 'Eve'") == 1
    assert "Eve" not in reader("weekly").get(path).text


def test_an_empty_comment_is_refused_with_a_sentence(reader, room):
    page = reader("daily").submit(f"/articles/{LAKE}/", "#say", name="Nobody", text=" ")
    assert "This field is required." in page.text
    assert room.value("daily", "SELECT count(*) FROM daily_comment WHERE name = 'Nobody'") == 0


def test_a_reader_rates_once_and_may_change_it(reader, room):
    browser = reader("daily")
    sql = "SELECT count(*), min(stars) FROM daily_rating WHERE reader NOT LIKE 'reader-%'"

    browser.submit(f"/articles/{LAKE}/", "/rate/", stars="2")
    assert room.rows("daily", sql) == [(1, 2)]
    page = browser.submit(f"/articles/{LAKE}/", "/rate/", stars="4")
    assert room.rows("daily", sql) == [(1, 4)]
    assert "Change my rating" in page.text


def test_a_rating_out_of_range_is_refused_with_a_sentence(reader):
    page = reader("daily").submit(f"/articles/{LAKE}/", "/rate/", stars="11")
    assert "A rating is a number of stars from 1 to 5." in page.text


def test_an_edit_in_the_daily_is_seen_in_every_project(editor, reader):
    path = "/articles/the-dike-that-ended-a-sea/"
    page = editor("daily").submit(f"{path}edit/", title="The dike, revisited")

    assert "Saved in the core database" in page.text
    for project in ("wire", "daily", "weekly"):
        assert "<h1>The dike, revisited</h1>" in reader(project).get(path).text


def test_one_form_of_the_weekly_saves_to_both_databases(editor, room):
    editor("weekly").submit(
        f"/articles/{LAKE}/edit/", title="Two colours", teaser="Red and blue", section="places"
    )

    assert room.value("wire", "SELECT title FROM wire_article WHERE slug = ?", LAKE) == "Two colours"
    pk = room.value("wire", "SELECT id FROM wire_article WHERE slug = ?", LAKE)
    local = room.rows("weekly", "SELECT section, teaser FROM weekly_feature WHERE article_ptr_id = ?", pk)
    assert local == [("places", "Red and blue")]


def test_who_saves_second_is_told(editor):
    first, second = editor("daily"), editor("weekly")
    path = f"/articles/{TIDES}/edit/"
    seen = second.get(path).text.partition('name="seen" value="')[2].partition('"')[0]
    first.submit(path, summary="Changed by the daily.")

    page = second.submit(path, summary="Changed by the weekly.", seen=seen)
    assert "Somebody else saved this article" in page.text
    assert "Changed by the daily." in first.get(f"/articles/{TIDES}/").text


@pytest.mark.parametrize(
    ("project", "path"),
    [
        ("wire", f"/articles/{TIDES}/edit/"),
        ("daily", f"/articles/{TIDES}/edit/"),
        ("weekly", f"/articles/{TIDES}/edit/"),
        ("weekly", "/stories/new/"),
        ("weekly", "/stories/wire/a-note-on-distances/edit/"),
        ("weekly", "/wire/the-bridge-at-the-end-of-the-line/take-up/"),
    ],
)
def test_a_reader_is_asked_to_log_in_before_editing(reader, project, path):
    assert "/login/?next=" in reader(project).get(path).address


def test_an_article_is_taken_up_without_being_written(editor, room):
    slug = "the-bridge-at-the-end-of-the-line"
    sql = "SELECT * FROM wire_article WHERE slug = ?"
    before = room.rows("wire", sql, slug)

    page = editor("weekly").submit(f"/wire/{slug}/take-up/", section="history", teaser="A line and its end.")
    assert "A line and its end." in page.text
    assert room.rows("wire", sql, slug) == before


def test_stories_are_saved_where_they_live(editor, room):
    browser = editor("weekly")
    browser.submit("/stories/wire/a-note-on-distances/edit/", title="On distances")
    browser.submit("/stories/ours/the-last-ferryman-of-the-bay/edit/", title="The ferryman")
    browser.submit("/stories/new/", title="The ferryman", byline="A. B.", body="Another one.")

    assert room.rows("wire", "SELECT title FROM story ORDER BY id") == [
        ("What we call a causeway",),
        ("On distances",),
    ]
    assert room.rows("weekly", "SELECT title, slug FROM story ORDER BY id") == [
        ("The ferryman", "the-last-ferryman-of-the-bay"),
        ("A walk between two tides", "a-walk-between-two-tides"),
        ("The ferryman", "the-ferryman"),
    ]


def test_an_article_cannot_smuggle_a_script_or_a_file_onto_a_page(room, reader, tmp_path):
    (tmp_path / "a.md").write_text(
        "# Trojan one\n\n<script>alert(1)</script><img src=x onerror=alert(1)> [here](javascript:alert(1))\n"
    )
    (tmp_path / "b.rst").write_text(
        "Trojan two\n==========\n\n.. raw:: html\n\n   <script>alert(1)</script>\n\n.. include:: /etc/passwd\n\nEnd.\n"
    )
    room.manage("wire", "import_articles", tmp_path)
    for slug in ("trojan-one", "trojan-two"):
        page = reader("daily").get(f"/articles/{slug}/")
        assert page.status == 200
        for harm in ("<script", "onerror", 'href="javascript', "root:"):
            assert harm not in page.text


@pytest.mark.parametrize(
    ("project", "path", "shows"),
    [
        ("wire", "/admin/wire/article/?q=McCool", "1 article"),
        ("wire", "/admin/desk/story/", "What we call a causeway"),
        ("daily", "/admin/wire/article/?q=pelicans", "1 article"),
        ("daily", "/admin/wire/article/?comments__isempty=1", "A border in the middle of the sea"),
        ("daily", "/admin/wire/article/?ratings__stars=2", "By rail, with the car on top"),
        ("daily", "/admin/wire/article/?o=-5", "5"),
        (
            "daily",
            "/admin/daily/comment/?article__tags__id__exact={storms}&q=Okafor",
            "I fish from the old piers",
        ),
        ("daily", "/admin/daily/comment/?article__place__country=Mexico", "2 comments"),
        ("daily", "/admin/daily/rating/?stars=5&q=island", "How to make an island again"),
        ("weekly", "/admin/weekly/feature/?section=history&author__id__exact={mei}", "1 feature"),
        ("weekly", "/admin/weekly/letter/?article__feature__section=places", "3 letters"),
        ("weekly", "/admin/weekly/story/", "A walk between two tides"),
        ("weekly", "/admin/weekly/wirestory/", "What we call a causeway"),
    ],
)
def test_the_admin_filters_and_searches_across_databases(editor, room, project, path, shows):
    storms = room.value("wire", "SELECT id FROM wire_tag WHERE slug = 'storms'")
    mei = room.value("wire", "SELECT id FROM wire_author WHERE slug = 'mei-tan'")
    page = editor(project).get(path.format(storms=storms, mei=mei))
    assert page.status == 200
    assert "e=1" not in page.address, "the admin refused the filter"
    assert shows in page.text


def test_the_admin_saves_comments_under_a_core_article(editor, room):
    pk = room.value("wire", "SELECT id FROM wire_article WHERE slug = 'where-the-bridge-dives'")
    page = editor("daily").submit(
        f"/admin/wire/article/{pk}/change/",
        **{"comments-0-text": "Changed in the admin.", "title": "It dives"},
    )

    assert "was changed successfully" in page.text
    assert room.value("wire", "SELECT title FROM wire_article WHERE id = ?", pk) == "It dives"
    sql = "SELECT count(*) FROM daily_comment WHERE text = 'Changed in the admin.' AND article_id = ?"
    assert room.value("daily", sql, pk) == 1


@pytest.mark.skipif(engine() == "sqlite3", reason="SQLite has no constraints between files.")
def test_an_article_that_a_child_refers_to_cannot_be_deleted_in_the_core_project(editor, room):
    pk = room.value("wire", "SELECT id FROM wire_article WHERE slug = ?", TIDES)
    page = editor("wire").submit(f"/admin/wire/article/{pk}/delete/")

    assert "Not deleted: another project has comments" in page.text
    assert room.value("wire", "SELECT count(*) FROM wire_article WHERE id = ?", pk) == 1
