# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""release_info: read and check a release on the controller, in Ansible's own process."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any, ClassVar

from ansible import constants
from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._release.archive import unpack
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._release.errors import ReleaseError
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._release.reader import check_artifact, read_release
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._text import clean_result

_MIB = 1024 * 1024
_UNTOUCHED = "Nothing was touched."


class ActionModule(ActionBase):  # type: ignore[misc]
    """The action plugin. It uses no connection, so it is the same for every host."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False

    ARGUMENT_SPEC: ClassVar[dict[str, Any]] = {
        "path": {"type": "path", "required": True},
        "max_size_mib": {"type": "int", "default": 2048},
    }

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        try:
            _validation, options = self.validate_argument_spec(argument_spec=self.ARGUMENT_SPEC)
            result.update(changed=False, **_read(options["path"], options["max_size_mib"]))
        except ReleaseError as error:
            result.update(failed=True, msg=f"{str(error).rstrip('.')}. {_UNTOUCHED}")
        except AnsibleActionFail as error:
            result.update(failed=True, msg=str(error))
        cleaned: dict[str, Any] = clean_result(result)
        return cleaned


def _read(path: str, max_size_mib: int) -> dict[str, Any]:
    if max_size_mib < 1:
        raise ReleaseError(f"max_size_mib is {max_size_mib}, expected is 1 or more")
    real = Path(path).resolve()
    if not real.exists():
        raise ReleaseError(f"No release at {real}: expected is a directory or a zip file on the controller")
    if real.is_dir():
        return _result(real, temporary=False)
    # Ansible removes its local temporary directory when it ends; what cannot be used goes at once.
    directory = Path(tempfile.mkdtemp(prefix="release-", dir=constants.DEFAULT_LOCAL_TMP))
    try:
        unpack(real, directory, max_size_mib * _MIB)
        return _result(directory, temporary=True)
    except BaseException:
        shutil.rmtree(directory, ignore_errors=True)
        raise


def _result(directory: Path, temporary: bool) -> dict[str, Any]:
    release = read_release(directory)
    artifact = check_artifact(release)
    return {
        "release": release.as_dict(),
        "artifact_path": None if artifact is None else str(artifact),
        "temporary": temporary,
    }
