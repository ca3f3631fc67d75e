internal import ResealCore
internal import ResealManifests
internal import ResealSealing

/// What `reseal new` can make: a secret of some type, or a resource of another kind.
struct NewKind {
    let kind: ResourceKind
    /// Of a secret.
    let type: SecretType?

    static let words = SecretType.allCases.map(\.rawValue) + others.map(word)
    private static let others = ResourceKind.allCases.filter { $0 != .secret }

    static let help =
        "secrets: \(SecretType.allCases.map(\.rawValue).joined(separator: ", "))\n"
        + "  others: \(others.map(word).joined(separator: ", "))"

    init(_ word: String) throws(UsageFailure) {
        if let type = SecretType(rawValue: word) {
            (kind, self.type) = (.secret, type)
        } else if word.lowercased() == "secret" {
            (kind, type) = (.secret, .generic)
        } else if let kind = Self.others.first(where: { Self.word($0) == word || $0.rawValue == word }) {
            (self.kind, type) = (kind, nil)
        } else {
            let nearest = NearestName.suggestion(for: word, in: Self.words)
            throw UsageFailure(
                "`\(SafeText.line(String(word.prefix(40))))` is nothing that can be made",
                hint: nearest.map { "did you mean `\($0)`?" } ?? "one of \(Self.words.joined(separator: ", "))")
        }
    }

    /// `dynamic-secret` for `DynamicSecret`.
    private static func word(_ kind: ResourceKind) -> String {
        kind.rawValue.reduce(into: "") { word, letter in
            if letter.isUppercase, !word.isEmpty { word.append("-") }
            word.append(contentsOf: letter.lowercased())
        }
    }

    /// Secrets have files of their own; of the other kinds, all stand in one.
    func path(of name: String, in folder: String) -> String {
        let file: String =
            switch kind {
            case .secret, .dynamicSecret: name
            case .repository, .recipients: Self.word(kind)
            case .backupPolicy: "backup-policies"
            case .role, .connection, .syncTarget, .notifier, .alertRule: Self.word(kind) + "s"
            }
        return folder.isEmpty ? "\(file).yaml" : "\(folder)/\(file).yaml"
    }

    /// As `reseal init --manifests` makes it.
    static func repositoryID() throws -> String { Hex.encode(try SystemRandom.bytes(16)) }
}
