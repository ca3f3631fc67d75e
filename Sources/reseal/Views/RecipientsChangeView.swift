internal import ResealCore
internal import ResealManifests
internal import ResealReconciler

/// What an edit of the Recipients manifest did, and what is left to do.
struct RecipientsChangeView {
    let outcome: RecipientsChange.Outcome

    private var files: Int { Set(outcome.misfits.map { $0.valueFile ?? $0.manifest }).count }

    /// What `reseal rekey` would do now.
    var rekeying: String {
        outcome.misfits.isEmpty
            ? "all sealed values fit the rules; there is nothing to reseal"
            : "\(outcome.misfits.count) value(s) in \(files) file(s) do not fit the rules: `reseal rekey` reseals them, "
                + "which needs the identity of someone who can open them"
    }

    var document: JSON {
        [
            "manifest": .string(outcome.path), "changed": .array(outcome.places.map { .string($0.description) }),
            "emptied_groups": .array(outcome.emptiedGroups.map { .string($0) }),
            "misfits": .array(outcome.misfits.map(SealView.document)),
        ]
    }
}
