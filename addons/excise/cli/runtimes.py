"""Runtimes that talk to LLM hosts: what leads each to the proxy and has it take the CA.

Each row has a small program that posts a file to an address, with nothing set but what
`excise env` exports; `excise doctor`, `excise prove` and the tests run it, and the page
docs/reference/runtimes.md says what is claimed here and what was seen.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

PROXY: Final = "HTTPS_PROXY"
BUNDLE: Final = "SSL_CERT_FILE"
NODE_PROXY: Final = "HTTPS_PROXY with NODE_USE_ENV_PROXY"
JAVA: Final = "JAVA_TOOL_OPTIONS"
SYSTEM: Final = ""  # the system's store alone
COMPILED: Final = "none"  # roots that are compiled in


class Client(NamedTuple):
    """One way of making requests.

    `words` is the command, in which `{url}`, `{body}` (a file) and `{folder}` (of `source`) are
    filled in; empty where only the claim stands. `led` is the variable that leads it to the proxy,
    "" for none; `trust` the one that has it take the CA, "" for the system's store alone, `none`
    where roots are compiled in. `since` are the first versions that do so, one a line of releases;
    () for all.
    """

    name: str
    program: str
    words: tuple[str, ...]
    led: str
    trust: str
    mend: str = ""
    since: tuple[tuple[int, ...], ...] = ()
    source: tuple[str, str] = ("", "")
    version: tuple[str, ...] = ("--version",)  # fails where the client is not here
    quick: bool = False  # asked by doctor, too
    posts: bool = True


_UNSET: Final = "no setting leads it: use another client, or excise gateway"

_URLLIB: Final = """\
import sys, urllib.request as u
r = u.Request(sys.argv[1], open(sys.argv[2], "rb").read(), {"content-type": "application/json"})
print(u.urlopen(r, timeout=20).read().decode())
"""
_HTTP_CLIENT: Final = """\
import sys, http.client, urllib.parse
u = urllib.parse.urlsplit(sys.argv[1])
c = http.client.HTTPSConnection(u.hostname, u.port or 443, timeout=20)
c.request("POST", u.path, open(sys.argv[2], "rb").read(), {"content-type": "application/json"})
print(c.getresponse().read().decode())
"""
_REQUESTS: Final = """\
import sys, requests
h = {"content-type": "application/json"}
print(requests.post(sys.argv[1], open(sys.argv[2], "rb").read(), headers=h, timeout=20).text)
"""
_HTTPX: Final = """\
import sys, httpx
h = {"content-type": "application/json"}
print(httpx.post(sys.argv[1], content=open(sys.argv[2], "rb").read(), headers=h, timeout=20).text)
"""
_URLLIB3: Final = """\
import sys, urllib3
h = {"content-type": "application/json"}
p = urllib3.PoolManager(timeout=20, retries=False)
print(p.request("POST", sys.argv[1], body=open(sys.argv[2], "rb").read(), headers=h).data.decode())
"""
_AIOHTTP: Final = """\
import sys, asyncio, aiohttp
async def main():
    h = {"content-type": "application/json"}
    async with aiohttp.ClientSession(trust_env=TRUST) as s:
        async with s.post(sys.argv[1], data=open(sys.argv[2], "rb").read(), headers=h) as r:
            print(await r.text())
asyncio.run(main())
"""
_FETCH: Final = """\
const [, url, file] = process.argv
const body = require('fs').readFileSync(file)
fetch(url, {method: 'POST', body, headers: {'content-type': 'application/json'}})
  .then(r => r.text()).then(console.log).catch(e => { console.error(e); process.exit(1) })
"""
_HTTPS: Final = """\
const [, url, file] = process.argv
const body = require('fs').readFileSync(file)
const headers = {'content-type': 'application/json', 'content-length': body.length}
const r = require('https').request(url, {method: 'POST', headers}, a => a.pipe(process.stdout))
r.on('error', e => { console.error(e); process.exit(1) })
r.end(body)
"""
_UNDICI: Final = """\
const [, url, file] = process.argv
const body = require('fs').readFileSync(file)
const {EnvHttpProxyAgent, fetch} = require('undici')
fetch(url, {method: 'POST', body, headers: {'content-type': 'application/json'},
            dispatcher: new EnvHttpProxyAgent()})
  .then(r => r.text()).then(console.log).catch(e => { console.error(e); process.exit(1) })
"""
_DENO: Final = """\
const [url, file] = Deno.args
const body = Deno.readFileSync(file)
const r = await fetch(url, {method: 'POST', body, headers: {'content-type': 'application/json'}})
console.log(await r.text())
"""
_BUN: Final = """\
const [, , url, file] = process.argv
const body = await Bun.file(file).arrayBuffer()
const r = await fetch(url, {method: 'POST', body, headers: {'content-type': 'application/json'}})
console.log(await r.text())
"""
_JAVA_NET_HTTP: Final = """\
import java.net.URI;
import java.net.http.*;
import java.nio.file.Path;

class Post {
    public static void main(String[] words) throws Exception {
        var request = HttpRequest.newBuilder(URI.create(words[0]))
            .header("content-type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofFile(Path.of(words[1]))).build();
        var answer = HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
        System.out.println(answer.body());
    }
}
"""
_JAVA_URL: Final = """\
import java.net.*;
import java.nio.file.*;

class Open {
    public static void main(String[] words) throws Exception {
        var call = (HttpURLConnection) new URL(words[0]).openConnection();
        call.setRequestProperty("content-type", "application/json");
        call.setDoOutput(true);
        call.getOutputStream().write(Files.readAllBytes(Path.of(words[1])));
        System.out.println(new String(call.getInputStream().readAllBytes()));
    }
}
"""
_GO: Final = """\
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
)

func main() {
	body, _ := os.Open(os.Args[2])
	answer, err := http.Post(os.Args[1], "application/json", body)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	io.Copy(os.Stdout, answer.Body)
}
"""


_PHP_VERSION: Final = "echo 'PHP ', PHP_VERSION, ', curl ', curl_version()['version'];"
_RUBY: Final = """\
require "net/http"
u = URI(ARGV[0])
told = {"content-type" => "application/json"}
puts Net::HTTP.post(u, File.binread(ARGV[1]), told).body
"""
_PHP: Final = """\
$c = curl_init($argv[1]);
curl_setopt_array($c, [CURLOPT_POSTFIELDS => file_get_contents($argv[2]), CURLOPT_TIMEOUT => 20,
  CURLOPT_HTTPHEADER => ["content-type: application/json"], CURLOPT_RETURNTRANSFER => true]);
$answer = curl_exec($c);
if ($answer === false) { fwrite(STDERR, curl_error($c)); exit(1); }
echo $answer;
"""


def _python(name: str, code: str, led: str, trust: str, mend: str = "", *, library: str = "",
            quick: bool = False) -> Client:  # fmt: skip
    """A row of Python's."""
    asked = f"import {library}; print('{library}', {library}.__version__)"
    version = ("-c", asked) if library else ("--version",)
    return Client(name, "python3", ("-c", code, "{url}", "{body}"), led, trust, mend,
                  version=version, quick=quick)  # fmt: skip


_NODE: Final = "a later Node; or undici's EnvHttpProxyAgent in the program; or excise gateway"
_NODE_SINCE: Final = ((22, 21), (24, 5))
# A program this small is done before a better compiler has paid.
_BRIEF: Final = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
_JDK: Final = ("--describe-module", "jdk.compiler")
_LIBRARY: Final = "console.log('undici', require('undici/package.json').version)"

CLIENTS: Final = (
    _python("Python urllib", _URLLIB, PROXY, BUNDLE, quick=True),
    _python("Python http.client", _HTTP_CLIENT, "", BUNDLE, _UNSET),
    _python(
        "Python requests", _REQUESTS, PROXY, "REQUESTS_CA_BUNDLE", quick=True, library="requests"
    ),
    _python("Python httpx", _HTTPX, PROXY, BUNDLE, library="httpx"),
    _python("Python urllib3", _URLLIB3, "", BUNDLE, "urllib3.ProxyManager", library="urllib3"),
    _python("Python aiohttp", _AIOHTTP.replace("TRUST", "False"), "", BUNDLE,
            "ClientSession(trust_env=True)", library="aiohttp"),
    _python("Python aiohttp, trust_env", _AIOHTTP.replace("TRUST", "True"), PROXY, BUNDLE,
            library="aiohttp"),
    Client("Node fetch", "node", ("-e", _FETCH, "{url}", "{body}"), NODE_PROXY,
           "NODE_EXTRA_CA_CERTS", _NODE, _NODE_SINCE, quick=True),
    Client("Node https", "node", ("-e", _HTTPS, "{url}", "{body}"), NODE_PROXY,
           "NODE_EXTRA_CA_CERTS", _NODE, _NODE_SINCE),
    Client("Node undici, EnvHttpProxyAgent", "node", ("-e", _UNDICI, "{url}", "{body}"), PROXY,
           "NODE_EXTRA_CA_CERTS", version=("-e", _LIBRARY)),
    Client("Deno fetch", "deno", ("run", "-A", "{folder}/post.js", "{url}", "{body}"), PROXY,
           "DENO_CERT", source=("post.js", _DENO)),
    Client("Bun fetch", "bun", ("run", "{folder}/bun.js", "{url}", "{body}"), PROXY,
           "NODE_EXTRA_CA_CERTS", source=("bun.js", _BUN)),
    Client("curl", "curl", ("-sS", "--max-time", "20", "-H", "content-type: application/json",
                            "--data-binary", "@{body}", "{url}"),
           PROXY, "CURL_CA_BUNDLE", quick=True),
    Client("wget", "wget", ("-q", "-O", "-", "--tries=1", "--timeout=20", "--post-file={body}",
                            "--header=content-type: application/json", "{url}"),
           PROXY, SYSTEM, "excise ca install, or ca_certificate in ~/.wgetrc", quick=True),
    Client("git", "git", ("ls-remote", "{url}"), PROXY, "GIT_SSL_CAINFO", quick=True, posts=False),
    Client("Java java.net.http", "java", (*_BRIEF, "{folder}/Post.java", "{url}", "{body}"),
           JAVA, JAVA, source=("Post.java", _JAVA_NET_HTTP), version=_JDK, quick=True),
    Client("Java HttpsURLConnection", "java", (*_BRIEF, "{folder}/Open.java", "{url}", "{body}"),
           JAVA, JAVA, source=("Open.java", _JAVA_URL), version=_JDK),
    Client("Go net/http", "go", ("run", "{folder}/post.go", "{url}", "{body}"), PROXY, BUNDLE,
           source=("post.go", _GO), version=("version",)),
    Client("Ruby Net::HTTP", "ruby", ("-e", _RUBY, "{url}", "{body}"), PROXY, BUNDLE),
    Client("PHP curl", "php", ("-r", _PHP, "{url}", "{body}"), PROXY, SYSTEM,
           "curl.cainfo in php.ini, or excise ca install", version=("-r", _PHP_VERSION)),
    Client("Rust reqwest, native roots", "", (), PROXY, BUNDLE),
    Client("Rust reqwest, webpki-roots", "", (), PROXY, COMPILED,
           "build it with native roots; till then it is pinned, and refused"),
    Client(".NET HttpClient", "", (), PROXY, BUNDLE),
    Client("PowerShell 7 Invoke-WebRequest", "", (), PROXY, BUNDLE),
)  # fmt: skip


def find_program(client: Client, world: Mapping[str, str]) -> str | None:
    """Where the client's program is, None where it is not here."""
    return shutil.which(client.program, path=world.get("PATH")) if client.words else None


def build_command(client: Client, program: str, *, url: str, body: Path, folder: Path) -> list[str]:
    """The command line; the client's source is written below `folder`, which has to be there."""
    name, text = client.source
    if name:
        (folder / name).write_text(text, "utf-8")
    places = {"{url}": url, "{body}": str(body), "{folder}": str(folder)}
    words = list(client.words)
    for mark, value in places.items():
        words = [word.replace(mark, value) for word in words]
    return [program, *words]


def should_be_led(client: Client, version: str) -> bool:
    """What the table says of a client of this version, told as its program tells it."""
    found = re.search(r"(\d+)\.(\d+)", version)
    if not client.led or not client.since or not found:
        return bool(client.led)
    mine = int(found[1]), int(found[2])
    same = [first for first in client.since if first[0] == mine[0]]
    return mine >= same[0] if same else mine > max(client.since)
