import ResealCore
import ResealManifests
import ResealSealing
import ResealVault
import Testing

@testable import ResealReconciler

/// One line of a table of tests: what is planned for a world.
struct PlanCase<Expected: Sendable>: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let expected: Expected
    let arrange: @Sendable (inout World) -> Void

    init(_ name: String, _ expected: Expected, _ arrange: @escaping @Sendable (inout World) -> Void) {
        testDescription = name
        self.expected = expected
        self.arrange = arrange
    }
}

/// The three values that a plan is computed from, told in a few words. No Git, no keys, no disk.
struct World {
    /// One field: what it says, and how it stands in Git. Counter 0 with `isSealed` is a value of plain age.
    struct Leaf {
        var text: String
        var counter: Int64 = 1
        var isSealed = true
        /// What the binding of a resealed value says that it was given at.
        var givenAt: Int64?

        static func sealed(_ text: String, _ counter: Int64 = 1) -> Leaf { Leaf(text: text, counter: counter) }
        static func resealed(_ text: String, _ counter: Int64, givenAt: Int64) -> Leaf {
            Leaf(text: text, counter: counter, givenAt: givenAt)
        }
        static func unbound(_ text: String) -> Leaf { Leaf(text: text, counter: 0) }
        static func plain(_ text: String) -> Leaf { Leaf(text: text, counter: 0, isSealed: false) }
    }

    /// A secret as its manifest describes it.
    struct Described {
        var fields: [String: Leaf] = ["": .sealed("one")]
        var read: [String] = []
        var write: [String] = []
        var description = "text"
        var isProtected = false
        var policy: DriftPolicy = .report
        var expiresAt: Timestamp?

        var permissions: Permissions {
            Permissions(read: read.map(Principal.named), write: write.map(Principal.named))
        }

        var spec: [UInt8] {
            let shape = fields.isEmpty ? JSON.null : .object(fields.mapValues { $0.isSealed ? "sealed" : "plain" })
            return JSON.object([
                "metadata": [:],
                "spec": [
                    "description": .string(description), "deletionProtection": .bool(isProtected), "value": shape,
                    "permissions": [
                        "read": .array(read.map { .string($0) }), "write": .array(write.map { .string($0) }),
                    ],
                ],
            ]).canonicalBytes
        }

        var states: [FieldState] {
            fields.sorted { $0.key < $1.key }.map {
                FieldState(field: $0.key, counter: $0.value.counter, fingerprint: World.number($0.value.text))
            }
        }

        var fingerprint: Digest256? { fields.isEmpty ? nil : World.digest(fields.mapValues(\.text)) }
    }

    var desired: [ResourceKey: DesiredResource] = [:]
    var secrets: [SecretID: SecretRecord] = [:]
    var applied: [ResourceKey: AppliedRecord] = [:]
    var rolesBefore = RoleDirectory()
    var rolesAfter = RoleDirectory()
    var policyBefore: RepositoryPolicy? = RepositoryPolicy(repositoryID: "r")
    var policyAfter = RepositoryPolicy(repositoryID: "r")
    var rotated: [SecretID: Set<String>] = [:]
    var unwritten: [SecretID: [FieldState]] = [:]
    var appliedFields: [SecretID: [FieldState]] = [:]
    var owners: [ResourceKey: String] = [:]
    var allowsMassDeletion = false
    static let now = Timestamp(seconds: 1_800_000_000)

    static func digest(_ content: some Sequence<(key: String, value: String)>) -> Digest256 {
        let text = content.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: "\n")
        return Digest256(hashing: Array(text.utf8))
    }

    static func number(_ text: String) -> UInt64 {
        Digest256(hashing: Array(text.utf8)).bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }

    // MARK: Secrets

    /// Git describes a secret.
    mutating func git(_ name: String, organization: String = "default", _ edit: (inout Described) -> Void = { _ in }) {
        var described = Described()
        edit(&described)
        let key = ResourceKey(.secret, name, organization: organization)
        let roles = (described.read + described.write).compactMap { Principal($0) }.filter { $0.kind == .role }
        let unbound = described.states.enumerated().filter {
            $0.element.counter == 0 && described.fields[$0.element.field]?.isSealed == true
        }
        let resealed = described.states.enumerated().compactMap { place, state in
            described.fields[state.field]?.givenAt.map { ResealedField(index: Int32(place), givenAt: $0) }
        }
        desired[key] = DesiredResource(
            key: key, position: Self.position(name), spec: described.spec,
            specDigest: Digest256(hashing: described.spec),
            references: roles.map { .resource(ResourceKey(.role, $0.name, organization: organization)) },
            secret: DesiredSecret(
                value: described.fingerprint.map {
                    DesiredValue(
                        fingerprint: $0, fields: described.states, unboundFields: unbound.map { Int32($0.offset) },
                        candidate: nil, resealedFields: resealed)
                }, permissions: described.permissions, keepPrevious: TimeSpan(seconds: 0),
                deletionProtection: described.isProtected, driftPolicy: described.policy,
                expiresAt: described.expiresAt))
    }

    /// The vault has a secret as it was applied.
    mutating func vault(_ name: String, organization: String = "default", _ edit: (inout Described) -> Void = { _ in })
    {
        var described = Described()
        edit(&described)
        let key = ResourceKey(.secret, name, organization: organization)
        let digest = Digest256(hashing: described.spec)
        applied[key] = AppliedRecord(
            key: key, source: 1, position: Self.position("old/" + name), spec: [], specDigest: digest,
            fingerprint: described.fingerprint, referenceSet: 1)
        secrets[key.secretID] = SecretRecord(
            rowID: 1, id: key.secretID, state: .active, spec: described.spec, specDigest: digest, currentVersion: 1,
            latestVersion: 1, fingerprint: described.fingerprint, fields: described.states, isManaged: true,
            deletionProtection: described.isProtected, keepPrevious: TimeSpan(seconds: 0), drift: nil,
            createdAt: Self.now, updatedAt: Self.now, deletedAt: nil, purgeAt: nil)
    }

    /// Both, the same.
    mutating func both(_ name: String, organization: String = "default", _ edit: (inout Described) -> Void = { _ in }) {
        git(name, organization: organization, edit)
        vault(name, organization: organization, edit)
    }

    /// Somebody sets a value by hand, as the vault does it.
    mutating func set(_ name: String, _ fields: [String: String]) {
        let new = fields.sorted { $0.key < $1.key }
            .map { FieldState(field: $0.key, counter: 0, fingerprint: Self.number($0.value)) }
        if appliedFields[SecretID(name)] == nil { appliedFields[SecretID(name)] = secrets[SecretID(name)]?.fields }
        edit(name) { secret in
            secret.fields = new.remembering(secret.fields)
            secret.fingerprint = Self.digest(fields)
            secret.latestVersion += 1
            secret.currentVersion = secret.latestVersion
            secret.drift = secret.isManaged ? .value : nil
        }
    }

    /// Somebody destroys the current version, as the vault does it.
    mutating func destroy(_ name: String) {
        edit(name) { secret in
            secret.currentVersion = 0
            secret.fingerprint = nil
            secret.drift = secret.isManaged ? .value : nil
        }
    }

    /// Rotation makes a value that Git does not have yet.
    mutating func rotate(_ name: String, _ fields: [String: Leaf]) {
        rotated[SecretID(name)] = Set(fields.keys)
        edit(name) { secret in
            secret.fields = Described(fields: fields).states.remembering(secret.fields)
            secret.fingerprint = Self.digest(fields.mapValues(\.text))
            secret.latestVersion += 1
            secret.currentVersion = secret.latestVersion
        }
    }

    /// Somebody makes a secret that Git does not know.
    mutating func setNew(_ name: String, _ fields: [String: String]) {
        vault(name)
        applied[ResourceKey(.secret, name)] = nil
        edit(name) { secret in
            secret.isManaged = false
            secret.fields = []
            secret.spec = []
            secret.specDigest = Digest256(hashing: [])
            secret.latestVersion = 0
        }
        set(name, fields)
    }

    mutating func delete(_ name: String) {
        edit(name) { secret in
            secret.state = .deleted
            secret.drift = .deleted
        }
    }

    /// An earlier commit deleted it.
    mutating func deletedByGit(_ name: String, _ edit: (inout Described) -> Void = { _ in }) {
        vault(name, edit)
        applied[ResourceKey(.secret, name)] = nil
        self.edit(name) { secret in
            secret.state = .deleted
            secret.isManaged = false
        }
    }

    mutating func edit(_ name: String, _ edit: (inout SecretRecord) -> Void) {
        guard var secret = secrets[SecretID(name)] else { preconditionFailure("no secret \(name)") }
        edit(&secret)
        secrets[secret.id] = secret
    }

    // MARK: Definitions

    mutating func git(_ kind: ResourceKind, _ name: String, _ spec: JSON = [:]) {
        let key = ResourceKey(kind, name)
        let bytes = JSON.object(["metadata": [:], "spec": spec]).canonicalBytes
        if kind == .role { rolesAfter.set(key, members: Self.members(spec)) }
        desired[key] = DesiredResource(
            key: key, position: Self.position(name), spec: bytes, specDigest: Digest256(hashing: bytes), references: [],
            secret: nil)
    }

    mutating func vault(_ kind: ResourceKind, _ name: String, _ spec: JSON = [:]) {
        let key = ResourceKey(kind, name)
        let bytes = JSON.object(["metadata": [:], "spec": spec]).canonicalBytes
        if kind == .role { rolesBefore.set(key, members: Self.members(spec)) }
        applied[key] = AppliedRecord(
            key: key, source: 1, position: Self.position("old/" + name), spec: bytes,
            specDigest: Digest256(hashing: bytes), fingerprint: nil, referenceSet: 1)
    }

    mutating func role(_ name: String, before: [String]?, after: [String]?) {
        if let before { vault(.role, name, ["members": .array(before.map { .string($0) })]) }
        if let after { git(.role, name, ["members": .array(after.map { .string($0) })]) }
    }

    private static func members(_ spec: JSON) -> [Principal] {
        (spec["members"]?.arrayValue ?? []).compactMap { $0.stringValue.flatMap { Principal($0) } }
    }

    private static func position(_ name: String) -> SourcePosition {
        SourcePosition(commit: nil, path: "manifests/\(name).yaml", line: 4, column: 9, blob: nil)
    }

    // MARK: Planning

    var input: PlanInput {
        var state = VaultState(
            serial: 1, secrets: secrets, activeManagedSecrets: applied.keys.count { $0.kind == .secret })
        state.rotatedFields = rotated
        state.unwritten = unwritten
        state.appliedFields = appliedFields
        state.ownedElsewhere = owners
        return PlanInput(
            desired: DesiredState(
                resources: desired.values.sorted { $0.key < $1.key }, policy: policyAfter, roles: rolesAfter),
            vault: state,
            lastApplied: LastApplied(commit: nil, resources: applied, policy: policyBefore, roles: rolesBefore),
            allowsMassDeletion: allowsMassDeletion, now: Self.now)
    }

    func plan() -> PlanOutcome { Planner.plan(input) }
}

extension PlanOutcome {
    /// One line for each change: action, name, new version, fields that differ, risks.
    var summary: [String] {
        changes.map { change in
            let fields = change.fields.filter { $0.kind != .unchanged }
                .map { "\($0.field.isEmpty ? "value" : $0.field) \($0.kind.rawValue)" }
            let parts =
                ["\(change.action.rawValue) \(change.key.kind == .secret ? change.key.name : change.key.description)"]
                + (change.version.map { ["v\($0)"] } ?? []) + fields + change.risks.map { "!\($0.rawValue)" }
            return parts.joined(separator: ", ")
        }
    }

    /// One line for each principal and group of resources.
    var accessSummary: [String] {
        access.map { change in
            let words = change.gained.map { "+\($0.rawValue)" } + change.lost.map { "-\($0.rawValue)" }
            let names = change.resources.map { $0.kind == .secret ? $0.secretID.description : $0.description }
            return "\(change.principal) \(words.joined(separator: " ")): \(names.joined(separator: " "))"
        }
    }

    var driftSummary: [String] {
        drift.map { note in
            let fields = note.fields.filter { $0.kind != .unchanged }.map { "\($0.field) \($0.kind.rawValue)" }
            return "\(note.id) \(note.drift.rawValue) \(note.outcome.rawValue) \(fields.joined(separator: " "))"
        }
    }
}

extension DesiredResource {
    func with(spec: [UInt8]) -> DesiredResource {
        DesiredResource(
            key: key, position: position, spec: spec, specDigest: Digest256(hashing: spec), references: references,
            secret: secret)
    }
}
