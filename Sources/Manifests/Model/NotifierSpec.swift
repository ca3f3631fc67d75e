package import ResealCore

/// The spec of a Notifier: where messages go, and which.
package struct NotifierSpec: Sendable, Hashable {
    package enum Channel: Sendable, Hashable {
        /// A signed request; the key may stand in the endpoint's file instead.
        case webhook(endpoint: String, signingKey: FieldReference?)
        case slack(endpoint: String)
        case smtp(endpoint: String, to: [String], credentials: CredentialsReference?)
        case exec(command: String)
    }

    package static let defaultMinimumInterval = TimeSpan(seconds: 300)

    package var channel: Channel
    /// Kinds of events, where `*` stands for any text; empty for all.
    package var events: [String]
    /// Equal messages are sent at most once in this time.
    package var minimumInterval: TimeSpan
    /// The text of a message, and for mail its subject, with `{{NAME}}` where something is filled in.
    package var template: String?
    package var subject: String?

    package init(
        channel: Channel, events: [String] = [], minimumInterval: TimeSpan = NotifierSpec.defaultMinimumInterval,
        template: String? = nil, subject: String? = nil
    ) {
        self.channel = channel
        self.events = events
        self.minimumInterval = minimumInterval
        self.template = template
        self.subject = subject
    }

    /// What can be filled in.
    package static let placeholders = [
        "code", "commit", "event", "expires", "message", "name", "organization", "severity", "source", "time",
    ]

    package func wants(_ event: String) -> Bool {
        events.isEmpty
            || events.contains { Wildcards.match($0, event) }
    }
}
