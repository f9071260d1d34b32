# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Permissions: fixed roles and permissions of the configuration, and GRANT, DENY and REVOKE."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .catalog import lookup
from .catalog.catalog import ObjectInfo
from .errors import SqlError, refusal
from .frame import Frame
from .parser import nodes as n
from .translate.dml import Translation
from .translate.names import quote

if TYPE_CHECKING:
    from .server import Server
    from .session import Session

_ROLE_PERMISSIONS = {
    "db_owner": frozenset({"CONTROL"}),
    "db_datareader": frozenset({"SELECT"}),
    "db_datawriter": frozenset({"INSERT", "UPDATE", "DELETE"}),
    "db_ddladmin": frozenset(
        {
            "ALTER",
            "CREATE TABLE",
            "CREATE PROCEDURE",
            "CREATE VIEW",
            "CREATE FUNCTION",
            "CREATE SCHEMA",
            "CREATE SEQUENCE",
            "CREATE SYNONYM",
            "CREATE TYPE",
            "ALTER ANY SCHEMA",
            "REFERENCES",
        }
    ),
}
_DATABASE_PERMISSIONS = frozenset(
    {
        "CREATE TABLE",
        "CREATE PROCEDURE",
        "CREATE VIEW",
        "CREATE FUNCTION",
        "CREATE SCHEMA",
        "CREATE SEQUENCE",
        "CREATE SYNONYM",
        "CREATE TYPE",
        "ALTER ANY SCHEMA",
        "ALTER DATABASE",
    }
)


class Rights:
    """Checked before a statement runs; inside a module not for what has the module's owner (ownership chaining)."""

    def __init__(self, server: Server) -> None:
        self.server = server

    def user(self, s: Session) -> str:
        login = self.server.config.login(s.login)
        return "dbo" if login.sysadmin else login.name

    def _is_owner(self, s: Session) -> bool:
        rights = self.server.config.login(s.login).rights_in(s.db_name)
        return rights is not None and "db_owner" in rights

    def _granted(self, s: Session) -> tuple[set[str], set[tuple[str, str]], set[tuple[str, str]], set[str]]:
        """Database-wide permissions, permissions on objects and schemas, denials, and roles."""
        key = ("rights", s.db, s.login.lower())
        found = s.cache.extra.get(key)
        if found is None:
            found = s.cache.extra[key] = self._load(s)
        return found

    def _load(self, s: Session) -> tuple[set[str], set[tuple[str, str]], set[tuple[str, str]], set[str]]:
        rights = self.server.config.login(s.login).rights_in(s.db_name) or ()
        roles = {r.lower() for r in rights} | {"public"}
        me = s.login.lower()
        members = s.backend.query("SELECT role, member FROM lab.members WHERE db = $1", [s.db.encode()]).rows
        pairs = [((a or b"").decode().lower(), (b or b"").decode().lower()) for a, b in members]
        grown = True
        while grown:
            grown = False
            for role, member in pairs:
                if (member == me or member in roles) and role not in roles:
                    roles.add(role)
                    grown = True
        database: set[str] = set()
        for role in roles:
            database |= _ROLE_PERMISSIONS.get(role, frozenset())
        database |= {r.upper() for r in rights if r.lower() not in _ROLE_PERMISSIONS}
        objects: set[tuple[str, str]] = set()
        denied: set[tuple[str, str]] = set()
        rows = s.backend.query(
            "SELECT principal, permission, class, target, state FROM lab.permissions WHERE db = $1", [s.db.encode()]
        ).rows
        for row in rows:
            principal, permission, kind, target, state = ((v or b"").decode() for v in row)
            if principal.lower() not in roles and principal.lower() != me:
                continue
            if state == "DENY":
                denied.add((permission, "" if kind == "DATABASE" else target.lower()))
            elif kind == "DATABASE":
                database.add(permission)
            else:
                objects.add((permission, target.lower()))
        return database, objects, denied, roles

    def in_role(self, s: Session, role: str) -> bool:
        if self._is_owner(s):
            return True
        return role.lower() in self._granted(s)[3]

    def lock_principal(self, s: Session, name: Any) -> str:
        """The principal of an application lock: one that exists, and that the user is a member of (or db_owner)."""
        principal = str(name)
        is_member = self.in_role(s, principal) or principal.lower() == self.user(s).lower()
        if self.principal_id(s, principal) is None or not is_member:
            raise SqlError(1202, f"The database principal '{principal}' does not exist, or user is not a member.")
        return principal.lower()

    def allowed(self, s: Session, permission: str, info: ObjectInfo | None = None) -> bool:
        database, objects, denied, _unused = self._granted(s)
        places = [""] if info is None else ["", info.schema.lower(), info.label.lower()]
        if any((permission, place) in denied for place in places) and not self.server.config.login(s.login).sysadmin:
            return False
        if "CONTROL" in database or permission in database:
            return True
        if permission in ("VIEW DEFINITION", "ALTER") and "ALTER" in database:
            return True
        return any((p, place) in objects for place in places for p in (permission, "CONTROL"))

    def sees(self, s: Session, info: ObjectInfo) -> bool:
        """Metadata is visible to whoever holds any permission on the object."""
        if self._is_owner(s):
            return True
        return any(
            self.allowed(s, p, info)
            for p in ("SELECT", "EXECUTE", "INSERT", "UPDATE", "DELETE", "ALTER", "VIEW DEFINITION")
        )

    def check(self, s: Session, translation: Translation, frame: Frame) -> None:
        if self._is_owner(s) and not self._granted(s)[2]:
            return
        for permission, info in translation.objects:
            chained = bool(frame.procedure) and self.same_owner(s, frame.schema, info)
            if info.kind != "#" and not chained and not self.allowed(s, permission, info):
                raise self._denied(s, permission, info)

    def same_owner(self, s: Session, schema: str, info: ObjectInfo) -> bool:
        """Whether an object belongs to the owner of a module in this schema of the session's database."""
        owner = self.server.schema_owner
        return info.db == s.db and owner(s, s.db, schema) == owner(s, info.db, info.schema)

    def alters_schema(self, s: Session, db: str, schema: str) -> bool:
        """What CREATE asks for beside its own permission."""
        return self._is_owner(s) or self.allowed(s, "ALTER", ObjectInfo(0, db, schema, "?", "U", ""))

    def owner_only(self, s: Session, principal: str) -> None:
        """Who may name another owner, and of whom: only db_owner here, of a principal that exists."""
        if not self._is_owner(s):
            raise SqlError(15247, "User does not have permission to perform this action.")
        if self.principal_id(s, principal) is None:
            raise _not_found("user", principal)

    @staticmethod
    def _denied(s: Session, permission: str, info: ObjectInfo) -> SqlError:
        return SqlError(
            229,
            f"The {permission} permission was denied on the object '{info.name}', database '{s.db_name}', schema "
            f"'{info.schema}'.",
            14,
            5,
        )

    def require(
        self,
        s: Session,
        permission: str,
        info: ObjectInfo | None = None,
        *,
        caller: Frame | None = None,
        dropping: bool = False,
    ) -> None:
        if self._is_owner(s):
            return
        if caller is not None and caller.procedure and info is not None and self.same_owner(s, caller.schema, info):
            return
        if info is not None and info.kind == "#":
            return
        if self.allowed(s, permission, info):
            return
        if info is None:
            number = 262 if permission in _DATABASE_PERMISSIONS else 229
            raise SqlError(number, f"{permission} permission denied in database '{s.db_name}'.", 14)
        if permission == "ALTER":
            if dropping:
                raise SqlError(
                    3701,
                    f"Cannot drop the object '{info.name}', because it does not exist or you do not have permission.",
                    14,
                )
            raise SqlError(
                1088, f'Cannot find the object "{info.name}" because it does not exist or you do not have permissions.'
            )
        raise self._denied(s, permission, info)

    def has(self, s: Session, securable: Any, kind: Any, permission: str) -> Any:
        """HAS_PERMS_BY_NAME."""
        permission = permission.upper()
        login = self.server.config.login(s.login)
        low = str(kind or "").upper()
        if securable is None and not low:
            return int(
                login.sysadmin
                or "VIEW SERVER STATE" in {r.upper() for r in login.rights_in(s.db_name) or ()}
                or permission == "CONNECT SQL"
            )
        if low == "DATABASE":
            database = self._granted(s)[0]
            if permission == "ANY":
                return 1
            return int(
                "CONTROL" in database
                or permission in database
                or permission == "CONNECT"
                or (permission == "ALTER" and "ALTER" in database)
            )
        if low == "SCHEMA":
            schemas = self.server.schemas(s, s.db)
            if str(securable).strip("[]").lower() not in schemas:
                return None
            info = ObjectInfo(0, s.db, str(securable).strip("[]"), "?", "U", "")
            return int(self.allowed(s, permission, info))
        if low == "OBJECT":
            found = lookup.find(s, tuple(p.strip("[]") for p in str(securable).split(".")))
            if found is None:
                return None
            if permission == "ANY":
                return int(self.sees(s, found))
            return int(self.allowed(s, permission, found))
        raise refusal(f"HAS_PERMS_BY_NAME for the class {kind}")

    # ---- changes

    def principal_id(self, s: Session, name: str) -> Any:
        rows = s.backend.query(
            "SELECT principal_id FROM lab.principals WHERE db = $1 AND name = $2", [s.db.encode(), str(name).encode()]
        ).rows
        return int(rows[0][0] or 0) if rows else None

    def change(self, s: Session, p: n.Permission) -> None:
        if not self._is_owner(s):
            raise SqlError(15247, "User does not have permission to perform this action.")
        target = self._securable(s, p)
        permissions = ["CONTROL" if x in ("ALL", "ALL PRIVILEGES") else x for x in p.permissions]
        for principal in p.principals:
            if self.principal_id(s, principal) is None:
                raise _not_found("user", principal)
            for permission in permissions:
                where = (
                    f"db = {quote(s.db)} AND principal = {quote(principal)} AND permission = {quote(permission)} AND "
                    f"class = {quote(p.kind)} AND target = {quote(target)}"
                )
                s.backend.command(f"DELETE FROM lab.permissions WHERE {where}")
                if p.action != "REVOKE":
                    s.backend.command(
                        f"INSERT INTO lab.permissions VALUES ({quote(s.db)}, {quote(principal)}, {quote(permission)}, "
                        f"{quote(p.kind)}, {quote(target)}, {quote(p.action)})"
                    )

    def _securable(self, s: Session, p: n.Permission) -> str:
        """The label of what a permission is on; empty for the database."""
        if p.kind == "DATABASE":
            return ""
        if p.kind == "OBJECT":
            info = lookup.find(s, p.target)
            if info is None:
                raise _not_found("object", p.target[-1])
            return info.label
        if p.kind == "SCHEMA":
            if p.target[-1].lower() not in self.server.schemas(s, s.db):
                raise _not_found("schema", p.target[-1])
            return p.target[-1]
        raise refusal(f"permissions on a {p.kind}")

    def principal(self, s: Session, p: n.Principal) -> None:
        if not self._is_owner(s):
            raise SqlError(15247, "User does not have permission to perform this action.")
        exists = self.principal_id(s, p.name) is not None
        db = quote(s.db)
        if p.action == "CREATE":
            if exists:
                raise SqlError(15023, f"User, group, or role '{p.name}' already exists in the current database.")
            new = f"(SELECT max(principal_id) + 1 FROM lab.principals WHERE db = {db} AND principal_id < 16000)"
            kind = quote("R" if p.kind == "ROLE" else "S")
            s.backend.command(f"INSERT INTO lab.principals VALUES ({db}, {new}, {quote(p.name)}, {kind})")
            return
        if not exists:
            raise _not_found(p.kind.lower(), p.name)
        if p.action == "DROP":
            name = quote(p.name)
            s.backend.command(
                f"DELETE FROM lab.principals WHERE db = {db} AND name = {name}; "
                f"DELETE FROM lab.members WHERE db = {db} AND (member = {name} OR role = {name}); "
                f"DELETE FROM lab.permissions WHERE db = {db} AND principal = {name}"
            )
        elif p.action == "ADD MEMBER":
            s.backend.command(
                f"INSERT INTO lab.members VALUES ({db}, {quote(p.name)}, {quote(p.member)}) ON CONFLICT DO NOTHING"
            )
        else:
            s.backend.command(
                f"DELETE FROM lab.members WHERE db = {db} AND role = {quote(p.name)} AND member = {quote(p.member)}"
            )


def _not_found(kind: str, name: str) -> SqlError:
    return SqlError(15151, f"Cannot find the {kind} '{name}', because it does not exist or you do not have permission.")
