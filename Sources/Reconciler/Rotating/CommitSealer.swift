package import ResealAge
package import ResealCore
package import ResealGit
internal import ResealManifests

/// Seals new values into the manifests of one commit, without a work tree: what a commit on top of it has to write.
/// When that commit is refused because the branch moved, the same values are sealed again, onto the new head.
package struct CommitSealer: Sendable {
    private let source: CommitSnapshotSource
    private let access: KeyAccess

    /// - Parameter access: what sealing to the recipients of the manifests may do.
    package init(_ source: CommitSnapshotSource, access: KeyAccess) {
        self.source = source
        self.access = access
    }

    /// The files to write, with their content before and after; every other byte of them stays. An item that cannot be
    /// sealed hinders none of the others; the first failure comes back too, for example
    /// ``ReconcileFailure/Kind/noManifest`` where the commit has no manifest of one of the secrets.
    package func seal(
        _ items: [WriteBackItem], at now: Timestamp
    ) throws -> (files: [FileReplacement], refused: (any UserFacingFailure)?) {
        let snapshot = try source.open()
        var found = FoundRules()
        var wanted: [ManifestFile] = []
        let names = items.map { Array($0.id.name.utf8) }
        for entry in try snapshot.files() where entry.isManifest {
            let file = ManifestFile(
                path: entry.path, bytes: try snapshot.read(entry, limitBytes: ManifestLimits.standard.yaml.fileBytes),
                commit: source.commit)
            try found.take(file) { manifest in
                try SOPSConfigFiles.recipients(manifest) { path in
                    try snapshot.fileOutside(at: path).map {
                        try snapshot.read($0, limitBytes: SOPSConfigFiles.maximumBytes)
                    }
                }
            }
            if names.contains(where: { file.bytes.holds($0) }) { wanted.append(file) }
        }
        let rules = try found.rules(committed: nil, access: access)
        var content: [String: (before: [UInt8], after: [UInt8])] = [:]
        var refused: (any UserFacingFailure)?
        for item in items {
            do { try seal(item, among: wanted, rules, snapshot, into: &content, at: now) } catch {
                refused = refused ?? UnexpectedFailure.wrapping(error)
            }
        }
        let files = content.sorted { $0.key < $1.key }.map {
            FileReplacement(path: $0.key, before: $0.value.before, after: $0.value.after)
        }
        return (files, refused)
    }

    private func seal(
        _ item: WriteBackItem, among files: [ManifestFile], _ rules: SealingRules, _ snapshot: any Snapshot,
        into content: inout [String: (before: [UInt8], after: [UInt8])], at now: Timestamp
    ) throws {
        for file in files {
            let present = ManifestFile(
                path: file.path, bytes: content[file.path]?.after ?? file.bytes, commit: source.commit)
            guard let found = try FoundSecret.find(item.id, in: present) else { continue }
            if case .file(let path, _)? = found.spec.value?.source {
                let entry = try snapshot.file(at: path)
                let before = try entry.map {
                    try snapshot.read($0, limitBytes: ManifestSealer.maximumValueFileBytes)
                }
                guard let value = item.values.sealed.first, value.field == .whole else { continue }
                let sealed = try rules.seal(
                    value.value, as: LeafName(item.id, .whole), in: file.path, after: before, valueFile: path, at: now)
                content[path] = (before ?? [], sealed.bytes)
            } else {
                let sealed = try rules.seal(item.values, into: found, at: now)
                content[file.path] = (file.bytes, try item.values.edited(found, sealed: sealed))
            }
            return
        }
        throw ReconcileFailure(
            .noManifest, "no manifest of the commit declares the secret \(item.id)",
            hint: "its value stays in the vault; bring the manifest back, or delete the secret")
    }
}
