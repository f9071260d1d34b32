# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tables, constraints, modules, and the catalogue views that show them."""

from __future__ import annotations

import threading
from collections.abc import Callable

from lab.waiting import LIMIT_S, wait_until

from .conftest import Session


def test_the_catalogue_of_a_table(db: Session) -> None:
    db.run(
        "DROP TABLE IF EXISTS dbo.CatChild; DROP TABLE IF EXISTS dbo.Cat;"
        "CREATE TABLE dbo.Cat (Id int IDENTITY(1,1) NOT NULL, Name nvarchar(40) NOT NULL, Price decimal(9,2) NULL "
        "CONSTRAINT DF_Cat_Price "
        "DEFAULT ((1)), Twice AS (Price * 2), Made datetime2(3) NOT NULL CONSTRAINT DF_Cat_Made DEFAULT "
        "SYSUTCDATETIME(), "
        "CONSTRAINT PK_Cat PRIMARY KEY CLUSTERED (Id), CONSTRAINT CK_Cat CHECK (Price >= 0));"
        "CREATE INDEX IX_Cat ON dbo.Cat (Name DESC, Made) INCLUDE (Price) WHERE Price IS NOT NULL WITH (ONLINE = ON, "
        "FILLFACTOR = 90);"
        "CREATE TABLE dbo.CatChild (Id int NOT NULL PRIMARY KEY, CatId int NOT NULL CONSTRAINT FK_Child_Cat FOREIGN "
        "KEY REFERENCES dbo.Cat "
        "(Id) ON DELETE CASCADE)"
    )
    assert db.rows(
        "SELECT c.name, t.name, c.max_length, c.is_nullable, c.is_identity, c.is_computed FROM sys.columns c JOIN "
        "sys.types t ON "
        "t.user_type_id = c.user_type_id WHERE c.object_id = OBJECT_ID(N'[dbo].[Cat]') ORDER BY c.column_id"
    ) == [
        ("Id", "int", 4, 0, 1, 0),
        ("Name", "nvarchar", 80, 0, 0, 0),
        ("Price", "decimal", 5, 1, 0, 0),
        ("Twice", "decimal", 9, 1, 0, 1),  # the constant 2 counts as numeric(1, 0)
        ("Made", "datetime2", 7, 0, 0, 0),
    ]
    assert db.rows(
        "SELECT name, definition FROM sys.default_constraints WHERE parent_object_id = OBJECT_ID('dbo.Cat') ORDER BY "
        "name"
    ) == [
        ("DF_Cat_Made", "(SYSUTCDATETIME())"),
        ("DF_Cat_Price", "((1))"),
    ]
    assert db.rows(
        "SELECT name, type_desc, is_unique, is_primary_key, has_filter FROM sys.indexes WHERE object_id = "
        "OBJECT_ID('dbo.Cat') "
        "ORDER BY index_id"
    ) == [("PK_Cat", "CLUSTERED", 1, 1, 0), ("IX_Cat", "NONCLUSTERED", 0, 0, 1)]
    assert db.rows(
        "SELECT c.name, k.is_descending_key, k.is_included_column FROM sys.index_columns k JOIN sys.columns c ON "
        "c.object_id = k.object_id "
        "AND c.column_id = k.column_id WHERE k.object_id = OBJECT_ID('dbo.Cat') AND k.index_id = 2 ORDER BY "
        "k.index_column_id"
    ) == [("Name", 1, 0), ("Made", 0, 0), ("Price", 0, 1)]
    assert db.rows(
        "SELECT name, OBJECT_NAME(referenced_object_id), delete_referential_action_desc FROM sys.foreign_keys WHERE "
        "parent_object_id = OBJECT_ID('dbo.CatChild')"
    ) == [("FK_Child_Cat", "Cat", "CASCADE")]
    db.run(
        "INSERT dbo.Cat (Name) VALUES (N'x'), (N'y'); INSERT dbo.CatChild VALUES (1, 1); DELETE dbo.Cat WHERE Id = 1"
    )
    assert db.value("SELECT COUNT(*) FROM dbo.CatChild") == 0
    assert db.rows("SELECT Price, Twice FROM dbo.Cat") == [(1, 2)]
    assert (
        db.value(
            "SELECT SUM(row_count) FROM sys.dm_db_partition_stats WHERE object_id = OBJECT_ID('dbo.Cat') AND "
            "index_id < 2"
        )
        == 1
    )
    assert db.rows("SELECT TABLE_NAME FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_NAME LIKE 'cat%' ORDER BY 1") == [
        ("Cat",),
        ("CatChild",),
    ]


def test_expand_and_contract_of_a_required_column(db: Session) -> None:
    db.run(
        "DROP TABLE IF EXISTS dbo.Req; CREATE TABLE dbo.Req (Id int NOT NULL PRIMARY KEY); INSERT dbo.Req VALUES "
        "(1), (2), (3)"
    )
    assert db.error("ALTER TABLE dbo.Req ADD Code nvarchar(20) NULL CONSTRAINT DF_Req_Code DEFAULT (N'new')") == 0
    assert db.rows("SELECT COUNT(*), COUNT(Code) FROM dbo.Req") == [(3, 0)]
    db.run(
        "CREATE TRIGGER dbo.Req_fill ON dbo.Req AFTER INSERT, UPDATE AS BEGIN SET NOCOUNT ON; IF EXISTS (SELECT 1 "
        "FROM inserted WHERE "
        "Code IS NULL) UPDATE r SET Code = N'filled' FROM dbo.Req r JOIN inserted i ON i.Id = r.Id WHERE r.Code IS "
        "NULL; END"
    )
    assert db.run("INSERT dbo.Req (Id, Code) VALUES (4, NULL)") == [1]
    assert db.run("INSERT dbo.Req (Id) VALUES (5)") == [1]
    assert db.rows("SELECT Id, Code FROM dbo.Req WHERE Id > 3 ORDER BY Id") == [(4, "filled"), (5, "new")]
    assert db.error("ALTER TABLE dbo.Req ALTER COLUMN Code nvarchar(20) NOT NULL") == 515
    rounds = db.run("UPDATE TOP (2) dbo.Req SET Code = N'old' WHERE Code IS NULL") + db.run(
        "UPDATE TOP (2) dbo.Req SET Code = N'old' WHERE Code IS NULL"
    )
    assert rounds == [2, 1]
    assert db.error("DROP TRIGGER dbo.Req_fill; ALTER TABLE dbo.Req ALTER COLUMN Code nvarchar(20) NOT NULL") == 0
    assert db.error("INSERT dbo.Req (Id, Code) VALUES (6, NULL)") == 515
    assert db.value("SELECT is_nullable FROM sys.columns WHERE object_id = OBJECT_ID('dbo.Req') AND name = 'code'") == 0


def test_views_are_text(db: Session) -> None:
    db.run(
        "DROP VIEW IF EXISTS dbo.vText; DROP TABLE IF EXISTS dbo.Texted; CREATE TABLE dbo.Texted (Id int, Name "
        "nvarchar(20), Extra int)"
    )
    db.run("CREATE VIEW dbo.vText AS SELECT t.Id, t.Name AS Called FROM dbo.Texted t WHERE t.Id > 0")
    db.run("INSERT dbo.Texted VALUES (1, N'a', 5), (-1, N'b', 6)")
    assert db.rows("SELECT v.* FROM dbo.vText v") == [(1, "a")]
    # a view does not hold its table, as in SQL Server without SCHEMABINDING
    assert (
        db.error("ALTER TABLE dbo.Texted DROP COLUMN Extra; ALTER TABLE dbo.Texted ALTER COLUMN Name nvarchar(50) NULL")
        == 0
    )
    assert db.error("EXEC sp_rename 'dbo.Texted.Name', 'Title', 'COLUMN'") == 0
    assert db.error("SELECT * FROM dbo.vText") == 207
    db.run("ALTER VIEW dbo.vText AS SELECT Id, Title AS Called FROM dbo.Texted")
    assert db.rows("SELECT Called FROM dbo.vText ORDER BY Id") == [("b",), ("a",)]


def test_procedures(db: Session) -> None:
    db.run(
        "CREATE OR ALTER PROCEDURE dbo.Outer1 @n int, @total int OUTPUT AS BEGIN SET NOCOUNT ON; DECLARE @i int = 0; "
        "SET @total = 0; "
        "WHILE @i < @n BEGIN SET @i += 1; IF @i = 3 CONTINUE; IF @i > 5 BREAK; SET @total += @i; END; SELECT @total "
        "AS T; RETURN @i END"
    )
    assert db.rows(
        "SET NOCOUNT ON; DECLARE @t int, @rc int; DECLARE @r TABLE (T int); INSERT @r EXEC @rc = dbo.Outer1 @n = 10, "
        "@total = @t "
        "OUTPUT; SELECT @t, @rc, T FROM @r"
    ) == [(12, 6, 12)]
    assert db.rows(
        "SELECT name, is_output, TYPE_NAME(user_type_id) FROM sys.parameters WHERE object_id = "
        "OBJECT_ID('dbo.Outer1') ORDER BY "
        "parameter_id"
    ) == [("@n", 0, "int"), ("@total", 1, "int")]
    assert str(db.value("SELECT definition FROM sys.sql_modules WHERE object_id = OBJECT_ID('dbo.Outer1')")).startswith(
        "CREATE OR ALTER"
    )
    assert db.value("SELECT uses_quoted_identifier FROM sys.sql_modules WHERE object_id = OBJECT_ID('dbo.Outer1')") == 1
    # names are looked up when it runs
    assert db.error("CREATE OR ALTER PROCEDURE dbo.Later AS SELECT * FROM dbo.ComesLater") == 0
    assert db.error("EXEC dbo.Later") == 208
    db.run("CREATE TABLE dbo.ComesLater (A int)")
    assert db.run("EXEC dbo.Later") == [[]]
    db.run("DROP TABLE dbo.ComesLater")
    assert db.error("EXEC dbo.Outer1 1, 2, 3") == 8144


def test_triggers_see_all_rows(db: Session) -> None:
    db.run(
        "DROP TABLE IF EXISTS dbo.Audit; DROP TABLE IF EXISTS dbo.Watched; CREATE TABLE dbo.Watched (Id int PRIMARY "
        "KEY, V nvarchar(20)); "
        "CREATE TABLE dbo.Audit (Id int IDENTITY, What nvarchar(100))"
    )
    db.run(
        "CREATE TRIGGER dbo.Watch ON dbo.Watched AFTER INSERT, UPDATE, DELETE AS BEGIN SET NOCOUNT ON; INSERT "
        "dbo.Audit (What) SELECT "
        "CONCAT(d.Id, N':', d.V, N'>', i.Id, N':', i.V) FROM inserted i FULL JOIN deleted d ON d.Id = i.Id; IF "
        "UPDATE(V) INSERT "
        "dbo.Audit (What) VALUES (N'V'); END"
    )
    assert db.run("INSERT dbo.Watched VALUES (1, N'a,\"b'), (2, NULL)") == [2]
    assert db.run("UPDATE dbo.Watched SET V = N'z' WHERE Id = 1") == [1]
    assert db.run("DELETE dbo.Watched") == [2]
    assert sorted(what for (what,) in db.rows("SELECT What FROM dbo.Audit WHERE What <> N'V'")) == [
        '1:a,"b>1:z',
        "1:z>:",
        "2:>:",
        ':>1:a,"b',
        ":>2:",
    ]
    db.run("DISABLE TRIGGER dbo.Watch ON dbo.Watched; INSERT dbo.Watched VALUES (9, N'q')")
    assert db.value("SELECT COUNT(*) FROM dbo.Audit WHERE What LIKE N'%q'") == 0
    assert db.rows("SELECT name, is_disabled FROM sys.triggers WHERE parent_id = OBJECT_ID('dbo.Watched')") == [
        ("Watch", 1)
    ]


def test_dynamic_and_temporary(db: Session) -> None:
    assert db.run(
        "CREATE TABLE #t (Id int IDENTITY, V nvarchar(10)); INSERT #t (V) VALUES (N'a'), (N'b'); EXEC sp_executesql "
        "N'SELECT "
        "@n = COUNT(*) FROM #t WHERE V >= @v', N'@v nvarchar(10), @n int', @v = N'b', @n = 0; SELECT COUNT(*) FROM "
        "#t; DROP "
        "TABLE #t; SELECT OBJECT_ID('tempdb..#t')"
    ) == [2, [(2,)], [(None,)]]
    assert db.rows(
        "SET NOCOUNT ON; DECLARE @n int; EXEC sp_executesql N'SET @o = @i * 2', N'@i int, @o int OUTPUT', 21, @n "
        "OUTPUT; SELECT @n"
    ) == [(42,)]
    assert db.error("EXEC('SELECT * FROM #gone')") == 208


def test_constraints_without_check(db: Session) -> None:
    db.run("DROP TABLE IF EXISTS dbo.Nc; CREATE TABLE dbo.Nc (A int NULL); INSERT dbo.Nc VALUES (-1)")
    assert db.error("ALTER TABLE dbo.Nc WITH NOCHECK ADD CONSTRAINT CK_Nc CHECK (A > 0)") == 0
    assert db.value("SELECT is_not_trusted FROM sys.check_constraints WHERE name = 'CK_Nc'") == 1
    assert db.error("INSERT dbo.Nc VALUES (-2)") == 547
    assert db.error("ALTER TABLE dbo.Nc WITH CHECK CHECK CONSTRAINT CK_Nc") == 547
    assert db.error("DELETE dbo.Nc; ALTER TABLE dbo.Nc WITH CHECK CHECK CONSTRAINT CK_Nc") == 0
    assert db.value("SELECT is_not_trusted FROM sys.check_constraints WHERE name = 'CK_Nc'") == 0
    assert db.error("ALTER TABLE dbo.Nc NOCHECK CONSTRAINT ALL; INSERT dbo.Nc VALUES (-2)") == 0


def test_long_and_strange_names(db: Session) -> None:
    long = "N" + "x" * 126
    db.run(f"DROP TABLE IF EXISTS dbo.[{long}]")
    assert (
        db.error(
            f"CREATE TABLE dbo.[{long}] ([{long}1] int, [a b]]c.d] int, [Order] int CONSTRAINT [DF_{'y' * 120}] "
            f"DEFAULT 4)"
        )
        == 0
    )
    assert db.error(f"CREATE TABLE dbo.[{long}zz] (A int)") == 103
    db.run(f"INSERT dbo.[{long}] ([a b]]c.d]) VALUES (3)")
    assert db.rows(f"SELECT [a b]]c.d], [ORDER] FROM [{long}]") == [(3, 4)]
    assert db.value(f"SELECT name FROM sys.tables WHERE name = N'{long.upper()}'") == long


def test_identity_and_sequences(db: Session) -> None:
    db.run("DROP TABLE IF EXISTS dbo.Idt; CREATE TABLE dbo.Idt (Id int IDENTITY(100, 10), V int)")
    assert db.rows(
        "SET NOCOUNT ON; INSERT dbo.Idt (V) VALUES (1); SELECT SCOPE_IDENTITY(), @@IDENTITY, IDENT_CURRENT('dbo.Idt')"
    ) == [(100, 100, 100)]
    db.run("SET IDENTITY_INSERT dbo.Idt ON; INSERT dbo.Idt (Id, V) VALUES (500, 2); SET IDENTITY_INSERT dbo.Idt OFF")
    assert db.rows("INSERT dbo.Idt (V) OUTPUT inserted.Id, inserted.V VALUES (3), (4)") == [(510, 3), (520, 4)]
    db.run("DROP SEQUENCE IF EXISTS dbo.Sq; CREATE SEQUENCE dbo.Sq AS int START WITH 7 INCREMENT BY 2")
    assert db.rows("SELECT NEXT VALUE FOR dbo.Sq") == [(7,)]
    assert db.rows("SELECT NEXT VALUE FOR dbo.Sq") == [(9,)]


def test_an_application_runs_on_while_its_tables_change(connect: Callable[..., Session]) -> None:
    admin = connect()
    admin.run(
        "DROP TABLE IF EXISTS dbo.Live; CREATE TABLE dbo.Live (Id int IDENTITY PRIMARY KEY, A int, B nvarchar(20))"
    )
    ended = threading.Event()
    failures: list[object] = []

    def application(autocommit: bool) -> None:
        session = connect(autocommit=autocommit)
        cursor = session.connection.cursor()
        number = 0
        try:
            while not ended.is_set():
                number += 1
                cursor.execute("INSERT INTO dbo.Live (A, B) VALUES (?, ?)", number, "x")
                cursor.execute("SELECT A, B FROM dbo.Live WHERE Id = ?", number).fetchall()
                cursor.execute("SELECT TOP (5) * FROM dbo.Live ORDER BY Id DESC").fetchall()
                session.connection.commit()
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=application, args=(autocommit,)) for autocommit in (True, False)]
    for thread in threads:
        thread.start()
    for i in range(12):
        assert admin.error(f"ALTER TABLE dbo.Live ADD C{i} int NULL") == 0
        assert admin.error(f"ALTER TABLE dbo.Live ALTER COLUMN A {'bigint' if i % 2 == 0 else 'int'} NULL") == 0
        trigger = "AFTER INSERT AS BEGIN SET NOCOUNT ON; UPDATE l SET"
        assert (
            admin.error(
                f"CREATE OR ALTER TRIGGER dbo.LiveT ON dbo.Live {trigger} C{i} = 1 FROM dbo.Live l JOIN inserted i "
                f"ON i.Id = l.Id END"
            )
            == 0
        )
        if i == 0:  # the application writes through the first trigger before the second one takes its place
            wait_until(
                lambda: admin.value("SELECT COUNT(*) FROM dbo.Live WHERE C0 = 1") > 0, "a write of the application"
            )
    ended.set()
    for thread in threads:
        thread.join(LIMIT_S)
    assert failures == []


def test_changes_through_common_table_expressions(db: Session) -> None:
    db.run("DROP TABLE IF EXISTS dbo.Cte; CREATE TABLE dbo.Cte (Id int IDENTITY, K int, V int NULL)")
    db.run("INSERT dbo.Cte (K) VALUES (1), (1), (2), (3)")
    assert db.run("WITH c AS (SELECT TOP (2) * FROM dbo.Cte WHERE V IS NULL ORDER BY Id) UPDATE c SET V = K * 10") == [
        2
    ]
    assert db.rows("SELECT V FROM dbo.Cte ORDER BY Id") == [(10,), (10,), (None,), (None,)]
    assert db.run(
        "WITH d AS (SELECT *, ROW_NUMBER() OVER (PARTITION BY K ORDER BY Id) AS n FROM dbo.Cte) DELETE FROM d WHERE "
        "n > 1"
    ) == [1]
    assert db.rows("SELECT Id FROM dbo.Cte ORDER BY Id") == [(1,), (3,), (4,)]
    assert db.run(
        "UPDATE c SET c.V = s.n FROM dbo.Cte c JOIN (SELECT K, COUNT(*) AS n FROM dbo.Cte GROUP BY K) s ON s.K = c.K"
    ) == [3]
    assert db.run("DELETE TOP (1) FROM dbo.Cte WHERE V = 1") == [1]


def test_variables_from_rows(db: Session) -> None:
    assert db.rows(
        "DECLARE @all nvarchar(max) = N'', @last int, @none int = 5; SELECT @all += v, @last = n FROM (VALUES (1, "
        "N'a'), (2, N'b')) x (n, v) "
        "ORDER BY n; SELECT @none = n FROM (SELECT 1 AS n) y WHERE 1 = 0; SELECT @all, @last, @none"
    ) == [("ab", 2, 5)]
    assert (
        db.error("DECLARE @x nvarchar(9); SELECT @x = COALESCE(@x + N',', N'') + v FROM (VALUES (N'a'), (N'b')) x (v)")
        == 49990
    )
