# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python plugins/module_utils/_tsql PATH ...`` from a checkout, or ``python -m`` with the package's full name."""

from __future__ import annotations

import sys

if __package__:
    from .cli import main
else:
    # Run as a directory: Python knows no package then. The packages beside this one are its siblings below plugins.
    import importlib
    import os

    _here = os.path.dirname(os.path.realpath(__file__))
    _utils, _name = os.path.split(_here)
    _plugins, _siblings = os.path.split(_utils)
    sys.path[:] = [entry for entry in sys.path if os.path.realpath(entry or ".") != _here]
    sys.path.insert(0, _plugins)
    main = importlib.import_module(f"{_siblings}.{_name}.cli").main

if __name__ == "__main__":
    raise SystemExit(main())
