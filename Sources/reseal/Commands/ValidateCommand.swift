internal import ArgumentParser
internal import ResealCore
internal import ResealManifests
internal import ResealReconciler
internal import ResealServer
internal import ResealVault

struct ValidateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "validate",
        abstract: "Check all manifests: form, names, references, bindings and recipients. Needs no key and no vault.",
        discussion: """
            Checks the work tree of --repo (default: the current folder), with --staged what is staged for the next \
            commit, or with --ref a commit. Every finding names its file, line and column. Exits with 1 when there is an \
            error, with --strict also for a warning.

            EXAMPLES
              reseal validate
              reseal validate --strict --json
              reseal validate --staged
              reseal validate --repo https://git.example.org/secrets.git --ref main
            """)

    @OptionGroup var location: HomeOption
    @OptionGroup(title: "Git") var git: GitOptions

    @Flag(help: "Check what is staged in Git's index instead of the work tree.")
    var staged = false

    @Flag(help: "Take warnings for errors.")
    var strict = false

    @Flag(help: "Print findings as JSON.")
    var json = false

    func run() async throws {
        let report = try KeylessValidation.run(try git.checkout(location.vaultHome, staged: staged))
        let failing = report.findings.contains { $0.severity == .error || strict }
        if json {
            let document: JSON = [
                "valid": .bool(!failing), "resources": .integer(Int64(report.resources)),
                "diagnostics": .array(report.findings.map(DiagnosticView.json)),
            ]
            Terminal.print(document.canonical)
        } else {
            let style = Style(descriptor: 2)
            for finding in report.findings { Terminal.note(DiagnosticView.text(finding, style)) }
            if !failing { Terminal.print("\(report.resources) resources are valid.") }
        }
        if failing { throw ExitCode(ExitStatus.failed.rawValue) }
    }
}

struct SchemaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema",
        abstract: "Print the JSON Schema of manifests, for editors, or the OpenAPI description of the API.",
        discussion: """
            Editors with the YAML language server complete and check a manifest that begins with
              # yaml-language-server: $schema=PATH

            EXAMPLES
              reseal schema > manifests/reseal.schema.json
              reseal schema --api > openapi.json
            """)

    @Flag(help: "The OpenAPI description of the server's native API instead.")
    var api = false

    func run() throws {
        let document = api ? OpenAPI.document(version: ResealVersion.current) : JSONSchema.document()
        Terminal.print(document.pretty())
    }
}
