"""Which hosts are read, and what they speak; a catalogue that says nonsense does not load."""

from __future__ import annotations

import pytest

from excise.catalogue import DIALECTS as NAMES
from excise.catalogue import Catalogue, load_catalogue, normal_path
from excise.codecs import DIALECTS
from excise.errors import PolicyError
from excise.resources import policies_dir


@pytest.fixture(scope="module")
def shipped() -> Catalogue:
    return load_catalogue((policies_dir() / "hosts.yaml").read_text("utf-8"), "hosts.yaml")


@pytest.mark.parametrize(
    ("host", "provider"),
    [
        ("api.openai.com", "openai"),
        ("API.OpenAI.com.", "openai"),
        ("api.openai.com:443", "openai"),
        ("eu.api.openai.com", "openai"),
        ("res.openai.azure.com", "azure-openai"),
        ("res.services.ai.azure.com.:443", "azure-openai"),
        ("api.anthropic.com", "anthropic"),
        ("aws-external-anthropic.us-east-1.api.aws", "anthropic"),
        ("generativelanguage.googleapis.com", "google-gemini"),
        ("us-central1-aiplatform.googleapis.com", "google-vertex"),
        ("aiplatform.eu.rep.googleapis.com", "google-vertex"),
        ("cloudcode-pa.googleapis.com", "google-code-assist"),
        ("bedrock-runtime.us-east-1.amazonaws.com", "aws-bedrock"),
        ("bedrock-runtime-fips.us-gov-west-1.amazonaws.com", "aws-bedrock"),
        ("vpce-1.bedrock-runtime.eu-west-1.vpce.amazonaws.com", "aws-bedrock"),
        ("bedrock-mantle.us-east-1.api.aws", "aws-bedrock"),
        ("api.mistral.ai", "mistral"),
        ("api.groq.com", "groq"),
        ("api.together.xyz", "together"),
        ("api.fireworks.ai", "fireworks"),
        ("api.deepseek.com", "deepseek"),
        ("us-east-1.api.x.ai", "xai"),
        ("openrouter.ai", "openrouter"),
        ("api.perplexity.ai", "perplexity"),
        ("router.huggingface.co", "huggingface"),
        ("abc.us-east-1.aws.endpoints.huggingface.cloud", "huggingface"),
        ("api.cohere.com", "cohere"),
        ("localhost:11434", "ollama"),
        ("api.business.githubcopilot.com", "github-copilot"),
        ("copilot-telemetry.githubusercontent.com", "github-copilot"),
        ("agent.api5.cursor.sh", "cursor"),
        ("chatgpt.com", "chatgpt"),
        ("claude.ai", "claude"),
        ("gemini.google.com", "gemini"),
        ("copilot.microsoft.com", "microsoft-copilot"),
        ("grok.com", "grok"),
        ("poe.com", "poe"),
        ("integrate.api.nvidia.com", "nvidia"),
        ("models.github.ai", "github-models"),
        ("q.us-east-1.amazonaws.com", "amazon-q"),
        ("dashscope-intl.aliyuncs.com", "dashscope"),
        ("d1.api.augmentcode.com", "augment"),
        ("server.codeium.com", "windsurf"),
        ("us-south.ml.cloud.ibm.com", "ibm-watsonx"),
        ("ark.cn-beijing.volces.com", "volcengine"),
        ("api.elevenlabs.io", "elevenlabs"),
        ("m365.cloud.microsoft", "microsoft-copilot"),
        ("www.meta.ai", "meta-ai"),
    ],
)
def test_llm_hosts(shipped: Catalogue, host: str, provider: str) -> None:
    entry = shipped.find(host)
    assert entry is not None
    assert entry.provider == provider
    assert shipped.find(host) is entry


@pytest.mark.parametrize(
    "host",
    [
        *("", ".", ":443", "localhost", "localhost:8080", "example.org", "openai.com"),
        *(
            "evilapi.openai.com",
            "api.openai.com.evil.example",
            "evil-chatgpt.com",
            "ab.chatgpt.com",
        ),
        *("platform.openai.com", "console.anthropic.com", "play.googleapis.com", "github.com"),
        *("raw.githubusercontent.com", "huggingface.co", "models.dev", "169.254.169.254"),
        *("s3.us-east-1.amazonaws.com", "storage.googleapis.com", "x.blob.core.windows.net"),
        *("bedrock-runtime.a.b.amazonaws.com", "dashboard.cohere.com", "[::1]:443"),
    ],
)
def test_other_hosts_are_not_read(shipped: Catalogue, host: str) -> None:
    assert shipped.find(host) is None


@pytest.mark.parametrize(
    ("host", "path", "dialect"),
    [
        ("api.openai.com", "/v1/chat/completions", "openai-chat"),
        ("api.openai.com", "//v1/%63hat//Completions/?a=/x", "openai-chat"),
        ("api.openai.com", "/v1/x/../chat/./completions", "openai-chat"),
        ("api.openai.com", "/v1/embeddings", "openai-chat"),
        ("api.openai.com", "/v1/responses", "openai-responses"),
        ("api.openai.com", "/v1/responses/compact", "openai-responses"),
        ("api.openai.com", "/v1/conversations/c1/items", "openai-responses"),
        ("api.openai.com", "/v1/files", "generic-json"),
        ("api.openai.com", "/", "generic-json"),
        (
            "r.openai.azure.com",
            "/openai/deployments/d/chat/completions?api-version=1",
            "openai-chat",
        ),
        ("r.openai.azure.com", "/openai/v1/responses", "openai-responses"),
        ("r.services.ai.azure.com", "/anthropic/v1/messages", "anthropic-messages"),
        ("api.anthropic.com", "/v1/messages?beta=true", "anthropic-messages"),
        ("api.anthropic.com", "/v1/messages/count_tokens", "anthropic-messages"),
        ("api.anthropic.com", "/v1/files", "generic-json"),
        (
            "aiplatform.googleapis.com",
            "/v1/projects/p/locations/l/publishers/anthropic/models/c:rawPredict",
            "anthropic-messages",
        ),
        (
            "generativelanguage.googleapis.com",
            "/v1beta/models/m:generateContent?key=k",
            "gemini-content",
        ),
        ("generativelanguage.googleapis.com", "/v1beta/models/m:countTokens", "gemini-content"),
        (
            "generativelanguage.googleapis.com",
            "/v1beta/models/m:streamGenerateContent?alt=sse",
            "gemini-stream",
        ),
        (
            "us-central1-aiplatform.googleapis.com",
            "/v1/projects/p/locations/l/publishers/google/models/m:streamGenerateContent",
            "gemini-stream",
        ),
        (
            "aiplatform.googleapis.com",
            "/v1/projects/p/locations/l/endpoints/openapi/chat/completions",
            "openai-chat",
        ),
        ("cloudcode-pa.googleapis.com", "/v1internal:generateContent", "gemini-content"),
        ("cloudcode-pa.googleapis.com", "/v1internal:streamGenerateContent", "gemini-stream"),
        ("api.groq.com", "/openai/v1/chat/completions", "openai-chat"),
        ("api.deepseek.com", "/chat/completions", "openai-chat"),
        ("api.deepseek.com", "/anthropic/v1/messages", "anthropic-messages"),
        ("openrouter.ai", "/api/v1/chat/completions", "openai-chat"),
        ("api.githubcopilot.com", "/responses", "openai-responses"),
        ("api.githubcopilot.com", "/v1/messages", "anthropic-messages"),
        ("chatgpt.com", "/backend-api/codex/responses", "openai-responses"),
        ("localhost:11434", "/v1/chat/completions", "openai-chat"),
        (
            "bedrock-runtime.us-east-1.amazonaws.com",
            "/model/a.b-v1%3A0/converse-stream",
            "bedrock-converse",
        ),
        (
            "bedrock-runtime.us-east-1.amazonaws.com",
            "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Aprofile%2Fm/invoke",
            "bedrock-invoke",
        ),
        ("api.mistral.ai", "/v1/chat/completions", "mistral-chat"),
        ("api.githubcopilot.com", "/mcp/readonly", "mcp-jsonrpc"),
        ("chatgpt.com", "/backend-api/ps/mcp", "mcp-jsonrpc"),
        ("api.cohere.com", "/v2/chat", "cohere-chat"),
        ("localhost:11434", "/api/chat", "ollama-chat"),
        ("us-south.ml.cloud.ibm.com", "/ml/v1/text/chat?version=2026-01-01", "openai-chat"),
        ("bedrock-runtime.us-west-2.amazonaws.com", "/openai/v1/chat/completions", "openai-chat"),
        ("r.services.ai.azure.com", "/api/projects/p/threads/t/runs", "openai-assistants"),
        ("api.z.ai", "/api/anthropic/v1/messages", "anthropic-messages"),
        ("gateway.ai.cloudflare.com", "/v1/a/g/anthropic/v1/messages", "anthropic-messages"),
        ("q.eu-central-1.amazonaws.com", "/generateAssistantResponse", "bedrock-agents"),
        ("server.codeium.com", "/exa.api_server_pb.ApiServerService/GetChatMessage", "grpc"),
    ],
)
def test_dialects(shipped: Catalogue, host: str, path: str, dialect: str) -> None:
    entry = shipped.find(host)
    assert entry is not None
    assert entry.dialect(path) == dialect
    assert entry.dialect(path) == dialect


@pytest.mark.parametrize(
    ("host", "path", "reads"),
    [
        ("api.github.com", "/chunks", True),
        ("api.github.com", "//%63hunks/?a=1", True),
        ("api.github.com", "/embeddings/code/search", True),
        ("api.github.com", "/repos/a/b/issues", False),
        ("api.github.com", "/", False),
        ("x.cloud.databricks.com", "/serving-endpoints/m/invocations", True),
        ("x.cloud.databricks.com", "/api/2.0/sql/statements", False),
        ("api.cloudflare.com", "/client/v4/accounts/a/ai/run/@cf/m", True),
        ("api.cloudflare.com", "/client/v4/zones", False),
        ("api.openai.com", "/whatever", True),
    ],
)
def test_a_mixed_host_is_read_where_a_route_names_it(
    shipped: Catalogue, host: str, path: str, reads: bool
) -> None:
    entry = shipped.find(host)
    assert entry is not None and entry.reads(path) is reads


def test_what_has_no_codec_yet_says_what_it_speaks(shipped: Catalogue) -> None:
    entry = shipped.find("chatgpt.com")
    assert entry is not None
    route = entry.route("/backend-api/f/conversation")
    assert route is not None
    assert (route.dialect, route.speaks) == ("generic-json", "chatgpt-web")


def test_web_chats_are_marked(shipped: Catalogue) -> None:
    assert {entry.kind for entry in shipped.hosts} == {"api", "web"}


def test_the_catalogue_names_the_dialects_there_are() -> None:
    assert set(DIALECTS) == NAMES


@pytest.mark.parametrize(
    ("path", "plain"),
    [
        ("", "/"),
        ("/V1//Chat/", "/v1/chat"),
        ("/a%2Fb?x=%2F", "/a/b"),
        ("/../a/./b/..", "/a"),
        ("/.well-known/x", "/.well-known/x"),
    ],
)
def test_paths_are_made_alike(path: str, plain: str) -> None:
    assert normal_path(path) == plain
    assert normal_path(plain) == plain


def test_many_hosts_and_paths_do_not_fill_memory(shipped: Catalogue) -> None:
    entry = shipped.find("api.openai.com")
    assert entry is not None
    for number in range(10_000):
        shipped.find(f"h{number}.example")
        entry.dialect(f"/v1/responses/{number}")
    assert len(shipped._known) <= 4096
    assert len(entry._known) <= 4096


HEAD = "version: 1\nfamilies:\n  f:\n    - paths: [/a]\n      dialect: openai-chat\nhosts:\n"


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("version: 2\nfamilies: {}\nhosts: []", "EXC-POL-006", ":1"),
        ("families: {}\nhosts: []", "EXC-POL-004", ":1"),
        ("version: 1\nfamilies: {}\nhosts: []\nmore: 1", "EXC-POL-003", ":4"),
        (HEAD + "  - {provider: p}", "EXC-POL-004", ":7"),
        (HEAD + "  - {provider: p, hosts: [a.b], familes: [f]}", "EXC-POL-003", ":7"),
        (HEAD + "  - {provider: p, hosts: [a.b], families: [g]}", "EXC-POL-006", ":7"),
        (HEAD + "  - {provider: p, hosts: [a.b], kind: app}", "EXC-POL-006", ":7"),
        (HEAD + "  - {provider: p, hosts: [A.b]}", "EXC-POL-012", ":7"),
        (HEAD + "  - {provider: p, hosts: ['https://a.b/c']}", "EXC-POL-012", ":7"),
        (
            HEAD + "  - {provider: p, hosts: [a.b]}\n  - {provider: q, hosts: [a.b]}",
            *("EXC-POL-007", ":8"),
        ),
        (
            HEAD + "  - {provider: p, hosts: [a.b], routes: [{paths: [/x], dialect: nope}]}",
            *("EXC-POL-006", ":7"),
        ),
        (
            HEAD + "  - {provider: p, hosts: [a.b], routes: [{paths: [/X/]}]}",
            *("EXC-POL-012", ":7"),
        ),
    ],
)
def test_nonsense_does_not_load(text: str, code: str, line: str) -> None:
    with pytest.raises(PolicyError) as caught:
        load_catalogue(text, "hosts.yaml")
    assert caught.value.code == code
    assert caught.value.at == f"hosts.yaml{line}"
