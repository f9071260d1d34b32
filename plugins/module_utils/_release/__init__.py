# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A release on disk: release.yml, its directories of scripts and its web artifact. Private to this collection.

errors    what can be wrong, as one sentence with file, line and column
schema    what release.yml may say, as JSON schema; docs/release.schema.json is the same for editors
document  YAML text to values that know their line and column
validate  values against the schema
manifest  release.yml as a typed value
reader    a release's directory: the manifest, the directories it names, the artifact
scripts   the migration scripts of a release, or of a directory
archive   a release's zip file, unpacked without leaving its directory
"""

from __future__ import annotations
