internal import ResealAge
internal import ResealCore

/// What people call the recipients of a Recipients manifest.
///
/// The comment behind a recipient on its line names it. Otherwise a group does that has no other member. The controller
/// is called so.
package struct RecipientNames: Sendable {
    package static let controller = "controller"
    private var names: [String: String] = [:]
    private var texts: [String: String] = [:]

    /// Knows nobody.
    package init() {}

    /// - Parameter file: where `rules` stand, for its comments; `nil` to do without them.
    package init(_ rules: RecipientRules, file: ManifestFile?) {
        for recipient in rules.everyone { texts[recipient.fingerprint] = recipient.description }
        var comments: [String: String] = [:]
        let mentions = file.flatMap { try? RecipientsDocument($0) }?.mentions ?? []
        for mention in mentions where comments[mention.text] == nil {
            comments[mention.text] = mention.comment.map { String($0.unicodeScalars.prefix(64)) }
        }
        for (name, members) in rules.groups.sorted(by: { $0.key > $1.key }) {
            if members.count == 1, let member = members.first { names[member.fingerprint] = name }
        }
        for recipient in rules.everyone {
            if let comment = comments[recipient.description] { names[recipient.fingerprint] = comment }
        }
        names[rules.controller.fingerprint] = Self.controller
    }

    /// `nil` for a recipient without a name.
    package func name(_ fingerprint: String) -> String? { names[fingerprint] }

    /// The whole text of a recipient that the rules know.
    package func text(_ fingerprint: String) -> String? { texts[fingerprint] }

    /// `alice (age1ywg2d40m9…)`, or what is known of it.
    package func label(_ fingerprint: String) -> String {
        let text = texts[fingerprint].map(Self.shortened) ?? "the unknown recipient \(fingerprint)"
        return names[fingerprint].map { "\($0) (\(text))" } ?? text
    }

    /// A text with the labels of the fingerprints in it that the rules know.
    package func labelled(_ text: String) -> String {
        text.replacing(/\b[0-9a-f]{16}\b/) { match in
            let fingerprint = String(match.output)
            return texts[fingerprint] == nil ? fingerprint : label(fingerprint)
        }
    }

    /// Fingerprints of the recipients called `name`.
    package func fingerprints(named name: String) -> [String] {
        names.filter { $0.value == name }.map(\.key).sorted()
    }

    package var allNames: [String] { Set(names.values).sorted() }

    /// Enough of a recipient to know it by.
    package static func shortened(_ text: String) -> String {
        text.utf8.count > 32 ? "\(text.prefix(20))…" : text
    }
}
