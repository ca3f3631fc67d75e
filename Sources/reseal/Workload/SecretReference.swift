internal import ResealCore
internal import ResealVault

/// A secret, or one field of it, as a person writes it: `prod/orders-db#password`.
struct SecretReference: Sendable, Hashable {
    let id: SecretID
    let field: String?

    init(_ id: SecretID, field: String?) {
        self.id = id
        self.field = field
    }

    /// Throws ``NameFailure`` for a name that breaks the rules, ``UsageFailure`` for an empty field.
    init(_ text: String, organization: OrganizationOption) throws {
        guard let mark = text.firstIndex(of: "#") else {
            self.init(try organization.id(text), field: nil)
            return
        }
        let field = String(text[text.index(after: mark)...])
        guard !field.isEmpty else {
            throw UsageFailure("`\(text)` names no field behind its `#`", hint: "for example prod/orders-db#password")
        }
        self.init(try organization.id(String(text[..<mark])), field: field)
    }
}

extension SecretReading {
    /// The field of that name, or a scalar itself where there is no name. Throws ``VaultFailure/Kind/fieldNotFound``.
    func leaf(optional name: String?) throws -> SecretValue.Leaf {
        if let name { return try value.field(name, of: id).leaves[0] }
        guard value.isScalar else {
            let names = value.leaves.map { SecretValue.text(of: $0.path) }
            throw VaultFailure(
                .fieldNotFound, "\(id) holds several fields, and none is named",
                hint: "its fields: \(names.joined(separator: ", "))")
        }
        return value.leaves[0]
    }
}
