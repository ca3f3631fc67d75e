internal import ResealCore
internal import ResealManifests
internal import ResealVault

/// Permissions for secrets that no manifest describes: section `access` of the vault's settings.
struct AccessSettings {
    private static let keys = ["organization", "names", "principals", "actions"]
    private(set) var rules: [AccessRule] = []

    /// An absent file means no rules.
    static func load(_ home: VaultHome) throws -> [AccessRule] {
        guard FileProbe.exists(home.configPath) else { return [] }
        let bytes = try AtomicFile.read(home.configPath, limit: SettingsFile.maximumBytes)
        return try SettingsFile.read(
            bytes, name: home.configPath, keys: GitSettings.keys + ControllerSettings.keys
        ) { AccessSettings($0, name: home.configPath).rules }
    }

    init(_ file: SettingsMapping, name: String) {
        for (index, entry) in file.mappings("access", keys: Self.keys).enumerated() {
            for key in ["names", "principals", "actions"] where !entry.has(key) {
                entry.report(key, "a rule of `access` needs `\(key)`", hint: "docs/access.md has an example")
            }
            let organization = entry.value("organization", hint: "the name of an organization") {
                ResourceName.organizationProblem($0) == nil ? $0 : nil
            }
            let names = entry.list("names", hint: "the name of a secret, or the beginning of names and `*`") {
                Self.isPattern($0) ? $0 : nil
            }
            let principals = entry.list("principals", hint: "user:NAME, service:NAME, role:NAME, or `*`") {
                Principal($0)
            }
            let actions = entry.list("actions", hint: "one of read, write, rotate, delete") {
                AccessAction(rawValue: $0).flatMap { Self.actions.contains($0) ? $0 : nil }
            }
            rules.append(
                AccessRule(
                    organization: organization ?? SecretID.defaultOrganization, names: names ?? [],
                    principals: principals ?? [], actions: Set(actions ?? []), place: "\(name), access[\(index)]"))
        }
    }

    private static let actions: Set<AccessAction> = [.read, .write, .rotate, .delete]

    private static func isPattern(_ text: String) -> Bool {
        guard text.hasSuffix("*") else { return ResourceName.problem(text) == nil }
        let beginning = text.dropLast()
        return beginning.isEmpty || ResourceName.problem("\(beginning)x") == nil
    }
}
