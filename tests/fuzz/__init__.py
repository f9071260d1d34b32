# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every parser that reads what somebody else wrote, against inputs that nobody would write.

parsers   each parser with what it begins from, and the errors that it may raise
harness   draws inputs, runs a parser over them within a time, and reports an input that breaks it
run       the command line: make fuzz
"""

from __future__ import annotations
