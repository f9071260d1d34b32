# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Alembic over the same scripts, a transaction for each. Usage: run_alembic.py CONNECTION-STRING-FILE DIRECTORY."""

from __future__ import annotations

import sys
from pathlib import Path
from urllib.parse import quote_plus

from alembic import command
from alembic.config import Config

ENVIRONMENT = """
from alembic import context
from sqlalchemy import create_engine

engine = create_engine(context.config.attributes["url"])
with engine.connect() as connection:
    context.configure(connection=connection, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
"""
REVISION = """
from alembic import op
revision = {name!r}
down_revision = {before!r}


def upgrade():
    op.execute({sql!r})
"""


def main(connection_file: str, directory: str) -> None:
    root = Path(directory) / "alembic"
    (root / "versions").mkdir(parents=True)
    (root / "env.py").write_text(ENVIRONMENT)
    before: str | None = None
    for path in sorted(Path(directory).glob("*.sql")):
        name = path.stem
        (root / "versions" / f"{name}.py").write_text(REVISION.format(name=name, before=before, sql=path.read_text()))
        before = name
    config = Config()
    config.set_main_option("script_location", str(root))
    config.attributes["url"] = f"mssql+pyodbc:///?odbc_connect={quote_plus(Path(connection_file).read_text())}"
    command.upgrade(config, "head")


main(*sys.argv[1:])
