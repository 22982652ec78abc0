"""Types of the arrays that all numeric modules share."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["Array", "Mask"]

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
