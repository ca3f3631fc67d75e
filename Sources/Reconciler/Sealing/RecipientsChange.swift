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
        for case .rule(let number) in places where number > survey.law.spec.rules.count {
            guard survey.law.rules.rules.indices.contains(number - 1), let config = survey.law.spec.sopsConfig else {
                break
            }
            throw ReconcileFailure(
                .namedElsewhere, "rule \(number) stands in \(config.path)", hint: "add the recipient to that file")
        }
        let text = text.hasPrefix("group:") ? text : try RecipientFile.recipient(text, access: .unattended).description
        var editor = RecipientsEditor(survey.law.file, spec: survey.law.spec)
        let edit = try editor.add(text, to: places)
        let rules = try self.rules(edit.bytes)
        try requireSealable(rules)
        try write(edit.bytes)
        return outcome(edit, rules)
    }

    /// The manifest without a recipient, before it is written.
    func removal(of recipient: KnownRecipient, from places: Set<RecipientsPlace>?) throws -> (
        RecipientsEdit, RecipientRules
    ) {
        guard recipient.fingerprint != survey.law.rules.controller.fingerprint else {
            throw ReconcileFailure(
                .controllerStays, "\(recipient.label) is the controller, which opens every value to apply it",
                hint:
                    "name another `controller` in \(survey.law.file.path) and run `reseal rekey` before the old identity goes"
            )
        }
        var editor = RecipientsEditor(survey.law.file, spec: survey.law.spec)
        let edit = try editor.remove(recipient.texts(in: survey.law), from: places)
        let rules = try rules(edit.bytes)
        if places == nil, let config = survey.law.spec.sopsConfig,
            rules.everyone.contains(where: { $0.fingerprint == recipient.fingerprint })
        {
            throw ReconcileFailure(
                .namedElsewhere, "\(recipient.label) is named in \(config.path) as well",
                hint: "take it out of that file first, and run `sops updatekeys` and `sops rotate` for the SOPS files")
        }
        return (edit, rules)
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
        guard let manifest = reading.manifests.first(where: { $0.key.kind == .recipients }) else {
            throw DiagnosticsFailure(reading.diagnostics)
        }
        return try SOPSConfigFiles.rules(manifest) { try tree.read($0, limitBytes: SOPSConfigFiles.maximumBytes) }
    }

    /// Seals nothing for everyone, since that tells who may not be mixed, and who is no recipient that anyone could be.
    /// What only a plugin can seal for is left to the first real sealing: it may ask for a hand on a token.
    private func requireSealable(_ rules: RecipientRules) throws {
        for rule in rules.rules where rule.audience.recipients.allSatisfy({ $0.stanzaType != nil }) {
            _ = try Age.encrypt(SecretBytes([]), to: rule.audience.recipients)
        }
    }
}
