# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The number of each error, and that what the lab does not know is refused and never guessed at."""

from __future__ import annotations

import pytest

from .conftest import LabServer, Session

SETUP = """
DROP TABLE IF EXISTS dbo.Ec; DROP TABLE IF EXISTS dbo.E; DROP PROCEDURE IF EXISTS dbo.Ep;
CREATE TABLE dbo.E (Id int NOT NULL CONSTRAINT PK_E PRIMARY KEY, Code varchar(5) NOT NULL, N int NULL CONSTRAINT CK_E
    CHECK (N > 0),
    D int NOT NULL CONSTRAINT DF_E_D DEFAULT (1));
CREATE TABLE dbo.Ec (Id int IDENTITY(1, 1) NOT NULL, EId int NULL CONSTRAINT FK_Ec_E REFERENCES dbo.E (Id));
CREATE UNIQUE INDEX UX_E ON dbo.E (Code);
INSERT dbo.E (Id, Code) VALUES (1, 'a'), (2, 'b'); INSERT dbo.Ec (EId) VALUES (1);
"""
CASES = [
    (102, "SELECT * FROM dbo.E WHERE"),
    (102, "SELECT (1"),
    (105, "SELECT 'open"),
    (105, "SELECT 1 AS [open"),
    (109, "INSERT dbo.E (Id, Code) VALUES (5)"),
    (110, "INSERT dbo.E (Id) VALUES (5, 'x')"),
    (111, "SELECT 1; CREATE PROCEDURE dbo.Ep AS SELECT 1"),
    (113, "SELECT 1 /* open /* nested */"),
    (120, "INSERT dbo.E (Id, Code) SELECT 1"),
    (137, "SELECT @missing"),
    (156, "SELECT 1 FROM WHERE"),
    (195, "SELECT NoSuchFunction(1)"),
    (201, "EXEC('CREATE PROCEDURE dbo.Ep @a int AS SELECT @a'); EXEC dbo.Ep"),
    (207, "SELECT Nope FROM dbo.E"),
    (207, "UPDATE dbo.E SET Nope = 1"),
    (207, "INSERT dbo.E (Nope) VALUES (1)"),
    (208, "SELECT * FROM dbo.NotThere"),
    (208, "DELETE FROM NotThere"),
    (208, "ALTER VIEW dbo.NotThere AS SELECT 1 AS a"),
    (209, "SELECT Id FROM dbo.E JOIN dbo.Ec ON EId = dbo.E.Id"),
    (213, "INSERT dbo.E VALUES (5)"),
    (220, "DECLARE @t TABLE (x tinyint); INSERT @t VALUES (300)"),
    (241, "SELECT CAST('no date' AS datetime2)"),
    (245, "SELECT CAST('abc' AS int)"),
    (264, "UPDATE dbo.E SET N = 1, N = 2"),
    (512, "SELECT (SELECT Id FROM dbo.E)"),
    (515, "INSERT dbo.E (Id, Code) VALUES (5, NULL)"),
    (515, "UPDATE dbo.E SET Code = NULL WHERE Id = 1"),
    (544, "INSERT dbo.Ec (Id) VALUES (5)"),
    (547, "INSERT dbo.E (Id, Code, N) VALUES (5, 'x', 0)"),
    (547, "INSERT dbo.Ec (EId) VALUES (99)"),
    (547, "DELETE dbo.E WHERE Id = 1"),
    (547, "ALTER TABLE dbo.E ADD CONSTRAINT CK_more CHECK (Id > 1)"),
    (911, "USE NotThere"),
    (1505, "CREATE UNIQUE INDEX UX_D ON dbo.E (D)"),
    (1779, "ALTER TABLE dbo.E ADD CONSTRAINT PK_2 PRIMARY KEY (Code)"),
    (1913, "CREATE INDEX UX_E ON dbo.E (N)"),
    (2601, "INSERT dbo.E (Id, Code) VALUES (5, 'A')"),
    (2627, "INSERT dbo.E (Id, Code) VALUES (1, 'x')"),
    (2628, "INSERT dbo.E (Id, Code) VALUES (5, 'too long')"),
    (2705, "ALTER TABLE dbo.E ADD code int NULL"),
    (2714, "CREATE TABLE dbo.e (Id int)"),
    (2715, "DECLARE @x nosuchtype"),
    (2760, "CREATE TABLE nowhere.T (Id int)"),
    (2812, "EXEC dbo.NotThere"),
    (2812, "NOTAVERB 1"),
    (3701, "DROP TABLE dbo.NotThere"),
    (3701, "DROP INDEX IX_Not ON dbo.E"),
    (3726, "DROP TABLE dbo.E"),
    (3728, "ALTER TABLE dbo.E DROP CONSTRAINT NotThere"),
    (4104, "SELECT x.Id FROM dbo.E AS e"),
    (4901, "ALTER TABLE dbo.E ADD R int NOT NULL"),
    (4902, "ALTER TABLE dbo.NotThere ADD A int"),
    (4924, "ALTER TABLE dbo.E DROP COLUMN NotThere"),
    (4924, "ALTER TABLE dbo.E ALTER COLUMN NotThere int NULL"),
    (5074, "ALTER TABLE dbo.E DROP COLUMN D"),
    (8102, "UPDATE dbo.Ec SET Id = 3"),
    (8134, "SELECT 1 / 0"),
    (8134, "DECLARE @i int = 1 / 0"),
    (8145, "EXEC('CREATE PROCEDURE dbo.Ep AS SELECT 1'); EXEC dbo.Ep @x = 1"),
    (10713, "MERGE dbo.E AS t USING (SELECT 1 AS Id) AS s ON t.Id = s.Id WHEN MATCHED THEN DELETE"),
    (50001, "THROW 50001, N'mine', 1"),
]


@pytest.fixture(autouse=True)
def _table(db: Session) -> None:
    assert db.error(SETUP) == 0


@pytest.mark.parametrize(("number", "sql"), CASES, ids=[f"{number} {sql[:40]}" for number, sql in CASES])
def test_numbers(db: Session, number: int, sql: str) -> None:
    import pyodbc

    with pytest.raises(pyodbc.Error) as caught:
        cursor = db.connection.execute(sql)
        while cursor.nextset():
            pass
    assert f"({number})" in str(caught.value)
    assert db.value("SELECT COUNT(*) FROM dbo.E") == 2


def test_texts(db: Session) -> None:
    def text(sql: str) -> str:
        return str(db.run(sql)[-1][2]).rpartition("]")[2].rpartition(" (")[0].rpartition(" (")[0]

    assert text("INSERT dbo.E (Id, Code) VALUES (1, 'x')") == (
        "Violation of PRIMARY KEY constraint 'PK_E'. Cannot insert duplicate key in object 'dbo.E'. The duplicate "
        "key value is (1)."
    )
    assert text("INSERT dbo.E (Id, Code) VALUES (9, NULL)") == (
        "Cannot insert the value NULL into column 'Code', table 'Shop.dbo.E'; column does not allow nulls. INSERT "
        "fails."
    )
    assert text("INSERT dbo.Ec (EId) VALUES (99)") == (
        'The INSERT statement conflicted with the FOREIGN KEY constraint "FK_Ec_E". The conflict occurred in '
        'database "Shop", '
        'table "dbo.Ec".'
    )


REFUSED = [
    "BACKUP DATABASE Shop TO DISK = N'x'",
    "DBCC CHECKIDENT ('dbo.E', RESEED, 1)",
    "CREATE FULLTEXT CATALOG c",
    "DECLARE c CURSOR FOR SELECT 1",
    "SELECT * FROM dbo.E FOR XML PATH",
    "SELECT TOP 10 PERCENT * FROM dbo.E",
    "CREATE TRIGGER dbo.x ON DATABASE FOR DROP_TABLE AS SELECT 1",
    "CREATE TABLE dbo.Tmp (Id int, P datetime2 GENERATED ALWAYS AS ROW START)",
    "ALTER TABLE dbo.E SWITCH TO dbo.F",
    "EXECUTE AS USER = 'x'",
    "BULK INSERT dbo.E FROM 'x'",
    "ALTER INDEX UX_E ON dbo.E DISABLE",
]


@pytest.mark.parametrize("sql", REFUSED)
def test_what_the_lab_does_not_know_is_refused_with_its_text(db: Session, sql: str) -> None:
    out = db.run(f"INSERT dbo.Ec (EId) VALUES (2); {sql}" if not sql.startswith("CREATE TRIGGER") else sql)
    assert out[-1][0] == "error" and out[-1][1] == 49990 and "lab.sqlserver" in out[-1][2]


def test_a_read_only_database(server: LabServer, db: Session) -> None:
    server.control(read_only={"database": "Shop", "on": True})
    try:
        assert db.value("SELECT CAST(DATABASEPROPERTYEX(DB_NAME(), N'Updateability') AS nvarchar(20))") == "READ_ONLY"
        assert db.value("SELECT COUNT(*) FROM dbo.E") == 2
        for sql in (
            "INSERT dbo.Ec (EId) VALUES (1)",
            "CREATE TABLE dbo.No (Id int)",
            "DROP TABLE dbo.Ec",
            "UPDATE dbo.E SET N = 1",
        ):
            assert db.error(sql) == 3906
        assert db.run("DECLARE @t TABLE (Id int); INSERT @t VALUES (1)") == [1]
    finally:
        server.control(read_only={"database": "Shop", "on": False})
    assert db.run("INSERT dbo.Ec (EId) VALUES (1)") == [1]


def test_rights(connect: object, server: LabServer) -> None:
    assert callable(connect)
    shop, nobody, owner = connect(user="shop"), connect(user="nobody"), connect()
    owner.run("CREATE OR ALTER PROCEDURE dbo.Ep AS DELETE dbo.Ec WHERE EId = 77")
    assert shop.value("SELECT COUNT(*) FROM dbo.E") == 2
    assert shop.error("INSERT dbo.Ec (EId) VALUES (2)") == 0
    assert shop.error("CREATE TABLE dbo.No (Id int)") == 262
    assert shop.error("ALTER TABLE dbo.E ADD No int NULL") in (1088, 4902)
    assert shop.error("DROP TABLE dbo.Ec") == 3701
    assert nobody.error("SELECT * FROM dbo.E") == 229
    assert nobody.error("EXEC dbo.Ep") == 229
    assert nobody.value("SELECT OBJECT_ID('dbo.E')") is None
    owner.run("GRANT EXECUTE ON dbo.Ep TO nobody; GRANT SELECT ON dbo.E TO nobody")
    assert nobody.error("EXEC dbo.Ep") == 0  # the chain of ownership
    assert nobody.error("DELETE dbo.Ec") == 229
    assert nobody.value("SELECT COUNT(*) FROM dbo.E") == 2
    assert nobody.rows(
        "SELECT HAS_PERMS_BY_NAME('dbo.E', 'OBJECT', 'SELECT'), HAS_PERMS_BY_NAME('dbo.E', 'OBJECT', 'INSERT')"
    ) == [(1, 0)]
    owner.run("REVOKE EXECUTE ON dbo.Ep FROM nobody; DENY SELECT ON dbo.E TO nobody")
    assert nobody.error("EXEC dbo.Ep") == 229
    assert nobody.error("SELECT * FROM dbo.E") == 229
    owner.run("REVOKE SELECT ON dbo.E FROM nobody")


def test_a_module_reaches_what_has_its_own_owner_and_no_more(connect: object) -> None:
    """Ownership chaining: a view or procedure of dbo reads a schema of dbo's for anybody, and none of another owner."""
    assert callable(connect)
    maker, owner = connect(user="nobody"), connect()
    owner.run("CREATE USER keeper WITHOUT LOGIN")
    for schema, authorization in (("hidden", ""), ("kept", " AUTHORIZATION keeper")):
        owner.run(f"CREATE SCHEMA {schema}{authorization}")
        owner.run(f"CREATE TABLE {schema}.T (Id int)")
    owner.run("INSERT hidden.T VALUES (1); INSERT kept.T VALUES (1)")
    own = owner.rows("SELECT name FROM sys.schemas WHERE principal_id = USER_ID('keeper')")
    assert own == [("kept",)]
    assert maker.error("CREATE VIEW dbo.Vno AS SELECT 1 AS One") == 262
    owner.run("GRANT CREATE VIEW, CREATE PROCEDURE, CREATE TABLE TO nobody")
    assert maker.error("CREATE VIEW dbo.Vno AS SELECT 1 AS One") == 2760
    owner.run("GRANT ALTER, SELECT, EXECUTE ON SCHEMA::dbo TO nobody")
    for schema in ("hidden", "kept"):
        assert maker.error(f"SELECT * FROM {schema}.T") == 229
        assert maker.error(f"CREATE TABLE {schema}.Mine (Id int)") == 2760
        assert maker.error(f"CREATE VIEW dbo.V{schema} AS SELECT Id FROM {schema}.T") == 0
        assert maker.error(f"CREATE PROCEDURE dbo.P{schema} AS DELETE {schema}.T") == 0
    assert maker.value("SELECT COUNT(*) FROM dbo.Vhidden") == 1
    assert maker.error("EXEC dbo.Phidden") == 0
    assert maker.error("SELECT COUNT(*) FROM dbo.Vkept") == 229
    assert maker.error("EXEC dbo.Pkept") == 229
    assert maker.error("ALTER AUTHORIZATION ON SCHEMA::kept TO dbo") == 15247
    owner.run("ALTER AUTHORIZATION ON SCHEMA::hidden TO keeper")
    assert maker.error("SELECT COUNT(*) FROM dbo.Vhidden") == 229
    assert owner.value("SELECT COUNT(*) FROM kept.T") == 1
    owner.run("REVOKE ALTER, SELECT, EXECUTE ON SCHEMA::dbo FROM nobody")
    owner.run("REVOKE CREATE VIEW, CREATE PROCEDURE, CREATE TABLE FROM nobody")
