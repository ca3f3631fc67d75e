import ResealAge
import ResealCore
import ResealManifests
import ResealSealing

/// Text of manifests, as a person would write them.
enum Text {
    static func repository(id: String = Workbench.repositoryID, _ lines: String...) -> String {
        document("Repository", "repository", ["id: \(id)"] + lines)
    }

    static func recipients(_ controller: X25519Recipient, _ lines: String...) -> String {
        document("Recipients", "recipients", ["controller: \(controller)"] + lines)
    }

    static func role(_ name: String, _ members: [String], organization: String? = nil) -> String {
        document("Role", name, organization: organization, ["members: [\(members.joined(separator: ", "))]"])
    }

    /// - Parameter fields: a mapping of fields, or the scalar value itself under the empty name.
    static func secret(
        _ name: String, organization: String? = nil, _ fields: KeyValuePairs<String, String> = [:], _ lines: String...
    ) -> String {
        document("Secret", name, organization: organization, lines + value(fields.map { ($0.key, $0.value) }))
    }

    static func value(_ fields: [(String, String)]) -> [String] {
        guard !fields.isEmpty else { return [] }
        if fields.count == 1, fields[0].0.isEmpty { return ["value: \(scalar(fields[0].1, indent: 2))"] }
        return ["value:"] + fields.map { "  \($0.0): \(scalar($0.1, indent: 4))" }
    }

    static func document(_ kind: String, _ name: String, organization: String? = nil, _ spec: [String]) -> String {
        let lines = spec.flatMap { $0.split(separator: "\n", omittingEmptySubsequences: false).map { "  \($0)" } }
        let organization = organization.map { "\n  organization: \($0)" } ?? ""
        return """
            apiVersion: reseal/v1
            kind: \(kind)
            metadata:
              name: \(name)\(organization)
            spec:\(spec.isEmpty ? " {}" : "")
            \(lines.joined(separator: "\n"))

            """
    }

    /// An armor as a block, everything else as it is.
    private static func scalar(_ text: String, indent: Int) -> String {
        guard text.contains("\n") else { return text }
        let spaces = String(repeating: " ", count: indent)
        return "|\n" + text.split(separator: "\n").map { spaces + $0 }.joined(separator: "\n")
    }
}

extension Workbench {
    /// An armored value that is bound to its place; with `givenAt`, one that says it was only resealed since.
    func sealed(
        _ text: String, _ secret: String, _ field: String = "", counter: Int64 = 1,
        givenAt: Int64? = nil,
        organization: String = SecretID.defaultOrganization, repository: String = Workbench.repositoryID,
        to recipients: [X25519Recipient]? = nil
    ) throws -> String {
        let recipients = recipients ?? [identity.recipient]
        let binding = Binding(
            repository: repository, organization: organization, secret: secret,
            field: FieldPath(field.isEmpty ? [] : field.split(separator: ".").map(String.init)), counter: counter,
            sealedAt: Self.start, recipients: recipients, valueCounter: givenAt)
        return String(
            decoding: try FieldSealer.seal(SecretBytes(utf8: text), binding: binding, to: recipients), as: UTF8.self)
    }

    /// An armored value as plain age makes it.
    func unbound(_ text: String, to recipients: [X25519Recipient]? = nil) throws -> String {
        let file = try Age.encrypt(SecretBytes(utf8: text), to: recipients ?? [identity.recipient])
        return String(decoding: Armor.encode(file), as: UTF8.self)
    }

    /// The manifests that every repository has.
    var basics: [String: String?] {
        [
            "manifests/repository.yaml": Text.repository(),
            "manifests/recipients.yaml": Text.recipients(identity.recipient),
        ]
    }
}
