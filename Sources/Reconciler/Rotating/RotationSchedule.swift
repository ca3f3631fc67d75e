package import ResealCore
package import ResealManifests
internal import ResealSealing

/// When the value of one secret is to be renewed. Pure: the same manifest, age and time give the same answer.
///
/// Secrets made at the same moment do not start together: each waits for a share of its `splay` that the hash of its
/// name decides.
package struct RotationSchedule: Sendable, Hashable {
    private let every: TimeSpan?
    private let window: RotationWindow?
    private let splay: TimeSpan
    private let expiresAt: Timestamp?
    /// True where the value itself says when it expires.
    private let isIssued: Bool
    /// From 0 up to 1, by the name.
    private let share: Double

    /// How long before `expiresAt` a value is renewed, unless its own period is short.
    private static let lead = TimeSpan(seconds: 7 * 86_400)
    /// Without `splay`, starts are spread over a tenth of the period, and never over more than this.
    private static let longestOwnSplay: Int64 = 12 * 3600

    /// `nil` for a secret that is rotated only when somebody asks.
    ///
    /// - Parameter issuedUntil: when the present value expires, where a server said so.
    package init?(_ spec: SecretSpec, of id: SecretID, issuedUntil: Timestamp? = nil) {
        let expiresAt = spec.autoRenew ? [spec.expiresAt, issuedUntil].compactMap { $0 }.min() : nil
        isIssued = issuedUntil != nil
        guard spec.rotation?.every != nil || expiresAt != nil else { return nil }
        every = spec.rotation?.every
        window = spec.rotation?.window
        self.expiresAt = expiresAt
        let own = min((every?.seconds ?? 0) / 10, Self.longestOwnSplay)
        splay = spec.rotation?.splay ?? TimeSpan(seconds: own)
        share = Self.share(of: id)
    }

    static func share(of id: SecretID) -> Double {
        let digest = Digest256(hashing: Array("reseal/v1/splay\0\(ResourceKey(id))".utf8))
        return Double(digest.leading >> 11) / Double(UInt64(1) << 53)
    }

    /// The moment from which the value counts as too old; `nil` when it never does.
    package func due(madeAt: Timestamp) -> Timestamp? {
        [every.map { madeAt.adding($0) }, renewal(madeAt: madeAt)].compactMap { $0 }.min()
    }

    /// A value that was made inside the lead is not renewed again: only a new `expiresAt` makes it due.
    private func renewal(madeAt: Timestamp) -> Timestamp? {
        guard let expiresAt else { return nil }
        // Tokens of an hour are renewed after 48 minutes.
        let lifetime = isIssued ? max(0, (expiresAt.milliseconds - madeAt.milliseconds) / 1000) : nil
        let own = [every.map { $0.seconds / 3 }, lifetime.map { $0 / 5 }].compactMap { $0 }.min()
        let lead = min(Self.lead, own.map { TimeSpan(seconds: $0) } ?? Self.lead)
        let moment = expiresAt.subtracting(lead)
        return madeAt < moment ? moment : nil
    }

    /// When a rotation of a value made at `madeAt` begins.
    ///
    /// - Parameters:
    ///   - retry: not before this, after a failure.
    ///   - now: a window that passed unused gives way to the next one.
    package func start(madeAt: Timestamp, retry: Timestamp? = nil, now: Timestamp) -> Timestamp? {
        guard let due = due(madeAt: madeAt) else { return nil }
        guard let window else { return max(due.adding(offset(within: splay)), retry ?? due) }
        let earliest = max(due, retry ?? due)
        guard let first = window.opening(endingAfter: earliest) else { return nil }
        let closes = first.adding(window.duration)
        if closes > now { return place(max(first, earliest), before: closes) }
        guard let next = window.opening(endingAfter: now) else { return nil }
        return place(next, before: next.adding(window.duration))
    }

    private func place(_ moment: Timestamp, before end: Timestamp) -> Timestamp {
        let room = TimeSpan(seconds: max(0, (end.milliseconds - moment.milliseconds) / 1000 - 1))
        return moment.adding(offset(within: min(splay, room)))
    }

    private func offset(within span: TimeSpan) -> TimeSpan { TimeSpan(seconds: Int64(share * Double(span.seconds))) }
}

extension RotationWindow {
    /// The first opening that is not over at `time`; it may lie before it.
    func opening(endingAfter time: Timestamp) -> Timestamp? {
        opens.next(from: Timestamp(milliseconds: time.subtracting(duration).milliseconds + 1))
    }
}

/// How long to wait after a failed attempt: twice as long each time, from a minute to six hours.
package enum RotationBackoff {
    private static let shortest: Int64 = 60
    private static let longest: Int64 = 6 * 3600

    package static func next(after failures: Int64, of id: SecretID, at now: Timestamp) -> Timestamp {
        let doublings = min(max(0, failures - 1), 16)
        let wait = min(longest, shortest << doublings)
        // Secrets of one target that failed together do not come back together.
        let jitter = Int64(RotationSchedule.share(of: id) * Double(wait) / 10)
        return now.adding(TimeSpan(seconds: wait + jitter))
    }
}
