internal import Dispatch
internal import Foundation
internal import ResealCore
internal import ResealGit
internal import ResealManifests
internal import ResealSealing
internal import ResealVault

/// What Git wants, read and judged.
struct LoadedDesired {
    var state: DesiredState
    var recipientsDigest: Digest256
    var warnings: [Diagnostic]
    /// True when the rules of the repository are among what was read.
    var definesRules: Bool
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
    private static let maximumValueBytes = 16 << 20

    /// Reads everything: the first meeting, or changed rules.
    func loadAll() throws -> LoadedDesired {
        let snapshot = try source.open()
        return try load(snapshot.files().filter(\.isManifest), snapshot, .none, removed: { _ in [] })
    }

    /// Reads everything that can be read of a commit that was accepted once, whatever is wrong with it.
    func loadLeniently() throws -> LoadedDesired {
        let snapshot = try source.open()
        return try load(snapshot.files().filter(\.isManifest), snapshot, .none, isLenient: true, removed: { _ in [] })
    }

    /// Reads some files; the others are known by the index.
    ///
    /// - Parameter removed: the resources that were in these files and are gone, given those that are there.
    func load(
        _ files: [TreeFile], among surroundings: Surroundings, removed: (Set<ResourceKey>) -> [ResourceKey]
    ) throws -> LoadedDesired {
        try load(files, try source.open(), surroundings, removed: removed)
    }

    private func load(
        _ files: [TreeFile], _ snapshot: any Snapshot, _ surroundings: Surroundings, isLenient: Bool = false,
        removed: (Set<ResourceKey>) -> [ResourceKey]
    ) throws -> LoadedDesired {
        var set = try ParallelConversion.run(files, workers: workers, progress: progress) {
            ManifestConverter(
                snapshot: try source.open(), commit: source.commit, opener: opener,
                valueBytes: Self.maximumValueBytes, limits: Self.limits)
        }
        let rules = try RepositoryRules(set.definitions, surroundings: surroundings, isComplete: set.isComplete)
        for index in set.manifests.indices where set.manifests[index].resource.secret?.driftPolicy == nil {
            set.manifests[index].resource.secret?.driftPolicy = rules.policy.driftPolicy
        }
        let adopting = set.manifests.first { $0.resource.secret?.driftPolicy == .adopt }
        if let adopting { set.diagnostics.append(Self.adoptionWarning(adopting.resource.position.span)) }
        let checks = SetChecks(
            set: set, surroundings: surroundings, commit: source.commit,
            removed: removed(Set(set.manifests.map(\.resource.key))), snapshot: snapshot, limits: Self.limits)
        let findings =
            set.diagnostics + rules.findings
            + (try SetChecks.run(checks, policy: rules.policy, rules: rules.recipients))
        guard isLenient || !findings.contains(where: { $0.severity == .error }) else {
            throw DiagnosticsFailure(findings)
        }
        return LoadedDesired(
            state: DesiredState(resources: set.manifests.map(\.resource), policy: rules.policy, roles: rules.roles),
            recipientsDigest: rules.recipientsDigest, warnings: DiagnosticsFailure(findings).diagnostics,
            definesRules: rules.isDefinedHere)
    }
}

extension DesiredLoader {
    fileprivate static func adoptionWarning(_ span: SourceSpan) -> Diagnostic {
        Diagnostic(
            .warning, code: "drift.adopt-unavailable",
            "drift is to be adopted, which needs commits to Git; this version reports it instead",
            hint: "set `driftPolicy` to `report` or `revert`", at: span)
    }
}

/// The rules of a repository: from its manifests where this run reads them, else from the index.
private struct RepositoryRules {
    var policy: RepositoryPolicy
    var recipients: RecipientRules?
    var recipientsDigest: Digest256
    var roles: RoleDirectory
    var findings: [Diagnostic] = []
    var isDefinedHere = false

    init(_ definitions: [Manifest], surroundings: Surroundings, isComplete: Bool) throws {
        policy = surroundings.policy ?? RepositoryPolicy()
        recipients = surroundings.recipients
        recipientsDigest = surroundings.recipientsDigest
        roles = surroundings.roles
        var repository: Manifest?
        var recipientsManifest: Manifest?
        for manifest in definitions {
            switch manifest.spec {
            case .repository(let spec):
                noteSecond(manifest, after: repository)
                repository = manifest
                policy = RepositoryPolicy(spec)
            case .recipients(let spec):
                noteSecond(manifest, after: recipientsManifest)
                recipientsManifest = manifest
                recipients = try RecipientRules(spec)
                recipientsDigest = Digest256(hashing: manifest.publicForm)
            case .role(let spec): roles.set(manifest.key, members: spec.members)
            default: break
            }
        }
        isDefinedHere = repository != nil || recipientsManifest != nil
        if repository == nil, surroundings.policy == nil, isComplete {
            findings.append(
                Diagnostic(
                    code: "manifest.no-repository", "no manifest of kind Repository was found",
                    hint: "`reseal init --manifests` writes one with a fresh id"))
        }
    }

    private mutating func noteSecond(_ manifest: Manifest, after first: Manifest?) {
        guard let first else { return }
        findings.append(
            Diagnostic(
                code: "manifest.second-\(manifest.key.kind.rawValue.lowercased())",
                "a repository has one manifest of kind \(manifest.key.kind.rawValue); the first is at \(first.span)",
                hint: "merge the two", at: manifest.span))
    }
}

extension RepositoryPolicy {
    init(_ spec: RepositorySpec) {
        self.init(
            repositoryID: spec.id, requireBinding: spec.requireBinding, driftPolicy: spec.driftPolicy,
            massDeletionCount: Int64(spec.limits.massDeletionCount),
            massDeletionPercent: Int64(spec.limits.massDeletionPercent), valueBytes: Int64(spec.limits.valueBytes))
    }
}
