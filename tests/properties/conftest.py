from collections import namedtuple

import pytest

from tests import databases
from tests.properties import rows
from tests.properties.outcomes import ModelSet

ModelSets = namedtuple("ModelSets", "split whole core_whole", defaults=[None])


@pytest.fixture
def model_sets(db):
    """The models whose homes are split, those in one database, and with another engine those in core.

    All have the same rows.
    """
    core = "core" if databases.placement() == "staged" else "default"
    sets = [ModelSet("split", core=core), ModelSet("whole")]
    if databases.core_product() != databases.product():
        sets.append(ModelSet("core_whole", core="core"))
    for models in sets:
        rows.load(models.models)
    decoys = ModelSet("decoys")
    assert not any(decoys.rows().values()), "Rows of core models went to local tables of the same name."
    return ModelSets(*sets)
