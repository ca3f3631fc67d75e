package import ResealAge
internal import ResealCore

/// Who may open which value, by the Recipients manifest.
package struct RecipientRules: Sendable {
    private struct Rule: Sendable {
        let paths: [Glob]
        let names: [Glob]
        let recipients: [any ListedRecipient]

        func fits(path: String, name: String) -> Bool {
            (paths.isEmpty || paths.contains { $0.matches(path) })
                && (names.isEmpty || names.contains { $0.matches(name) })
        }
    }

    package let controller: any ListedRecipient
    private let rules: [Rule]

    /// Throws ``AgeFailure/Kind/recipient`` for a recipient that cannot be read.
    package init(_ spec: RecipientsSpec) throws(AgeFailure) {
        controller = try RecipientFile.recipient(spec.controller)
        var rules: [Rule] = []
        for rule in spec.rules {
            var recipients: [any ListedRecipient] = []
            for text in rule.recipients {
                // A group that is not defined is an error of the manifest, found when it was read.
                let members = text.hasPrefix("group:") ? spec.groups[String(text.dropFirst(6))] ?? [] : [text]
                for member in members { recipients.append(try RecipientFile.recipient(member)) }
            }
            rules.append(Rule(paths: rule.paths, names: rule.names, recipients: recipients))
        }
        self.rules = rules
    }

    /// Those who may open the values of a secret, the controller first, each once.
    ///
    /// `path` is the manifest's file from the root of the repository. The first rule that fits decides; where none
    /// fits, the controller is alone.
    package func recipients(path: String, name: String) -> [any ListedRecipient] {
        var recipients = [controller]
        for recipient in rules.first(where: { $0.fits(path: path, name: name) })?.recipients ?? []
        where !recipients.contains(where: { $0.fingerprint == recipient.fingerprint }) {
            recipients.append(recipient)
        }
        return recipients
    }

    /// Fingerprints of ``recipients(path:name:)``, sorted.
    package func fingerprints(path: String, name: String) -> [String] {
        recipients(path: path, name: name).map(\.fingerprint).sorted()
    }

    /// How the recipients of a sealed value differ from the rules; `nil` if they fit. Completes "the value …".
    package func problem(binding: Binding?, stanzas: [Stanza], path: String, name: String) -> String? {
        problem(
            bound: binding?.recipients, stanzaTypes: stanzas.map(\.type).filter { $0 != Binding.stanzaType }, path: path,
            name: name)
    }

    /// As above, of a value that is known by the fingerprints in its binding (`nil` without one) and by the types of
    /// its other stanzas.
    ///
    /// age hides who its recipients are. A bound value names them; of one without a binding, only number and kind of
    /// the stanzas can be compared.
    package func problem(bound: [String]?, stanzaTypes: [String], path: String, name: String) -> String? {
        let wanted = recipients(path: path, name: name)
        if let bound {
            let fingerprints = Set(wanted.map(\.fingerprint))
            let extra = bound.filter { !fingerprints.contains($0) }
            let missing = wanted.filter { !bound.contains($0.fingerprint) }
            if !extra.isEmpty { return "can be opened by recipients that the rules do not name: \(Self.list(extra))" }
            if !missing.isEmpty { return "cannot be opened by \(Self.list(missing.map(\.description)))" }
        }
        // Stanzas of these types are for nobody.
        var wraps = stanzaTypes.filter { !$0.hasSuffix("-grease") }
        guard wraps.count == wanted.count else {
            return "is sealed for \(wraps.count) recipients where the rules name \(wanted.count)"
        }
        for type in wanted.compactMap(\.stanzaType) {
            guard let place = wraps.firstIndex(of: type) else {
                return "is sealed for recipients of another kind (\(Self.list(Set(wraps).sorted())))"
            }
            wraps.remove(at: place)
        }
        return nil
    }

    private static func list(_ items: [String]) -> String {
        items.prefix(4).map { quoted($0) }.joined(separator: ", ")
            + (items.count > 4 ? " and \(items.count - 4) more" : "")
    }
}
