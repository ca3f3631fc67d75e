internal import ResealCore
internal import ResealManifests
internal import ResealVault

extension Grants {
    init(_ permissions: Permissions) {
        self.init(lists: { action in
            switch action {
            case .read: permissions.read
            case .write: permissions.write
            case .rotate: permissions.rotate
            case .delete: permissions.delete
            case .generate, .revoke, .list: []
            }
        })
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
        let before: Grants
        let after: Grants
    }

    private let rolesBefore: RoleDirectory
    private let rolesAfter: RoleDirectory
    private let areRolesSame: Bool
    /// The answer to one question, as positions in `groups`, and the resources that it is true of.
    private struct Answer {
        let groups: [Int]
        var keys: [ResourceKey] = []
    }

    private var groups: [Group] = []
    private var groupNumbers: [Group: Int] = [:]
    /// Most secrets share a few sets of permissions.
    private var answers: [Answer] = []
    private var answerNumbers: [Question: Int] = [:]

    init(before: RoleDirectory, after: RoleDirectory) {
        rolesBefore = before
        rolesAfter = after
        areRolesSame = before == after
    }

    /// Notes one resource whose permissions or whose roles' members may differ. True when someone gains access.
    mutating func note(_ key: ResourceKey, before: Grants, after: Grants) -> Bool {
        if areRolesSame, before == after { return false }
        let question = Question(organization: key.organization, before: before, after: after)
        let number = answerNumber(of: question)
        guard !answers[number].groups.isEmpty else { return false }
        answers[number].keys.append(key)
        return answers[number].groups.contains { !groups[$0].gained.isEmpty }
    }

    /// By principal; of one principal, gains before losses.
    var changes: [AccessChange] {
        // The groups of one answer share one list, which may be of a hundred thousand.
        var lists = [[[ResourceKey]]](repeating: [], count: groups.count)
        for answer in answers {
            let keys = answer.keys.sorted()
            for group in answer.groups { lists[group].append(keys) }
        }
        return zip(groups, lists).map { group, lists in
            let keys = lists.count == 1 ? lists[0] : lists.flatMap(\.self).sorted()
            return AccessChange(
                principal: group.principal, gained: group.gained, lost: group.lost, resources: keys)
        }.sorted { a, b in
            if a.principal != b.principal { return a.principal < b.principal }
            if a.gained != b.gained { return b.gained.lexicographicallyPrecedes(a.gained) }
            return b.lost.lexicographicallyPrecedes(a.lost)
        }
    }

    private mutating func answerNumber(of question: Question) -> Int {
        if let known = answerNumbers[question] { return known }
        answers.append(Answer(groups: compare(question).map { groupNumber(of: $0) }))
        answerNumbers[question] = answers.count - 1
        return answers.count - 1
    }

    private mutating func groupNumber(of group: Group) -> Int {
        if let known = groupNumbers[group] { return known }
        groupNumbers[group] = groups.count
        groups.append(group)
        return groups.count - 1
    }

    /// What everyone has, nobody gains or loses by name.
    private func compare(_ question: Question) -> [Group] {
        let before = reach(question.before, rolesBefore, question.organization)
        let after = reach(question.after, rolesAfter, question.organization)
        let all = (had: before[.everyone] ?? [], has: after[.everyone] ?? [])
        return Set(before.keys).union(after.keys).compactMap { principal in
            let had = (before[principal] ?? []).union(all.had)
            let has = (after[principal] ?? []).union(all.has)
            var gained = has.subtracting(had)
            var lost = had.subtracting(has)
            if principal != .everyone {
                gained.subtract(all.has.subtracting(all.had))
                lost.subtract(all.had.subtracting(all.has))
            }
            guard !gained.isEmpty || !lost.isEmpty else { return nil }
            return Group(principal: principal, gained: gained.sorted(), lost: lost.sorted())
        }
    }

    private func reach(
        _ grants: Grants, _ roles: RoleDirectory, _ organization: String
    ) -> [Principal: Set<AccessAction>] {
        var reach: [Principal: Set<AccessAction>] = [:]
        for action in AccessAction.grantable {
            for grant in grants.principals(for: action) {
                for principal in roles.expand(grant, organization: organization) {
                    reach[principal, default: []].insert(action)
                }
            }
        }
        return reach
    }
}
