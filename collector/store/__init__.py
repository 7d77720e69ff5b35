"""The only place that speaks SQLAlchemy: tables and one query file a noun."""
