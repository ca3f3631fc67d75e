package import ResealAge

/// How those who can open a sealed value differ from those who may by the rules, as far as anyone can see it without a
/// key.
///
/// age hides who its recipients are. A bound value names them; of one without a binding, only number and kind of the
/// stanzas can be compared.
package struct RecipientMismatch: Sendable {
    package enum Stanzas: Sendable, Equatable {
        /// The header wraps the file key for another number of recipients.
        case count(found: Int, wanted: Int)
        /// As many as wanted, but of these types.
        case kinds([String])
    }

    /// Who may open the value and cannot. Empty for an unbound value.
    package let missing: [any ListedRecipient]
    /// Fingerprints of those who can open the value and may not. Empty for an unbound value.
    package let extra: [String]
    /// What the header says that neither rules nor binding do.
    package let stanzas: Stanzas?

    /// `nil` if everything fits.
    ///
    /// - Parameters:
    ///   - bound: the fingerprints in the binding, `nil` without one.
    ///   - stanzaTypes: of all stanzas but the binding.
    init?(bound: [String]?, stanzaTypes: [String], wanted: RecipientRules.Audience) {
        if let bound {
            extra = bound.filter { !wanted.contains($0) }
            let present = Set(bound)
            missing = wanted.recipients.indices.filter { !present.contains(wanted.fingerprints[$0]) }
                .map { wanted.recipients[$0] }
        } else {
            (missing, extra) = ([], [])
        }
        // Where the binding says it all, the stanzas have to agree with the binding and not with the rules.
        stanzas = extra.isEmpty && missing.isEmpty ? Self.stanzas(stanzaTypes, wanted) : nil
        if extra.isEmpty, missing.isEmpty, stanzas == nil { return nil }
    }

    private static func stanzas(_ types: [String], _ wanted: RecipientRules.Audience) -> Stanzas? {
        // Stanzas of these types are for nobody.
        let wraps = types.filter { !$0.hasSuffix("-grease") }
        guard wraps.count == wanted.recipients.count else {
            return .count(found: wraps.count, wanted: wanted.recipients.count)
        }
        let found = Dictionary(wraps.map { ($0, 1) }, uniquingKeysWith: +)
        return wanted.stanzaTypes.allSatisfy { $0.value <= found[$0.key] ?? 0 } ? nil : .kinds(found.keys.sorted())
    }

    /// In words, with `name` for a recipient by its fingerprint; completes "the value …".
    package func text(naming name: (String) -> String) -> String {
        var parts: [String] = []
        if !extra.isEmpty { parts.append("can be opened by \(Self.list(extra.map(name))), whom the rules do not name") }
        if !missing.isEmpty { parts.append("cannot be opened by \(Self.list(missing.map { name($0.fingerprint) }))") }
        switch stanzas {
        case .count(let found, let wanted):
            parts.append("is sealed for \(found) recipients where the rules name \(wanted)")
        case .kinds(let types):
            parts.append("is sealed for recipients of another kind (\(Self.list(types.map(quoted))))")
        case nil: break
        }
        return parts.joined(separator: ", and ")
    }

    private static func list(_ items: [String]) -> String {
        items.prefix(4).joined(separator: ", ") + (items.count > 4 ? " and \(items.count - 4) more" : "")
    }
}
