"""Object keys that stand in every body of every provider, and in every JSON schema.

They are names of the wire formats, not text of anybody: reading them would only cost time. A key
that is not here is read.
"""

from __future__ import annotations

from typing import Final

WIRE_WORDS: Final = frozenset(
    """
    role content type text name id model messages message input output instructions system tools
    tool tool_choice tool_calls tool_call_id tool_use_id function functions function_call arguments
    call_id parameters parametersJsonSchema parameters_json_schema input_schema description stream
    stream_options include_usage temperature top_p top_k max_tokens max_completion_tokens
    max_output_tokens max_tool_calls n stop stop_sequences stop_reason stop_sequence seed user
    metadata store truncation include reasoning effort summary verbosity format response_format
    json_schema schema strict prompt suffix prediction logprobs top_logprobs logit_bias
    presence_penalty frequency_penalty parallel_tool_calls service_tier previous_response_id
    prompt_cache_key prompt_cache_retention safety_identifier client_metadata background
    thinking budget_tokens signature cache_control ttl scope source media_type data title context
    citations is_error image_url file_url image file file_data file_id filename url detail
    refusal status error code param object created created_at completed_at choices index delta
    finish_reason usage prompt_tokens completion_tokens total_tokens input_tokens output_tokens
    input_tokens_details output_tokens_details prompt_tokens_details completion_tokens_details
    cached_tokens reasoning_tokens audio_tokens text_tokens accepted_prediction_tokens
    rejected_prediction_tokens cache_creation_input_tokens cache_read_input_tokens cache_creation
    ephemeral_5m_input_tokens ephemeral_1h_input_tokens system_fingerprint annotations
    encoding_format dimensions embedding encrypted_content incomplete_details max_uses
    contents parts systemInstruction system_instruction generationConfig generation_config
    functionDeclarations function_declarations functionCall functionResponse inlineData mimeType
    thinkingConfig thinkingBudget includeThoughts maxOutputTokens topP topK responseSchema
    safetySettings candidates usageMetadata finishReason promptTokenCount candidatesTokenCount
    totalTokenCount modelVersion responseId thoughtSignature
    properties required items enum default anyOf oneOf allOf not const pattern examples
    additionalProperties minimum maximum exclusiveMinimum exclusiveMaximum minLength maxLength
    minItems maxItems uniqueItems propertyNames $schema $ref $defs definitions nullable
    jsonrpc method params result
    """.split()  # noqa: SIM905  a list would take a line for each word
)
