"""Tags for an article that names none: the words of its title and headings that its text uses most."""

import re
from collections import Counter

MOST = 4
WORD = re.compile(r"[^\W\d_]{4,}")
# Words of headings that say nothing about the subject.
STOPWORDS = """
about after also another been before being between both cannot could does done each either every
example examples first from further have having here into itself just last less like made make makes
many more most much must need needs neither never next none nothing once only other over page read
reads same says second several should since some such take takes than that their them then there
these they thing things this those through under until upon used uses using very want what when
where whether which while whose will with within without work works would your
"""
IGNORED = frozenset(STOPWORDS.split())


def keywords(title, headings, text):
    """At most four words in lower case, the weightiest first; equals in alphabetical order."""
    subjects = set(words(" ".join([title, *headings])))
    weights = Counter(word for word in words(text) if word in subjects)
    weights.update(words(title) * 2)
    ranked = sorted(weights, key=lambda word: (-weights[word], word))
    return ranked[:MOST]


def words(text):
    return [word for word in WORD.findall(text.lower()) if word not in IGNORED]
