package import ResealCore

/// What can stop a plan or an apply, besides invalid manifests.
package struct ReconcileFailure: UserFacingFailure, Equatable, CustomStringConvertible {
    package enum Kind: String, Sendable {
        case guardRefused = "plan.guard-refused"
        case stale = "plan.stale"
        case historyRewritten = "git.history-rewritten"
        case otherRepository = "git.other-repository"
        case savedPlanInvalid = "plan.file-invalid"
        /// A plan that a controller answered is in a form that is not known here.
        case planUnreadable = "plan.unreadable"
        case noIdentity = "plan.no-identity"
        case undecryptable = "value.undecryptable"
        case noRepository = "git.no-repository-given"
        case noManifest = "seal.no-manifest"
        case noRules = "seal.no-rules"
        case noGenerator = "generate.unclear"
        /// Nothing says how a new value comes about.
        case notRotatable = "rotation.not-rotatable"
        case rotationRunning = "rotation.running"
        case noRotation = "rotation.none"
        /// The branch has a commit that is not applied yet.
        case writeBackBehind = "writeback.behind"
        case writeBackDeclined = "writeback.declined"
        /// People deleted the branch for review.
        case reviewClosed = "writeback.review-closed"
        /// The branch for review holds commits of others.
        case reviewTaken = "writeback.review-taken"
        case changedMeanwhile = "edit.conflict"
        case importUsage = "import.usage"
        /// Another process is resealing the same work tree.
        case rekeyLocked = "rekey.locked"
        case unknownRecipient = "recipients.unknown"
        /// The controller cannot be taken out of the rules.
        case controllerStays = "recipients.controller"
        /// A `.sops.yaml` names the recipient, which is not edited here.
        case namedElsewhere = "recipients.named-elsewhere"
        case notInReport = "offboarding.not-in-report"
    }

    package let kind: Kind
    package let message: String
    package let hint: String?

    package init(_ kind: Kind, _ message: String, hint: String? = nil) {
        self.kind = kind
        self.message = message
        self.hint = hint
    }

    package var code: String { kind.rawValue }
    package var retry: RetryAdvice { kind == .writeBackBehind ? .later : .afterFix }
    package static func == (a: Self, b: Self) -> Bool { a.kind == b.kind }
}
