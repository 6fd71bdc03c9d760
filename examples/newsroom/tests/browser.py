"""A browser without a window: it keeps cookies, and fills in the forms that a page shows."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookiejar import CookieJar
from urllib.error import HTTPError
from urllib.parse import urlencode, urljoin
from urllib.request import HTTPCookieProcessor, build_opener


@dataclass
class Page:
    address: str
    status: int
    text: str


class Browser:
    def __init__(self, site):
        self.site = site
        self.opener = build_opener(HTTPCookieProcessor(CookieJar()))

    def get(self, path):
        return self.open(urljoin(self.site, path))

    def open(self, address, data=None):
        try:
            response = self.opener.open(address, data, timeout=30)
        except HTTPError as error:
            response = error
        with response:
            return Page(response.url, response.status, response.read().decode())

    def submit(self, path, form_action="", **changes):
        """Send the form of a page whose action ends like ``form_action``, with some of its fields changed."""
        page = self.get(path)
        form = next(form for form in forms(page.text) if form.action.endswith(form_action) and form.posts)
        fields = form.fields | changes
        address = urljoin(page.address, form.action.partition("#")[0] or page.address)
        return self.open(address, urlencode(fields, doseq=True).encode())


@dataclass
class Form:
    action: str
    posts: bool
    fields: dict = field(default_factory=dict)


class Forms(HTMLParser):
    """The forms of a page with what their fields hold."""

    def __init__(self):
        super().__init__()
        self.forms, self.select, self.textarea = [], None, None

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag == "form":
            self.forms.append(Form(attrs.get("action") or "", attrs.get("method") == "post"))
        elif tag == "input":
            self.handle_input(attrs)
        elif tag == "select":
            self.select = attrs["name"]
        elif tag == "option" and "selected" in attrs:
            self.forms[-1].fields[self.select] = attrs["value"]
        elif tag == "textarea":
            self.textarea = attrs["name"]
            self.forms[-1].fields[self.textarea] = ""

    def handle_input(self, attrs):
        if "name" not in attrs or not self.forms:
            return
        fields, value = self.forms[-1].fields, attrs.get("value") or ""
        if attrs.get("type") == "checkbox":
            fields.setdefault(attrs["name"], []).extend([value] if "checked" in attrs else [])
        elif attrs.get("type") != "radio" or "checked" in attrs:
            fields[attrs["name"]] = value

    def handle_endtag(self, tag):
        if tag == "textarea":
            self.textarea = None

    def handle_data(self, data):
        if self.textarea:
            # A browser leaves out the line break that the page has after the opening tag.
            self.forms[-1].fields[self.textarea] += data.removeprefix("\n")


def forms(html):
    """The forms of a page; the one with which a site logs out comes last, whatever its place."""
    parser = Forms()
    parser.feed(html)
    return sorted(parser.forms, key=lambda form: form.action.endswith("/logout/"))
