"""What has the proxy run as a service of its user: the file, and the manager's commands.

Nothing here writes or runs anything.
"""

from __future__ import annotations

import plistlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

NAME: Final = "excise"
LABEL: Final = "local.excise.proxy"
MARK: Final = "Written by excise service install."
FILES: Final = 65_536  # open files; every connection takes two

# Needs no more than the kernel's seccomp and prctl.
_ALWAYS: Final = (
    "NoNewPrivileges=yes",
    "UMask=0077",
    "LockPersonality=yes",
    "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK",
    # The reader of documents takes its own network away with these two.
    "RestrictNamespaces=user net",
    "RestrictRealtime=yes",
    "RestrictSUIDSGID=yes",
    "SystemCallArchitectures=native",
    "SystemCallFilter=@system-service",
    "SystemCallErrorNumber=EPERM",
)
# A user's manager can do these in a user namespace alone.
_NAMESPACE: Final = (
    "PrivateUsers=yes",
    "ProtectSystem=strict",
    "ProtectHome=read-only",
    "PrivateTmp=yes",
    "PrivateDevices=yes",
    "ProtectClock=yes",
    "ProtectControlGroups=yes",
    "ProtectHostname=yes",
    "ProtectKernelLogs=yes",
    "ProtectKernelModules=yes",
    "ProtectKernelTunables=yes",
)


class Job(NamedTuple):
    """What is to run: its words, what it needs of the environment, the folders it writes to, and
    the seconds it may take to stop."""

    words: Sequence[str]
    environment: Mapping[str, str]
    folders: Sequence[Path]
    stop_seconds: int


class Service(NamedTuple):
    """A file for a manager of services, and the commands that bring it in, out, and ask for it."""

    file: Path
    text: str
    enter: tuple[tuple[str, ...], ...]
    leave: tuple[tuple[str, ...], ...]
    ask: tuple[str, ...]
    after: tuple[tuple[str, ...], ...] = ()  # once the file is gone


def build_systemd(job: Job, home: Path, config: Path, *, sandbox: bool = True) -> Service:
    """For systemd's manager of the user; `config` is the user's configuration folder."""
    file = config / "systemd" / "user" / f"{NAME}.service"
    environment = (
        f"Environment={quoted(f'{name}={text}')}" for name, text in job.environment.items()
    )
    folders = " ".join(quoted(str(folder)) for folder in job.folders)
    confined = (*_NAMESPACE, f"ReadWritePaths={folders}") if sandbox else ()
    lines = [
        f"# {MARK}",
        "[Unit]",
        "Description=Excise, a firewall for LLM traffic",
        "StartLimitIntervalSec=60",
        "StartLimitBurst=5",
        "",
        "[Service]",
        "Type=exec",
        f"ExecStart={' '.join(quoted(word.replace('$', '$$')) for word in job.words)}",
        *environment,
        f"WorkingDirectory={str(home).replace('%', '%%')}",
        "Restart=on-failure",
        "RestartSec=2",
        "# 2: somebody must mend a setting; 3: traffic would have left unread.",
        "RestartPreventExitStatus=2 3",
        f"TimeoutStopSec={job.stop_seconds}",
        "KillMode=mixed",
        f"LimitNOFILE={FILES}",
        *_ALWAYS,
        *confined,
        "",
        "[Install]",
        "WantedBy=default.target",
    ]
    control = ("systemctl", "--user")
    unit = f"{NAME}.service"
    return Service(
        file=file,
        text="\n".join(lines) + "\n",
        enter=(
            (*control, "daemon-reload"),
            (*control, "enable", unit),
            (*control, "restart", unit),
        ),
        leave=((*control, "disable", "--now", unit),),
        ask=(*control, "--no-pager", "status", unit),
        after=((*control, "daemon-reload"),),
    )


def build_launchd(job: Job, home: Path, state: Path, uid: int) -> Service:
    """For macOS, as an agent of the user; what the proxy says goes to a file in `state`."""
    file = home / "Library" / "LaunchAgents" / f"{LABEL}.plist"
    said = str(state / "service.log")
    content: dict[str, Any] = {
        "Label": LABEL,
        "ProgramArguments": list(job.words),
        "EnvironmentVariables": dict(job.environment),
        "WorkingDirectory": str(home),
        "RunAtLoad": True,
        "KeepAlive": {"SuccessfulExit": False},
        "ThrottleInterval": 5,
        "ExitTimeOut": job.stop_seconds,
        "ProcessType": "Interactive",  # others have their processor time throttled
        "Umask": 0o077,
        "SoftResourceLimits": {"NumberOfFiles": FILES},
        "StandardOutPath": said,
        "StandardErrorPath": said,
    }
    domain = f"gui/{uid}"
    text = plistlib.dumps(content, sort_keys=False).decode("utf-8")
    return Service(
        file=file,
        text=text.replace("<plist ", f"<!-- {MARK} -->\n<plist ", 1),
        enter=(("launchctl", "bootstrap", domain, str(file)),),
        leave=(("launchctl", "bootout", f"{domain}/{LABEL}"),),
        ask=("launchctl", "print", f"{domain}/{LABEL}"),
    )


def quoted(text: str) -> str:
    """A word as systemd reads it back; its specifiers begin with a percent sign."""
    text = text.replace("%", "%%")
    if re.fullmatch(r"[A-Za-z0-9_@%+=:,./$-]+", text):
        return text
    return '"{}"'.format(text.replace("\\", "\\\\").replace('"', '\\"'))
