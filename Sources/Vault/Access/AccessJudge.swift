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
        if let obstacle = obstacle(asker, action, rules) { return obstacle }
        if let grant = grant(to: asker, of: action, rules) { return .allowed(grant.reasons) }
        return missing(asker.principal, action, rules)
    }

    /// As ``judge(_:_:_:)``, without the words that say why.
    package static func allows(_ asker: Asker, _ action: AccessAction, _ rules: AccessRules) -> Bool {
        obstacle(asker, action, rules) == nil && grant(to: asker, of: action, rules) != nil
    }

    /// What `asker` may do, in the order of the actions.
    package static func actions(of asker: Asker, _ rules: AccessRules) -> [AccessAction] {
        AccessAction.allCases.filter { allows(asker, $0, rules) }
    }

    /// What no permission is asked about.
    private static func obstacle(_ asker: Asker, _ action: AccessAction, _ rules: AccessRules) -> AccessVerdict? {
        guard asker.organization == rules.key.organization else {
            return .denied(
                "", "\(asker.principal) belongs to the organization \(asker.organization), which sees nothing of others"
            )
        }
        guard action.isOfDynamicSecret == (rules.key.kind == .dynamicSecret) || action == .list else {
            return .denied("", "\(action.rawValue) is no action on a \(rules.key.kind.rawValue)")
        }
        return nil
    }

    private static func grant(to asker: Asker, of action: AccessAction, _ rules: AccessRules) -> AccessGrant? {
        // To see that a secret is there comes with whatever else one may do with it.
        for action in action == .list ? AccessAction.grantable : [action] {
            if let grant = direct(to: asker, of: action, rules) { return grant }
        }
        return nil
    }

    private static func direct(to asker: Asker, of action: AccessAction, _ rules: AccessRules) -> AccessGrant? {
        if let manifest = rules.manifest {
            return match(asker, manifest.grants.principals(for: action), rules, .manifest(manifest.place, action))
        }
        for rule in rules.settings where rule.actions.contains(action) {
            if let grant = match(asker, rule.principals, rules, .rule(rule, action)) { return grant }
        }
        return nil
    }

    private static func match(
        _ asker: Asker, _ granted: [Principal], _ rules: AccessRules, _ list: AccessGrant.List
    ) -> AccessGrant? {
        for entry in granted {
            // Whoever asked for one role has nothing but that, and what is everyone's.
            if entry == asker.principal && asker.identity?.role == nil || entry == .everyone {
                return AccessGrant(list: list, entry: entry, by: .name)
            }
            guard entry.kind == .role, let role = rules.roles[entry.name] else { continue }
            if let proof = asker.identity?.reason(for: entry.name, role) {
                return AccessGrant(list: list, entry: entry, by: .proof(role, proof))
            }
            if role.members.contains(asker.principal), asker.identity?.role.map({ $0 == entry.name }) ?? true {
                return AccessGrant(list: list, entry: entry, by: .membership(role, asker.principal))
            }
        }
        return nil
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

/// An entry of a permission that lets somebody do something. It is put into words only for those who want to know why.
private struct AccessGrant {
    /// Where the entry stands.
    enum List {
        case manifest(_ place: String, AccessAction)
        case rule(AccessRule, AccessAction)
    }

    /// How the entry means him.
    enum Connection {
        case name
        case proof(AccessRules.Role, String)
        case membership(AccessRules.Role, Principal)
    }

    let list: List
    let entry: Principal
    let by: Connection

    var reasons: [AccessVerdict.Reason] {
        let first =
            switch list {
            case .manifest(let place, let action):
                AccessVerdict.Reason(place: place, text: "spec.permissions.\(action.rawValue) names \(entry)")
            case .rule(let rule, let action):
                AccessVerdict.Reason(
                    place: rule.place,
                    text: "the rule for \(rule.names.joined(separator: ", ")) (\(action.rawValue)) names \(entry)")
            }
        switch by {
        case .name: return [first]
        case .proof(let role, let text): return [first, AccessVerdict.Reason(place: role.place, text: text)]
        case .membership(let role, let principal):
            return [
                first, AccessVerdict.Reason(place: role.place, text: "spec.members of \(entry) names \(principal)"),
            ]
        }
    }
}
