"""What is known of tools by their names and of what they are given: words, paths and commands."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from excise.model import ToolClass

READ: Final = str(ToolClass.READ)
WRITE: Final = str(ToolClass.WRITE)
NETWORK: Final = str(ToolClass.NETWORK)
SHELL: Final = str(ToolClass.SHELL)
PAYMENT: Final = str(ToolClass.PAYMENT)
OTHER: Final = str(ToolClass.OTHER)

_WORDS: Final[Mapping[str, str]] = {
    PAYMENT: "pay payment transfer wire purchase checkout refund charge payout withdraw invoice",
    SHELL: "bash shell terminal exec execute command cmd powershell subprocess repl eval "
    "interpreter sh zsh process script",
    NETWORK: "fetch http https url browse browser curl download upload post email mail sms slack "
    "send webhook publish tweet request web navigate",
    WRITE: "write edit create update delete remove patch move rename insert save put apply commit "
    "push drop append replace mkdir upsert overwrite str",
    READ: "read get list search find view open cat grep glob ls query select load show lookup",
}
CLASS_OF: Final[Mapping[str, str]] = {
    word: kind for kind, words in _WORDS.items() for word in words.split()
}
CLASSES: Final = (PAYMENT, SHELL, NETWORK, WRITE, READ)
"""Gravest first."""

OUTGOING: Final = frozenset(
    {"send", "post", "upload", "email", "mail", "sms", "publish", "tweet", "webhook", "slack"}
)
"""Words in the names of tools that carry something out, rather than fetch it."""

COMMAND_KEYS: Final = frozenset({"command", "cmd", "commands", "script", "shell"})
URL_KEYS: Final = frozenset({"url", "uri", "endpoint", "href", "webhook"})
PATH_KEYS: Final = frozenset(
    {"path", "file", "filepath", "file_path", "filename", "destination", "dest", "target", "to",
     "target_file", "notebook_path", "directory", "output", "output_path"}
)  # fmt: skip

WORDS_IN_NAME: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")

SENSITIVE_READ: Final = re.compile(
    r"(?:^|[\s/\\\"'=@<~])(?:\.env(?:\.[\w-]+)?|\.netrc|\.pgpass|\.npmrc|\.pypirc|id_(?:rsa|ed25519|"
    r"ecdsa|dsa)|\.ssh/[\w.-]+|\.aws/credentials|\.kube/config|\.docker/config\.json|"
    r"etc/(?:shadow|sudoers)|[\w.-]+\.(?:pem|p12|pfx|keystore)|credentials\.json|"
    r"wallet\.dat|\.git-credentials)(?=$|[\s\"'|;&)])"
)
"""Files that hold credentials, as the programs that use them call them."""

SENSITIVE_WRITE: Final = re.compile(
    r"^(?:/(?:etc|usr|bin|sbin|boot|lib(?:64)?|root|sys|proc)(?:/|$)|/dev/(?!null$|std|tty|fd)|"
    r"/var/spool/cron|/Library/Launch|[A-Za-z]:[\\/](?:windows|program files)|"
    r".*(?:^|[/\\])(?:\.ssh[/\\]|\.git[/\\]hooks[/\\]|\.(?:bashrc|bash_profile|profile|zshrc|"
    r"zprofile|netrc|npmrc|pypirc)$|LaunchAgents[/\\]|authorized_keys$|\.config[/\\]autostart))",
    re.IGNORECASE,
)
"""Where a file that is written changes what the machine or its user runs next."""

COMMAND: Final = re.compile(r"(?:^|[\s;|&(`]|\$\()(?:sudo\s+)?([a-z][\w.-]*)(?=$|[\s;|&)])")
NETWORK_COMMANDS: Final = frozenset(
    {
        "curl",
        "wget",
        "nc",
        "ncat",
        "netcat",
        "scp",
        "sftp",
        "ftp",
        "ssh",
        "rsync",
        "telnet",
        "socat",
        "aws",
        "gsutil",
        "rclone",
    }
)
WRITE_COMMANDS: Final = frozenset(
    {"rm", "mv", "cp", "dd", "tee", "mkdir", "touch", "chmod", "chown", "ln", "install", "sed"}
)
REDIRECTED: Final = re.compile(
    r"(?<![0-9&<>-])[12]?>{1,2}\s*([^\s;|&<>()]+)|\btee\s+(?:-a\s+)?(\S+)"
)
PATCHED: Final = re.compile(r"^\*\*\* (?:Add|Update|Delete|Move to)(?: File)?: (.+)$", re.MULTILINE)

SENDS_FILE: Final = re.compile(
    r"\bcurl\b[^\n;|]{0,150}\s(?:-d|--data(?:-\w+)?|-F|--form|-T|--upload-file)[\s=]*\S*(?:@|-T\s*)\S+|"
    r"\bwget\b[^\n;|]{0,150}--(?:post|body)-file|"
    r"\|\s*(?:curl|nc|ncat|netcat|socat)\b|\b(?:nc|ncat|netcat)\s[^\n;|]{0,80}<|"
    r"\b(?:scp|rsync)\s+(?:-\S+\s+){0,8}\S+\s+\S+:|/dev/(?:tcp|udp)/"
)
"""Commands that carry a file or another command's output to another machine."""

DANGEROUS: Final = re.compile(
    r"\brm\s+(?=(?:-\w+\s+){0,7}-\w*[rR])(?=(?:-\w+\s+){0,7}-\w*f)(?:-\w+\s+){1,8}"
    r"(?:/|~|\$HOME|\*)(?:\s|$|\*|/\s|/$)|"
    r"\brm\s+-rf\s+--no-preserve-root|\bmkfs(?:\.\w+)?\s|\bdd\b[^\n]{0,150}\bof=/dev/(?!null)|"
    r"\b(?:curl|wget)\b[^\n;]{0,150}\|\s*(?:sudo\s+)?(?:ba|z|da)?sh\b|"
    r"\b(?:ba|z|da)?sh\s+<\(\s*(?:curl|wget)\b|"
    r":\(\)\s*\{\s*:\s*\|\s*:|/dev/tcp/[\w.-]+/\d|\b(?:nc|ncat)\s[^\n;]{0,80}\s-\w*[ec]\s|"
    r"\bchmod\s+(?:-R\s+)?[0-7]?777\s+/(?:\s|$)|>\s*/dev/(?:sd|nvme|hd)|"
    r"\b(?i:iex|invoke-expression)\b[^\n]{0,60}(?i:downloadstring|iwr|irm|invoke-webrequest)|"
    r"\bpty\.spawn\(|\bsocat\s[^\n]{0,150}\bexec:|\bmshta(?:\.exe)?\s+(?:https?|javascript):|"
    r"\b(?:iptables|nft)\s+(?:-F|flush)|\bhistory\s+-c\b|\bcrontab\s+-r\b",
)
"""Commands that destroy, or hand the machine to somebody else."""

# What programs print for a shell to take over: `eval "$(direnv hook bash)"`.
_SHELL_SETTINGS: Final = (
    r"(?:ssh-agent|direnv|brew|pyenv|rbenv|nodenv|fnm|zoxide|starship|mise|opam|conda|minikube|"
    r"dircolors)(?:\s(?:-{1,2}[\w=-]{1,30}|hook|init|env|shellenv|activate|docker-env|\w{0,4}sh)){0,4}"
    r"[)`]|(?:pip|npm|kubectl|gh)\scompletion(?:\s[\w-]{1,12}){0,3}[)`]"
)
DECODES: Final = re.compile(
    r"\bbase64\s+(?:-d|-D|--decode)\b[^\n;]{0,150}\|\s*(?:ba|z|da)?sh\b|\bxxd\s+-r\b[^\n;]{0,150}\|\s*\w*sh\b|"
    rf"\beval\s+[\"']?(?:\$\(|`)(?!{_SHELL_SETTINGS})|"
    r"\bpowershell(?:\.exe)?\b[^\n]{0,150}\s-e(?:nc|ncodedcommand)?\s|"
    r"\bexec\([^\n]{0,150}decode|\|\s*rev\s*\|\s*\w*sh\b|"
    r"\S\$\{IFS\}\S{1,60}\$\{IFS\}|/(?:b\?n|bi\?|\?in|e\?c|et\?|\?tc)/[\w?*]{2}",
    re.IGNORECASE,
)
"""Commands that hide what they run."""

TELLING: Final = (
    "rm -", "mkfs", "of=/dev/", "/dev/tcp", "/dev/udp", "/dev/sd", "/dev/nvme", "/dev/hd", "| sh",
    "| bash", "|sh", "|bash", "| zsh", "|zsh", "| dash", "| sudo", "|sudo", "sh <(", ":()", "777 /",
    "iptables -", "nft flush", "history -c", "crontab -r", "pty.spawn(", "exec:", "mshta", " iex",
    "IEX", "nvoke-", "base64 -", "xxd -", "eval ", "powershell", "exec(", "| rev", "IFS", "/b?n",
    "--data", "curl -", "--post", "--body", "| curl", "| nc", " nc ", "\nnc ", ";nc ", "ncat ",
    "scp ", "rsync ",
)  # fmt: skip
"""What stands in every command that the patterns above mean, as it is nearly always written."""
