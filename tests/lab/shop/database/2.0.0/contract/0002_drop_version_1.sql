-- Once no version 1 runs any more.
DROP PROCEDURE dbo.spFindAllThings;
GO
DROP PROCEDURE dbo.spAddThing;
GO
