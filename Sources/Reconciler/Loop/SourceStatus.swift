package import ResealCore

/// What is known of one source of a running controller.
package struct SourceStatus: Sendable, Hashable {
    package let name: String
    package var location = ""
    package var ref = ""
    package var path = ""
    package var isSuspended = false
    /// The commit that the last look found, and the one that the vault holds.
    package var seen: ObjectID?
    package var applied: ObjectID?
    package var lastAttempt: Timestamp?
    package var lastSuccess: Timestamp?
    package var nextDue: Timestamp?
    /// In a row.
    package var failures = 0
    package var failure: Diagnostic?
    package private(set) var conditions: [Condition] = []

    package init(name: String) { self.name = name }

    package subscript(kind: Condition.Kind) -> Condition? { conditions.first { $0.kind == kind } }

    package var isReady: Bool { self[.ready]?.status == .yes }

    /// Sets a condition. Its time stays while its status does.
    mutating func set(
        _ kind: Condition.Kind, _ status: Condition.Status, _ reason: Condition.Reason, _ message: String,
        at now: Timestamp
    ) {
        let known = self[kind]
        let condition = Condition(
            kind: kind, status: status, reason: reason, message: message,
            since: known?.status == status ? known?.since ?? now : now)
        clear(kind)
        conditions.append(condition)
        conditions.sort { $0.kind.rawValue < $1.kind.rawValue }
    }

    mutating func clear(_ kind: Condition.Kind) { conditions.removeAll { $0.kind == kind } }

    // MARK: Rounds

    mutating func begin(at now: Timestamp) {
        lastAttempt = now
        set(
            .reconciling, .yes, failures == 0 ? .progressing : .retrying,
            failures == 0 ? "looking for new commits" : "trying again after \(failures) failures", at: now)
        if self[.ready] == nil { set(.ready, .unknown, .progressing, "the first round is running", at: now) }
    }

    mutating func saw(_ checkout: Checkout) {
        location = checkout.source.location
        ref = checkout.source.ref
        path = checkout.source.path
        seen = checkout.head
    }

    mutating func succeed(drifted: Int, at now: Timestamp) {
        applied = seen
        lastSuccess = now
        (failures, failure, isSuspended) = (0, nil, false)
        clear(.reconciling)
        clear(.stalled)
        set(.ready, .yes, .succeeded, "the vault holds \(applied?.short ?? "no commit")", at: now)
        if drifted == 0 {
            set(.drifted, .no, .noDrift, "", at: now)
        } else {
            set(.drifted, .yes, .driftDetected, "\(drifted) secrets were changed in the vault by hand", at: now)
        }
    }

    /// - Parameter problem: why they could not be written; `nil` where nobody tries.
    mutating func writeBackPending(_ items: [WriteBackItem], _ problem: (any UserFacingFailure)?, at now: Timestamp) {
        guard !items.isEmpty else { return clear(.writeBackPending) }
        let reason: Condition.Reason = items.contains { $0.reason == .rotation } ? .rotated : .driftAdopted
        set(
            .writeBackPending, .yes, problem.map { Condition.Reason($0) } ?? reason,
            "new values of \(items.count) secrets are not in Git yet" + (problem.map { ": \($0.message)" } ?? ""),
            at: now)
    }

    mutating func underReview(_ items: [WriteBackItem], on branch: String, at now: Timestamp) {
        set(
            .writeBackPending, .yes, .awaitingReview,
            "new values of \(items.count) secrets wait for review on \(branch)", at: now)
    }

    mutating func fail(_ problem: any UserFacingFailure, at now: Timestamp) {
        failures += 1
        failure = Diagnostic(failure: problem)
        isSuspended = false
        let reason = Condition.Reason(problem)
        clear(.reconciling)
        set(.ready, .no, reason, problem.message, at: now)
        if problem.retry == .later {
            clear(.stalled)
        } else {
            set(.stalled, .yes, reason, problem.hint ?? problem.message, at: now)
        }
    }

    mutating func suspend(at now: Timestamp) {
        isSuspended = true
        nextDue = nil
        clear(.reconciling)
        set(.ready, self[.ready]?.status ?? .unknown, .suspended, "suspended by an operator", at: now)
    }

    // MARK: Form

    package var json: JSON {
        func text(_ value: (some CustomStringConvertible)?) -> JSON { value.map { .string("\($0)") } ?? .null }
        func revision(_ commit: ObjectID?) -> JSON {
            commit.map { .string("\(ref)@sha1:\($0)") } ?? .null
        }
        return [
            "name": .string(name), "location": .string(location), "ref": .string(ref), "path": .string(path),
            "suspended": .bool(isSuspended), "last_attempted_revision": revision(seen),
            "last_applied_revision": revision(applied), "last_attempt": text(lastAttempt),
            "last_success": text(lastSuccess), "next_due": text(nextDue), "failures": .integer(Int64(failures)),
            "error": failure.map {
                ["code": .string($0.code), "message": .string($0.message), "hint": $0.hint.map(JSON.string) ?? .null]
            } ?? .null,
            "conditions": .array(conditions.map(\.json)),
        ]
    }
}
