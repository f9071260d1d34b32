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
    from pathlib import Path

    _here = Path(__file__).resolve().parent
    sys.path[:] = [entry for entry in sys.path if Path(entry).resolve() != _here]
    sys.path.insert(0, str(_here.parents[1]))
    main = importlib.import_module(f"{_here.parent.name}.{_here.name}.cli").main

if __name__ == "__main__":
    raise SystemExit(main())
