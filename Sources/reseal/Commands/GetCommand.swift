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

            Every look at a value is recorded in the audit trail. With --server, or after `reseal login`, a server is asked \
            instead of a vault of this machine.

            EXAMPLES
              reseal get ci/deploy-token
              reseal get prod/orders-db --field password
              reseal get prod/orders-db --version 3 --json
              reseal get prod/orders-db --server https://vault.example.org:8200 --token-file token
            """)

    @OptionGroup var secrets: SecretsOptions
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
        let reading = try await secrets.open(organization.organization).get(name, version: version)
        if json {
            try ReadingView.printJSON([reading], field: field, asList: false)
        } else {
            try ReadingView.printPlain(reading, field: field)
        }
    }
}

struct GetManyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "get-many",
        abstract: "Print the values of several secrets as one JSON document, all or none.",
        discussion: """
            Names come as arguments, or one a line from stdin with `-`. The answer is a list in the order asked for.

            EXAMPLES
              reseal get-many prod/orders-db prod/tls
              reseal list --json | jq -r '.[].name' | reseal get-many -
            """)

    @OptionGroup var secrets: SecretsOptions
    @OptionGroup var organization: OrganizationOption

    @Argument(help: "Names of secrets, or `-`.")
    var names: [String]

    @Flag(help: "Accepted for symmetry; the output is always JSON.")
    var json = false

    func run() async throws {
        let names = try wanted()
        let readings = try await secrets.open(organization.organization).getMany(names)
        try ReadingView.printJSON(readings, asList: true)
    }

    private func wanted() throws -> [String] {
        guard names == ["-"] else { return names }
        let bytes = try AtomicFile.read(descriptor: STDIN_FILENO, name: "stdin", limit: 16 << 20)
        let lines = String(decoding: bytes, as: UTF8.self).split(
            omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        // A line that is no name may be anything, a value too, so it is not repeated.
        for (index, line) in lines.enumerated() where !line.isEmpty {
            guard let problem = ResourceName.problem(String(line)) else { continue }
            throw UsageFailure(
                "line \(index + 1) of stdin is no name of a secret: it \(problem)", hint: "for example prod/orders-db")
        }
        return lines.filter { !$0.isEmpty }.map(String.init)
    }
}
