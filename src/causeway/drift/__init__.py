"""Where the models of this project and the live core tables say different things."""

from causeway.drift.comparison import Difference
from causeway.drift.report import CATALOGS, compared_models, differences

__all__ = ["CATALOGS", "Difference", "compared_models", "differences"]
