internal import ResealAge
internal import ResealCore
internal import ResealManifests

/// What one recipient may open by the rules, and what it can open by what the sealed values say of themselves.
package struct RecipientAccess: Sendable {
    package let fingerprint: String
    /// `nil` for a recipient that the rules do not know.
    package let text: String?
    package let name: String?
    /// Groups that it belongs to, sorted.
    package let groups: [String]
    /// Rules that reach it, directly or by a group; from 1.
    package let rules: [Int]
    /// Positions among the values of the survey.
    package var mayOpen: [Int] = []
    /// Likewise, of values with a binding.
    package var canOpen: [Int] = []

    /// Everybody whom the rules or a binding name: the controller, then in the order of the rules, then strangers.
    package static func all(_ survey: SealSurvey) -> [RecipientAccess] {
        let places = Places(survey.law.rules)
        var access: [RecipientAccess] = []
        var numbers: [String: Int] = [:]
        func number(_ fingerprint: String) -> Int {
            if let known = numbers[fingerprint] { return known }
            numbers[fingerprint] = access.count
            access.append(RecipientAccess(fingerprint, survey.law.names, places))
            return access.count - 1
        }
        for fingerprint in places.everyone { _ = number(fingerprint) }
        for (position, entry) in survey.entries.enumerated() {
            for fingerprint in survey.law.audience(of: entry).fingerprints {
                access[number(fingerprint)].mayOpen.append(position)
            }
            for fingerprint in entry.binding?.recipients ?? [] { access[number(fingerprint)].canOpen.append(position) }
        }
        return access
    }

    private init(_ fingerprint: String, _ names: RecipientNames, _ places: Places) {
        self.fingerprint = fingerprint
        text = names.text(fingerprint)
        name = names.name(fingerprint)
        groups = places.groups[fingerprint] ?? []
        rules = places.rules[fingerprint] ?? []
    }

    /// Where each recipient is named. Fingerprints are computed once, for there may be thousands.
    private struct Places {
        private(set) var everyone: [String] = []
        private(set) var groups: [String: [String]] = [:]
        private(set) var rules: [String: [Int]] = [:]

        init(_ rules: RecipientRules) {
            everyone = rules.everyone.map(\.fingerprint)
            for (name, members) in rules.groups.sorted(by: { $0.key < $1.key }) {
                for member in members { groups[member.fingerprint, default: []].append(name) }
            }
            for (number, rule) in rules.rules.enumerated() {
                for fingerprint in rule.audience.fingerprints {
                    self.rules[fingerprint, default: []].append(number + 1)
                }
            }
        }
    }
}
