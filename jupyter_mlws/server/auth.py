"""Who speaks: from a request's Authorization header to a principal."""

from __future__ import annotations

import base64
import binascii

from jupyter_server.auth import Authorizer, IdentityProvider, User
from tornado.httputil import HTTPServerRequest
from tornado.web import RequestHandler

from jupyter_mlws.entities.access import Principal
from jupyter_mlws.entities.errors import Unauthenticated
from jupyter_mlws.features.tokens import Tokens


def authenticate(tokens: Tokens, request: HTTPServerRequest) -> Principal:
    """The principal of a request.

    Takes `Bearer TOKEN`, Jupyter's `token TOKEN`, and `Basic` with the token as password.

    Raises:
        Unauthenticated: there is no token, or nobody is known by it.
    """
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    match scheme.lower():
        case "bearer" | "token":
            return tokens.principal(value.strip())
        case "basic":
            return tokens.principal(_password(value))
        case _:
            raise Unauthenticated("A token is needed: send 'Authorization: Bearer TOKEN'.")


def _password(value: str) -> str:
    try:
        return base64.b64decode(value, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        raise Unauthenticated(
            "The Authorization header is not 'Basic' as RFC 7617 has it."
        ) from None


class WorkspaceIdentity(IdentityProvider):
    """Lets Jupyter's own handlers in the service know people by the workspace's tokens."""

    tokens: Tokens | None = None

    def get_user(self, handler: RequestHandler) -> User | None:
        """The user of a request, or None."""
        if self.tokens is None:
            return None
        try:
            principal = authenticate(self.tokens, handler.request)
        except Unauthenticated:
            return None
        handler._token_authenticated = True  # type: ignore[attr-defined]
        return User(username=principal.name, name=principal.role)


class OwnersOnly(Authorizer):
    """Jupyter's own routes in the service are for Owners; ours check for themselves."""

    def is_authorized(
        self, handler: RequestHandler, user: User, action: str, resource: str
    ) -> bool:
        """Whether the user is an Owner."""
        return bool(user.name == "Owner")
