"""Object keys, header names and query fields that providers define, and so may stand in a line.

A key that a client made up can be a secret itself; only words of these lists are recorded as they
are. Missing a word costs a `*` in a path, nothing else.
"""

from __future__ import annotations

from typing import Final

_BODY: Final = """
action additionalProperties annotations anyOf args arguments audio audio_url audioBytes
budget_tokens cache_control candidates chat_history choices citations code command completion
container content contentBlock contentBlockDelta contentBlockIndex contents context conversation
custom data default definition delta description developer document documents effort
encrypted_content enum error examples execution file file_data file_id file_url fileData
filename finish_reason finishReason format function function_call function_declarations
functionCall functionDeclarations functionResponse generationConfig guardrailConfig id image
image_url images include index inferenceConfig inlineData inline_data input input_audio
input_schema inputs inputSchema instances instruction instructions item items json json_schema
jsonrpc label logprobs max_completion_tokens max_output_tokens max_tokens maxItems message
messages metadata method mimeType mime_type model modelId modalities n name num_ctx object oneOf
options output output_config output_index output_text parallel_tool_calls parameters params
parts partial_json pattern prediction preamble previous_response_id prompt prompt_cache_key
prompts properties query reasoning reasoning_content reasoning_effort reasoningContent
redacted_thinking refusal required requests resource response response_format responseSchema
result results role safety_identifier safetySettings schema search_results seed server_label
server_tool_use service_tier session signature source stop stop_reason stop_sequences stopReason
stopSequences store stream stream_options strict structuredContent suffix summary system
system_instruction systemInstruction temperature text texts thinking thinkingConfig thought
thoughtSignature title token tokens tool tool_call_id tool_calls tool_choice tool_config
tool_plan tool_result tool_results tool_use tool_use_id toolCall toolConfig toolResult toolSpec
toolUse tools top_k top_p topK topP transcript truncation type uri url usage user user_id value
variables verbosity video voice
"""

_HEAD: Final = """
body head header headers path query target trailer trailers accept accept-encoding
accept-language anthropic-beta anthropic-version api-key authorization cache-control
content-disposition content-encoding content-length content-type cookie host http-referer
idempotency-key openai-beta openai-organization openai-project origin referer set-cookie
traceparent tracestate user-agent x-api-key x-goog-api-client x-goog-api-key x-request-id
x-stainless-arch x-stainless-lang x-stainless-os x-stainless-package-version
x-stainless-retry-count x-stainless-runtime x-stainless-runtime-version x-title
"""

_QUERY: Final = """
after alt api-version api_version before beta conversation deployment fields filter force id
include intent key limit model order page pageSize pageToken purpose session_id starting_after
stream timeout updateMask version view
"""

WIRE_WORDS: Final = frozenset((_BODY + _HEAD).split())
QUERY_WORDS: Final = frozenset(_QUERY.split())
