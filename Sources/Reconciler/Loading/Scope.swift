internal import ResealCore
internal import ResealGit
internal import ResealVault

/// Which files a plan has to read.
enum Scope: Equatable {
    case everything
    /// These files, and the paths (of files that are gone, too) that they stand for.
    case files([TreeFile], paths: Set<String>)

    /// The files that differ from the applied commit, those of drifted secrets, and the manifests that name a changed
    /// value file.
    static func of(_ checkout: Checkout, observed: ObservedState) throws -> Scope {
        guard let source = observed.source else { return .everything }
        let repository = try GitRepository(opening: checkout.repositoryPath, searchingParents: true)
        guard repository.hasCommit(source.commit) else { return .everything }
        let before = try repository.subtree(of: source.commit, at: checkout.source.path)
        let changes = try changedFiles(checkout, repository, from: before)
        var paths: Set<String> = []
        var files: [String: TreeFile] = [:]
        for change in changes {
            if (change.new ?? change.old)?.isManifest == true {
                paths.insert(change.path)
                files[change.path] = change.new
            }
        }
        let snapshot = try checkout.snapshots.open()
        let outside = try SOPSConfigFiles.changed(
            SOPSConfigFiles.named(in: observed.store, source),
            between: checkout.commit(source.commit).open(), and: snapshot)
        let others = try manifests(namingAnyOf: changes.map(\.path) + outside, observed, source)
            + driftedManifests(observed, source)
        for path in others where paths.insert(path).inserted { files[path] = try snapshot.file(at: path) }
        return .files(files.values.sorted { $0.path < $1.path }, paths: paths)
    }

    /// The files that differ between a tree of the folder and the checkout.
    static func changedFiles(
        _ checkout: Checkout, _ repository: GitRepository, from before: ObjectID?
    ) throws -> [TreeChange] {
        if let head = checkout.head {
            let after = try repository.subtree(of: head, at: checkout.source.path)
            return try repository.changes(from: before, to: after, prefix: checkout.source.path)
        }
        let old = Dictionary(
            try repository.files(inTree: before, prefix: checkout.source.path).map { ($0.path, $0) },
            uniquingKeysWith: { $1 })
        let new = Dictionary(try checkout.snapshots.open().files().map { ($0.path, $0) }, uniquingKeysWith: { $1 })
        return Set(old.keys).union(new.keys).sorted().compactMap { path in
            old[path]?.blob == new[path]?.blob ? nil : TreeChange(path: path, old: old[path], new: new[path])
        }
    }

    private static func manifests(
        namingAnyOf paths: [String], _ observed: ObservedState, _ source: SourceRecord
    ) throws -> [String] {
        try observed.store.read { store in
            try paths.flatMap { try store.referrers(to: .file($0), source: source.id).map(\.position.path) }
        }
    }

    private static func driftedManifests(_ observed: ObservedState, _ source: SourceRecord) throws -> [String] {
        try observed.store.read { store in
            try store.driftedSecrets().compactMap { secret in
                try store.applied(ResourceKey(secret.id)).flatMap { $0.source == source.id ? $0.position.path : nil }
            }
        }
    }
}
