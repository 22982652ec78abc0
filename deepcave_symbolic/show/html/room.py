"""How many bytes are left on a page that must not grow beyond a size."""

from __future__ import annotations

__all__ = ["Room"]


class Room:
    """Gives bytes away until there are none.

    Args:
        size: Bytes to give.
    """

    def __init__(self, size: int) -> None:
        self._left = size

    def take(self, text: str) -> bool:
        """Returns whether the text still fits, and then keeps its bytes for it."""
        size = len(text.encode())
        if size > self._left:
            return False
        self._left -= size
        return True
