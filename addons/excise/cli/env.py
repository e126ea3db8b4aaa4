"""`excise env`: proxy and CA settings for each runtime, in the words of a shell or an editor.

Some variables add to a client's trust store (`NODE_EXTRA_CA_CERTS`), most replace it; those get
a bundle of the public roots and our CA, made anew whenever one of its sources has changed.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from excise.catalogue import Catalogue, load_catalogue
from excise.cli.options import add_places, settings_of
from excise.config import Settings
from excise.resources import policies_dir
from excise.state.bundle import ensure_bundle
from excise.state.ca import ensure_ca

Variables = Mapping[str, str]

# gRPC reads only the lower-case names, some clients only the upper-case ones.
PROXY: Final = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy")
NO_PROXY: Final = ("NO_PROXY", "no_proxy")
REPLACE_STORE: Final = (
    "SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "AWS_CA_BUNDLE",
    "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
    "GIT_SSL_CAINFO",
)
# Loopback, and the address at which clouds hand out credentials: nothing may relay that one.
DIRECT: Final = ("localhost", "127.0.0.1", "::1", "169.254.169.254")
IN_CONTAINER: Final = "/etc/excise/bundle.pem"


def add_parser(subparsers: Any) -> None:
    """`excise env` and its options."""
    parser = subparsers.add_parser("env", help="print proxy and CA settings")
    parser.add_argument("--shell", choices=list(SHELLS), default="sh", help="default: sh")
    add_places(parser)
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Print the settings; makes the CA and the bundle where they are missing."""
    settings = settings_of(args)
    print(SHELLS[args.shell](prepare_variables(settings, os.environ), settings))
    if args.shell == "docker" and _on_loopback(settings):
        print(
            "excise: the proxy listens on loopback, so the container shares this host's network; "
            "else listen on an address of the container network, with --allow-clients.",
            file=sys.stderr,
        )
    return 0


def prepare_variables(settings: Settings, environ: Mapping[str, str]) -> dict[str, str]:
    """The variables in force, with the files that they name made ready. Raises `StateError`."""
    ca = ensure_ca(settings.ca_dir).cert_pem
    bundle = ensure_bundle(settings.bundle, ca, environ)
    own = environ.get("NODE_EXTRA_CA_CERTS", "")
    extra = bundle if own and Path(own) != ca else ca  # one file only: the user's is in the bundle
    catalogue = load_catalogue((policies_dir() / "hosts.yaml").read_text("utf-8"), "hosts.yaml")
    kept = kept_direct(environ.get("NO_PROXY") or environ.get("no_proxy") or "", catalogue)
    return build_variables(settings.url, extra=extra, bundle=bundle, direct=(*DIRECT, *kept))


def build_variables(
    url: str, *, extra: Path | str, bundle: Path | str, direct: tuple[str, ...] = DIRECT
) -> dict[str, str]:
    """Every variable by name; `extra` is for those that add, `bundle` for those that replace."""
    return {
        **dict.fromkeys(PROXY, url),
        **dict.fromkeys(NO_PROXY, ",".join(dict.fromkeys(direct))),
        "NODE_EXTRA_CA_CERTS": str(extra),
        "NODE_USE_ENV_PROXY": "1",
        **dict.fromkeys(REPLACE_STORE, str(bundle)),
    }


def kept_direct(no_proxy: str, catalogue: Catalogue) -> list[str]:
    """The entries of a `NO_PROXY` that leave every LLM host to the proxy."""
    entries = [entry.strip() for entry in no_proxy.split(",")]
    return [entry for entry in entries if entry and not hides_llm_host(entry, catalogue)]


def hides_llm_host(entry: str, catalogue: Catalogue) -> str:
    """A host of the catalogue that this `NO_PROXY` entry takes from the proxy, or ""."""
    name = entry.strip().lower().lstrip("*").lstrip(".").partition(":")[0]
    if entry.strip() == "*":
        return "*"
    if not name or name in DIRECT:
        return ""
    if catalogue.find(name) is not None:
        return name
    for host in catalogue.hosts:
        for pattern in host.patterns:
            if pattern.partition(":")[0].endswith(f".{name}"):
                return pattern
    return ""


# -- shells ----------------------------------------------------------------------------------


def for_sh(variables: Variables, _: Settings) -> str:
    """For `eval "$(excise env)"` in any POSIX shell."""
    return "\n".join(f"export {name}={shlex.quote(text)}" for name, text in variables.items())


def for_fish(variables: Variables, _: Settings) -> str:
    """For `excise env --shell fish | source`."""
    return "\n".join(
        "set -gx {} '{}'".format(name, text.replace("\\", "\\\\").replace("'", "\\'"))
        for name, text in variables.items()
    )


def for_powershell(variables: Variables, _: Settings) -> str:
    """For `excise env --shell powershell | Out-String | Invoke-Expression`."""
    return "\n".join(
        "${{env:{}}} = '{}'".format(name, text.replace("'", "''"))
        for name, text in variables.items()
    )


def for_vscode(variables: Variables, settings: Settings) -> str:
    """Settings JSON for Visual Studio Code; its terminals get the variables."""
    terminal = dict(variables)
    return json.dumps(
        {
            "http.proxy": settings.url,
            "http.proxySupport": "override",
            "http.proxyStrictSSL": True,
            "http.noProxy": variables["NO_PROXY"].split(","),
            "http.systemCertificates": True,
            "terminal.integrated.env.linux": terminal,
            "terminal.integrated.env.osx": terminal,
            "terminal.integrated.env.windows": terminal,
        },
        indent=2,
    )


def for_docker(variables: Variables, settings: Settings) -> str:
    """Arguments for `docker run`, one a line."""
    url = settings.url
    reach = "--network=host"
    if not _on_loopback(settings):
        reach = "--add-host=host.docker.internal:host-gateway"
        url = f"http://host.docker.internal:{settings.address[1]}"
    direct = tuple(variables["NO_PROXY"].split(","))
    inside = build_variables(url, extra=IN_CONTAINER, bundle=IN_CONTAINER, direct=direct)
    mount = f"type=bind,source={settings.bundle},target={IN_CONTAINER},readonly"
    lines = [reach, f"--mount={mount}", *(f"--env={name}={v}" for name, v in inside.items())]
    return "\n".join(shlex.quote(line) for line in lines)


SHELLS: Final[Mapping[str, Callable[[Variables, Settings], str]]] = {
    "sh": for_sh,
    "fish": for_fish,
    "powershell": for_powershell,
    "vscode": for_vscode,
    "docker": for_docker,
}


def _on_loopback(settings: Settings) -> bool:
    host = settings.address[0]
    return host == "localhost" or host.startswith("127.") or host == "::1"
