# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Words that the project once used and does not use any more (docs/glossary.md has those that it uses)."""

from __future__ import annotations

import re

import pytest

from .conftest import ROOT

# Each pattern is written so that it does not match itself; the sample shows that it matches what it is for.
OLD = {
    "mssql_migration_lint": (r"\bmssql_con[t]ract\b", "mssql_con" + "tract: {}"),
    "lint, instead of a gate": (r"(?i)\bthe g[a]te\b|\bga[t]ing\b", "the " + "gate"),
    "lint, instead of judging scripts": (r"(?i)\bjudges? the s[c]ripts\b", "judge the " + "scripts"),
    "-- lint: allow": (r"-- con[t]ract: allow\b", "-- con" + "tract: allow drop-column reason"),
    "a lease is revoked": (
        r"\bstate[:=]\s*['\"]?bro[k]en\b|\bbreaks? the l[e]ase\b|\blease (?:is|was) bro[k]en\b",
        "state: bro" + "ken",
    ),
    "a node has failed": (r"\boutcome['\"]?[:=]+\s*['\"]?bro[k]en\b|\bthe node is `bro[k]en`", "outcome: bro" + "ken"),
    "report": (r"(?i)\bverdic[t]s?\b", "verdic" + "t"),
    "verify.yml": (r"\bprov[e]\.yml\b", "prov" + "e.yml"),
    "rollback": (r"(?i)\bthe way b[a]ck\b|\ba way b[a]ck\b", "the way " + "back"),
    "release the lease": (
        r"(?i)\bgiv(?:es?|ing) (?:the|its) (?:lease|lock) b[a]ck\b|\b(?:lease|lock)(?: is)? given b[a]ck\b",
        "give the lease " + "back",
    ),
    "resume nodes that are out of rotation": (
        r"(?i)\bwhat (?:an earlier run|was) left o[u]t\b",
        "Finish what an earlier run left " + "out",
    ),
    "determine": (r"\bKnow w[h]at\b", "Know " + "what is to be done"),
    "record the failure": (r"\bKeep w[h]at failed\b|\bKeep w[h]y\b", "Keep " + "what failed"),
    "record": (r"- name: Reme[m]ber\b", "- name: Reme" + "mber that the node is back"),
    "upgrade the node": (r"\bTake the node t[o]\b", "Take the node " + "to the release"),
    "clients with session affinity": (
        r"(?i)\b(?:users|those|clients) who sti[c]k\b|\bstick to the (?:mem[b]er|ser[v]er)\b",
        "users who sti" + "ck to the mem" + "ber",
    ),
    "is not a": (r"\bis no (?:direc[t]ory|fi[l]e)\b", "is no direc" + "tory"),
    "fix": (r"(?i)\bmen[d](?:s|ed|ing)?\b", "men" + "d the script"),
    "recreated": (r"(?i)\bane[w]\b", "made ane" + "w"),
    "written into": (r"(?i)\blai[d] (?:into|onto)\b", "lai" + "d into the release"),
    "DrainSession, EnableSession, TaskReporter, Retention": (
        r"\b(?:Depar[t]ure|Tal[k]|Keepin[g])\b|\bclass Retur[n]\(Session\)",
        "class Depar" + "ture:",
    ),
    "list_members, expect_empty_reply": (r"\bdef everythin[g]\b|\bparse\.silenc[e]\b", "def everythin" + "g(self)"),
    "Members already out of service": (r"(?i)\bwho is out alrea[d]y\b", "Who is out " + "already"),
}


def found(pattern: str, text: str) -> list[str]:
    """Lines that have the pattern, with their numbers."""
    compiled = re.compile(pattern)
    return [
        f"{number}: {line.strip()[:100]}" for number, line in enumerate(text.splitlines(), 1) if compiled.search(line)
    ]


@pytest.mark.parametrize("better", OLD)
def test_no_file_but_the_changelog_has_the_old_word(tracked: list[str], better: str) -> None:
    pattern, _sample = OLD[better]
    left = []
    for name in tracked:
        if not name.startswith("changelogs/"):
            text = (ROOT / name).read_bytes().decode("utf-8", "replace")
            left += [f"{name}:{line}" for line in found(pattern, text)]
    assert left == [], f"write: {better}"


@pytest.mark.parametrize("better", OLD)
def test_the_search_would_find_it(better: str) -> None:
    pattern, sample = OLD[better]
    assert found(pattern, f"first line\n{sample}\n") == [f"2: {sample.strip()[:100]}"]
