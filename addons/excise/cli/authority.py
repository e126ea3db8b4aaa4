"""The interception CA as the settings have it: limited to LLM hosts, unless told otherwise."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from excise.catalogue import Catalogue, load_catalogue
from excise.config import Settings
from excise.folders import open_folders
from excise.state.ca import LOOPBACK, CaFiles, check_ca, ensure_ca, not_vouched_for


def ensure_authority(settings: Settings) -> CaFiles:
    """The CA, made where there is none. In reverse mode clients ask for the proxy's own name, so
    there it is not limited. Raises `ExciseError`."""
    if CaFiles.under(settings.ca_dir).key_and_cert.exists() or settings.mode == "reverse":
        return ensure_ca(settings.ca_dir)
    return ensure_ca(settings.ca_dir, only_for=llm_names(settings))


def llm_names(settings: Settings) -> tuple[str, ...]:
    """The domains of all LLM hosts of the catalogue in force, those that are looked at beside
    them, and this machine. Raises `PolicyError`."""
    folders = open_folders(settings.policies, settings.policy_key)
    catalogue = load_catalogue(*folders.first("hosts.yaml"))
    return tuple(dict.fromkeys((*catalogue.domains(), *_looked_at(settings), LOOPBACK)))


def limits_of(args: argparse.Namespace, settings: Settings) -> Sequence[str]:
    """What `--only-for` and `--any-host` say a new CA is limited to."""
    if args.any_host:
        return ()
    return args.only_for or llm_names(settings)


def unvouched(settings: Settings, catalogue: Catalogue) -> list[str]:
    """The domains of LLM hosts that the CA may not vouch for."""
    if settings.mode == "reverse":
        return []
    return not_vouched_for(
        check_ca(CaFiles.under(settings.ca_dir)), [*catalogue.domains(), *_looked_at(settings)]
    )


def _looked_at(settings: Settings) -> tuple[str, ...]:
    return tuple(name.lower().removeprefix("*.") for name in settings.decrypt_also)
