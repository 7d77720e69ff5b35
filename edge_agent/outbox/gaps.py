"""Why an entry will never come: the words that a gap tells head office."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    SUPERSEDED = "superseded"
    """A status that a newer one has replaced, dropped while the outbox was full."""
    THINNED = "thinned"
    """Telemetry that was merged into a later entry of the same device while the outbox was full."""
    FULL = "full"
    """Telemetry dropped whole while the outbox was full."""
    CORRUPT = "corrupt"
    """The disk gave back other bytes than it was given."""
    LOST = "lost"
    """Numbers that neither side has: the disk lost the rows without a trace."""
    FILE_RUINED = "file_ruined"
    """What could not be rescued of a ruined file; without numbers, which were of another stream."""
    STORAGE_REFUSED = "storage_refused"
    """Never stored, and so without numbers: the disk refused for longer than memory could keep."""
