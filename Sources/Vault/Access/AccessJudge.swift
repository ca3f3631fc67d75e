package import ResealCore

/// Who asks: a principal is someone within one organization, and a stranger in every other.
package struct Asker: Sendable, Hashable {
    package let principal: Principal
    package let organization: String
    /// What he proved when he logged in; `nil` for somebody whose token the vault's owner made.
    package let identity: TokenIdentity?

    package init(_ principal: Principal, organization: String, identity: TokenIdentity? = nil) {
        self.principal = principal
        self.organization = organization
        self.identity = identity
    }
}

/// Whether something is allowed, and why.
package struct AccessVerdict: Sendable, Hashable {
    /// One step of the explanation.
    package struct Reason: Sendable, Hashable {
        /// The file, or the settings, that say so; empty where nothing does.
        package let place: String
        package let text: String

        /// `place: text`.
        package var line: String { place.isEmpty ? text : "\(place): \(text)" }
    }

    package let isAllowed: Bool
    /// What allows it, in order; or what is missing.
    package let reasons: [Reason]

    private init(isAllowed: Bool, reasons: [Reason]) {
        self.isAllowed = isAllowed
        self.reasons = reasons
    }

    static func allowed(_ reasons: [Reason]) -> Self { AccessVerdict(isAllowed: true, reasons: reasons) }
    static func denied(_ place: String, _ text: String) -> Self {
        AccessVerdict(isAllowed: false, reasons: [Reason(place: place, text: text)])
    }
}

/// Decides who may do what. What nothing allows is denied.
package enum AccessJudge {
    package static func judge(_ asker: Asker, _ action: AccessAction, _ rules: AccessRules) -> AccessVerdict {
        guard asker.organization == rules.key.organization else {
            return .denied(
                "", "\(asker.principal) belongs to the organization \(asker.organization), which sees nothing of others"
            )
        }
        guard action.isOfDynamicSecret == (rules.key.kind == .dynamicSecret) || action == .list else {
            return .denied("", "\(action.rawValue) is no action on a \(rules.key.kind.rawValue)")
        }
        // To see that a secret is there comes with whatever else one may do with it.
        let sufficient = action == .list ? AccessAction.grantable : [action]
        for action in sufficient {
            if let reasons = grant(to: asker, of: action, rules) { return .allowed(reasons) }
        }
        return missing(asker.principal, action, rules)
    }

    /// What `asker` may do, in the order of the actions.
    package static func actions(of asker: Asker, _ rules: AccessRules) -> [AccessAction] {
        AccessAction.allCases.filter { judge(asker, $0, rules).isAllowed }
    }

    private static func grant(
        to asker: Asker, of action: AccessAction, _ rules: AccessRules
    ) -> [AccessVerdict.Reason]? {
        if let manifest = rules.manifest {
            return match(
                asker, manifest.grants.principals(for: action), rules, place: manifest.place,
                list: "spec.permissions.\(action.rawValue)")
        }
        for rule in rules.settings where rule.actions.contains(action) {
            let list = "the rule for \(rule.names.joined(separator: ", ")) (\(action.rawValue))"
            if let reasons = match(asker, rule.principals, rules, place: rule.place, list: list) { return reasons }
        }
        return nil
    }

    private static func match(
        _ asker: Asker, _ granted: [Principal], _ rules: AccessRules, place: String, list: String
    ) -> [AccessVerdict.Reason]? {
        for entry in granted {
            let direct = AccessVerdict.Reason(place: place, text: "\(list) names \(entry)")
            // Whoever asked for one role has nothing but that, and what is everyone's.
            if entry == asker.principal && asker.identity?.role == nil || entry == .everyone { return [direct] }
            if entry.kind == .role, let role = rules.roles[entry.name], let reason = membership(asker, entry, role) {
                return [direct, AccessVerdict.Reason(place: role.place, text: reason)]
            }
        }
        return nil
    }

    /// Why somebody holds a role; `nil` where he does not.
    private static func membership(_ asker: Asker, _ entry: Principal, _ role: AccessRules.Role) -> String? {
        if let reason = asker.identity?.reason(for: entry.name, role) { return reason }
        guard role.members.contains(asker.principal), asker.identity?.role.map({ $0 == entry.name }) ?? true else {
            return nil
        }
        return "spec.members of \(entry) names \(asker.principal)"
    }

    private static func missing(_ principal: Principal, _ action: AccessAction, _ rules: AccessRules) -> AccessVerdict {
        let wanted = action == .list ? "no permission" : "`spec.permissions.\(action.rawValue)`"
        if let manifest = rules.manifest {
            return .denied(
                manifest.place,
                action == .list
                    ? "\(wanted) names \(principal), a role that it is in, or `*`"
                    : "\(wanted) names neither \(principal), nor a role that it is in, nor `*`")
        }
        return .denied(
            "",
            "no manifest describes \(rules.key.name), and no rule of `access` in the settings lets \(principal) "
                + "\(action.rawValue) it")
    }
}
