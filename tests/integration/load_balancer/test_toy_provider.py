# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""To add a provider: a directory with a provider.py, and a line in registry.py. Nothing else is touched.

The toy is a load balancer that is a JSON file. It runs through Ansible itself, in a copy of the collection.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from lab import ansible_cli

ROOM = "plugins/module_utils/_load_balancer"
TOY = '''\
from __future__ import annotations

import json
from pathlib import Path

from ..api import LoadBalancerApi
from ..errors import Refused
from ..model import Admin, Member, MemberId, Sample, Traits
from ..options import OptionGroup
from ..provider import HostProvider

_FILE = OptionGroup(
    {"toy_file": {"type": "path"}},
    """
toy_file:
  description:
    - The file that is the load balancer.
  type: path
""",
)


class Toy(HostProvider):
    """A file as a load balancer."""

    name = "toy"
    summary = "A JSON file."
    requirement = "A file, for O(provider=toy)."
    connection = (_FILE,)
    required = ("toy_file",)
    variables = {"toy_file": "toy_lb_file"}

    def connect(self, options):
        return ToyApi(Path(options["toy_file"]))


class ToyApi(LoadBalancerApi):
    def __init__(self, path):
        self._path = path

    @property
    def where(self):
        return f"the toy {self._path}"

    def _states(self):
        return json.loads(self._path.read_text())

    def _member(self, name):
        return Member(
            MemberId("toys", name), "UP", in_flight=0, queued=0, weight=1, admin=Admin(self._states()[name]), up=True
        )

    def find(self, member, backend):
        if member not in self._states():
            raise Refused(f"{self.where} has no {member}.")
        return [MemberId("toys", member)]

    def read(self, ids):
        others = sum(state == "ready" for name, state in self._states().items() if name != ids[0].member)
        return Sample("1", tuple(self._member(found.member) for found in ids), {"toys": others})

    sample = read

    def peers(self, member_id):
        return [self._member(name) for name in self._states() if name != member_id.member]

    def list_members(self):
        return [self._member(name) for name in self._states()]

    def set_admin(self, member_id, admin):
        self._path.write_text(json.dumps({**self._states(), member_id.member: admin.value}))

    def manual_command(self, member_id, admin):
        return f"write {admin.value} into {self._path}"

    def traits(self, ids):
        return Traits()
'''


class Toys:
    """A copy of the collection with one more provider, and two load balancer files."""

    def __init__(self, place: Path) -> None:
        self.collection = place / "collections" / "ansible_collections" / "zero_downtime" / "dotnet"
        self.collection.mkdir(parents=True)
        for name in ("plugins", "meta", "galaxy.yml"):
            source = ansible_cli.ROOT / name
            if source.is_dir():
                shutil.copytree(source, self.collection / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, self.collection / name)
        (self.collection / ROOM / "_toy").mkdir()
        (self.collection / ROOM / "_toy" / "__init__.py").touch()
        (self.collection / ROOM / "_toy" / "provider.py").write_text(TOY)
        registry = self.collection / ROOM / "registry.py"
        text = registry.read_text()
        text = text.replace(
            "from .provider import Provider\n", "from ._toy.provider import Toy\nfrom .provider import Provider\n"
        )
        text = text.replace("HealthPage())", "HealthPage(), Toy())")
        registry.write_text(text)
        self.balancer = place / "balancer.json"
        self.balancer.write_text(json.dumps({"web01": "ready", "web02": "ready"}))
        inventory = place / "inventory.ini"
        inventory.write_text(
            f"[lb]\nlb01 toy_lb_file={self.balancer}\n[all:vars]\nansible_connection=local\n"
            f"ansible_python_interpreter={sys.executable}\n"
        )
        self.environ = {
            **ansible_cli.environment(place / "home", inventory),
            "ANSIBLE_COLLECTIONS_PATH": str(place / "collections"),
        }

    def states(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.balancer.read_text())
        return found

    def ad_hoc(self, module: str, args: str) -> ansible_cli.Run:
        return ansible_cli.run(
            self.environ, "ansible", "lb", "-m", f"zero_downtime.dotnet.{module}", "-a", f"provider=toy {args}"
        )


@pytest.fixture(name="toys")
def _toys(place: Path) -> Toys:
    return Toys(place)


def test_a_provider_is_a_directory_and_a_line(toys: Toys) -> None:
    run = toys.ad_hoc("lb_member", "member=web01 state=drained")
    assert run.returncode == 0, run.output
    assert toys.states() == {"web01": "maint", "web02": "ready"}
    run = toys.ad_hoc("lb_member", "member=web02 state=drained")
    assert "web02 stays in service" in run.output
    run = toys.ad_hoc("lb_member", "member=web01 state=enabled weight=5")
    assert "has no weights: leave out weight and weight_steps." in run.output
    assert toys.states() == {"web01": "maint", "web02": "ready"}
    run = toys.ad_hoc("lb_member", "member=web01 state=enabled")
    assert run.returncode == 0, run.output
    assert toys.states() == {"web01": "ready", "web02": "ready"}
    run = toys.ad_hoc("lb_member_info", "")
    assert run.returncode == 0, run.output
    assert [found["state"] for found in json.loads(run.output.split("=>", 1)[1])["members"]] == ["enabled"] * 2


def test_its_options_are_documented_and_its_hosts_known(toys: Toys) -> None:
    run = ansible_cli.run(toys.environ, "ansible-doc", "--json", "zero_downtime.dotnet.lb_member")
    documented = json.loads(run.output)["zero_downtime.dotnet.lb_member"]["doc"]
    assert documented["options"]["toy_file"]["type"] == "path"
    assert documented["options"]["provider"]["choices"][-1] == "toy"
    run = ansible_cli.run(
        toys.environ,
        "ansible",
        "localhost",
        "-m",
        "ansible.builtin.debug",
        "-a",
        "msg={{ {'provider': 'toy'} | zero_downtime.dotnet.load_balancer_hosts(['lb01'], 'web01') | join('+') }}",
    )
    assert '"msg": "lb01"' in run.output
