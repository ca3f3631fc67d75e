package import ResealCore
package import ResealSealing
internal import ResealVault

/// What apply would do, why, and what it was computed from. Holds no value, by its type.
package struct Plan: Sendable {
    /// Grows when the meaning of a plan changes, so that an old saved plan is not applied by new rules.
    package static let schemaVersion = 1

    /// Where the desired state came from.
    package struct Source: Sendable, Equatable {
        /// Without user info or query.
        package var location: String
        package var ref: String
        package var path: String

        package init(location: String, ref: String, path: String) {
            self.location = location
            self.ref = ref
            self.path = path
        }
    }

    package var source: Source
    /// The commit that the vault holds (or, without a vault, the one compared with).
    package var base: ObjectID?
    /// `nil` for a work tree with its uncommitted changes.
    package var head: ObjectID?
    /// `nil` when two commits are compared without a vault.
    package var vaultSerial: Int64?
    package var policyDigest: Digest256
    package var recipientsDigest: Digest256
    /// True when the one who asked for the plan lifted the limit of deletions.
    package var allowsMassDeletion: Bool
    package var createdAt: Timestamp
    package var changes: [PlannedChange]
    package var drift: [DriftNote]
    package var access: [AccessChange]
    package var guards: [GuardRefusal]
    package var warnings: [Diagnostic]
    /// Over everything that decides what apply does; 32 hexadecimal digits.
    package var id: String

    package var isEmpty: Bool { changes.isEmpty }
    /// True when sealed values were compared without opening them.
    package var isKeyless: Bool { vaultSerial == nil }

    package func count(_ action: ChangeAction) -> Int { changes.indices.count { changes[$0].action == action } }
}

/// Computes a plan's identity: a digest of lines, in bounded memory however many changes there are.
struct PlanIdentity {
    private static let blockBytes = 64 << 10
    private var digest = Digest256(hashing: Array("reseal/plan/\(Plan.schemaVersion)".utf8))
    private var block: [UInt8] = []

    static func compute(_ plan: Plan, desired: [DesiredResource]) -> String {
        var identity = PlanIdentity()
        for part in [plan.base?.description, plan.head?.description, plan.vaultSerial.map { String($0) }] {
            identity.add(part ?? "-")
        }
        identity.add("\(plan.policyDigest)\n\(plan.recipientsDigest)\n\(plan.allowsMassDeletion)")
        for change in plan.changes {
            var line = "\(change.key) \(change.action.rawValue) \(change.version ?? 0)"
            if change.desiredIndex >= 0 {
                let resource = desired[Int(change.desiredIndex)]
                line += " \(resource.specDigest) \(resource.secret?.value?.fingerprint.description ?? "-")"
            }
            identity.add(line)
        }
        identity.closeBlock()
        return Hex.encode(identity.digest.bytes.prefix(16))
    }

    private mutating func add(_ line: String) {
        block += line.utf8
        block.append(UInt8(ascii: "\n"))
        if block.count >= Self.blockBytes { closeBlock() }
    }

    /// Each digest covers the one before and the lines since. Where blocks end follows from the lines alone.
    private mutating func closeBlock() {
        digest = Digest256(hashing: digest.bytes + block)
        block.removeAll(keepingCapacity: true)
    }
}
