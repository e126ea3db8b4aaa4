"""`excise env`: proxy and CA settings for each runtime, in the words of a shell or an editor.

Some variables add to a client's trust store (`NODE_EXTRA_CA_CERTS`), most replace it; those get
a bundle of the public roots and our CA, made anew whenever one of its sources has changed.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shlex
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from excise.catalogue import Catalogue, load_catalogue
from excise.cli.authority import ensure_authority
from excise.cli.options import add_places, settings_of
from excise.config import Settings
from excise.resources import policies_dir
from excise.state.bundle import ensure_bundle
from excise.state.ca_change import NEXT
from excise.state.truststore import PASSWORD, ensure_truststore

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
# They add to what a runtime trusts by itself.
EXTEND_STORE: Final = ("NODE_EXTRA_CA_CERTS", "DENO_CERT")
JAVA: Final = "JAVA_TOOL_OPTIONS"
IN_CONTAINER: Final = "/etc/excise/bundle.pem"
STORE_IN_CONTAINER: Final = "/etc/excise/truststore.p12"
# Properties of Java that are ours: what stands there of an earlier time is taken out.
_PROPERTY: Final = (
    r"-D(?:https?\.proxy(?:Host|Port)|http\.nonProxyHosts|javax\.net\.ssl\.trustStore\w*)="
)
_OURS: Final = re.compile(rf'\s*(?:"{_PROPERTY}[^"]*"|{_PROPERTY}\S*)')
# Windows hands these to WSL; `/p` has paths translated.
_WSL_PATHS: Final = (*REPLACE_STORE, *EXTEND_STORE)


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
    ca = ensure_authority(settings).cert_pem
    bundle = ensure_bundle(settings.bundle, ca, environ)
    own = {environ.get(name, "") for name in EXTEND_STORE} - {"", str(ca)}
    # Each names one file only: the user's is in the bundle, and so is the CA that takes over.
    extra = bundle if own or (settings.ca_dir / NEXT).exists() else ca
    catalogue = load_catalogue((policies_dir() / "hosts.yaml").read_text("utf-8"), "hosts.yaml")
    kept = kept_direct(environ.get("NO_PROXY") or environ.get("no_proxy") or "", catalogue)
    return build_variables(
        settings.url,
        extra=extra,
        bundle=bundle,
        truststore=ensure_truststore(settings.truststore, bundle),
        direct=(*DIRECT, *kept),
        java=environ.get(JAVA, ""),
    )


def build_variables(
    url: str,
    *,
    extra: Path | str,
    bundle: Path | str,
    truststore: Path | str,
    direct: tuple[str, ...] = DIRECT,
    java: str = "",
) -> dict[str, str]:
    """Every variable by name; `extra` is for those that add, `bundle` for those that replace.
    `java` are options of Java that stay."""
    entries = tuple(dict.fromkeys(direct))
    return {
        **dict.fromkeys(PROXY, url),
        **dict.fromkeys(NO_PROXY, ",".join(entries)),
        **dict.fromkeys(EXTEND_STORE, str(extra)),
        "NODE_USE_ENV_PROXY": "1",
        **dict.fromkeys(REPLACE_STORE, str(bundle)),
        JAVA: java_options(url, truststore, entries, java),
    }


def java_options(url: str, truststore: Path | str, direct: tuple[str, ...], before: str) -> str:
    """Options for every Java machine: it reads properties, and no variable of the others.

    A system's own proxy and store among `before` give way, its other options stay.
    """
    host, _, port = url.removeprefix("http://").rpartition(":")
    names = (java_name(entry) for entry in direct)
    properties = {
        "https.proxyHost": host.strip("[]"),
        "https.proxyPort": port,
        "http.proxyHost": host.strip("[]"),
        "http.proxyPort": port,
        "http.nonProxyHosts": "|".join(name for name in names if name),
        "javax.net.ssl.trustStore": str(truststore),
        "javax.net.ssl.trustStoreType": "PKCS12",
        "javax.net.ssl.trustStorePassword": PASSWORD,
    }
    ours = (f"-D{name}={text}" for name, text in properties.items())
    quoted = (f'"{each}"' if " " in each else each for each in ours)
    return " ".join(filter(None, [_OURS.sub("", before).strip(), *quoted]))


def java_name(entry: str) -> str:
    """An entry of `NO_PROXY` as Java spells it, "" for a network, which it knows no word for."""
    if "/" in entry:
        return ""
    if entry.count(":") > 1:
        return f"[{entry.strip('[]')}]"
    name = entry.partition(":")[0]
    return f"*{name}" if name.startswith(".") else name


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


# -- shells and files -------------------------------------------------------------------------


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
    """For `eval docker run $(excise env --shell docker) IMAGE`: arguments, one a line."""
    url = settings.url
    reach = "--network=host"
    if not _on_loopback(settings):
        reach = "--add-host=host.docker.internal:host-gateway"
        url = f"http://host.docker.internal:{settings.address[1]}"
    inside = build_variables(
        url,
        extra=IN_CONTAINER,
        bundle=IN_CONTAINER,
        truststore=STORE_IN_CONTAINER,
        direct=tuple(variables["NO_PROXY"].split(",")),
    )
    files = {settings.bundle: IN_CONTAINER, settings.truststore: STORE_IN_CONTAINER}
    mounts = (f"--mount=type=bind,source={a},target={b},readonly" for a, b in files.items())
    lines = [reach, *mounts, *(f"--env={name}={v}" for name, v in inside.items())]
    return "\n".join(shlex.quote(line) for line in lines)


def for_wsl(variables: Variables, settings: Settings) -> str:
    """For PowerShell as `powershell` is; WSL then gets the variables, too, with its own paths."""
    named = [f"{name}/p" if name in _WSL_PATHS else name for name in variables if name != JAVA]
    passed = "$env:WSLENV = (@($env:WSLENV) + '{}' | Where-Object {{ $_ }}) -join ':'"
    return f"{for_powershell(variables, settings)}\n{passed.format(':'.join(named))}"


def for_environment_d(variables: Variables, _: Settings) -> str:
    """A file of environment.d(5), for all that the user's systemd and desktop start."""
    table = str.maketrans({"\\": "\\\\", '"': '\\"', "$": "\\$", "`": "\\`"})
    return "\n".join(f'{name}="{text.translate(table)}"' for name, text in variables.items())


def for_launchctl(variables: Variables, _: Settings) -> str:
    """Commands for macOS: what is started from the desktop afterwards gets the variables."""
    return "\n".join(
        f"launchctl setenv {name} {shlex.quote(text)}" for name, text in variables.items()
    )


def for_gitconfig(variables: Variables, settings: Settings) -> str:
    """A file to be named by `[include]`, for git that is started without the variables."""
    bundle = variables["GIT_SSL_CAINFO"].replace("\\", "\\\\").replace('"', '\\"')
    return f'[http]\n\tproxy = {settings.url}\n\tsslCAInfo = "{bundle}"'


SHELLS: Final[Mapping[str, Callable[[Variables, Settings], str]]] = {
    "sh": for_sh,
    "fish": for_fish,
    "powershell": for_powershell,
    "wsl": for_wsl,
    "environment.d": for_environment_d,
    "launchctl": for_launchctl,
    "vscode": for_vscode,
    "gitconfig": for_gitconfig,
    "docker": for_docker,
}


def _on_loopback(settings: Settings) -> bool:
    host = settings.address[0]
    return host == "localhost" or host.startswith("127.") or host == "::1"
