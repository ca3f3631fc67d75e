internal import ResealCore
internal import ResealManifests
internal import ResealVault

// Resources that are not secrets: the vault keeps their manifests.
extension Planner {
    mutating func planDefinition(_ resource: DesiredResource, index: Int32) {
        let before = input.lastApplied.resources[resource.key]
        if resource.key.kind == .dynamicSecret { noteGrants(resource, before) }
        guard before?.specDigest != resource.specDigest else { return }
        var change = PlannedChange(
            key: resource.key, action: .define, isNew: before == nil,
            reason: before == nil ? "new in Git" : "changed in Git", position: resource.position,
            before: before?.spec ?? [],
            attributes: before.map { AttributeDiff.changes(from: $0.spec, to: resource.spec) } ?? [], fields: [],
            risks: [], version: nil, desiredIndex: index)
        change.risks = definitionRisks(resource, before)
        outcome.changes.append(change)
    }

    private mutating func noteGrants(_ resource: DesiredResource, _ before: AppliedRecord?) {
        _ = ledger.note(
            resource.key, before: before.map { Grants(spec: $0.spec) } ?? .none, after: Grants(spec: resource.spec))
    }

    private mutating func definitionRisks(_ resource: DesiredResource, _ before: AppliedRecord?) -> [RiskNote] {
        switch resource.key.kind {
        case .repository:
            let isRelaxed = input.lastApplied.policy.map { input.desired.policy.isWeaker(than: $0) } ?? false
            return before != nil && isRelaxed ? [.repositoryRulesRelaxed] : []
        case .recipients: return before.map { recipientRisks($0.spec, resource.spec) } ?? []
        case .role: return before.map { isWidened(resource, $0.spec) ? [.permissionsWidened] : [] } ?? []
        case .dynamicSecret: return grantRisks(resource, before)
        default: return []
        }
    }

    private func grantRisks(_ resource: DesiredResource, _ before: AppliedRecord?) -> [RiskNote] {
        let old = before.map { Grants(spec: $0.spec) } ?? .none
        let new = Grants(spec: resource.spec)
        var ledger = AccessLedger(before: input.lastApplied.roles, after: input.desired.roles)
        var risks: [RiskNote] = []
        if ledger.note(resource.key, before: old, after: new), before != nil { risks.append(.permissionsWidened) }
        if new.opensToEveryone(comparedWith: old) { risks.append(.everyoneGranted) }
        return risks
    }

    // MARK: Roles

    /// True when someone joins a role that something is granted to. Holders by claim or certificate have no name that
    /// could stand in the list of access, so this note is all that tells of them.
    private mutating func isWidened(_ role: DesiredResource, _ before: [UInt8]) -> Bool {
        let old = try? JSON(parsing: before)
        let new = try? JSON(parsing: role.spec)
        let joins = ["members", "oidc", "certificates"].contains { list in
            let known = Set(old?["spec"]?[list]?.arrayValue ?? [])
            return new?["spec"]?[list]?.arrayValue?.contains { !known.contains($0) } ?? false
        }
        return joins && grantedRoles.contains(role.key)
    }

    // MARK: Recipients

    private func recipientRisks(_ before: [UInt8], _ after: [UInt8]) -> [RiskNote] {
        let old = (try? JSON(parsing: before))?["spec"]
        let new = (try? JSON(parsing: after))?["spec"]
        guard old != new else { return [] }
        let (had, has) = (Self.recipients(old), Self.recipients(new))
        let risks: [RiskNote] =
            (has.isSubset(of: had) ? [] : [.recipientsAdded]) + (had.isSubset(of: has) ? [] : [.recipientsRemoved])
        return risks.isEmpty ? [.recipientsChanged] : risks
    }

    /// Everyone whom the manifest names.
    private static func recipients(_ spec: JSON?) -> Set<String> {
        let lists =
            (spec?["groups"]?.objectValue?.values.map { $0 } ?? [])
            + (spec?["rules"]?.arrayValue ?? []).compactMap { $0["recipients"] }
        let names = lists.flatMap { $0.arrayValue ?? [] }.compactMap(\.stringValue).filter { !$0.hasPrefix("group:") }
        return Set(names + [spec?["controller"]?.stringValue].compactMap { $0 })
    }
}
