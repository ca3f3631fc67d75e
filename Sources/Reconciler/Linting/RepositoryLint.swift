package import ResealCore
package import ResealGit
package import ResealManifests

/// Lints the files of a checkout: of a commit, a work tree, or what is staged. Needs neither key nor vault.
package struct RepositoryLint: Sendable {
    private let checkout: Checkout
    private let lint: FileLint
    private let workers: Int

    /// - Parameter config: in place of that of the checkout.
    package init(
        _ checkout: Checkout, config: LintConfig?, now: Timestamp, workers: Int = DesiredLoader.defaultWorkers
    ) throws {
        self.checkout = checkout
        self.workers = workers
        lint = FileLint(try config ?? Self.config(of: checkout), now: now)
    }

    /// The settings of another commit of the same repository, which `ref` names.
    package static func config(of checkout: Checkout, at ref: String) throws -> LintConfig {
        let repository = try GitRepository(opening: checkout.repositoryPath, searchingParents: true)
        var base = checkout
        base.head = try repository.resolve(ref)
        return try config(of: base)
    }

    /// The one at the root of the repository; the defaults where there is none.
    private static func config(of checkout: Checkout) throws -> LintConfig {
        let snapshot = try checkout.wholeSnapshots.open()
        guard let file = try snapshot.fileOutside(at: LintConfig.fileName), file.isRegular else { return LintConfig() }
        let bytes = try snapshot.read(file, limitBytes: SettingsFile.maximumBytes)
        return try LintConfig(ManifestFile(path: LintConfig.fileName, bytes: bytes, commit: checkout.head))
    }

    /// - Parameters:
    ///   - paths: files and folders, from the root of the repository, which is the empty one; none for everything.
    ///   - changedOnly: of what is staged, only what differs from the last commit.
    package func run(paths: [String] = [], changedOnly: Bool = false) throws -> LintReport {
        let source = checkout.wholeSnapshots
        var files = try source.open().unreadFiles().filter(\.isRegular)
        if changedOnly { files = try Self.changed(files, in: checkout) }
        if !paths.isEmpty {
            files = files.filter { file in
                paths.contains { $0.isEmpty || file.path == $0 || file.path.hasPrefix($0 + "/") }
            }
        }
        return try judge(files.map { LintItem(file: $0, commit: source.commit) }) { _ in source }
    }

    /// Lints what a push brings: every version of every file in its commits, also those that a later commit takes away
    /// again, for all of it can be read by whoever fetches.
    package func run(pushed commits: PushedCommits) throws -> LintReport {
        try judge(commits.files.filter(\.file.isRegular)) { commit in
            CommitSnapshotSource(repositoryPath: checkout.repositoryPath, commit: commit, folder: "")
        }
    }

    /// Of all files that could be looked at, from the root of the repository.
    package static func paths(of checkout: Checkout) throws -> [String] {
        try checkout.wholeSnapshots.open().unreadFiles().filter(\.isRegular).map(\.path)
    }

    /// True if there is anything to validate.
    package static func hasManifests(_ checkout: Checkout) throws -> Bool {
        try checkout.snapshots.open().unreadFiles().contains(where: \.isManifest)
    }

    // MARK: Judging

    private func judge(
        _ items: [LintItem], _ source: @Sendable (ObjectID) -> any SnapshotSource
    ) throws -> LintReport {
        let items = items.filter { !lint.config.excludes($0.file.path) }
        let parts = try ParallelMap.run(items.count, workers: workers) {
            OpenSnapshots()
        } _: { open, number in
            let item = items[number]
            return try judge(item, open.snapshot(of: item.commit) { try (item.commit.map(source) ?? whole()).open() })
        }
        return LintReport(parts)
    }

    private func whole() -> any SnapshotSource { checkout.wholeSnapshots }

    private func judge(_ item: LintItem, _ snapshot: any Snapshot) throws -> LintedFile {
        let bytes: [UInt8]
        do {
            bytes = try snapshot.read(item.file, limitBytes: lint.config.options.maximumFileBytes)
        } catch let failure as GitFailure where failure.kind == .tooLarge {
            return lint.tooLarge(item.file.path, item.commit)
        }
        let file = ManifestFile(path: item.file.path, bytes: bytes, commit: item.commit)
        return lint.judge(file) { path in
            guard let other = try? snapshot.fileOutside(at: path), other.isRegular else { return nil }
            return try? snapshot.read(other, limitBytes: SealReader.maximumValueFileBytes)
        }
    }

    /// True if the next commit adds, changes or removes anything by which manifests are judged.
    package static func stagesManifests(_ checkout: Checkout) throws -> Bool {
        let folder = checkout.source.path
        let staged = Set(try checkout.wholeSnapshots.open().unreadFiles())
        let changed = staged.symmetricDifference(try committed(checkout)).map(\.path)
        let isTouched = changed.contains { path in
            folder.isEmpty || path.hasPrefix(folder + "/") || path.hasSuffix(".sops.yaml")
        }
        return try isTouched && hasManifests(checkout)
    }

    private static func changed(_ files: [TreeFile], in checkout: Checkout) throws -> [TreeFile] {
        let before = try committed(checkout)
        return files.filter { !before.contains($0) }
    }

    /// The files of the last commit; none before the first.
    private static func committed(_ checkout: Checkout) throws -> Set<TreeFile> {
        let repository = try GitRepository(opening: checkout.repositoryPath, searchingParents: true)
        do throws(GitFailure) {
            let head = try repository.resolve("HEAD")
            return Set(try repository.files(inTree: repository.subtree(of: head, at: ""), prefix: ""))
        } catch {
            guard error.kind == .unbornBranch else { throw error }
            return []
        }
    }
}

/// One file to look at.
package struct LintItem: Sendable, Hashable {
    package let file: TreeFile
    /// `nil` for a file of a work tree or an index.
    package let commit: ObjectID?
}

/// What one thread holds open.
private struct OpenSnapshots {
    private var known: [ObjectID?: any Snapshot] = [:]

    mutating func snapshot(of commit: ObjectID?, _ open: () throws -> any Snapshot) rethrows -> any Snapshot {
        if let snapshot = known[commit] { return snapshot }
        // Commits come in order, so that older ones are done with.
        if known.count >= 16 { known = [:] }
        let snapshot = try open()
        known[commit] = snapshot
        return snapshot
    }
}

extension TreeFile {
    fileprivate var isRegular: Bool { kind == .regular || kind == .executable }
}
