internal import ResealCore
internal import ResealManifests
internal import ResealVault

// Hand-made changes of the vault that are to stand in Git. From the apply on they are treated like rotated values that
// wait for their write-back.
extension Planner {
    /// The fields that were changed by hand, as Git holds them; empty where nothing is adopted.
    func adoptedFields(
        _ verdict: ValueVerdict, _ resource: DesiredResource, _ desired: DesiredSecret, _ observed: SecretRecord
    ) -> [FieldState] {
        guard driftPolicy(desired) == .adopt, let value = desired.value else { return [] }
        let base: [FieldState]?
        switch verdict {
        case .drifted: base = value.fields
        case .bothChanged: base = input.vault.appliedFields[observed.id]
        case .same, .gitChanged, .ahead: base = nil
        }
        guard let base, !Self.isOfSOPS(resource) else { return [] }
        let made = observed.fields.present
        // Fields are changed in a manifest and added to it. Taking one out is left to people.
        let names = Set(made.map(\.field))
        guard base.allSatisfy({ names.contains($0.field) }) else { return [] }
        let before = Dictionary(base.map { ($0.field, $0) }, uniquingKeysWith: { $1 })
        return made.filter { before[$0.field]?.fingerprint != $0.fingerprint }.map {
            before[$0.field] ?? FieldState(field: $0.field, counter: 0, fingerprint: 0)
        }
    }

    func describeAdoption(
        _ adopted: [FieldState], _ desired: DesiredSecret, _ observed: SecretRecord, _ change: inout PlannedChange
    ) {
        change.action = .adoptDrift
        change.reason = "changed in the vault by hand, to be committed"
        change.adopted = adopted
        change.fields = FieldDiff.changes(from: desired.value?.fields ?? [], to: observed.fields.present)
    }

    /// What a SOPS file holds is written by sops.
    private static func isOfSOPS(_ resource: DesiredResource) -> Bool {
        (try? JSON(parsing: resource.spec))?["spec"]?["value"]?["fromSOPS"] != nil
    }
}
