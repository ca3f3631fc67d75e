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
    /// True when the rules of the repository are among what was read.
    var definesRules: Bool
    var definesRepository: Bool
}

/// Reads manifests of a snapshot and judges them. Throws ``DiagnosticsFailure`` with every error of the run.
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
        return try load(files, snapshot, .none(basePolicy: basePolicy)) { _ in [] }
    }

    /// Reads some files; the others are known by the index.
    ///
    /// - Parameter removed: the resources that were in these files and are gone, given those that are there.
    func load(
        _ files: [TreeFile], among surroundings: Surroundings, removed: (Set<ResourceKey>) -> [ResourceKey]
    ) throws -> LoadedDesired {
        try load(files, try source.open(), surroundings, removed: removed)
    }

    /// Reads what can be read of some files of a commit that was accepted once, whatever is wrong with it.
    func survey(_ files: [TreeFile]) throws -> LoadedDesired {
        var set = try convert(files)
        let rules = try RepositoryRules(set, surroundings: .none(basePolicy: nil))
        return loaded(&set, rules, warnings: [])
    }

    private func load(
        _ files: [TreeFile], _ snapshot: any Snapshot, _ surroundings: Surroundings,
        removed: (Set<ResourceKey>) -> [ResourceKey]
    ) throws -> LoadedDesired {
        var set = try convert(files)
        let rules = try RepositoryRules(set, surroundings: surroundings)
        let checks = SetChecks(
            set: set, surroundings: surroundings, commit: source.commit,
            removed: removed(Set(set.manifests.map(\.resource.key))), snapshot: snapshot, limits: Self.limits)
        var findings = set.diagnostics + rules.findings
        findings += try SetChecks.run(checks, policy: rules.policy, rules: rules.recipients)
        guard !findings.contains(where: { $0.severity == .error }) else { throw DiagnosticsFailure(findings) }
        return loaded(&set, rules, warnings: findings)
    }

    private func convert(_ files: [TreeFile]) throws -> ConvertedSet {
        try ParallelConversion.run(files, workers: workers, progress: progress) {
            ManifestConverter(
                snapshot: try source.open(), commit: source.commit, opener: opener,
                valueBytes: Self.maximumValueBytes, limits: Self.limits)
        }
    }

    private func loaded(
        _ set: inout ConvertedSet, _ rules: RepositoryRules, warnings: [Diagnostic]
    ) -> LoadedDesired {
        for index in set.manifests.indices where set.manifests[index].resource.secret?.driftPolicy == nil {
            set.manifests[index].resource.secret?.driftPolicy = rules.policy.driftPolicy
        }
        let adopting = set.manifests.first { $0.resource.secret?.driftPolicy == .adopt }
        let warnings = warnings + (adopting.map { [Self.adoptionWarning($0.resource.position.span)] } ?? [])
        return LoadedDesired(
            state: DesiredState(resources: set.manifests.map(\.resource), policy: rules.policy, roles: rules.roles),
            recipientsDigest: rules.recipientsDigest, warnings: DiagnosticsFailure(warnings).diagnostics,
            definesRules: rules.repository != nil || rules.recipientsManifest != nil,
            definesRepository: rules.repository != nil)
    }

    private static func adoptionWarning(_ span: SourceSpan) -> Diagnostic {
        Diagnostic(
            .warning, code: "drift.adopt-unavailable",
            "drift is to be adopted, which needs commits to Git; this version reports it instead",
            hint: "set `driftPolicy` to `report` or `revert`", at: span)
    }
}
