internal import ArgumentParser
internal import ResealCore
internal import ResealReconciler

struct RecipientsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "recipients",
        abstract: "Show, check and change who may open which sealed value.",
        discussion: """
            The Recipients manifest says who may open what: the controller everything, others what the first rule that \
            fits a value gives them. Nobody needs to be named there to seal values, for sealing takes public keys only.

            Changing the rules changes no value. `reseal rekey` then reseals those that no longer fit.

            EXAMPLES
              reseal recipients list
              reseal recipients check
              reseal recipients add age1… --group sre
              reseal recipients remove alice && reseal rekey
            """,
        subcommands: [
            RecipientsListCommand.self, RecipientsCheckCommand.self, RecipientsAddCommand.self,
            RecipientsRemoveCommand.self,
        ])
}

struct RecipientsListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Show who may open what, by the rules and by what the sealed values say. Needs no key.",
        discussion: """
            MAY OPEN counts the values that a recipient may open by the rules, CAN OPEN those whose binding names it now. \
            Where the two differ, `reseal recipients check` says why.

            A key gets its name from the comment behind it in the manifest, or from the group of which it is the only \
            member.

            EXAMPLES
              reseal recipients list
              reseal recipients list --values
              reseal recipients list --ref main --json
            """)

    @OptionGroup var location: HomeOption
    @OptionGroup(title: "Git") var git: GitOptions

    @Flag(help: "Name every value, not just their number.")
    var values = false

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        let survey = try SealSurvey(try git.checkout(location.vaultHome))
        let view = RecipientsView(survey: survey, showsValues: values)
        Terminal.print(json ? view.document.canonical : view.text(Style()))
        try Findings.report(survey.problems, isJSON: json)
    }
}

struct RecipientsCheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Find the values whose recipients do not fit the rules. Needs no key.",
        discussion: """
            Names every value that someone can open who may not, or cannot open who may, that has no binding, or that \
            was sealed for another place; and those that are due for rotation since someone who knows them was taken out \
            of the rules. Exits with 6 when a value does not fit.

            EXAMPLES
              reseal recipients check
              reseal recipients check --ref feature --json
            """)

    @OptionGroup var location: HomeOption
    @OptionGroup(title: "Git") var git: GitOptions

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        let checkout = try git.checkout(location.vaultHome)
        let survey = try SealSurvey(checkout)
        let view = RecipientsCheckView(survey: survey, rotations: try RotationStatus.all(checkout, survey: survey))
        Terminal.print(json ? view.document.canonical : view.text(Style()))
        if !json { try Findings.report(survey.problems, isJSON: false) }
        if view.hasFaults { throw ExitCode(ExitStatus.decryption.rawValue) }
        if !survey.problems.isEmpty { throw ExitCode(ExitStatus.failed.rawValue) }
    }
}

/// What a command found besides its answer.
enum Findings {
    /// Writes errors to stderr. Throws the exit code for them, if there are any: the answer was not complete.
    static func report(_ findings: [Diagnostic], isJSON: Bool) throws {
        guard !findings.isEmpty else { return }
        let style = Style(descriptor: 2)
        for finding in findings where !isJSON { Terminal.note(DiagnosticView.text(finding, style)) }
        throw ExitCode(ExitStatus.failed.rawValue)
    }
}
