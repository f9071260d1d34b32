-- SPDX-FileCopyrightText: zero_downtime.dotnet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
-- migrate: batch 2000 pause 100ms
-- migrate: remaining SELECT COUNT(*) FROM dbo.Address WHERE CountryCode IS NULL
UPDATE TOP ($(BatchSize)) dbo.Address SET CountryCode = 'US' WHERE CountryCode IS NULL;
