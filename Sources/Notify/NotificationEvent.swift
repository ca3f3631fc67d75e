package import ResealCore

/// Something that people or programs are told of. Holds names, codes and times only: no property has room for a value.
package struct NotificationEvent: Sendable, Hashable {
    package enum Kind: String, Sendable, CaseIterable {
        case applied = "reconcile.applied"
        case failed = "reconcile.failed"
        /// A guard or a rule of trust stands against it; a person has to look.
        case refused = "reconcile.refused"
        case recovered = "reconcile.recovered"
        case drifted = "drift.detected"
        case rotated = "rotation.done"
        case rotationFailed = "rotation.failed"
        case expiring = "secret.expiring"
        case expired = "secret.expired"
        /// A rule of the settings fits records of the audit trail.
        case alert = "audit.alert"
        /// Asked for by a person.
        case test = "notify.test"
    }

    package enum Severity: String, Sendable { case info, warning, critical }

    package enum Subject: Sendable, Hashable {
        case secret(SecretID)
        /// A source of the controller's configuration.
        case source(String)
        case notifier(ResourceKey)
        /// A rule of the settings, and whose records it is about; `nil` for those of the vault itself.
        case alert(String, organization: String?)
    }

    package let kind: Kind
    package let subject: Subject
    package let at: Timestamp
    /// An error code of docs/errors.md.
    package var code: String?
    package var commit: ObjectID?
    package var expiresAt: Timestamp?
    /// How long before the expiry it is told; each such step once.
    package var stage: ExpiryStage?
    /// Of changes, or of records behind an alert.
    package var count: Int?
    /// Of the audit record that an alert is about: who, what, and its number.
    package var actor: String?
    package var action: String?
    package var record: Int64?

    package init(_ kind: Kind, _ subject: Subject, at time: Timestamp) {
        self.kind = kind
        self.subject = subject
        self.at = time
    }

    package var severity: Severity {
        switch kind {
        case .applied, .recovered, .rotated, .test: .info
        case .drifted: .warning
        case .expiring: stage.map { $0 <= .day } == true ? .critical : .warning
        case .failed, .refused, .rotationFailed, .expired, .alert: .critical
        }
    }

    package var name: String {
        switch subject {
        case .secret(let id): id.name
        case .source(let name): name
        case .notifier(let key): key.name
        case .alert(let name, _): name
        }
    }

    package var organization: String? {
        switch subject {
        case .secret(let id): id.organization
        case .source: nil
        case .alert(_, let organization): organization
        case .notifier(let key): key.organization
        }
    }

    /// Equal for events that say the same.
    package var identity: String {
        var parts = [kind.rawValue, organization ?? "", name, code ?? ""]
        if let actor { parts.append(actor) }
        // A commit is applied once, and a failure goes on with the next commit.
        if kind == .applied { parts.append(commit.map(\.description) ?? "") }
        if let stage { parts += [stage.rawValue, expiresAt?.description ?? ""] }
        return parts.joined(separator: "|")
    }
}

/// Steps in which an expiry is announced, each later one more urgent.
package enum ExpiryStage: String, Sendable, CaseIterable, Comparable {
    case past
    case day
    case week
    case month

    /// Before the expiry.
    package var lead: TimeSpan {
        switch self {
        case .past: TimeSpan(seconds: 0)
        case .day: TimeSpan(seconds: 86_400)
        case .week: TimeSpan(seconds: 7 * 86_400)
        case .month: TimeSpan(seconds: 30 * 86_400)
        }
    }

    /// The most urgent step that has been reached; `nil` while there is time.
    package static func reached(_ expiry: Timestamp, at now: Timestamp) -> ExpiryStage? {
        allCases.first { expiry.subtracting($0.lead) <= now }
    }

    package static func < (a: ExpiryStage, b: ExpiryStage) -> Bool { a.lead < b.lead }
}
