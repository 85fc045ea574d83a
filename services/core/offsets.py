"""Which offset may be committed: the one after the contiguous prefix of finished messages."""

from __future__ import annotations

from collections import deque


class OffsetTracker:
    """Follows one partition during one assignment.

    Contiguous means: no message that was fetched before is unfinished. Offsets without a message
    (compaction, transaction markers) are never fetched and so never waited for.
    """

    def __init__(self) -> None:
        self._outstanding: deque[int] = deque()
        self._finished: set[int] = set()

    def fetched(self, offset: int) -> None:
        """A message was read. One at or below an earlier one means that the reader went back:
        what lies behind it will be read, and has to be finished, again."""
        while self._outstanding and self._outstanding[-1] >= offset:
            self._finished.discard(self._outstanding.pop())
        self._finished.discard(offset)
        self._outstanding.append(offset)

    def finished(self, offset: int) -> None:
        """A message is finished. One that is not waited for (any more) changes nothing."""
        self._finished.add(offset)

    def advance(self) -> int | None:
        """The offset to commit, None if the prefix has not grown since the last call."""
        last = None
        while self._outstanding and self._outstanding[0] in self._finished:
            last = self._outstanding.popleft()
            self._finished.discard(last)
        if last is None:
            return None
        self._finished = {offset for offset in self._finished if offset > last}
        return last + 1
