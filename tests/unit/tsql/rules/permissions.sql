-- SPDX-FileCopyrightText: zero_downtime.dotnet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- permissions: permissions are revoked.
-- The running version is denied.
-- Instead: contract.

--== catch: denied
DENY SELECT ON dbo.Things TO shop;

--== catch: revoked
REVOKE EXECUTE ON SCHEMA::dbo FROM shop CASCADE;

--== catch: a user, a role's member, a default schema
DROP USER shop;
ALTER ROLE db_datareader DROP MEMBER shop;
ALTER USER shop WITH DEFAULT_SCHEMA = sales;

--== catch: the old way
EXEC sp_droprolemember 'db_datareader', 'shop';

--== near miss: granted
GRANT SELECT, INSERT (Name, Size), EXECUTE ON SCHEMA::dbo TO shop WITH GRANT OPTION;

--== near miss: a member more
ALTER ROLE db_datareader ADD MEMBER shop;

--== near miss: a new user
CREATE USER reporter FOR LOGIN reporter WITH DEFAULT_SCHEMA = dbo;

--== catch: by membership in a role that denies
ALTER ROLE db_denydatawriter ADD MEMBER shop_app;

--== near miss: membership in any other role
ALTER ROLE db_datareader ADD MEMBER shop_app;
