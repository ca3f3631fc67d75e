internal import Foundation
internal import ResealCore
internal import ResealGit
internal import ResealManifests
internal import ResealSealing
internal import ResealVault

/// What Git wants, read and judged.
struct LoadedDesired {
    /// Its roles are those of the files that were read.
    var state: DesiredState
    var recipientsDigest: Digest256
    var warnings: [Diagnostic]
    /// True when a Repository is among what was read.
    var definesRepository: Bool
}

/// Reads manifests of a snapshot and judges them. Throws ``DiagnosticsFailure`` with every error of the run,
/// and ``ReconcileFailure/Kind/otherRepository``.
struct DesiredLoader {
    let source: any SnapshotSource
    let opener: any ValueOpener
    let workers: Int
    /// Called with the number of files that were read.
    let progress: @Sendable (Int) -> Void

    static let defaultWorkers = ProcessInfo.processInfo.activeProcessorCount
    private static let limits = ManifestLimits()
    /// Beyond what any repository may allow by its own limits.
    static let maximumValueBytes = 16 << 20

    /// Reads everything: the first meeting, or changed rules.
    ///
    /// - Parameter basePolicy: the rules of the base, by which the change is judged besides its own.
    func loadAll(basePolicy: RepositoryPolicy?) throws -> LoadedDesired {
        let snapshot = try source.open()
        let files = try snapshot.files().filter(\.isManifest)
        guard !files.isEmpty else { throw DiagnosticsFailure([nothingFound]) }
        return try judge(try convert(files), snapshot, .none(basePolicy: basePolicy), removed: [])
    }

    /// Reads some files; the others are known by the index. `nil` where they hold rules of the repository, by which all
    /// files have to be judged.
    ///
    /// - Parameter before: the resources that were in these files.
    func load(
        _ files: [TreeFile], among surroundings: Surroundings, before: some Sequence<ResourceKey>
    ) throws -> LoadedDesired? {
        let set = try convert(files)
        guard !set.definesRules else { return nil }
        let present = Set(set.manifests.map(\.resource.key))
        let removed = before.filter { !present.contains($0) }.sorted()
        return try judge(set, try source.open(), surroundings, removed: removed)
    }

    /// Reads what can be read of some files of a commit that was accepted once, whatever is wrong with it.
    func survey(_ files: [TreeFile]) throws -> LoadedDesired {
        let set = try convert(files)
        return loaded(set, try RepositoryRules(set, surroundings: .none(basePolicy: nil)), warnings: [])
    }

    private func judge(
        _ set: ConvertedSet, _ snapshot: any Snapshot, _ surroundings: Surroundings, removed: [ResourceKey]
    ) throws -> LoadedDesired {
        let rules = try RepositoryRules(set, surroundings: surroundings)
        try requireSameRepository(rules, surroundings.basePolicy)
        let places = SourcePlaces(snapshot: snapshot, commit: source.commit, limits: Self.limits)
        let findings =
            named(set.diagnostics, rules, snapshot) + rules.findings
            + (try SetChecks.run(set, surroundings, places, rules, removed: removed))
        guard !findings.contains(where: { $0.severity == .error }) else { throw DiagnosticsFailure(findings) }
        return loaded(set, rules, warnings: findings)
    }

    /// With the names of those who could open what did not open.
    private func named(
        _ findings: [Diagnostic], _ rules: RepositoryRules, _ snapshot: any Snapshot
    ) -> [Diagnostic] {
        let code = ReconcileFailure.Kind.undecryptable.rawValue
        guard let recipients = rules.recipients, findings.contains(where: { $0.code == code }) else { return findings }
        let file = rules.recipientsManifest.flatMap { manifest in
            (try? snapshot.file(at: manifest.span.file)).flatMap { entry in
                try? snapshot.read(entry, limitBytes: Self.limits.yaml.fileBytes)
            }.map { ManifestFile(path: manifest.span.file, bytes: $0) }
        }
        let names = RecipientNames(recipients, file: file)
        return findings.map { finding in
            guard finding.code == code, let hint = finding.hint else { return finding }
            return Diagnostic(
                finding.severity, code: code, finding.message, hint: names.labelled(hint), at: finding.span)
        }
    }

    private func convert(_ files: [TreeFile]) throws -> ConvertedSet {
        try ParallelConversion.run(files, workers: workers, progress: progress) {
            ManifestConverter(
                snapshot: try source.open(), commit: source.commit, opener: opener,
                valueBytes: Self.maximumValueBytes, limits: Self.limits)
        }
    }

    private func loaded(
        _ set: ConvertedSet, _ rules: RepositoryRules, warnings: [Diagnostic]
    ) -> LoadedDesired {
        let resources = set.manifests.map(\.resource)
        return LoadedDesired(
            state: DesiredState(resources: resources, policy: rules.policy, roles: rules.roles),
            recipientsDigest: rules.recipientsDigest, warnings: DiagnosticsFailure(warnings).diagnostics,
            definesRepository: rules.repository != nil)
    }

    /// Checked before the values: they are bound to the id, so that each of them would be an error of its own.
    private func requireSameRepository(_ rules: RepositoryRules, _ base: RepositoryPolicy?) throws {
        let id = rules.policy.repositoryID
        guard let base, !base.repositoryID.isEmpty, !id.isEmpty, id != base.repositoryID else { return }
        throw ReconcileFailure(
            .otherRepository,
            "the Repository manifest has the id `\(id)`, but the applied one has `\(base.repositoryID)`",
            hint: "the id of a repository never changes; another repository needs a vault of its own (--home)")
    }

    private var nothingFound: Diagnostic {
        Diagnostic(
            code: "manifest.no-repository",
            "there are no manifests below `\(source.folder)`\(source.commit.map { " in commit \($0.short)" } ?? "")",
            hint: "name their folder with --path; `reseal init --manifests` writes the first ones")
    }
}
