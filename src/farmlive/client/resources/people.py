"""Calls of the API for people: sign-in, accounts, keys, invitations, blocks, the audit log."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from farmlive.client.connection import Connection
from farmlive.client.http import Json


class PeopleCalls(Connection):
    """The calls for accounts, sessions, credentials, blocks and the audit log."""

    async def sign_in(
        self,
        name: str,
        password: str,
        new_password: str | None = None,
        *,
        code: str | None = None,
    ) -> Json:
        """Sign in; keeps cookie and CSRF token.

        `code` is a code of an authenticator app, or a recovery code, if the account has a second
        factor; without it the response is ApiProblem 401 `second-factor-needed`.

        A password that somebody else chose, such as a first one, is changed to `new_password`;
        without it the response is ApiProblem 401 `password-change-needed`.

        Returns `{"name","display_name","role","farms","centres","csrf","weak_password",
        "second_factor","second_factor_until","reauthentication_due_at","recovery_codes"}`.
        """
        sent = {"name": name, "password": password}
        if new_password is not None:
            sent["new_password"] = new_password
        if code is not None:
            sent["code"] = code
        body = await self.request("POST", "/api/v1/session", json=sent)
        self._http.headers["X-CSRF-Token"] = str(body["csrf"])
        return body

    async def session(self) -> Json:
        """Return the signed-in account; ApiProblem 401 if nobody is signed in."""
        return await self.request("GET", "/api/v1/session")

    async def reauthenticate(self, *, password: str | None = None, code: str | None = None) -> Json:
        """Reauthenticate by the code of the second factor, or by the password without one. Returns
        `{"reauthentication_due_at"}`.
        """
        sent = {"password": password, "code": code}
        return await self.request("POST", "/api/v1/session/reauthentication", json=sent)

    async def sign_out(self) -> None:
        """End the session."""
        await self.request("DELETE", "/api/v1/session")
        self._http.headers.pop("X-CSRF-Token", None)

    async def sessions(self) -> list[Json]:
        """List the caller's own sessions, the last used first."""
        return await self.list_all("/api/v1/sessions", "sessions")

    async def end_session(self, session: str) -> None:
        """End one of the caller's own sessions by its `id`."""
        await self.request("DELETE", f"/api/v1/sessions/{session}")

    async def create_account(
        self,
        name: str,
        role: str,
        password: str | None = None,
        farms: Sequence[str] = (),
        centres: Sequence[str] = (),
    ) -> Json:
        """Create an account (coordinators only); a `seller` has farms, a `clerk` centres, by their
        ids.

        The other roles are `coordinator`, `host` and `moderator`. Without a password the response
        has a random one. Either has to be changed, see `sign_in`.
        """
        return await self.request(
            "POST",
            "/api/v1/accounts",
            json={
                "name": name,
                "password": password,
                "role": role,
                "farms": list(farms),
                "centres": list(centres),
            },
        )

    async def create_api_key(
        self, label: str, role: str, farms: Sequence[str] = (), centres: Sequence[str] = ()
    ) -> Json:
        """Create an API key of that role (coordinators only); only this response has the key."""
        body = {"label": label, "role": role, "farms": list(farms), "centres": list(centres)}
        return await self.request("POST", "/api/v1/api-keys", json=body)

    async def invite(
        self,
        role: str,
        farms: Sequence[str] = (),
        label: str | None = None,
        centres: Sequence[str] = (),
    ) -> Json:
        """Create an invitation (coordinators only); its `url` is a path, in this response only."""
        body = {"role": role, "farms": list(farms), "centres": list(centres), "label": label}
        return await self.request("POST", "/api/v1/invitations", json=body)

    async def accept(self, url: str, name: str, password: str) -> Json:
        """Accept an invitation by its `url`, and be signed in as by `sign_in`."""
        path = f"/api/v1/invitations/by-token/{url.rpartition('/')[2]}/acceptance"
        body = await self.request("POST", path, json={"name": name, "password": password})
        self._http.headers["X-CSRF-Token"] = str(body["csrf"])
        return body

    async def block(self, kind: str, reason: str, **whom: Any) -> Json:
        """Block a `device`, `phone` or `address` (staff only).

        `whom` is one of `value="138…"`, `order=id` and `message={"broadcast","seq"}`.
        """
        return await self.request(
            "POST", "/api/v1/blocks", json={"kind": kind, "reason": reason, **whom}
        )

    async def refusals(self) -> list[Json]:
        """List the refusals by limits and blocks of the last hour, the latest first (staff
        only).
        """
        return await self.list_all("/api/v1/refusals", "refusals")

    async def audit_entries(
        self, cursor: str | None = None, limit: int = 100, **selected: str
    ) -> Json:
        """List the audit log, the latest first, with `next` (coordinators only); filter by `group`,
        `person`, or a time (`since`, `until`).
        """
        query = {"limit": limit, **selected, **({} if cursor is None else {"cursor": cursor})}
        return await self.request("GET", f"/api/v1/audit?{urlencode(query)}")
