"""What `ranges.float_range` puts in place of ConfigSpace's scaler; apart, as ConfigSpace is imported at use only."""

from __future__ import annotations

from typing import Any

import numpy as np
from ConfigSpace.hyperparameters.hp_components import UnitScaler

__all__ = ["ExactScaler"]


class ExactScaler(UnitScaler[np.float64]):
    """A scaler that takes what ConfigSpace rounded to 13 decimal places, perhaps to 0 or to infinity, for a bound."""

    def to_vector(self, value: Any) -> Any:
        """Returns the value as a share of the range."""
        return super().to_vector(np.clip(value, self.lower_value, self.upper_value))
