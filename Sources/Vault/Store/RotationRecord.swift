package import ResealCore

/// The journal of one secret's rotation: how far it came, and what it leaves to be done.
package struct RotationRecord: Sendable, Hashable {
    package enum Step: String, Sendable, CaseIterable, Codable {
        /// The candidate is stored, encrypted and durable; nobody else has heard of it for certain.
        case pending
        /// The target system took it.
        case handedOver
        /// It was used there with success.
        case verified
        /// It is the current version.
        case promoted
        /// It stands sealed in a manifest.
        case sealed
        case committed
        case pushed
        /// Nothing runs. The row remembers failures, what Git does not know yet, or what is still to be retired.
        case done

        /// True while a candidate waits to become current.
        package var isUnpromoted: Bool { self == .pending || self == .handedOver || self == .verified }
    }

    package var rowID: Int64
    package var id: SecretID
    package var step: Step
    /// The version that holds the new value; 0 when there is none.
    package var candidate: Int64
    /// The version that was current when it began; 0 for none.
    package var previous: Int64
    /// The fields that rotation made, or that were made by hand and adopted, and that Git does not hold yet, as Git holds
    /// them. While there are any, the vault is authoritative for them.
    package var unwritten: [FieldState]
    package var startedAt: Timestamp
    package var updatedAt: Timestamp
    /// When the target is to forget the previous value; `nil` for nothing to forget.
    package var retireAt: Timestamp?
    /// Attempts that failed since the last success.
    package var failures: Int64
    package var nextAttemptAt: Timestamp?
    /// The error code of the last failure.
    package var lastFailure: String?

    /// True while the vault is newer than Git.
    package var isWriteBackPending: Bool { !unwritten.isEmpty && step != .pushed }

    package init(
        rowID: Int64, id: SecretID, step: Step, candidate: Int64, previous: Int64, unwritten: [FieldState] = [],
        startedAt: Timestamp, updatedAt: Timestamp, retireAt: Timestamp? = nil, failures: Int64 = 0,
        nextAttemptAt: Timestamp? = nil, lastFailure: String? = nil
    ) {
        self.rowID = rowID
        self.id = id
        self.step = step
        self.candidate = candidate
        self.previous = previous
        self.unwritten = unwritten
        self.startedAt = startedAt
        self.updatedAt = updatedAt
        self.retireAt = retireAt
        self.failures = failures
        self.nextAttemptAt = nextAttemptAt
        self.lastFailure = lastFailure
    }
}
