-- migrate: batch 500 pause 50ms
-- Rows that version 1 wrote get the colour that version 2 shows for them.
UPDATE TOP ($(BatchSize)) dbo.Things SET Colour = N'unpainted' WHERE Colour IS NULL;
GO
