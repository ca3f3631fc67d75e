internal import ResealCore
internal import ResealHTTP
internal import ResealManifests
internal import ResealVault

/// Who may read the audit trail, where it goes, and what of it somebody is told: sections `audit-readers`, `audit-sinks`
/// and `alerts` of the settings.
struct AuditSettings {
    static let keys = ["audit-readers", "audit-sinks", "alerts"]
    private static let sinkKeys = [
        "name", "type", "format", "path", "address", "url", "ca-file", "client-certificate", "client-key", "token-file",
        "signing-key-file",
    ]

    enum Destination: Sendable {
        case file(String)
        case syslog(SyslogSink.Address)
        case webhook(WebAddress, WebSettings, tokenFile: String?, signingKeyFile: String?)
    }

    struct Sink: Sendable {
        var name: String
        var format: AuditFormat
        var destination: Destination

        var file: String? { if case .file(let path) = destination { path } else { nil } }

        func make() -> any AuditSink {
            switch destination {
            case .file(let path): FileSink(path, format)
            case .syslog(let address): SyslogSink(address, format)
            case .webhook(let address, let settings, let tokenFile, let signingKeyFile):
                WebhookSink(address, settings, format, tokenFile: tokenFile, signingKeyFile: signingKeyFile)
            }
        }
    }

    private(set) var readers: [AuditReaders] = []
    private(set) var sinks: [Sink] = []
    private(set) var alerts: [AlertRule] = []

    init() {}

    /// Reads the files that sinks name, and fails as the sinks would.
    func checkFiles() throws {
        for case .webhook(_, _, let tokenFile, let signingKeyFile) in sinks.map(\.destination) {
            if let tokenFile { _ = try WebhookSink.token(tokenFile) }
            if let signingKeyFile { _ = try WebhookSignature(key: ValueInput.firstLine(ofFile: signingKeyFile)) }
        }
    }

    init(_ file: SettingsMapping) {
        for entry in file.mappings("audit-readers", keys: ["organization", "principals", "everything"]) {
            addReaders(entry)
        }
        for entry in file.mappings("audit-sinks", keys: Self.sinkKeys) { addSink(entry) }
        for entry in file.mappings("alerts", keys: AlertRule.keys) {
            guard let name = Self.name(entry, among: alerts.map(\.name)) else { continue }
            alerts.append(AlertRule(entry, name: name))
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

    /// The vault remembers by it how far a sink is.
    private static func name(_ entry: SettingsMapping, among others: [String]) -> String? {
        guard let name = entry.text("name"), ControllerSettings.isName(name), !others.contains(name) else {
            entry.report(
                "name", "a name of its own is needed, of lower-case letters, digits and dashes",
                hint: "for example `name: siem`")
            return nil
        }
        return name
    }

    private mutating func addSink(_ entry: SettingsMapping) {
        guard let name = Self.name(entry, among: sinks.map(\.name)) else { return }
        let formats = AuditFormat.allCases.map(\.rawValue)
        let format = entry.choice("format", of: formats).flatMap { AuditFormat(rawValue: $0) } ?? .reseal
        guard let type = entry.choice("type", of: ["file", "syslog", "webhook"]) else {
            if !entry.has("type") { entry.report("type", "a sink needs `type`", hint: "file, syslog or webhook") }
            return
        }
        guard let destination = Self.destination(type, entry) else { return }
        if case .file(let path) = destination, sinks.contains(where: { $0.file == path }) {
            entry.report("path", "two sinks write the same file", hint: "give each its own")
        }
        sinks.append(Sink(name: name, format: format, destination: destination))
    }

    private static func destination(_ type: String, _ entry: SettingsMapping) -> Destination? {
        let own: [String: Set<String>] = [
            "file": ["path"], "syslog": ["address"],
            "webhook": ["url", "ca-file", "client-certificate", "client-key", "token-file", "signing-key-file"],
        ]
        for key in sinkKeys.dropFirst(3) where entry.has(key) && own[type]?.contains(key) != true {
            entry.report(key, "`\(key)` is not for a sink of type \(type)", hint: "remove it")
        }
        let needed = type == "file" ? "path" : type == "syslog" ? "address" : "url"
        guard entry.has(needed) else {
            entry.report(needed, "a sink of type \(type) needs `\(needed)`", hint: "docs/audit.md has an example")
            return nil
        }
        switch type {
        case "file":
            return entry.value("path", hint: "the full path of a file") { $0.hasPrefix("/") ? .file($0) : nil }
        case "syslog":
            return entry.value("address", hint: "unix:/dev/log, or tcp:127.0.0.1:PORT for a relay on this machine") {
                syslog($0).map(Destination.syslog)
            }
        default: return webhook(entry)
        }
    }

    private static func syslog(_ text: String) -> SyslogSink.Address? {
        if text.hasPrefix("unix:/"), text.utf8.count < 110 { return .unix(String(text.dropFirst("unix:".count))) }
        guard text.hasPrefix("tcp:127.0.0.1:"), let port = UInt16(text.dropFirst("tcp:127.0.0.1:".count)), port > 0
        else { return nil }
        return .tcp(port: port)
    }

    private static func webhook(_ entry: SettingsMapping) -> Destination? {
        var settings = WebSettings()
        settings.authorityFile = entry.text("ca-file")
        switch (entry.text("client-certificate"), entry.text("client-key")) {
        case (let certificate?, let key?):
            settings.clientCertificate = .init(certificate: certificate, key: key)
        case (nil, nil): break
        default:
            entry.report(
                "client-certificate", "a certificate and its key belong together",
                hint: "set both `client-certificate` and `client-key`")
        }
        let address = entry.value("url", hint: "an address with https://") { text -> WebAddress? in
            guard let address = try? WebAddress(text), address.scheme == .https || address.isLoopback else {
                return nil
            }
            return address
        }
        return address.map {
            .webhook($0, settings, tokenFile: entry.text("token-file"), signingKeyFile: entry.text("signing-key-file"))
        }
    }
}

extension AlertRule {
    static let keys = [
        "name", "type", "secret", "principal", "result", "break-glass", "outside", "count", "within", "by",
    ]

    init(_ entry: SettingsMapping, name: String) {
        self.init(name: name)
        action = entry.value("type", hint: "an action of docs/audit.md, or the first words of one") {
            AuditAction.isNameOrGroup($0) ? $0 : nil
        }
        secret = entry.text("secret")
        principal = entry.text("principal")
        result = entry.choice("result", of: AuditResult.allCases.map(\.rawValue)).flatMap { AuditResult(rawValue: $0) }
        breakGlass = entry.flag("break-glass") ?? false
        hours = entry.value("outside", hint: "days and hours in UTC, for example mon-fri 07:00-19:00") {
            WorkingHours($0)
        }
        if let count = entry.integer("count", in: 1...1000) { self.count = count }
        if let within = entry.span("within") { self.within = within }
        if let by = entry.choice("by", of: Grouping.allCases.map(\.rawValue)).flatMap({ Grouping(rawValue: $0) }) {
            grouping = by
        }
        let conditions = ["type", "secret", "principal", "result", "break-glass", "outside"]
        if !conditions.contains(where: entry.has) {
            entry.report(
                "name", "the alert `\(name)` would be told of every record",
                hint: "add one of \(conditions.joined(separator: ", "))")
        }
    }
}
