internal import ResealCore
internal import ResealManifests

/// What a permission lets one do with a secret.
package enum AccessAction: String, Sendable, Codable, CaseIterable, Comparable {
    case read, write, rotate, delete

    package static func < (a: AccessAction, b: AccessAction) -> Bool { a.rank < b.rank }
    private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}

extension Permissions {
    func principals(for action: AccessAction) -> [Principal] {
        switch action {
        case .read: read
        case .write: write
        case .rotate: rotate
        case .delete: delete
        }
    }

    /// True when any list holds `*`.
    var grantsEveryone: Bool {
        AccessAction.allCases.contains { principals(for: $0).contains { $0.description == "*" } }
    }
}

/// Collects who gains and loses what, grouped so that a role on ten thousand secrets is one entry.
struct AccessLedger {
    private struct Group: Hashable {
        let principal: Principal
        let gained: [AccessAction]
        let lost: [AccessAction]
    }
    private struct Question: Hashable {
        let organization: String
        let before: Permissions?
        let after: Permissions?
    }

    private let rolesBefore: RoleDirectory
    private let rolesAfter: RoleDirectory
    private var groups: [Group: [SecretID]] = [:]
    /// Most secrets share a few sets of permissions.
    private var answers: [Question: [Group]] = [:]

    init(before: RoleDirectory, after: RoleDirectory) {
        rolesBefore = before
        rolesAfter = after
    }

    /// Notes one secret whose permissions or whose roles' members may differ. True when someone gains access.
    mutating func note(_ id: SecretID, before: Permissions?, after: Permissions?) -> Bool {
        let question = Question(organization: id.organization, before: before, after: after)
        let answer: [Group]
        if let known = answers[question] {
            answer = known
        } else {
            answer = compare(question)
            answers[question] = answer
        }
        for group in answer { groups[group, default: []].append(id) }
        return answer.contains { !$0.gained.isEmpty }
    }

    var changes: [AccessChange] {
        groups.map { group, secrets in
            AccessChange(
                principal: group.principal, gained: group.gained, lost: group.lost, secrets: secrets.sorted())
        }.sorted {
            ($0.principal, $0.gained.map(\.rawValue).joined(), $0.secrets.first ?? SecretID(""))
                < ($1.principal, $1.gained.map(\.rawValue).joined(), $1.secrets.first ?? SecretID(""))
        }
    }

    private func compare(_ question: Question) -> [Group] {
        let before = reach(question.before, rolesBefore, question.organization)
        let after = reach(question.after, rolesAfter, question.organization)
        return Set(before.keys).union(after.keys).compactMap { principal in
            let had = before[principal] ?? []
            let has = after[principal] ?? []
            guard had != has else { return nil }
            return Group(
                principal: principal, gained: has.subtracting(had).sorted(), lost: had.subtracting(has).sorted())
        }
    }

    private func reach(
        _ permissions: Permissions?, _ roles: RoleDirectory, _ organization: String
    ) -> [Principal: Set<AccessAction>] {
        var reach: [Principal: Set<AccessAction>] = [:]
        guard let permissions else { return reach }
        for action in AccessAction.allCases {
            for grant in permissions.principals(for: action) {
                for principal in roles.expand(grant, organization: organization) {
                    reach[principal, default: []].insert(action)
                }
            }
        }
        return reach
    }
}
