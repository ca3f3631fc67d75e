internal import ResealVault

/// The fields in which two values differ, by their keyed fingerprints.
enum FieldDiff {
    static func changes(from before: [FieldState], to after: [FieldState]) -> [FieldChange] {
        let before = before.present
        if before.isEmpty {
            return after.map { FieldChange(field: $0.field, kind: .added) }.sorted { $0.field < $1.field }
        }
        let old = Dictionary(before.map { ($0.field, $0.fingerprint) }, uniquingKeysWith: { $1 })
        let names = Set(after.map(\.field))
        let kept = after.map { state in
            let kind: FieldChange.Kind =
                old[state.field].map { $0 == state.fingerprint ? .unchanged : .changed } ?? .added
            return FieldChange(field: state.field, kind: kind)
        }
        let gone = before.filter { !names.contains($0.field) }.map { FieldChange(field: $0.field, kind: .removed) }
        return (kept + gone).sorted { $0.field < $1.field }
    }
}
