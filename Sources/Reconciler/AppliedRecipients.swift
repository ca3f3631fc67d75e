package import ResealAge
package import ResealCore
internal import ResealManifests
package import ResealVault

/// Who may open the values of the vault's secrets, by the rules that were last applied.
package struct AppliedRecipients {
    private let store: any Store
    private var known: [Int64: RecipientRules] = [:]

    package init(_ core: VaultCore) { store = core.store }

    /// The recipients of a secret with their texts, the controller first.
    ///
    /// Throws ``ReconcileFailure/Kind/noRules`` for a secret that no manifest describes.
    package mutating func recipients(of id: SecretID) throws -> [(text: String, recipient: any Recipient)] {
        guard let applied = try store.read({ try $0.applied(ResourceKey(id)) }) else {
            throw ReconcileFailure(
                .noRules, "no manifest describes \(id), so no rules say who may open it",
                hint: "name the recipients with -r/--recipient")
        }
        return try rules(of: applied.source).recipients(path: applied.position.path, name: id.name)
            .map { ($0.description, $0) }
    }

    private mutating func rules(of source: Int64) throws -> RecipientRules {
        if let rules = known[source] { return rules }
        let stored = try store.read { try $0.applied(kind: .recipients, source: source) }.compactMap(
            StoredManifest.read)
        for manifest in stored {
            guard case .recipients(let spec) = manifest.spec else { continue }
            let rules = try RecipientRules(spec)
            known[source] = rules
            return rules
        }
        throw ReconcileFailure(
            .noRules, "the manifests that were applied have no Recipients manifest",
            hint: "name the recipients with -r/--recipient")
    }
}
