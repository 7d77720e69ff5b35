"""Where a stream's present begins, and since when nothing is told of it because its judging has not come there."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("stream", sa.Column("present_from", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("stream", sa.Column("withheld_since", sa.Integer()))
