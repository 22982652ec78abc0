"""What every record shares: equality and hash by content, and its way to JSON and back."""

from __future__ import annotations

from deepcave_symbolic.records.codec import decode, encode
from deepcave_symbolic.records.frozen import Frozen
from deepcave_symbolic.records.record import Record

__all__ = ["Frozen", "Record", "decode", "encode"]
