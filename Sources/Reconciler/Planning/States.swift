package import ResealCore
package import ResealManifests
package import ResealSealing
package import ResealVault

// The three values that a plan is computed from. Each holds just the resources in scope: all of them when a vault meets
// a repository for the first time, otherwise those that the commit, drift or a changed reference can concern.

/// What Git wants.
package struct DesiredState: Sendable {
    /// Sorted by key.
    package var resources: [DesiredResource]
    package var policy: RepositoryPolicy
    /// Members of the roles that matter to the resources in scope, as the commit says.
    package var roles: RoleDirectory
}

/// One resource as a commit describes it. A class, for a plan hands a hundred thousand of them from list to list.
package final class DesiredResource: Sendable {
    package let key: ResourceKey
    package let position: SourcePosition
    /// Canonical JSON of the manifest without its values.
    package let spec: [UInt8]
    package let specDigest: Digest256
    package let references: [ReferenceTarget]
    /// For a secret only.
    package let secret: DesiredSecret?

    package init(
        key: ResourceKey, position: SourcePosition, spec: [UInt8], specDigest: Digest256,
        references: [ReferenceTarget], secret: DesiredSecret?
    ) {
        self.key = key
        self.position = position
        self.spec = spec
        self.specDigest = specDigest
        self.references = references
        self.secret = secret
    }
}

/// What only a secret has. No plaintext is in here: a value is known by its fingerprint, and is already encrypted for
/// the vault.
package struct DesiredSecret: Sendable {
    package var value: DesiredValue?
    package var permissions: Permissions
    package var keepPrevious: TimeSpan
    package var deletionProtection: Bool
    /// `nil`: the repository's.
    package var driftPolicy: DriftPolicy?
    package var expiresAt: Timestamp?
}

/// A value that Git holds.
package struct DesiredValue: Sendable {
    package var fingerprint: Digest256
    package var fields: [FieldState]
    /// Positions in `fields` of sealed values without a binding.
    package var unboundFields: [Int32]
    /// The value under the vault's keys, as the version `number`; absent in a plan that is only shown.
    package var candidate: (number: Int64, sealed: SealedValue)?
    package var resealedFields: [ResealedField] = []

    /// The counter that the value of a field was given at, as its binding says.
    func givenAt(_ index: Int) -> Int64 {
        resealedFields.first { Int($0.index) == index }?.givenAt ?? fields[index].counter
    }
}

/// A field whose binding says that its value is older than its seal.
package struct ResealedField: Sendable, Equatable {
    /// Position in the fields of the value.
    let index: Int32
    let givenAt: Int64
}

/// What the vault has.
package struct VaultState: Sendable {
    /// `nil` when two commits are compared without a vault.
    package var serial: Int64?
    package var secrets: [SecretID: SecretRecord]
    /// The fields whose present value rotation made, as far as their counter would fall.
    package var rotatedFields: [SecretID: Set<String>] = [:]
    /// The fields that Git does not hold yet, of values that rotation made or that were adopted, as Git held them then.
    package var unwritten: [SecretID: [FieldState]] = [:]
    /// What Git held, when it was applied, of secrets that changed both by hand and in Git.
    package var appliedFields: [SecretID: [FieldState]] = [:]
    /// Counted only when something is to be deleted.
    package var activeManagedSecrets: Int
    /// Resources outside the desired state whose access changes because a role did.
    package var grantsOfChangedRoles: [ResourceKey: Grants] = [:]
    /// Desired resources that another repository described first, and where that is.
    package var ownedElsewhere: [ResourceKey: String] = [:]

    package init(serial: Int64?, secrets: [SecretID: SecretRecord], activeManagedSecrets: Int = 0) {
        self.serial = serial
        self.secrets = secrets
        self.activeManagedSecrets = activeManagedSecrets
    }
}

/// What the last apply held for the same scope.
package struct LastApplied: Sendable {
    package var commit: ObjectID?
    package var resources: [ResourceKey: AppliedRecord]
    /// The rules that a change is judged by; those of the base, never the change's own.
    package var policy: RepositoryPolicy?
    package var roles: RoleDirectory

    package init(
        commit: ObjectID?, resources: [ResourceKey: AppliedRecord], policy: RepositoryPolicy?, roles: RoleDirectory
    ) {
        self.commit = commit
        self.resources = resources
        self.policy = policy
        self.roles = roles
    }
}

/// Who is in which role.
package struct RoleDirectory: Sendable, Equatable {
    package private(set) var members: [ResourceKey: [Principal]] = [:]

    package init() {}

    package mutating func set(_ role: ResourceKey, members principals: [Principal]) { members[role] = principals }
    package mutating func remove(_ role: ResourceKey) { members[role] = nil }

    /// Whom a grant reaches: itself, and for a role its named members too.
    package func expand(_ principal: Principal, organization: String) -> [Principal] {
        guard principal.kind == .role else { return [principal] }
        return [principal] + (members[ResourceKey(.role, principal.name, organization: organization)] ?? [])
    }
}
