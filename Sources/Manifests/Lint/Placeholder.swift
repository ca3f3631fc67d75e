/// Text that stands where a secret will stand, or says where it comes from.
enum Placeholder {
    /// True for what is no secret whatever its key is called: nothing, examples, references, switches.
    static func isHarmless(_ text: String) -> Bool {
        let trimmed = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        guard trimmed.utf8.count >= 4 else { return true }
        let lower = trimmed.lowercased()
        let letters = String(decoding: lower.utf8.filter(ByteClass.alphanumeric.contains), as: UTF8.self)
        return isReference(trimmed, lower) || words.contains(letters) || isExample(lower, letters) || isUniform(letters)
    }

    /// Markers of examples, which also stand inside of made-up tokens.
    static func isExample(_ lower: String, _ letters: String) -> Bool {
        parts.contains(where: lower.contains) || letters.hasPrefix("your")
            || letters.hasPrefix("my") && letters.count < 12
    }

    /// One letter again and again, or a row of them.
    static func isUniform(_ letters: String) -> Bool {
        let distinct = Set(letters.utf8)
        if distinct.count <= 2 { return true }
        return letters.count >= 6 && rows.contains { $0.contains(letters) }
    }

    private static let rows = [
        "abcdefghijklmnopqrstuvwxyz0123456789", "01234567890123456789012345678901234567890123456789",
        "1234567890abcdefghijklmnopqrstuvwxyz", "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    ]

    private static func isReference(_ text: String, _ lower: String) -> Bool {
        if beginnings.contains(where: lower.hasPrefix) { return true }
        if text.contains("${") || text.contains("{{") || text.contains("$(") || text.contains("<%") { return true }
        // A name in a shell, or in a template of one's own.
        if let first = text.first, let last = text.last,
            ["<>", "[]", "{}", "%%", "()", "__", "**"].contains("\(first)\(last)")
        {
            return true
        }
        return isPath(text) || isResourceName(text)
    }

    private static func isPath(_ text: String) -> Bool {
        text.hasPrefix("/") && !text.contains(" ") && text.dropFirst().contains("/") || text.hasPrefix("./")
            || text.hasPrefix("../") || text.hasPrefix("~/")
    }

    /// `prod/orders-db`: where a secret is, not what it is.
    private static func isResourceName(_ text: String) -> Bool {
        text.utf8.contains(UInt8(ascii: "/"))
            && text.utf8.allSatisfy {
                ByteClass.lower.contains($0) || ByteClass.digits.contains($0)
                    || [UInt8(ascii: "/"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_")].contains($0)
            }
    }

    private static let beginnings = [
        "$", "env:", "env.", "vault:", "vault://", "secret:", "secret://", "secrets.", "op://", "ref:", "ref+", "file:",
        "file://", "arn:aws:", "projects/", "enc[", "!vault", "$ansible_vault", "-----begin age", "process.",
        "os.",
        "getenv", "aws-ssm:", "ssm:", "keyring:", "config:", "var.", "data.", "local.", "module.",
        "awskms:",
        "gcpkms:", "@", "age1", "ssh-ed25519 ", "ssh-rsa ", "ecdsa-sha2-", "sha1:", "sha256:", "sha512:", "sha256-",
        "sha384-", "sha512-", "md5:", "$2a$", "$2b$", "$2y$", "$argon2", "scram-sha-256$", "{ssha}", "http://",
        "https://",
    ]
    private static let parts = [
        "example", "changeme", "change-me", "change_me", "change me", "placeholder", "dummy", "redacted", "sample",
        "replace", "insert", "todo", "fixme", "xxxx", "****", "....", "not-a-real", "notreal", "fake", "test-only",
    ]
    private static let words: Set<String> = [
        "true", "false", "null", "none", "nil", "undefined", "yes", "no", "off", "on", "empty", "default", "unset",
        "required", "optional", "string", "text", "value", "number", "boolean", "object", "array", "bytes", "write",
        "read",
        "inherit", "always", "never", "auto", "password", "passwd", "passphrase", "secret", "token", "apikey", "key",
        "privatekey", "secretkey", "accesskey", "credential", "credentials", "username", "user", "login", "pass",
        "test",
        "testing", "foobar", "foo", "bar", "asdf", "unknown", "hidden", "masked", "sealed", "encrypted", "generated",
        "prompt",
        "stdin", "basic", "bearer", "oauth", "oauth2", "sensitive", "secretref", "secretkeyref", "valuefrom",
        "external",
    ]
}
