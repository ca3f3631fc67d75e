package import ResealAge
internal import ResealCore

/// Who may open which value, by the Recipients manifest.
package struct RecipientRules: Sendable {
    private struct Rule: Sendable {
        let paths: [Glob]
        let names: [Glob]
        let pathPattern: (regex: LinearPattern, folder: String)?
        let recipients: [X25519Recipient]

        func fits(path: String, name: String) -> Bool {
            (paths.isEmpty || paths.contains { $0.matches(path) })
                && (names.isEmpty || names.contains { $0.matches(name) }) && fitsPattern(path)
        }

        private func fitsPattern(_ path: String) -> Bool {
            guard let (regex, folder) = pathPattern else { return true }
            guard !folder.isEmpty else { return regex.matches(path) }
            return path.hasPrefix(folder + "/") && regex.matches(String(path.dropFirst(folder.count + 1)))
        }
    }

    package let controller: X25519Recipient
    private let rules: [Rule]

    /// Throws ``AgeFailure/Kind/recipient`` for a recipient that cannot be read.
    package init(_ spec: RecipientsSpec) throws(AgeFailure) {
        controller = try X25519Recipient(spec.controller)
        var rules: [Rule] = []
        for rule in spec.rules {
            var recipients: [X25519Recipient] = []
            for text in rule.recipients {
                // A group that is not defined is an error of the manifest, found when it was read.
                let members = text.hasPrefix("group:") ? spec.groups[String(text.dropFirst(6))] ?? [] : [text]
                for member in members { recipients.append(try X25519Recipient(member)) }
            }
            rules.append(
                Rule(
                    paths: rule.paths, names: rule.names, pathPattern: try Self.compiled(rule.pathPattern),
                    recipients: recipients))
        }
        self.rules = rules
    }

    private static func compiled(
        _ pattern: RecipientsSpec.PathPattern?
    ) throws(AgeFailure) -> (regex: LinearPattern, folder: String)? {
        guard let pattern else { return nil }
        do throws(ManifestFailure) {
            return (try LinearPattern(pattern.regex), pattern.folder)
        } catch {
            // The manifest was read with the same check; a rule that says nothing must not become one for all.
            throw AgeFailure(.recipient, "the rule `\(pattern.regex.prefix(60))` is no regular expression")
        }
    }

    /// Those who may open the values of a secret, the controller first, each once.
    ///
    /// `path` is the manifest's file from the root of the repository. The first rule that fits decides; where none
    /// fits, the controller is alone.
    package func recipients(path: String, name: String) -> [X25519Recipient] {
        var recipients = [controller]
        for recipient in rules.first(where: { $0.fits(path: path, name: name) })?.recipients ?? []
        where !recipients.contains(recipient) {
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
        let wraps = stanzaTypes.filter { !$0.hasSuffix("-grease") }
        let foreign = Set(wraps).subtracting(["X25519"]).sorted()
        if !foreign.isEmpty { return "is sealed for recipients of another kind (\(Self.list(foreign)))" }
        guard wraps.count == wanted.count else {
            return "is sealed for \(wraps.count) recipients where the rules name \(wanted.count)"
        }
        return nil
    }

    private static func list(_ items: [String]) -> String {
        items.prefix(4).map { quoted($0) }.joined(separator: ", ")
            + (items.count > 4 ? " and \(items.count - 4) more" : "")
    }
}
