"""`excise policy sign|key`: vouch for a folder of policies, and print what checks that."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from excise.cli.indexes import add_state_dir
from excise.cli.options import settings_of
from excise.errors import ConfigError
from excise.state.seals import SEAL, read_seal, sign_folder
from excise.state.signing import POLICY_KEY, Signer, load_or_create_signer


def add_parsers(verbs: Any) -> None:
    """Both verbs."""
    sign = verbs.add_parser("sign", help="sign the folder of policies as it stands")
    sign.add_argument("--policies", type=Path, metavar="DIR", help="packs of your own")
    sign.set_defaults(func=_sign)
    key = verbs.add_parser("key", help="print the public key that the setting policy-key names")
    key.set_defaults(func=_key)
    for verb in (sign, key):
        verb.add_argument(
            "--key", type=Path, metavar="FILE",
            help=f"the private key, made on first use; default {POLICY_KEY} in the state folder",
        )  # fmt: skip
        add_state_dir(verb)


def _sign(args: argparse.Namespace) -> int:
    folder, signer = settings_of(args).policies, _signer(args)
    if folder is None or not folder.is_dir():
        raise ConfigError("EXC-CFG-001", "there is no folder to sign.", hint="Name it: --policies.")
    path = folder / SEAL
    draft = path.with_suffix(".draft")
    try:
        # In one piece: a proxy may be looking.
        draft.write_bytes(sign_folder(folder, signer))
        draft.replace(path)
    except OSError as fault:
        raise ConfigError(
            "EXC-CFG-003", f"{fault.strerror}.", at=str(fault.filename or path)
        ) from None
    count = len(read_seal(folder, signer.verifier).digests)
    print(f"{path}: {count} files signed by {signer.key_id}")
    return 0


def _key(args: argparse.Namespace) -> int:
    print(_signer(args).verifier.to_pem().decode(), end="")
    return 0


def _signer(args: argparse.Namespace) -> Signer:
    if args.key is not None:
        return load_or_create_signer(args.key.absolute().parent, args.key.name)
    return load_or_create_signer(settings_of(args).state_dir, POLICY_KEY)
