"""The same scores by vigipy (https://github.com/Shakesbeery/vigipy), for comparison."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

import numpy as np

from services.core.disproportionality import PRR, ROR
from services.core.ebgm import EBGM, Prior
from services.core.estimates import DEFINED, Estimates, Field, Floats
from services.core.tables import Tables

AVAILABLE = find_spec("vigipy") is not None

_COLUMNS = {
    PRR: (PRR, Field.ESTIMATE, "PRR"),
    ROR: (ROR, Field.ESTIMATE, "ROR"),
    EBGM: (EBGM, Field.ESTIMATE, "EBGM"),
    "eb05": (EBGM, Field.LOWER, "LowerBound"),
    "eb95": (EBGM, Field.UPPER, "UpperBound"),
}
"""By name of what is compared: our measure and field, and vigipy's column."""


def container_of(tables: Tables) -> Any:
    """The tables as vigipy wants them; also imports it, which takes long."""
    import pandas as pd  # the extra `dev` has both; nothing else needs them
    from vigipy.utils import Container

    container = Container()
    container.data = pd.DataFrame(
        {
            "product_name": [f"{index:09}" for index in range(len(tables))],
            "ae_name": "event",
            "events": tables.n11,
            "product_aes": tables.drug,
            "count_across_brands": tables.event,
        }
    )
    container.N = int(tables.total[0])
    return container


def scores(container: Any, prior: Prior) -> dict[str, Any]:
    """PRR, ROR and GPS at fixed hyperparameters: vigipy's tables of all pairs."""
    from vigipy import gps, prr, ror

    # Given as `prior_param` they are used as they are; `prior_init` only begins a search.
    fixed = [prior.alpha1, prior.beta1, prior.alpha2, prior.beta2, prior.weight]
    return {
        PRR: prr(container, min_events=1).all_signals,
        ROR: ror(container, min_events=1).all_signals,
        EBGM: gps(container, min_events=1, prior_param=fixed).all_signals,
    }


def differences(theirs: Mapping[str, Any], ours: Mapping[str, Estimates]) -> dict[str, float]:
    """Greatest relative difference of each number, of tables without an empty cell.

    With one vigipy adds ½ to all cells for every ratio; ours does for the ROR only. vigipy solves
    its limits to 1e-5 of the cdf.
    """
    sound = ours[ROR].flag == DEFINED
    found = {}
    for name, (measure, field, column) in _COLUMNS.items():
        numbers, _ = ours[measure].numbers(field)
        values = _ordered(theirs[measure], column)
        found[name] = float(np.abs(values[sound] / numbers[sound] - 1.0).max(initial=0.0))
    return found


def _ordered(found: Any, column: str) -> Floats:
    values = found.sort_values("Product")[column].to_numpy()
    return np.asarray(values, dtype=np.float64)
