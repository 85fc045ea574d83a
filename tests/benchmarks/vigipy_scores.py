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


def scores(tables: Tables, prior: Prior) -> dict[str, Floats]:
    """PRR, ROR, and EBGM with EB05 at fixed hyperparameters, in the order of the tables."""
    from vigipy import gps, prr, ror  # the extra `dev` has it; nothing else needs it

    container = _container(tables)
    rates = prr(container, min_events=1).all_signals
    odds = ror(container, min_events=1).all_signals
    shrunk = gps(
        container,
        min_events=1,
        prior_init={
            "alpha1": prior.alpha1,
            "beta1": prior.beta1,
            "alpha2": prior.alpha2,
            "beta2": prior.beta2,
            "w": prior.weight,
        },
        prior_param=True,  # anything but None: no fit
    ).all_signals
    return {
        PRR: _ordered(rates, "PRR"),
        ROR: _ordered(odds, "ROR"),
        EBGM: 2.0 ** _ordered(shrunk, "log2"),
        "eb05": _ordered(shrunk, "LowerBound"),
    }


def differences(theirs: Mapping[str, Floats], ours: Mapping[str, Estimates]) -> dict[str, float]:
    """Greatest relative difference of each score where ours needs no correction."""
    found = {}
    for name, values in theirs.items():
        estimates = ours[EBGM if name == "eb05" else name]
        numbers, _ = estimates.numbers(Field.LOWER if name == "eb05" else Field.ESTIMATE)
        sound = (estimates.flag == DEFINED) & np.isfinite(values)
        found[name] = float(np.abs(values[sound] / numbers[sound] - 1.0).max())
    return found


def _container(tables: Tables) -> Any:
    import pandas as pd
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


def _ordered(found: Any, column: str) -> Floats:
    values = found.sort_values("Product")[column].to_numpy()
    return np.asarray(values, dtype=np.float64)
