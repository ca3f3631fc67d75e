internal import ResealAge
internal import ResealCore
internal import ResealGit
package import ResealManifests
internal import ResealSealing

/// Edits the Recipients manifest of a work tree. Seals nothing: that is for ``Rekeying``.
package struct RecipientsChange: Sendable {
    /// What an edit did, and what follows from it.
    package struct Outcome: Sendable {
        /// Of the Recipients manifest, from the root of the work tree.
        package let path: String
        package let places: [RecipientsPlace]
        package var emptiedGroups: [String] = []
        /// The values that do not fit the rules as they are now.
        package let misfits: [SealEntry]
    }

    let tree: WorkTree
    package let survey: SealSurvey

    package init(_ checkout: Checkout) throws {
        tree = WorkTree(root: checkout.workTree ?? checkout.repositoryPath)
        survey = try SealSurvey(checkout)
    }

    /// Names a recipient, or `group:NAME`, in lists of the manifest.
    ///
    /// Throws ``ManifestFailure`` for a place that does not exist or an edit that cannot be made, ``AgeFailure`` for a
    /// recipient that is none, or that may not share a value with those who are there.
    package func add(_ text: String, to places: [RecipientsPlace]) throws -> Outcome {
        let text = text.hasPrefix("group:") ? text : try RecipientFile.recipient(text, access: .unattended).description
        var editor = RecipientsEditor(survey.law.file, spec: survey.law.spec)
        let edit = try editor.add(text, to: places)
        let rules = try self.rules(edit.bytes)
        try requireSealable(rules)
        try write(edit.bytes)
        return outcome(edit, rules)
    }

    /// The manifest without a recipient, before it is written.
    func removal(of recipient: KnownRecipient, from places: Set<RecipientsPlace>?) throws -> (RecipientsEdit, RecipientRules) {
        guard recipient.fingerprint != survey.law.rules.controller.fingerprint else {
            throw ReconcileFailure(
                .controllerStays, "\(recipient.label) is the controller, which opens every value to apply it",
                hint: "name another `controller` in \(survey.law.file.path) and run `reseal rekey` before the old identity goes")
        }
        var editor = RecipientsEditor(survey.law.file, spec: survey.law.spec)
        let edit = try editor.remove(recipient.texts(in: survey.law), from: places)
        return (edit, try rules(edit.bytes))
    }

    func write(_ bytes: [UInt8]) throws {
        guard bytes != survey.law.file.bytes else { return }
        let file = FileReplacement(path: survey.law.file.path, before: survey.law.file.bytes, after: bytes)
        if let refused = tree.replace([file]).first { throw refused.failure }
    }

    func outcome(_ edit: RecipientsEdit, _ rules: RecipientRules) -> Outcome {
        let misfits = survey.entries.filter { entry in
            entry.binding == nil
                || rules.audience(path: entry.manifest, name: entry.id.name)
                    .mismatch(bound: entry.binding?.recipients, stanzaTypes: entry.stanzaTypes) != nil
        }
        return Outcome(
            path: survey.law.file.path, places: edit.places, emptiedGroups: edit.emptiedGroups, misfits: misfits)
    }

    private func rules(_ bytes: [UInt8]) throws -> RecipientRules {
        let reading = ManifestReader.read(ManifestFile(path: survey.law.file.path, bytes: bytes))
        for case .recipients(let spec) in reading.manifests.map(\.spec) { return try RecipientRules(spec) }
        throw DiagnosticsFailure(reading.diagnostics)
    }

    /// Seals nothing for everyone, since that tells who may not be mixed, and who is no recipient that anyone could be.
    /// What only a plugin can seal for is left to the first real sealing: it may ask for a hand on a token.
    private func requireSealable(_ rules: RecipientRules) throws {
        for rule in rules.rules where rule.audience.recipients.allSatisfy({ $0.stanzaType != nil }) {
            _ = try Age.encrypt(SecretBytes([]), to: rule.audience.recipients)
        }
    }
}
