-- SPDX-FileCopyrightText: zero_downtime.dotnet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
-- In the manner of Flyway projects: V files without guards, one after the other.
CREATE SCHEMA ledger;
GO
CREATE TABLE ledger.account (
    id            BIGINT IDENTITY(1,1) PRIMARY KEY,
    number        VARCHAR(34)    NOT NULL,
    owner_id      INT            NOT NULL,
    currency      CHAR(3)        NOT NULL,
    opened_at     DATETIME2      NOT NULL DEFAULT SYSUTCDATETIME(),
    closed_at     DATETIME2      NULL,
    version       INT            NOT NULL DEFAULT 0,
    CONSTRAINT uq_account_number UNIQUE (number)
);
CREATE TABLE ledger.entry (
    id            BIGINT IDENTITY(1,1) NOT NULL,
    account_id    BIGINT         NOT NULL,
    booked_on     DATE           NOT NULL,
    amount        DECIMAL(19,4)  NOT NULL,
    text          NVARCHAR(140)  NULL,
    CONSTRAINT pk_entry PRIMARY KEY CLUSTERED (account_id, booked_on, id),
    CONSTRAINT fk_entry_account FOREIGN KEY (account_id) REFERENCES ledger.account (id),
    CONSTRAINT ck_entry_amount CHECK (amount <> 0)
);
CREATE INDEX ix_entry_booked_on ON ledger.entry (booked_on);
CREATE INDEX ix_account_owner ON ledger.account (owner_id) INCLUDE (number, currency);
GO
CREATE TABLE ledger.statement_line (
    statement_id  INT            NOT NULL,
    line_no       SMALLINT       NOT NULL,
    entry_id      BIGINT         NULL,
    hash          BINARY(32)     NOT NULL,
    raw_line      VARBINARY(MAX) NULL,
    imported_by   SYSNAME        NOT NULL DEFAULT SUSER_SNAME(),
    CONSTRAINT pk_statement_line PRIMARY KEY (statement_id, line_no)
);
GO
ALTER TABLE ledger.statement_line ADD CONSTRAINT ck_statement_line_no CHECK (line_no > 0);
ALTER TABLE ledger.statement_line ADD CONSTRAINT uq_statement_line_hash UNIQUE (hash);
GO
ALTER TABLE customer ADD account_id BIGINT NULL;
ALTER TABLE customer ADD credit_limit DECIMAL(19,4) NULL;
ALTER TABLE customer ADD marketing_opt_in BIT NULL;
GO
CREATE VIEW ledger.balance AS
SELECT a.id AS account_id, a.number, COALESCE(SUM(e.amount), 0) AS balance, MAX(e.booked_on) AS last_booking
FROM ledger.account a
LEFT JOIN ledger.entry e ON e.account_id = a.id
GROUP BY a.id, a.number;
GO
CREATE PROCEDURE ledger.book @account_id BIGINT, @amount DECIMAL(19,4), @text NVARCHAR(140) = NULL AS
BEGIN
    SET NOCOUNT ON;
    DECLARE @today DATE = CAST(SYSUTCDATETIME() AS DATE);
    IF @amount = 0
    BEGIN
        RAISERROR (N'An amount of 0 is not booked.', 16, 1);
        RETURN 1;
    END;
    INSERT INTO ledger.entry (account_id, booked_on, amount, text) VALUES (@account_id, @today, @amount, @text);
    SELECT SCOPE_IDENTITY() AS entry_id;
    RETURN 0;
END;
GO
CREATE PROCEDURE ledger.transfer @from BIGINT, @to BIGINT, @amount DECIMAL(19,4) AS
BEGIN
    SET NOCOUNT, XACT_ABORT ON;
    BEGIN TRAN;
    DECLARE @available DECIMAL(19,4);
    SELECT @available = SUM(amount) FROM ledger.entry WITH (UPDLOCK) WHERE account_id = @from;
    IF ISNULL(@available, 0) < @amount
    BEGIN
        ROLLBACK TRAN;
        THROW 51001, N'The account is not covered.', 1;
    END;
    DECLARE @minus DECIMAL(19,4) = -@amount;
    EXEC ledger.book @from, @minus, N'transfer';
    EXEC ledger.book @account_id = @to, @amount = @amount, @text = N'transfer';
    COMMIT TRAN;
END;
GO
CREATE FUNCTION ledger.month_of (@day DATE) RETURNS INT AS
BEGIN
    RETURN YEAR(@day) * 100 + MONTH(@day);
END;
GO
CREATE TRIGGER ledger.tr_account_version ON ledger.account AFTER UPDATE AS
BEGIN
    SET NOCOUNT ON;
    IF NOT UPDATE(version)
        UPDATE a SET version = a.version + 1 FROM ledger.account a JOIN inserted i ON i.id = a.id;
END;
GO
INSERT INTO ledger.account (number, owner_id, currency) VALUES ('BANK', 0, 'EUR');
INSERT INTO ledger.account (number, owner_id, currency) VALUES ('FEES', 0, 'EUR');
INSERT INTO ledger.account (number, owner_id, currency) VALUES ('FEES-USD', 0, 'USD');
GO
CREATE ROLE ledger_reader;
GRANT SELECT ON SCHEMA::ledger TO ledger_reader;
GRANT EXECUTE ON ledger.book TO ledger_reader;
GO
CREATE STATISTICS st_entry_amount ON ledger.entry (amount);
GO
EXEC sys.sp_addextendedproperty @name = N'MS_Description', @value = N'Bookings of accounts', @level0type = N'SCHEMA', @level0name = N'ledger', @level1type = N'TABLE', @level1name = N'entry';
GO
