internal import ResealSealing

/// Which characters a password is made of. Each class that has any left occurs at least once.
struct PasswordRules {
    private static let classes = ["abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789"]
    private let classes: [[UInt8]]
    private let length: Int

    /// - Parameters:
    ///   - symbols: further characters beside letters and digits; ASCII.
    ///   - exclude: characters to leave out.
    /// - Throws: ``EngineFailure/Kind/impossible`` when fewer than two characters are left, or more classes than
    ///   characters.
    init(length: Int, symbols: String, exclude: String) throws(EngineFailure) {
        guard symbols.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
            throw EngineFailure(
                .impossible, "the symbols of a password are visible ASCII characters", hint: "correct `symbols`")
        }
        let left = (Self.classes + [symbols]).map { letters in
            Array(Set(letters.utf8).subtracting(exclude.utf8)).sorted()
        }.filter { !$0.isEmpty }
        guard Set(left.joined()).count >= 2, left.count <= length else {
            throw EngineFailure(
                .impossible, "the rules leave too few characters for a password", hint: "shorten `exclude`")
        }
        classes = left
        self.length = length
    }

    func generate() throws(SealingFailure) -> SecretBytes {
        let alphabet = Set(classes.joined()).sorted()
        while true {
            // Drawing again keeps all passwords that fit equally likely; putting missing classes in would not.
            let candidate = try RandomText.uniform(alphabet, count: length)
            let fits = candidate.withUnsafeBytes { text in classes.allSatisfy { $0.contains(where: text.contains) } }
            if fits { return candidate }
        }
    }
}
