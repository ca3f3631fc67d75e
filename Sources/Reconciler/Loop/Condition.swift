package import ResealCore

/// One statement about a source, in the form that kstatus and the tools built on it read.
package struct Condition: Sendable, Hashable {
    package enum Kind: String, Sendable, CaseIterable {
        /// The vault holds the newest commit. Unknown while that is being found out.
        case ready = "Ready"
        /// Only present while it is true.
        case reconciling = "Reconciling"
        /// A person has to do something first. Only present while it is true.
        case stalled = "Stalled"
        case drifted = "Drifted"
        /// Rotated or adopted values are not in Git yet. Only present while it is true.
        case writeBackPending = "WriteBackPending"
    }
    package enum Status: String, Sendable { case yes = "True", no = "False", unknown = "Unknown" }
    package enum Reason: String, Sendable {
        case succeeded = "ReconciliationSucceeded"
        case failed = "ReconciliationFailed"
        case progressing = "Progressing"
        case retrying = "ProgressingWithRetry"
        case suspended = "Suspended"
        case fetchFailed = "FetchFailed"
        case authenticationFailed = "AuthenticationFailed"
        case gitFailed = "GitOperationFailed"
        case invalidManifests = "BuildFailed"
        case invalidSpec = "InvalidSpec"
        case decryptionFailed = "DecryptionFailed"
        case bindingMismatch = "BindingMismatch"
        case replayRejected = "ReplayRejected"
        case signatureRejected = "SignatureRejected"
        case approvalRequired = "ApprovalRequired"
        case driftDetected = "DriftDetected"
        case noDrift = "NoDrift"
        case rotated = "Rotated"
        case driftAdopted = "DriftAdopted"
        case awaitingReview = "AwaitingReview"
        case reviewBlocked = "ReviewBlocked"
    }

    package var kind: Kind
    package var status: Status
    package var reason: Reason
    package var message: String
    package var since: Timestamp

    package var json: JSON {
        [
            "type": .string(kind.rawValue), "status": .string(status.rawValue), "reason": .string(reason.rawValue),
            "message": .string(message), "last_transition_time": .string(since.description),
        ]
    }
}

extension Condition.Reason {
    /// What a failed round tells.
    package init(_ failure: any UserFacingFailure) {
        switch failure.code {
        case "git.authentication", "git.host-key", "git.tls": self = .authenticationFailed
        case "git.timeout", "git.unreachable", "git.remote-not-found", "git.cancelled": self = .fetchFailed
        case "value.undecryptable", "plan.no-identity": self = .decryptionFailed
        case "value.misplaced": self = .bindingMismatch
        case "git.history-rewritten": self = .replayRejected
        case "plan.guard-refused": self = .approvalRequired
        case "writeback.review-closed", "writeback.review-taken": self = .reviewBlocked
        case let code where code.hasPrefix("trust."): self = .signatureRejected
        case let code where code.hasPrefix("git."): self = .gitFailed
        case let code where Self.isAboutManifests(code): self = .invalidManifests
        default: self = .failed
        }
    }

    private static func isAboutManifests(_ code: String) -> Bool {
        ["input.", "yaml.", "manifest.", "value.", "schema.", "reference."].contains { code.hasPrefix($0) }
    }
}
