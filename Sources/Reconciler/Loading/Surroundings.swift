internal import ResealCore
internal import ResealManifests
internal import ResealSealing
internal import ResealVault

/// What is known outside of the files that a run reads: the rest of the repository, as the last apply indexed it.
struct Surroundings {
    /// Where those resources stand that unread files hold.
    var positions: ([ResourceKey]) throws -> [ResourceKey: SourcePosition]
    /// Names of a kind in an organization, for hints.
    var names: (ResourceKind, String) throws -> [String]
    /// Resources in unread files that refer to a target.
    var referrers: (ReferenceTarget) throws -> [(key: ResourceKey, position: SourcePosition)]
    /// Rules of files that are not read.
    var policy: RepositoryPolicy?
    var recipients: RecipientRules?
    var recipientsDigest: Digest256
    /// The rules of the base, by which a change is judged besides its own; `nil` where there is no base.
    var basePolicy: RepositoryPolicy?

    /// Nothing: every file is read.
    static func none(basePolicy: RepositoryPolicy?) -> Surroundings {
        Surroundings(
            positions: { _ in [:] }, names: { _, _ in [] }, referrers: { _ in [] }, policy: nil, recipients: nil,
            recipientsDigest: Digest256(hashing: []), basePolicy: basePolicy)
    }

    /// The index of the store, without the files that this run reads.
    static func index(
        _ store: any Store, source: SourceRecord, without paths: Set<String>,
        recipients: (rules: RecipientRules, digest: Digest256)?
    ) -> Surroundings {
        let policy = RepositoryPolicy(decoding: source.policy)
        return Surroundings(
            positions: { keys in
                try store.read { store in
                    var positions: [ResourceKey: SourcePosition] = [:]
                    for key in keys {
                        guard let applied = try store.applied(key), applied.source == source.id,
                            !paths.contains(applied.position.path)
                        else { continue }
                        positions[key] = applied.position
                    }
                    return positions
                }
            },
            names: { kind, organization in
                try store.read { try $0.appliedNames(kind: kind, organization: organization) }
            },
            referrers: { target in
                try store.read { try $0.referrers(to: target, source: source.id) }
                    .filter { !paths.contains($0.position.path) }.map { ($0.key, $0.position) }
            },
            policy: policy, recipients: recipients?.rules,
            recipientsDigest: recipients?.digest ?? Digest256(hashing: []), basePolicy: policy)
    }
}
