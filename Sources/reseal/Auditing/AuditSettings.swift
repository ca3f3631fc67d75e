internal import ResealCore
internal import ResealManifests
internal import ResealVault

/// Who may read the audit trail: section `audit-readers` of the settings.
struct AuditSettings {
    static let keys = ["audit-readers"]

    private(set) var readers: [AuditReaders] = []

    init() {}

    init(_ file: SettingsMapping) {
        for entry in file.mappings("audit-readers", keys: ["organization", "principals", "everything"]) {
            addReaders(entry)
        }
    }

    private mutating func addReaders(_ entry: SettingsMapping) {
        let organization = entry.value("organization", hint: "the name of an organization") {
            ResourceName.organizationProblem($0) == nil ? $0 : nil
        }
        let principals = entry.list("principals", hint: "user:NAME or service:NAME") { text in
            Principal(text).flatMap { $0.kind == .user || $0.kind == .service ? $0 : nil }
        }
        if !entry.has("principals") {
            entry.report("principals", "`audit-readers` needs `principals`", hint: "docs/audit.md has an example")
        }
        readers.append(
            AuditReaders(
                organization: organization ?? SecretID.defaultOrganization, principals: principals ?? [],
                seesEverything: entry.flag("everything") ?? false))
    }
}
