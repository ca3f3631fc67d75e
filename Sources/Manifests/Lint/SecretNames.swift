/// Names of fields and settings that say that their value is confidential.
enum SecretNames {
    /// What the value is, in words of our own: the name itself may hold a part of something that is not to be shown.
    struct Meaning: Sendable, Equatable {
        let noun: String
        /// What else than a secret goes by the name often: also the *name* of a secret or token.
        let isLoose: Bool
    }

    /// `nil` for a name that says nothing of the kind.
    static func meaning(of name: some Collection<UInt8>) -> Meaning? {
        // Names of programs are longer than this only where they are no names.
        guard (3...80).contains(name.count) else { return nil }
        var words = words(of: name)
        while let last = words.last, fillers.contains(last) || last.utf8.allSatisfy(ByteClass.digits.contains) {
            words.removeLast()
        }
        guard let last = words.last else { return nil }
        let before = words.dropLast().last
        if let before, harmless.contains("\(before) \(last)") { return nil }
        if let noun = single[last] { return Meaning(noun: noun, isLoose: loose.contains(last)) }
        if let joined = glued.first(where: { last.hasSuffix($0.key) }) {
            return Meaning(noun: joined.value, isLoose: false)
        }
        guard let before else { return nil }
        if last == "key", keys.contains(before) { return Meaning(noun: "\(before) key", isLoose: false) }
        if last == "pass", passes.contains(before) { return Meaning(noun: "password", isLoose: false) }
        return nil
    }

    /// `apiKey`, `API_KEY` and `api-key` are two words each.
    static func words(of name: some Collection<UInt8>) -> [String] {
        var words: [String] = []
        var current: [UInt8] = []
        var previous: UInt8 = 0
        let letters = Array(name)
        for (i, byte) in letters.enumerated() {
            let isUpper = ByteClass.upper.contains(byte)
            let next = i + 1 < letters.count ? letters[i + 1] : 0
            let begins =
                isUpper && ByteClass.lower.contains(previous)
                || isUpper && ByteClass.upper.contains(previous) && ByteClass.lower.contains(next)
                || ByteClass.digits.contains(byte) != ByteClass.digits.contains(previous)
            if !ByteClass.alphanumeric.contains(byte) || begins, !current.isEmpty {
                words.append(String(decoding: current, as: UTF8.self))
                current = []
            }
            if ByteClass.alphanumeric.contains(byte) { current.append(isUpper ? byte | 0x20 : byte) }
            previous = byte
        }
        if !current.isEmpty { words.append(String(decoding: current, as: UTF8.self)) }
        return words
    }

    private static let single: [String: String] = [
        "password": "password", "passwd": "password", "pwd": "password", "passphrase": "passphrase",
        "passcode": "passcode",
        "secret": "secret", "token": "token", "credential": "credential", "credentials": "credential",
        "apikey": "api key", "privatekey": "private key", "secretkey": "secret key", "accesskey": "access key",
    ]
    private static let glued = [
        "password": "password", "passwd": "password", "passphrase": "passphrase", "apikey": "api key",
        "privatekey": "private key", "secretkey": "secret key", "authtoken": "token", "clientsecret": "secret",
    ]
    private static let loose: Set<String> = ["secret", "token", "credential", "credentials", "pwd"]
    private static let keys: Set<String> = [
        "api", "private", "secret", "access", "signing", "encryption", "master", "account", "storage", "auth",
        "service",
        "client", "license", "root", "hmac", "deploy", "shared",
    ]
    private static let passes: Set<String> = [
        "db", "database", "user", "smtp", "mysql", "postgres", "pg", "admin", "root",
    ]
    private static let fillers: Set<String> = [
        "value", "plain", "plaintext", "text", "base", "b", "prod", "dev", "staging",
    ]
    private static let harmless: Set<String> = [
        "id token", "csrf token", "xsrf token", "page token", "sync token", "next token", "continue token",
        "continuation token", "cancellation token", "public token", "cancel token", "reset password", "forgot password",
        "has password", "show password", "no password", "ask password", "use token", "image secret", "pull secret",
        "working pwd", "old pwd", "from secret", "tls secret", "per token", "max token",
    ]
}
