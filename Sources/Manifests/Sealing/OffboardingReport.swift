package import ResealCore

/// What a recipient could open when it was taken out of the rules, and which of it has been changed since.
///
/// A file of the repository that people review like any other. It holds names and counters, and no secret.
package struct OffboardingReport: Sendable, Equatable {
    /// What a value is called.
    package enum Subject: Sendable, Hashable, Comparable, CustomStringConvertible {
        case field(SecretID, FieldPath)
        /// A sealed file, or a sealed text in a file, that no manifest tells the secret of.
        case file(String)

        /// `prod/orders-db#password`, or the path.
        package var description: String {
            switch self {
            case .field(let id, let field): field == .whole ? "\(id)" : "\(id)#\(field)"
            case .file(let path): path
            }
        }

        package static func < (a: Self, b: Self) -> Bool {
            switch (a, b) {
            case (.field(let x, let f), .field(let y, let g)): (x, f) < (y, g)
            case (.file(let x), .file(let y)): x < y
            case (.field, .file): true
            case (.file, .field): false
            }
        }
    }

    /// How it is known that the recipient could open a value.
    package enum Basis: String, Sendable, CaseIterable {
        /// The value's binding names it.
        case binding
        /// The value has no binding; the rules of its time named the recipient.
        case rules
        /// A SOPS document that names it.
        case document
    }

    /// One ciphertext that the recipient could open.
    package struct Version: Sendable, Hashable {
        /// Where it came into the history; `nil` for one that was never committed.
        package let commit: ObjectID?
        package let file: String
        /// 0 without a binding.
        package let counter: Int64

        package init(commit: ObjectID?, file: String, counter: Int64) {
            self.commit = commit
            self.file = file
            self.counter = counter
        }
    }

    /// What a person says about a value.
    package struct Acknowledgement: Sendable, Equatable {
        package enum Claim: String, Sendable, CaseIterable {
            /// The credential was changed.
            case rotated
            /// The credential is no longer valid anywhere, or never was one.
            case retired
        }
        package let claim: Claim
        package let at: Timestamp
        package let by: String
        package let reason: String?

        package init(_ claim: Claim, at: Timestamp, by: String, reason: String?) {
            self.claim = claim
            self.at = at
            self.by = by
            self.reason = reason
        }
    }

    /// One value that the recipient could open.
    package struct Value: Sendable, Equatable {
        package let subject: Subject
        package var basis: Basis
        package var versions: [Version]
        package var acknowledgement: Acknowledgement?

        package init(
            _ subject: Subject, _ basis: Basis, _ versions: [Version], acknowledgement: Acknowledgement? = nil
        ) {
            self.subject = subject
            self.basis = basis
            self.versions = versions
            self.acknowledgement = acknowledgement
        }

        /// The newest sealing that the recipient could open.
        package var counter: Int64 { versions.map(\.counter).max() ?? 0 }
    }

    package let fingerprint: String
    /// The whole text, where it is known.
    package var recipient: String?
    package var name: String?
    package let since: Timestamp
    /// Sorted by subject.
    package private(set) var values: [Value]

    package init(
        fingerprint: String, recipient: String?, name: String?, since: Timestamp, values: [Value]
    ) {
        self.fingerprint = fingerprint
        self.recipient = recipient
        self.name = name
        self.since = since
        self.values = values.sorted { $0.subject < $1.subject }
    }

    /// For messages: `alice (age1ywg2d40m9…)`.
    package var label: String {
        let text = recipient.map(RecipientNames.shortened) ?? fingerprint
        return name.map { "\($0) (\(text))" } ?? text
    }

    /// Adds what was found later. A value that turns out to have been open in a newer sealing than was known is due
    /// again, whatever was acknowledged before.
    package mutating func merge(_ found: [Value]) {
        var merged = Dictionary(values.map { ($0.subject, $0) }, uniquingKeysWith: { first, _ in first })
        for value in found {
            guard var known = merged[value.subject] else {
                merged[value.subject] = value
                continue
            }
            if value.counter > known.counter { known.acknowledgement = nil }
            let noted = Set(known.versions)
            known.versions += value.versions.filter { !noted.contains($0) }
            if value.basis == .binding { known.basis = .binding }
            merged[value.subject] = known
        }
        values = merged.values.sorted { $0.subject < $1.subject }
    }

    /// Notes what a person says about the values that `isMeant` picks; the number of them.
    package mutating func acknowledge(_ acknowledgement: Acknowledgement, where isMeant: (Subject) -> Bool) -> Int {
        var count = 0
        for index in values.indices where isMeant(values[index].subject) {
            values[index].acknowledgement = acknowledgement
            count += 1
        }
        return count
    }
}
