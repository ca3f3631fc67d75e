package import ResealCore

/// Makes the text of new manifests, which are valid as far as they go.
package struct ManifestScaffold: Sendable {
    package let kind: ResourceKind
    package let name: String
    package let organization: String
    package var labels: [(key: String, value: String)] = []
    /// Answers by their paths below `spec`.
    package var given: [String: [String]] = [:]
    /// Of a secret: the fields that are not sealed, in their order.
    package var plainFields: [(name: String, text: String)] = []

    package init(_ kind: ResourceKind, name: String, organization: String = SecretID.defaultOrganization) {
        self.kind = kind
        self.name = name
        self.organization = organization
    }

    /// The document, without `---`.
    ///
    /// - Parameter ask: answers a question; with nothing where nothing has to be said.
    /// - Throws: ``ScaffoldFailure`` for answers that are missing, wrong, or for no question.
    package func document(_ ask: @escaping (ScaffoldQuestion) throws -> [String]) throws -> String {
        var interview = ScaffoldInterview(given: given, worthwhile: Self.worthwhile(kind), ask: ask)
        var spec: [ScaffoldValue.Entry]
        switch ManifestSchema.spec(kind) {
        case .object(let rule): spec = try interview.entries(rule.fields, [], leavingOut: ["value"])
        case .variants(let rule): spec = try interview.variantEntries(rule)
        default: spec = []
        }
        if let unknown = interview.unused.first {
            throw ScaffoldFailure(
                "`\(unknown)` is no key of a \(kind.rawValue), or does not apply here",
                hint: NearestName.suggestion(for: unknown, in: interview.used).map { "did you mean `\($0)`?" }
                    ?? "`reseal schema` describes them all")
        }
        if kind == .secret { insertValue(into: &spec) }
        let lines = ScaffoldValue.map([
            .init(key: "apiVersion", value: .text(ManifestSchema.apiVersion)),
            .init(key: "kind", value: .text(kind.rawValue)), .init(key: "metadata", value: .map(metadata)),
            .init(key: "spec", value: .map(spec)),
        ]).lines()
        return lines.joined(separator: "\n") + "\n"
    }

    private var metadata: [ScaffoldValue.Entry] {
        var entries = [ScaffoldValue.Entry(key: "name", value: .text(name))]
        if organization != SecretID.defaultOrganization {
            entries.append(.init(key: "organization", value: .text(organization)))
        }
        if !labels.isEmpty {
            entries.append(.init(key: "labels", value: .map(labels.map { .init(key: $0.key, value: .text($0.value)) })))
        }
        return entries
    }

    /// Behind what describes the secret, in front of what is done with it.
    private func insertValue(into spec: inout [ScaffoldValue.Entry]) {
        let fields = plainFields.map { ScaffoldValue.Entry(key: $0.name, value: .typed($0.text)) }
        let value = ScaffoldValue.Entry(key: "value", value: fields.isEmpty ? .empty : .map(fields))
        let before: Set<String> = ["type", "description", "service", "environment", "metadata"]
        spec.insert(value, at: spec.lastIndex { before.contains($0.key) }.map { $0 + 1 } ?? 0)
    }

    /// The name of a key within others, as questions and answers have it.
    package static func path(_ keys: String...) -> String { keys.joined(separator: ".") }

    /// What is asked though a manifest is valid without it.
    private static func worthwhile(_ kind: ResourceKind) -> Set<String> {
        switch kind {
        case .secret:
            ["description", path("permissions", "read"), path("permissions", "write"), path("rotation", "every")]
        case .dynamicSecret: ["description", path("permissions", "generate")]
        case .role: ["description", "members"]
        case .connection: ["description", path("credentialsFrom", "secret")]
        case .repository, .recipients: []
        case .syncTarget, .notifier, .alertRule: ["description"]
        case .backupPolicy: ["description", "notify"]
        }
    }
}

extension ScaffoldInterview {
    /// The entries of a spec whose first key decides about the others.
    fileprivate mutating func variantEntries(_ rule: VariantRule) throws -> [ScaffoldValue.Entry] {
        guard case .map(let entries)? = try variants(rule, [], true) else { return [] }
        return entries
    }
}
