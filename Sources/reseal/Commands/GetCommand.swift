internal import ArgumentParser
internal import Glibc
internal import ResealCore
internal import ResealSealing
internal import ResealVault

struct GetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "get",
        abstract: "Print the value of a secret.",
        discussion: """
            A scalar or one field (--field) is printed as it is; a line break follows only on a terminal. A value with \
            several fields is printed as JSON. --json wraps either into an object with name, version and time.
            """)

    @OptionGroup var vault: VaultOptions
    @OptionGroup var organization: OrganizationOption

    @Argument(help: "The secret's name.")
    var name: String

    @Option(help: ArgumentHelp("A version other than the current one.", valueName: "n"))
    var version: Int64?

    @Option(
        help: ArgumentHelp("One field of a structured value, for example `password` or `tls.key`.", valueName: "field"))
    var field: String?

    @Flag(help: "Print a JSON object with name, version, time and value.")
    var json = false

    func run() async throws {
        let id = try organization.id(name)
        let reading = try await vault.openVault().get(id, version: version, by: try vault.context())
        if json {
            try ReadingView.printJSON([reading], field: field, asList: false)
        } else {
            ReadingView.printPlain(try ReadingView.content(of: reading, field: field))
        }
    }
}

struct GetManyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "get-many",
        abstract: "Print the values of several secrets as one JSON document, all or none.",
        discussion: "Names come as arguments, or one a line from stdin with `-`.")

    @OptionGroup var vault: VaultOptions
    @OptionGroup var organization: OrganizationOption

    @Argument(help: "Names of secrets, or `-`.")
    var names: [String]

    @Flag(help: "Accepted for symmetry; the output is always JSON.")
    var json = false

    func run() async throws {
        let ids = try wanted().map { try organization.id($0) }
        let readings = try await vault.openVault().getMany(ids, by: try vault.context())
        try ReadingView.printJSON(readings, field: nil, asList: true)
    }

    private func wanted() throws -> [String] {
        guard names == ["-"] else { return names }
        let bytes = try AtomicFile.read(descriptor: STDIN_FILENO, name: "stdin", limit: 16 << 20)
        return String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline).map(String.init)
    }
}
