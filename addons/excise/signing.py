"""A signature of the operator's own for a request that was edited: AWS Signature Version 4.

What the client signed no longer holds once a byte has changed. Where the operator gives credentials
for it, the request goes on under theirs, for the same service and region. They are found by
botocore's own chain (environment, profile, container, instance), and never written anywhere.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Callable
from typing import Any, Final

from excise.errors import ConfigError, NoAnswer
from excise.model import Exchange

Headers = tuple[tuple[str, str], ...]

_SCOPE: Final = re.compile(
    r"AWS4-HMAC-SHA256\s+Credential=[^/,\s]+/\d{8}/([a-z0-9-]+)/([a-z0-9-]+)/aws4_request\s*,"
    r"\s*SignedHeaders=([a-z0-9;-]+)"
)
_HASH: Final = "x-amz-content-sha256"
# Made anew with every signature.
_MADE: Final = frozenset({"authorization", "x-amz-date", "x-amz-security-token", _HASH})


def load_signer() -> Callable[[Exchange], Headers]:
    """A signer with the credentials of this process. Raises `ConfigError` where botocore is not
    installed or finds none."""
    try:
        # Imported where it is asked for: it takes half a second and twenty megabytes.
        import botocore.session
    except ImportError:
        raise ConfigError(
            "EXC-CFG-004", "resign: aws needs botocore.", hint="Install the extra `aws`."
        ) from None
    # What is signed, session tokens included, is among its debug messages.
    logging.getLogger("botocore").setLevel(logging.CRITICAL)
    credentials = botocore.session.Session().get_credentials()
    if credentials is None:
        raise ConfigError(
            "EXC-CFG-001",
            "resign: aws finds no credentials.",
            hint="Give this process a profile, a role or AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY.",
        )
    return lambda exchange: sign(exchange, credentials)


def sign(exchange: Exchange, credentials: Any) -> Headers:
    """The headers of an exchange with a signature over what it is now.

    `credentials` are botocore's; they are fetched anew where they have run out. Raises `NoAnswer`
    for a signature of another kind, and where there are no credentials any more.
    """
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest

    scope = _SCOPE.match(exchange.header("authorization"))
    if scope is None:
        raise NoAnswer("absent")
    region, service, names = scope[1], scope[2], set(scope[3].split(";")) - _MADE
    frozen = credentials.get_frozen_credentials()
    if not frozen.access_key or not frozen.secret_key:
        raise NoAnswer("absent")
    kept = [(name, value) for name, value in exchange.headers if name not in _MADE]
    signed = {name: value for name, value in kept if name in names}
    if _HASH in scope[3].split(";"):
        signed[_HASH] = hashlib.sha256(exchange.body).hexdigest()
    request = AWSRequest(
        method=exchange.method,
        url=f"https://{_authority(exchange)}{exchange.target}",
        data=exchange.body,
        headers=signed,
    )
    SigV4Auth(frozen, service, region).add_auth(request)
    made = tuple(
        (name.lower(), value) for name, value in request.headers.items() if name.lower() in _MADE
    )
    return (*kept, *made)


def _authority(exchange: Exchange) -> str:
    told = exchange.header("host") or exchange.header(":authority")
    return told or (exchange.host if exchange.port == 443 else f"{exchange.host}:{exchange.port}")
