-- SPDX-FileCopyrightText: zero_downtime.dotnet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- untrusted: a constraint is left unchecked.
-- The optimizer ignores it, and wrong rows stay.
-- Instead: WITH CHECK CHECK CONSTRAINT.

--== catch: added unchecked and left so
ALTER TABLE dbo.Things WITH NOCHECK ADD CONSTRAINT CK_Things_Size CHECK (Size > 0);

--== catch: switched off
ALTER TABLE dbo.Things NOCHECK CONSTRAINT CK_Things_Size;

--== catch: switched on without looking
ALTER TABLE dbo.Things CHECK CONSTRAINT CK_Things_Size;

--== near miss: checked in the same script
ALTER TABLE dbo.Things WITH NOCHECK ADD CONSTRAINT CK_Things_Size CHECK (Size > 0);
GO
ALTER TABLE dbo.Things WITH CHECK CHECK CONSTRAINT CK_Things_Size;

--== near miss: all checked
ALTER TABLE dbo.Things NOCHECK CONSTRAINT CK_Things_Size;
ALTER TABLE dbo.Things WITH CHECK CHECK CONSTRAINT ALL;
