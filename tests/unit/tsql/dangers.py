# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Statements that must never get past the linter, and places to hide them in."""

from __future__ import annotations

DANGERS: dict[str, tuple[str, str]] = {
    "drop table": ("drop-table", "DROP TABLE dbo.Things"),
    "drop column": ("drop-column", "ALTER TABLE dbo.Things DROP COLUMN Colour"),
    "drop without a keyword": ("drop-column", "ALTER TABLE dbo.Things DROP Colour"),
    "drop schema": ("drop-schema", "DROP SCHEMA sales"),
    "drop procedure": ("drop-module", "DROP PROCEDURE dbo.spFindAllThings"),
    "drop view": ("drop-module", "DROP VIEW IF EXISTS dbo.vThings"),
    "drop type": ("drop-module", "DROP TYPE dbo.Code"),
    "drop index": ("drop-index", "DROP INDEX IX_Things ON dbo.Things"),
    "disable index": ("drop-index", "ALTER INDEX IX_Things ON dbo.Things DISABLE"),
    "drop default": ("drop-default", "ALTER TABLE dbo.Things DROP CONSTRAINT DF_Things_Colour"),
    "rename": ("rename", "EXEC sp_rename 'dbo.Things', 'Items'"),
    "rename a column": ("rename", "EXECUTE sys.sp_rename N'dbo.Things.Colour', N'Color', N'COLUMN'"),
    "move to a schema": ("move-schema", "ALTER SCHEMA sales TRANSFER dbo.Things"),
    "required column": ("add-required", "ALTER TABLE dbo.Things ADD Code nvarchar(20) NOT NULL"),
    "identity": ("add-identity", "ALTER TABLE dbo.Things ADD Id2 int IDENTITY(1, 1) NOT NULL"),
    "rowversion": ("add-rowversion", "ALTER TABLE dbo.Things ADD Ver rowversion"),
    "persisted": ("add-persisted", "ALTER TABLE dbo.Things ADD Total AS (Price * Amount) PERSISTED"),
    "type": ("alter-type", "ALTER TABLE dbo.Things ALTER COLUMN Size bigint NULL"),
    "not null": ("alter-notnull", "ALTER TABLE dbo.Things ALTER COLUMN Size int NOT NULL"),
    "implicit null": ("alter-implicit-null", "ALTER TABLE dbo.Things ALTER COLUMN Size int"),
    "check": ("add-check", "ALTER TABLE dbo.Things ADD CONSTRAINT CK_Size CHECK (Size > 0)"),
    "foreign key": (
        "add-foreign-key",
        (
            "ALTER TABLE dbo.Things WITH NOCHECK ADD CONSTRAINT FK_Owner FOREIGN KEY (OwnerId) REFERENCES dbo.Owners "
            "(OwnerId)"
        ),
    ),
    "unique": ("add-unique", "CREATE UNIQUE INDEX UX_Name ON dbo.Things (Name) WITH (ONLINE = ON)"),
    "primary key": ("add-unique", "ALTER TABLE dbo.Things ADD CONSTRAINT PK_Things PRIMARY KEY (ThingId)"),
    "offline index": ("index-offline", "CREATE INDEX IX_Name ON dbo.Things (Name)"),
    "rebuild": ("index-offline", "ALTER INDEX ALL ON dbo.Things REBUILD"),
    "trigger off": ("trigger-off", "DISABLE TRIGGER dbo.trThings ON dbo.Things"),
    "trigger off by table": ("trigger-off", "ALTER TABLE dbo.Things DISABLE TRIGGER ALL"),
    "constraints off": ("trigger-off", "ALTER TABLE dbo.Things NOCHECK CONSTRAINT ALL"),
    "sequence": ("sequence-reseed", "ALTER SEQUENCE dbo.Numbers RESTART WITH 1"),
    "identity reseeded": ("sequence-reseed", "DBCC CHECKIDENT ('dbo.Things', RESEED, 1)"),
    "deny": ("permissions", "DENY SELECT ON dbo.Things TO shop"),
    "revoke": ("permissions", "REVOKE EXECUTE ON dbo.spFindAllThings FROM shop"),
    "drop user": ("permissions", "DROP USER shop"),
    "update all": ("data-mass", "UPDATE dbo.Things SET Size = 1"),
    "delete all": ("data-mass", "DELETE FROM dbo.Things"),
    "delete all, said otherwise": ("data-mass", "DELETE dbo.Things WHERE 1 = 1"),
    "merge away": (
        "data-mass",
        "MERGE dbo.Things AS t USING dbo.News AS s ON t.ThingId = s.ThingId WHEN MATCHED THEN DELETE",
    ),
    "truncate": ("truncate", "TRUNCATE TABLE dbo.Things"),
    "switch": ("switch", "ALTER TABLE dbo.Things SWITCH TO dbo.Archive"),
    "partition": ("partition", "ALTER PARTITION FUNCTION pfDate() SPLIT RANGE ('20270101')"),
    "database": ("database", "ALTER DATABASE CURRENT SET RECOVERY SIMPLE"),
    "backup": ("database", "BACKUP DATABASE Shop TO DISK = N'x.bak'"),
    "use": ("cross-database", "USE Shop_old"),
    "other database": ("cross-database", "INSERT INTO Archive.dbo.Things (Name) VALUES (N'a')"),
    "transaction": ("transaction", "COMMIT TRANSACTION"),
    "noexec": ("session", "SET NOEXEC ON"),
    "xact_abort": ("session", "SET XACT_ABORT OFF"),
    "variable": ("dynamic", "EXEC (@sql)"),
    "procedure in a variable": ("dynamic", "EXEC @procedure"),
    "unseen procedure": ("dynamic", "EXEC dbo.spRepair"),
    "literal": ("drop-table", "EXEC (N'DROP TABLE dbo.Things')"),
    "literal of literals": ("drop-table", "EXEC ('EXEC sp_executesql N''DROP TABLE dbo.Things''')"),
    "pieces": ("drop-table", "EXEC ('DR' + 'OP TAB' + 'LE dbo.Things')"),
    "sp_executesql": ("drop-table", "EXEC sp_executesql @stmt = N'DROP TABLE dbo.Things'"),
    "kill": ("kill-blockers", "KILL 53"),
}  # fmt: skip
"""By a title: the rule that must catch it, and the statement. None has to be the first of its batch."""

# {} is where the statement goes.
PLACES: dict[str, str] = {
    "alone": "{}",
    "with a semicolon": ";{};",
    "after a select": "SELECT 1 AS One {}",
    "after a select from": "SELECT a.Name FROM dbo.Others AS a WHERE a.Id = 5 {}",
    "after a select with alias": "SELECT Name n FROM dbo.Others o {}",
    "after an ordered select": "SELECT Name FROM dbo.Others ORDER BY Name OFFSET 5 ROWS FETCH NEXT 5 ROWS ONLY {}",
    "after a hinted select": "SELECT Name FROM dbo.Others WITH (NOLOCK) OPTION (RECOMPILE, MERGE JOIN) {}",
    "after a union": "SELECT 1 AS a UNION ALL SELECT 2 EXCEPT (SELECT 3) {}",
    "after a case": "SELECT CASE WHEN 1 = 1 THEN 'a' ELSE 'b' END AS c {}",
    "after a common table expression": "WITH x AS (SELECT 1 AS a), y (b) AS (SELECT a FROM x) SELECT b FROM y {}",
    "after for xml": "SELECT Name FROM dbo.Others FOR XML PATH('row'), ROOT('rows') {}",
    "after select into": "SELECT Name INTO #work FROM dbo.Others {}",
    "after a string": "PRINT N'it''s done' {}",
    "after a string, glued": "SELECT 'x'{}",
    "after a number, glued": "SELECT 1{}",
    "after a bracket, glued": "SELECT [a]{}",
    "after insert values": "INSERT INTO dbo.Others (Name) VALUES (N'a'), (N'b') {}",
    "after insert select": "INSERT INTO dbo.Others (Name) SELECT Name FROM dbo.News {}",
    "after insert default values": "INSERT INTO dbo.Others DEFAULT VALUES {}",
    "after an update": "UPDATE dbo.Others SET Name = N'a' OUTPUT inserted.Name WHERE Id = 1 {}",
    "after a delete": "DELETE TOP (10) FROM dbo.Others WHERE Id = 1 {}",
    "after a merge": (
        "MERGE dbo.Others AS t USING (VALUES (1)) AS s (Id) ON t.Id = s.Id WHEN NOT MATCHED THEN INSERT (Id) VALUES "
        "(s.Id); {}"
    ),
    "after declare": "DECLARE @a int = 1, @b nvarchar(10) = N'x' {}",
    "after declare table": "DECLARE @t TABLE (Id int NOT NULL PRIMARY KEY, Name nvarchar(10) DEFAULT N'') {}",
    "after set": "SET @a = 1 {}",
    "after set option": "SET NOCOUNT ON {}",
    "after raiserror": "RAISERROR (N'x', 10, 1) WITH NOWAIT {}",
    "after throw": "THROW 50000, N'x', 1; {}",
    "after waitfor": "WAITFOR DELAY '00:00:01' {}",
    "after a cursor": (
        "DECLARE c CURSOR LOCAL FAST_FORWARD FOR SELECT Id FROM dbo.Others OPEN c FETCH NEXT FROM c INTO @a, @b {}"
    ),
    "after exec": "EXEC sp_help 'dbo.Others' {}",
    "after exec with named arguments": (
        "DECLARE @r int EXEC @r = sp_spaceused @objname = N'dbo.Others', @updateusage = 'true' {}"
    ),
    "after create table": (
        "CREATE TABLE dbo.News2 (Id int NOT NULL CONSTRAINT PK_News2 PRIMARY KEY, Name nvarchar(10) NULL) {}"
    ),
    "after create index": (
        "CREATE TABLE #x (Id int) CREATE INDEX IX ON #x (Id) INCLUDE (Name) WHERE Id > 0 WITH (FILLFACTOR = 90) {}"
    ),
    "after add column": "ALTER TABLE dbo.Others ADD Size2 int NULL CONSTRAINT DF_x DEFAULT ((0)) {}",
    "after create synonym": "CREATE SYNONYM dbo.Other FOR dbo.Others {}",
    "after create sequence": "CREATE SEQUENCE dbo.New AS int START WITH 1 INCREMENT BY 1 {}",
    "after create type": "CREATE TYPE dbo.Ids AS TABLE (Id int NOT NULL) {}",
    "after create schema": "CREATE SCHEMA news AUTHORIZATION dbo {}",
    "after grant": "GRANT SELECT, EXECUTE, ALTER ON SCHEMA::dbo TO shop {}",
    "after statistics": "UPDATE STATISTICS dbo.Others WITH FULLSCAN {}",
    "after enable trigger": "ENABLE TRIGGER dbo.tr ON dbo.Others {}",
    "in a block": "BEGIN SELECT 1 AS One; {} END",
    "in nested blocks": "BEGIN BEGIN BEGIN {}; END END END",
    "in if": "IF 1 = 1 {}",
    "in if exists": "IF EXISTS (SELECT * FROM sys.tables WHERE name = N'x') {}",
    "in else": "IF @a IS NULL SELECT 1 AS One ELSE {}",
    "in else if": "IF @a = 1 SELECT 1 AS One ELSE IF @a = 2 BEGIN {}; END ELSE SELECT 3 AS Three",
    "in while": "WHILE @a < 5 BEGIN SET @a += 1 {}; CONTINUE END",
    "in try": "BEGIN TRY {}; END TRY BEGIN CATCH PRINT ERROR_MESSAGE(); END CATCH",
    "in catch": "BEGIN TRY SELECT 1 / 0 AS x END TRY BEGIN CATCH {}; END CATCH",
    "behind a label": "again: {}",
    "before goto": "{} GOTO again",
    "behind goto": "GOTO again; SELECT 1 AS One; again: {}",
    "between comments": "/* a /* b */ c */ {} -- d",
    "behind a line comment": "SELECT 1 AS One -- x\n{}",
    "behind another batch": "SELECT 1 AS One\nGO\n{}\nGO 2\nSELECT 2 AS Two",
    "behind go with a comment": "PRINT N'\nGO\n'\ngo -- next\n{}",
    "behind return": "IF @a = 1 RETURN; {}",
    "behind open": "OPEN c {} CLOSE c DEALLOCATE c",
    "with other space": "SELECT\u00a01\u3000AS\tOne\r\n\u200b{}",
}
"""By a title: a batch with a place for a statement."""

STRINGS: dict[str, str] = {
    "in exec": "EXEC ('{}')",
    "in exec of a national string": "EXECUTE(N'SELECT 1 AS One {}')",
    "in sp_executesql": "EXEC sp_executesql N'SELECT 1 AS One; {}'",
    "in insert exec": "INSERT INTO #work EXEC ('SELECT 1 AS One {}')",
    "in if and exec": "IF OBJECT_ID(N'dbo.x') IS NULL EXEC(N'{}')",
}
"""The same for places inside a string: quotes are doubled there."""


def hidden(place: str, statement: str) -> str:
    return place.replace("{}", statement)


def quoted(place: str, statement: str) -> str:
    return place.replace("{}", statement.replace("'", "''"))


def mangled(statement: str) -> str:
    """Comments between the words, odd casing, names in brackets are left as they are."""
    out = []
    inside = False
    for number, piece in enumerate(statement.split(" ")):
        text = piece
        if not inside and "'" not in piece:
            text = "".join(c.upper() if i % 2 else c.lower() for i, c in enumerate(piece))
        if piece.count("'") % 2:
            inside = not inside
        out.append(text)
        out.append(" " if inside else ["/**/ ", "\n-- x\n", "\t/* /* ; */ DROP */ "][number % 3])
    return "".join(out[:-1])
