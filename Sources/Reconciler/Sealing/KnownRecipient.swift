internal import ResealAge
internal import ResealCore
package import ResealManifests

/// Someone whom a person names on the command line: by the whole text, the fingerprint, or the name.
package struct KnownRecipient: Sendable, Equatable {
    package let fingerprint: String
    /// `nil` if only the fingerprint is known.
    package let text: String?
    package let name: String?

    /// Looks among those whom the rules name, then among former ones.
    ///
    /// Throws ``ReconcileFailure/Kind/unknownRecipient`` for what is nobody's text, fingerprint or name, and for a name
    /// that several have.
    package init(_ words: String, _ law: SealLaw, former: [OffboardingReport] = []) throws {
        let named = law.names.fingerprints(named: words)
        let formerly = former.filter { [$0.fingerprint, $0.recipient, $0.name].contains(words) }
        if named.count > 1 {
            throw ReconcileFailure(
                .unknownRecipient, "`\(words)` is the name of \(named.count) recipients",
                hint: "use the fingerprint: \(named.joined(separator: " or "))")
        }
        if let fingerprint = named.first ?? (law.names.text(words) == nil ? nil : words) {
            self.init(fingerprint, law.names.text(fingerprint), law.names.name(fingerprint))
        } else if let report = formerly.first {
            self.init(report.fingerprint, report.recipient, report.name)
        } else if words.utf8.count == 16, Hex.decode(words) != nil {
            self.init(words, nil, nil)
        } else {
            try self.init(text: words, law)
        }
    }

    private init(_ fingerprint: String, _ text: String?, _ name: String?) {
        self.fingerprint = fingerprint
        self.text = text
        self.name = name
    }

    private init(text words: String, _ law: SealLaw) throws {
        do throws(AgeFailure) {
            let recipient = try RecipientFile.recipient(words, access: .unattended)
            self.init(recipient.fingerprint, recipient.description, law.names.name(recipient.fingerprint))
        } catch {
            // The words themselves are not repeated: they may be an identity.
            let nearest = NearestName.suggestion(for: words, in: law.names.allNames)
            throw ReconcileFailure(
                .unknownRecipient, "no recipient is known by that text or name: \(error.message)",
                hint: nearest.map { "did you mean `\($0)`?" }
                    ?? "give the whole recipient, its fingerprint, or a name; `reseal recipients list` shows them")
        }
    }

    /// For messages.
    package var label: String {
        let shown = text.map(RecipientNames.shortened) ?? fingerprint
        return name.map { "\($0) (\(shown))" } ?? shown
    }

    /// The texts that stand for it in the rules.
    func texts(in law: SealLaw) -> Set<String> {
        let all = [law.spec.controller] + law.spec.groups.values.flatMap { $0 } + law.spec.rules.flatMap(\.recipients)
        return Set(all).filter { (try? RecipientFile.recipient($0, access: .unattended))?.fingerprint == fingerprint }
    }
}
