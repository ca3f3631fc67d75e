internal import ResealCore
internal import ResealManifests
internal import ResealSealing

/// The rules of a repository: from its manifests where this run reads them, else from the index.
struct RepositoryRules {
    private(set) var policy: RepositoryPolicy
    private(set) var recipients: RecipientRules?
    private(set) var recipientsDigest: Digest256
    /// Of the files that were read.
    private(set) var roles = RoleDirectory()
    private(set) var findings: [Diagnostic] = []
    private(set) var repository: Manifest?
    private(set) var recipientsManifest: Manifest?

    init(_ set: ConvertedSet, surroundings: Surroundings) throws {
        policy = surroundings.policy ?? RepositoryPolicy()
        recipients = surroundings.recipients
        recipientsDigest = surroundings.recipientsDigest
        for manifest in set.definitions {
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
        let isMissing = repository == nil && surroundings.policy == nil
        if isMissing, set.isComplete, !set.rejected.contains(where: { $0.kind == .repository }) {
            findings.append(
                Diagnostic(
                    code: "manifest.no-repository", "no manifest of kind Repository was found",
                    hint:
                        "check --path and --ref; for a new repository, `reseal init --manifests` writes one with a fresh id"
                ))
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
