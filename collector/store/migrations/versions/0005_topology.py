"""What a device hangs on, what feeds it and what it keeps; where a store is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("store", sa.Column("location", sa.Text(), nullable=True))
    for name in ("bus", "fed_by", "product_class"):
        op.add_column("device", sa.Column(name, sa.String(), nullable=False, server_default=""))
