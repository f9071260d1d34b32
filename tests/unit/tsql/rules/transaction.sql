-- SPDX-FileCopyrightText: zero_downtime.dotnet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- transaction: a script has its own transaction.
-- The journal would say rolled back where it was not, or the reverse.
-- Instead: leave it out: the module owns the transaction.

--== catch: begun and ended
BEGIN TRANSACTION;
INSERT INTO dbo.Kinds (KindId) VALUES (1);
COMMIT TRANSACTION;

--== catch: rolled back
BEGIN TRY
    INSERT INTO dbo.Kinds (KindId) VALUES (1);
END TRY
BEGIN CATCH
    IF @@TRANCOUNT > 0 ROLLBACK;
    THROW;
END CATCH;

--== catch: saved, and with short words
SAVE TRAN before
COMMIT

--== catch: the migrations' history does not excuse a ROLLBACK
BEGIN TRANSACTION;
INSERT INTO [__EFMigrationsHistory] ([MigrationId], [ProductVersion]) VALUES (N'20260101000000_A', N'9.0.0');
ROLLBACK;

--== near miss: a block
BEGIN
    INSERT INTO dbo.Kinds (KindId) VALUES (1);
END;

--== near miss: in the body of a new procedure
CREATE PROCEDURE dbo.spMove AS BEGIN BEGIN TRANSACTION; COMMIT; END;

--== near miss: a setting
SET TRANSACTION ISOLATION LEVEL READ COMMITTED;

--== catch: SQL Server Agent's job scripts, with a label behind the word
BEGIN TRANSACTION
COMMIT TRANSACTION
GOTO EndSave
QuitWithRollback:
    IF (@@TRANCOUNT > 0) ROLLBACK TRANSACTION
EndSave:
