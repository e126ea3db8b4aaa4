"""A fifth round of secrets in carriers and of look-alikes, written with other tools in mind.

`<V>` stands for the value. Before a rule was changed for it, 657 of 870 values were covered, and
615 of 3024 look-alikes raised an alarm. What is left open is counted in the test.
"""

# ruff: noqa: E501  (tables of texts)

from __future__ import annotations

from typing import Final

# What manuals, templates and tests put where a secret goes.
BLANKS: Final = (
    "your_db_password", "YourStrong(!)Password", "YourStrong!Passw0rd", "p@ssw0rd", "P@ssw0rd!", "Passw0rd", "password123", "Password1!",
    "secret123", "s3cr3t", "super_secret_password", "supersecret123", "mypassword123", "myPassword1", "my-token-123", "testpassword1",
    "test1234", "test_token_123", "TEST_API_KEY_1", "demo-key-1", "sk-xxxxxxxx", "sk-...", "sk-your-key", "sk_test_xxxxxxxxxxxx",
    "pk_test_example", "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "ghp_...", "AKIAXXXXXXXXXXXXXXXX", "<your-api-key>", "[YOUR API KEY]",
    "{API_KEY}", "(your token)", "___API_KEY___", "__TOKEN__", "@@PASSWORD@@", "~PASSWORD~", "#PASSWORD#", "!secret db_password",
    "!Sub ${Secret}", "!GetAtt Db.Secret", "{{resolve:secretsmanager:db:SecretString:password}}", "{{ lookup('env', 'DB_PASS') }}",
    "${env.DB_PASSWORD}", "${DB_PASSWORD:-}", "${DB_PASSWORD:?missing}", "$env:DB_PASSWORD", "%{DB_PASSWORD}", "&password", "*password",
    "op://vault/db/password", "gcp:secretmanager:projects/1/secrets/db", "projects/12345/secrets/db-pass/versions/3",
    "ref+vault://secret/db#/password", "ENC[AES256_GCM,data:abc]", "fake", "fake-token-123", "dummy-password-1", "not-a-real-key",
    "not_a_real_password1", "n/a", "TBD", "TODO: set", "FIXME", "set-me", "setme", "fill-me-in", "fillmein", "FILL_IN_TOKEN",
    "put-your-token-here1", "PASTE_TOKEN_HERE", "ENTER-KEY-HERE-123", "add_your_key_1", "INSERT-API-KEY", "***", "**********",
    "••••••••", "xxxx-xxxx-xxxx", "XXXXX-XXXXX-XXXXX", "0000000000000000", "00000000-0000-0000-0000-000000000000",
    "11111111-1111-1111-1111-111111111111", "12345678-1234-1234-1234-123456789012", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "abc123",
    "abc123def456", "abcd1234", "abcdef123456", "abcdef1234567890", "1234567890abcdef", "0123456789abcdef0123456789abcdef", "deadbeef",
    "deadbeefdeadbeefdeadbeefdeadbeef", "cafebabecafebabe", "a1b2c3d4e5f6", "a1b2c3d4-e5f6-7890-abcd-ef1234567890", "qwerty123",
    "asdf1234", "lorem-ipsum-1", "foo-bar-baz-1", "foobar123", "some_random_string_1", "random_string_here", "long-random-string",
    "a-very-long-secret-key-1", "this-is-a-secret-1", "this_is_not_a_secret", "thisisasecret1", "token123", "token_abc_1", "key123",
    "apikey123", "user1_password", "admin123", "root1234", "process.env.DB_PASS1", "os.getenv('PW1')", "config['password1']",
    "getSecret('db1')", "secrets.token_hex(16)", "uuid4()", "str | None", "Optional[str]", "SecretStr", "string(64)", "VARCHAR(255)",
    "char[32]", "std::string", "Buffer.from(x1)", "bcrypt", "argon2id", "sha256", "HS256", "RS256", "AES-256-GCM", "utf-8",
    "application/json", "text/plain", "2024-01-01", "v1.2.3", "1h30m", "3600s", "10.0.0.1", "localhost:5432", "db1.internal",
    "https://example.com/reset?x=1", "/etc/ssl/private/key1.pem", "C:\\keys\\key1.pem", "Mot de passe", "Contraseña1", "Passwort12",
    "パスワード", "密码", "Kennwort eingeben", "Enter your password", "At least 8 characters", "Password must be 8-64 chars",
    "Min. 8 chars, 1 digit", "Show password", "Invalid token (401)", "Token expired at 12:30", "removed for security",
    "<removed-2024>", "hidden1", "masked_value_1", "**redacted-1**", "[secret removed]", "provided-by-vault-1", "from-keychain",
    "managed by terraform", "generated-on-deploy", "see 1password", "ask @anna", "same as prod", "in the wiki",
)  # fmt: skip
# Of them, what people do take for a password; to be found where one is named.
BAD_PASSWORDS: Final = (
    "Passw0rd", "p@ssw0rd", "P@ssw0rd!", "password123", "Password1!", "secret123", "s3cr3t", "supersecret123", "admin123", "root1234",
    "qwerty123", "asdf1234", "Contraseña1", "Passwort12", "user1_password",
)  # fmt: skip
BLANK_CARRIERS: Final = (
    "password: <V>\n", "\"password\": \"<V>\",\n", "DB_PASSWORD=<V>\n", "password = '<V>'\n", "API_KEY=\"<V>\"\n", "\"apiKey\": \"<V>\"\n",
    "token: <V>\n", "Authorization: Bearer <V>\n", "secret_key = \"<V>\"\n", "export SECRET_TOKEN=<V>\n", "<apiKey><V></apiKey>\n",
    "const token = '<V>';\n", "The password is <V>.\n", "--token <V> run\n", "postgres://user:<V>@db:5432/app\n",
    "https://api.example.com/v1?api_key=<V>\n",
)  # fmt: skip
# Lines of lock files, logs, pages and code in which nothing is secret.
HARMLESS: Final = (
    "\"resolved\": \"https://registry.example.org/a/-/a-1.0.0.tgz#{hex:40}\"", "    \"integrity\": \"sha1-{base64:27}=\",",
    "github.com/pkg/errors v0.9.1 h1:{base64:43}=", "github.com/pkg/errors v0.9.1/go.mod h1:{base64:43}=", "checksum = \"{hex:64}\"",
    "    --hash=sha256:{hex:64} \\", "  \"shasum\": \"{hex:40}\",", "index {hex:7}..{hex:7} 100644", "Merge: {hex:7} {hex:7}",
    "{hex:40}\trefs/heads/main", "{hex:40} refs/pull/12/head", "Change-Id: I{hex:40}", "FROM debian@sha256:{hex:64}",
    "image: ghcr.io/a/b@sha256:{hex:64}", "Docker-Content-Digest: sha256:{hex:64}", "CONTAINER ID {hex:12}", "\"Id\": \"sha256:{hex:64}\",",
    "layer {hex:64}: Pulling", "ETag: W/\"{hex:32}-gzip\"", "If-None-Match: \"{hex:40}\"", "x-amz-request-id: {upalnum:16}",
    "x-amz-id-2: {base64:76}", "CF-RAY: {hex:16}-FRA", "X-B3-TraceId: {hex:32}", "traceparent: 00-{hex:32}-{hex:16}-01",
    "request id {uuid} failed", "correlationId={uuid}", "\"deviceId\":\"{uuid}\"", "\"tenantId\": \"{uuid}\"", "subscription_id = \"{uuid}\"",
    "\"client_id\": \"{uuid}\"", "clientId: {alnum:32}", "\"appId\": \"{uuid}\"", "kid: {b64url:43}", "\"kid\": \"{hex:40}\"", "jti = \"{uuid}\"",
    "sub: auth0|{hex:24}", "\"_id\": ObjectId(\"{hex:24}\")", "_id: {hex:24}", "\"sessionId\": \"{digit:12}\"", "nonce-{base64:22}==",
    "script-src 'sha256-{base64:43}='", "<script src=\"a.js\" integrity=\"sha384-{base64:64}\" crossorigin>", "main.{hex:20}.js",
    "chunk-{hex:8}.css", "static/js/2.{hex:8}.chunk.js", ".css-{lower:6}{digit:2}-MuiButton-root", "class=\"sc-{alnum:6} {alnum:6}\"",
    "data-v-{hex:8}", "background:url(data:image/svg+xml;base64,{base64:120})", "src=\"data:font/woff2;base64,d09GMgABAAAA{base64:200}\"",
    "-----BEGIN CERTIFICATE-----\nMIID{base64:60}\n{base64:64}\n-----END CERTIFICATE-----", "-----BEGIN PUBLIC KEY-----\nMIIB{base64:60}\n-----END PUBLIC KEY-----",
    "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAB{base64:300} a@b", "SHA256:{base64:43} a@b (ED25519)", "MD5:{hex:2}:{hex:2}:{hex:2}:{hex:2}:{hex:2}:{hex:2}",
    "fingerprint: {hex:40}", "Fingerprint (SHA-256): {hex:64}", "publicKey: \"{base64:43}=\"", "\"publicKey\": \"{hex:66}\"", "PublicKey = {base64:43}=",
    "recaptcha_site_key: 6L{alnum:6}AAAAA{alnum:27}", "data-sitekey=\"6L{alnum:6}AAAAA{alnum:27}\"", "GTM-{upalnum:6}", "G-{upalnum:10}",
    "UA-12345678-1", "gtag(\"config\", \"G-{upalnum:10}\")", "\"measurementId\": \"G-{upalnum:10}\"", "arn:aws:iam::123456789012:role/x",
    "arn:aws:secretsmanager:us-east-1:123456789012:secret:db-{alnum:6}", "vpc-{hex:17}", "i-{hex:17}", "ami-{hex:8}", "sg-{hex:17}",
    "\"NextToken\": \"{base64:80}\"", "next_page_token: {b64url:60}", "pageToken={b64url:40}", "\"cursor\": \"{base64:48}=\"", "continuationToken: {b64url:40}",
    "\"csrfToken\":\"{alnum:40}\"", "<input type=\"hidden\" name=\"csrfmiddlewaretoken\" value=\"{alnum:64}\">", "authenticity_token={b64url:60}",
    "__RequestVerificationToken={b64url:90}", "_ga=GA1.2.{digit:9}.{digit:10}", "0x{hex:40}", "0x{hex:64}", "tx hash 0x{hex:64}", "block {hex:64}",
    "isbn 978-3-16-148410-0", "sku: AB-{digit:6}-XL", "order #{upalnum:10}", "serial: {upalnum:12}", "Model {upalnum:5}-{upalnum:4}",
    "error code 0x80070005", "GUID ({uuid})", "HKEY_CLASSES_ROOT\\CLSID\\({uuid})", "urn:uuid:{uuid}", "tokens: 1024", "\"max_tokens\": 4096, \"temperature\": 0.7",
    "prompt_tokens=153 completion_tokens=88", "token_type_ids = [0, 1, 1]", "pad_token=\"<pad>\"", "eos_token_id: 50256",
    "tokenizer = AutoTokenizer.from_pretrained(\"bert-base-uncased-2\")", "access_token_expire_minutes = 30", "refreshTokenLifetime: 30d", "key_size = 4096",
    "keySize: \"RSA_4096\"", "key_usage: [\"digitalSignature1\"]", "\"key\": \"Content-Type-2\"", "cacheKey: \"v2:home:index\"", "PRIMARY KEY (id1)",
    "keyword: \"python3\"", "keyCode === 13", "KEY_ENTER1 = 28", "foreign_key: \"user_id2\"", "\"secretName\": \"db-credentials-v2\"",
    "secretKeyRef:\n  name: db-secret-1\n  key: password1", "existingSecret: app-secret-2", "secret_id: \"{uuid}\"", "kms_key_id = \"arn:aws:kms:eu-west-1:1:key/{uuid}\"",
    "KmsKeyId: {uuid}", "ssh_key_name: \"deploy-key-2\"", "key_pair: anna-2024", "KEYCHAIN=\"login.keychain-db2\"", "password_reset_token_expiry=86400s",
    "password_policy: min12-upper1", "passwordStrength: 3/4", "password_hash = \"$2b$12$\" + salt1", "PASSWORD_MIN_LENGTH=12", "pwd=/srv/anna/projects/shop2",
    "compass=180deg", "passthrough: true1", "pass rate: 95.2%", "passed=123 failed=4", "bypass_key: caps2", "author = \"anna7\"", "authors: [anna7]",
    "authorization_endpoint: https://id.example.com/o/authorize2", "auth_mode: oauth2", "auth0_domain: shop2.eu.auth0.com", "\"auth\": (\"type\": \"basic1\")",
    "credentials: include", "credential_process = /opt/bin/get2", "GOOGLE_APPLICATION_CREDENTIALS=/etc/gcp/key2.json", "git commit -m \"Rotate token v2\"",
    "fixes #1234, see {hex:8}", "version: 1.0.0-beta.2+build.{hex:7}", "test -n \"$API_KEY2\"", "unset DB_PASSWORD2", "require(\"crypto\").randomBytes(32)",
    "password.length >= 12", "hash(\"sha256\", password1)", "bcrypt.compare(password1, user.hash2)", "SELECT id, password_hash2 FROM users",
    "UPDATE users SET password = ? WHERE id = 2", "cursor.execute(\"... password=%s\", (pw1,))", "form.password.data2", "props.password1", "this.state.token2",
    "@RequestParam(\"token2\") String token", "def reset(token2: str) -> None: ...", "fn auth(token: &str, key2: &[u8])", "func Token(key2 string) string",
    "type Key2 = keyof Map", "case TOKEN_EOF2:", "struct token *tok2 = next();", "lexer.token2()", "Key: Ctrl+K, Ctrl+S", "press key F12", "piano key C4",
    "the key 4x4 grid", "low-key 80s vibe", "key findings: 12/15", "key=value1", "KEY1=VALUE1", "foo=bar1&baz=qux2", "?key=value1&token=abc123",
    "answer key: 1B 2C 3A", "hotel key card 412", "secret santa 2024", "secret ingredient #7", "token ring 802.5", "a token gift of 20 euros",
    "parking token 0815", "pass the salt 2x", "password? 123 guesses", "Username/Password", "User / Password: see below", "login: password",
    "PIN code: 4 digits", "PIN: ****", "cvv: 3 digits",
)  # fmt: skip
PASSWORDS: Final = {
    "letters": "{lower:10}", "mixed letters": "{alpha:10}", "word and digits": "kitten{digit:4}", "season": "Winter2023!",
    "word and mark": "kangaroo!{digit:2}", "leet": "k4ng4r00", "words and digits": "blue-horse-staple-{digit:2}", "camel words": "blueHorseStaple{digit:1}",
    "digits": "{digit:8}", "marks": "{alpha:3}$&{alpha:3}*{digit:1}", "capitals": "{upper:8}{digit:2}", "base64": "{alnum:6}/{alnum:5}+{alnum:4}",
    "dots": "{alpha:4}.{digit:3}.{alpha:4}",
}  # fmt: skip
PASSWORD_CARRIERS: Final = (
    "password: <V>\n", "password: \"<V>\"\n", "{\"password\":\"<V>\"}\n", "DB_PASSWORD=<V>\n", "export DB_PASSWORD=\"<V>\"\n", "$db_pass = '<V>';\n",
    "password = \"<V>\"\n", "mysql -uroot -p\"<V>\"\n", "postgres://app:<V>@10.0.0.2:5432/app\n", "the password is <V>\n", "Password: <V>\nHost: db1\n",
    "user: bob, pass: <V>\n", "sudo echo \"<V>\" | passwd --stdin bob\n", "<property name=\"password\" value=\"<V>\"/>\n", "smtp.login(\"bob@x.org\", \"<V>\")\n",
    "login with bob / <V>\n", "pw=<V>;\n", "Server=x;Uid=bob;Pwd=<V>;\n", "\"db\": {\"user\": \"bob\", \"pass\": \"<V>\"}\n", "passwd: <V> # old\n",
    "my pw for github is <V>\n", "pwd \"<V>\" does not work\n", "ftp://bob:<V>@ftp.x.org/\n", "- \"POSTGRES_PASSWORD=<V>\"\n", "spring.mail.password=<V>\n",
    "wifi_password = <V>\n", "ansible_password: <V>\n", "New-Object PSCredential(\"bob\", (ConvertTo-SecureString \"<V>\" -AsPlainText -Force))\n",
    "net user bob <V> /add\n", "psql -W <V>\n",
)  # fmt: skip
TOKENS: Final = {
    "hex of 24": "{hex:24}", "hex of 16": "{hex:16}", "capitals": "{upalnum:32}", "base64 of 88": "{base64:86}==", "prefix": "acme_{alnum:32}",
    "two prefixes": "acme_live_{alnum:24}", "dots": "{b64url:24}.{b64url:6}.{b64url:27}", "colon": "{digit:9}:{b64url:35}",
    "small letters": "{lower:8}{digit:4}{lower:8}{digit:4}", "uuid and more": "{uuid}-{hex:8}", "short": "{alnum:16}", "dashes": "{alnum:8}-{alnum:8}-{alnum:8}",
}  # fmt: skip
TOKEN_CARRIERS: Final = (
    "api_key: <V>\n", "API_KEY=<V>\n", "\"api_key\": \"<V>\"\n", "apiKey = \"<V>\"\n", "x-api-key: <V>\n", "Authorization: Bearer <V>\n", "Authorization: Token <V>\n",
    "token = \"<V>\"\n", "access_token: \"<V>\"\n", "client_secret=<V>\n", "SECRET_KEY = '<V>'\n", "here is my token: <V>\n",
    "curl -H \"Authorization: Bearer <V>\" https://a\n", "https://a.example/api?token=<V>\n", "ACME_TOKEN=<V>\n", "acme.setKey(\"<V>\")\n",
    "openai.api_key = \"<V>\"\n", "new Client(\"<V>\")\n", "client = Acme(api_key=\"<V>\")\n", "key: <V>\n", "--api-key <V>\n",
    "gh auth login --with-token <<< <V>\n", "webhook_secret: <V>\n", "private_token=<V>&x=1\n", "signing_key: \"<V>\"\n", "aes_key = \"<V>\"\n", "JWT_SECRET=<V>\n",
    "app_secret: <V>\n", "auth_token = <V>\n", "the api token is `<V>`\n", "X-Vault-Token: <V>\n", "bot = Bot(\"<V>\")\n", "license_key: <V>\n",
    "session_secret: <V>\n", "github_pat = <V>\n", "security_token=\"<V>\"\n", "consumer_secret: <V>\n", "bearer_token = \"<V>\"\n", "SLACK_SIGNING=<V>\n",
    "<add key=\"ServiceToken\" value=\"<V>\"/>\n",
)  # fmt: skip
