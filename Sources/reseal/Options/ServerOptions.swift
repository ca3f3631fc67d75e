internal import ArgumentParser
internal import ResealCore

/// Which source of which running controller.
struct SourceOption: ParsableArguments {
    static let standard = "default"

    @Option(help: ArgumentHelp("The controller's source. Default: default.", valueName: "name"))
    var source: String?

    func validate() throws {
        guard let source, !ControllerSettings.isName(source) else { return }
        throw ValidationError("--source takes the name of a source: lower-case letters, digits and dashes")
    }

    var name: String { source ?? Self.standard }
}

/// How to prove oneself to a controller, and how it proves itself.
struct ServerProofOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("File whose first line is the source's plan token.", valueName: "file"), completion: .file())
    var tokenFile: String?

    @OptionGroup var authority: AuthorityOption
}

/// Whom certificates of servers are checked by.
struct AuthorityOption: ParsableArguments {
    @Option(
        help: ArgumentHelp("Certificate authorities, PEM. Default: the system's.", valueName: "file"),
        completion: .file())
    var caFile: String?
}
