package import ResealCore

/// Who may read the audit trail over the network: the settings say so, and nobody else may.
package struct AuditReaders: Sendable, Hashable {
    /// Whose tokens.
    package let organization: String
    /// Users and services.
    package let principals: [Principal]
    /// Also what is about other organizations, or about the vault itself.
    package let seesEverything: Bool

    package init(organization: String, principals: [Principal], seesEverything: Bool) {
        self.organization = organization
        self.principals = principals
        self.seesEverything = seesEverything
    }
}

extension SecretService {
    /// Records of the trail, oldest first. The look itself is recorded too, and so is a refused one.
    ///
    /// A token that is narrowed to names or actions reads nothing; a break-glass token reads what is about its own
    /// organization.
    package func audit(_ filter: AuditFilter, by session: Session) async throws -> [AuditRecord] {
        let readers = auditReaders
        return try await look(.auditRead, "", session) { store, _, _ in
            let grants = readers.filter {
                $0.organization == session.token.organization && $0.principals.contains(session.token.principal)
            }
            guard session.token.scope == TokenScope(), session.token.isBreakGlass || !grants.isEmpty else {
                throw ServiceFailure.denied
            }
            var filter = filter
            if !grants.contains(where: \.seesEverything) { filter.organization = session.token.organization }
            var records: [AuditRecord] = []
            try store.forEachAuditRecord(filter) { records.append($0) }
            return Look(value: records)
        }
    }
}
