import pytest

from tests.properties import rows
from tests.properties.outcomes import ModelSet


@pytest.fixture
def model_sets(db):
    """The models whose homes are split and those in one database, with the same rows."""
    decoys, split, whole = ModelSet("decoys"), ModelSet("split"), ModelSet("whole")
    for models in (split, whole):
        rows.load(models.models)
    assert not any(decoys.rows().values()), "Rows of core models went to local tables of the same name."
    return split, whole
