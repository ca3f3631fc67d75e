internal import ResealCore
internal import ResealVault

/// How Git's value stands to fields that rotation made, or that are adopted, and that have not reached Git yet.
struct UnwrittenFields {
    /// What the value consists of when those fields stay as they are.
    var merged: [FieldState]
    /// The fields that stay, because Git holds others. Empty when Git has caught up with all of them.
    var kept: [String] = []
    /// Those of them that somebody changed in Git meanwhile.
    var conflicts: [String] = []
}

extension Planner {
    /// Until its write-back has landed, the vault is authoritative for a rotated field: the target system knows no other
    /// value, so nothing that Git says undoes it. `nil` where nothing waits for Git.
    ///
    /// - Parameters:
    ///   - adopted: what this plan adds to it.
    ///   - unsealed: in these, Git contradicts the vault whatever it says.
    func unwrittenFields(
        _ desired: DesiredSecret, _ observed: SecretRecord, _ adopted: [FieldState], unsealed: Set<String>
    ) -> UnwrittenFields? {
        var waiting = input.vault.unwritten[observed.id] ?? []
        let known = Set(waiting.map(\.field))
        waiting += adopted.filter { !known.contains($0.field) }
        // A value that was destroyed waits for nothing.
        guard !waiting.isEmpty, observed.currentVersion > 0, let value = desired.value else { return nil }
        let present = Dictionary(observed.fields.present.map { ($0.field, $0) }, uniquingKeysWith: { $1 })
        var result = UnwrittenFields(merged: value.fields)
        for before in waiting {
            guard let rotated = present[before.field] else { continue }
            let position = value.fields.firstIndex { $0.field == before.field }
            let inGit = position.map { value.fields[$0].fingerprint }
            let isUnsealed = unsealed.contains(before.field)
            guard isUnsealed || inGit != rotated.fingerprint else { continue }
            result.kept.append(before.field)
            if isUnsealed || (inGit != nil && inGit != before.fingerprint) { result.conflicts.append(before.field) }
            if let position { result.merged[position] = rotated } else { result.merged.append(rotated) }
        }
        return result
    }
}

extension UnwrittenFields {
    /// True when a value of the merged fields would be another than the vault's.
    func differs(from observed: SecretRecord) -> Bool {
        func content(_ fields: [FieldState]) -> [String: UInt64] {
            Dictionary(fields.map { ($0.field, $0.fingerprint) }, uniquingKeysWith: { $1 })
        }
        return content(merged) != content(observed.fields.present)
    }
}
