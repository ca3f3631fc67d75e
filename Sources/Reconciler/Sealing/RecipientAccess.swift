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
        let law = survey.law
        var access: [RecipientAccess] = []
        var places: [String: Int] = [:]
        func place(_ fingerprint: String) -> Int {
            if let place = places[fingerprint] { return place }
            places[fingerprint] = access.count
            access.append(RecipientAccess(fingerprint, law))
            return access.count - 1
        }
        for recipient in law.rules.everyone { _ = place(recipient.fingerprint) }
        for (number, entry) in survey.entries.enumerated() {
            for fingerprint in law.audience(of: entry).fingerprints {
                access[place(fingerprint)].mayOpen.append(number)
            }
            for fingerprint in entry.binding?.recipients ?? [] { access[place(fingerprint)].canOpen.append(number) }
        }
        return access
    }

    private init(_ fingerprint: String, _ law: SealLaw) {
        self.fingerprint = fingerprint
        text = law.names.text(fingerprint)
        name = law.names.name(fingerprint)
        groups = law.rules.groups.filter { $0.value.contains { $0.fingerprint == fingerprint } }.map(\.key).sorted()
        rules = law.rules.rules.indices.filter { law.rules.rules[$0].audience.contains(fingerprint) }.map { $0 + 1 }
    }
}
