package import ResealCore

/// Who may do what with one resource.
package struct AccessReport: Sendable {
    package let key: ResourceKey
    package let holder: AccessHolder
    package let actions: [AccessAction]
}

/// Questions about access. Who asks them holds the vault; each look is recorded.
extension Vault {
    package func explainAccess(
        of asker: Asker, to action: AccessAction, _ key: ResourceKey, settings: [AccessRule], by context: ActionContext
    ) throws -> AccessVerdict {
        try looking(at: key.description, by: context) { store in
            AccessJudge.judge(asker, action, try store.accessRules(for: key, settings: settings))
        }
    }

    /// Everyone who has any access to the resource: principals by name, then those who hold a role by what they prove.
    package func accessors(
        of key: ResourceKey, settings: [AccessRule], by context: ActionContext
    ) throws -> [AccessReport] {
        try looking(at: key.description, by: context) { store in
            let rules = try store.accessRules(for: key, settings: settings)
            return (rules.principals.sorted().map(AccessHolder.principal) + rules.proofs).compactMap { holder in
                AccessReport(of: holder, AccessJudge.actions(of: holder.asker(in: key.organization), rules), rules)
            }
        }
    }

    /// Every resource that `asker` has any access to.
    package func reach(
        of asker: Asker, settings: [AccessRule], by context: ActionContext
    ) throws -> [AccessReport] {
        try looking(at: "", by: context) { store in
            var keys: [ResourceKey] = []
            try store.forEachSecret(organization: asker.organization, prefix: "") { secret in
                if secret.state == .active { keys.append(ResourceKey(secret.id)) }
            }
            keys += try store.appliedNames(kind: .dynamicSecret, organization: asker.organization).map {
                ResourceKey(.dynamicSecret, $0, organization: asker.organization)
            }
            return try keys.compactMap { key in
                let rules = try store.accessRules(for: key, settings: settings)
                return AccessReport(of: .principal(asker.principal), AccessJudge.actions(of: asker, rules), rules)
            }
        }
    }

    private func looking<R>(
        at subject: String, by context: ActionContext, _ body: (any StoreReader) throws -> R
    ) throws -> R {
        try core.audited(.accessRead, subject, by: context) { transaction in
            let result = try body(transaction.store)
            try transaction.audit.record(.accessRead, subject, by: context)
            return result
        }
    }
}

extension AccessReport {
    /// `nil` where there is no access at all.
    fileprivate init?(of holder: AccessHolder, _ actions: [AccessAction], _ rules: AccessRules) {
        guard !actions.isEmpty else { return nil }
        self.init(key: rules.key, holder: holder, actions: actions)
    }
}
