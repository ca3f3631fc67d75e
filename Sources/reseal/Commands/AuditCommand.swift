internal import ArgumentParser
internal import ResealCore
internal import ResealSealing
internal import ResealVault
internal import Synchronization

struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Show and check the audit trail.",
        discussion: """
            Every action stands in the trail, refused ones too, and each record holds the hash of the one before.

            EXAMPLES
              reseal audit list --since 7d
              reseal audit verify
            """,
        subcommands: [AuditListCommand.self, AuditVerifyCommand.self])
}

struct AuditListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List audit records, oldest first.",
        discussion: """
            Every condition that is given has to hold. Looking at the trail is recorded in it.

            EXAMPLES
              reseal audit list --since 30d --secret prod/orders-db
              reseal audit list --type vault.secret.read --principal user:alice
              reseal audit list --result refused --limit 20 --json
            """)

    @OptionGroup var vault: VaultOptions

    @Option(
        help: ArgumentHelp(
            "Action, or the first words of one: vault.secret.read, vault.secret, git.", valueName: "action"),
        completion: .list(AuditAction.allCases.map(\.rawValue)))
    var type: String?
    @Option(help: ArgumentHelp("Secret by name, or address <kind>.<organization>/<name>.", valueName: "name"))
    var secret: String?
    @Option(help: ArgumentHelp("For example user:alice.", valueName: "principal"))
    var principal: String?
    @Option(help: ArgumentHelp("How far back: a period such as 30d or 12h, or a date.", valueName: "period"))
    var since: String?
    @Option(help: ArgumentHelp("Up to this date or time.", valueName: "time"))
    var until: String?
    @Option(
        help: ArgumentHelp("ok, refused or failed.", valueName: "result"),
        completion: .list(AuditResult.allCases.map(\.rawValue)))
    var result: String?
    @Option(help: ArgumentHelp("Only the newest so many.", valueName: "n"))
    var limit: Int?
    @Flag(help: "Print one JSON object a line.")
    var json = false

    func run() async throws {
        let filter = try AuditQuery(self).filter(now: WallClock.system.now())
        let isJSON = json
        let rows = Mutex<[[String]]>([])
        try await vault.openVault().audit(filter, by: try vault.context()) { records in
            if isJSON {
                for record in records { Terminal.print(record.document.canonical) }
            } else {
                rows.withLock { $0 += records.map(Self.row) }
            }
        }
        guard !isJSON else { return }
        // The widest text of each column decides about its width.
        let columns = ["SEQ", "TIME", "PRINCIPAL", "ACTION", "RESULT", "SUBJECT", "VERSION", "DETAIL"]
        Terminal.print(TextTable.render(columns, rows.withLock { $0 }))
    }

    private static func row(_ record: AuditRecord) -> [String] {
        [
            "\(record.sequence)", record.at.description, record.principal.description, record.action.rawValue,
            record.result.rawValue, record.subject.isEmpty ? "-" : record.subject,
            record.version.map { "\($0)" } ?? "-", SafeText.line(record.detail),
        ]
    }
}

struct AuditVerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check the whole audit trail: no record changed, removed, moved or cut off.",
        discussion: """
            Exits with 1 when something is wrong. The head that `apply` prints, kept outside the vault and given with \
            --expect-head, also shows whether the whole store was put back to an older copy.

            EXAMPLES
              reseal audit verify
              reseal audit verify --expect-head "$(cat last-head)" --json
            """)

    @OptionGroup var vault: VaultOptions

    @Option(help: ArgumentHelp("A head that was seen earlier, <sequence>:<hash>.", valueName: "head"))
    var expectHead: String?

    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        if let expectHead { try AuditQuery.requireHead(expectHead) }
        let report = try await vault.openVault().verifyAudit(expectedHead: expectHead)
        if json {
            let document: JSON = [
                "whole": .bool(report.isWhole), "records": .integer(report.records),
                "signed_heads": .integer(Int64(report.signedHeads)),
                "head": report.head.map { .string($0.text) } ?? .null,
                "problems": .array(report.problems.map { .string($0) }),
            ]
            Terminal.print(document.canonical)
        } else if report.isWhole {
            Terminal.print("The audit trail is whole: \(report.records) records, \(report.signedHeads) signed head(s).")
            if let head = report.head { Terminal.print("Head \(head.text)") }
        }
        guard !report.isWhole else { return }
        if !json { for problem in report.problems { Terminal.note("error: \(problem) [audit.broken]") } }
        throw ExitCode(ExitStatus.failed.rawValue)
    }
}
