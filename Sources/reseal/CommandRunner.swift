internal import ArgumentParser
internal import Glibc
internal import ResealCore

/// Parses, runs, and turns whatever is thrown into one message and one exit code.
enum CommandRunner {
    static func run() async -> Int32 {
        // Not the parser's own flag, which it would give to every command, also to `get`, where it means another thing.
        if CommandLine.arguments.dropFirst().elementsEqual(["--version"]) {
            Terminal.print(ResealVersion.current)
            return ExitStatus.ok.rawValue
        }
        do {
            try CommandNames.check(CommandLine.arguments.dropFirst())
            var command = try Reseal.parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
            return ExitStatus.ok.rawValue
        } catch let code as ExitCode {
            return code.rawValue
        } catch {
            return report(error)
        }
    }

    private static func report(_ error: any Error) -> Int32 {
        if let failure = error as? any UserFacingFailure { return report(failure) }
        let code = Reseal.exitCode(for: error)
        if code.isSuccess {
            Terminal.print(Reseal.fullMessage(for: error))
        } else if code != .validationFailure {
            return report(UnexpectedFailure(error))
        } else if answersInJSON {
            return report(UsageFailure(Reseal.message(for: error), hint: "add --help to the command for its usage"))
        } else {
            // The parser's own text, which ends with the usage of the command, under the word of all other errors.
            let text = Reseal.fullMessage(for: error)
            let start = text.hasPrefix("Error: ") ? text.dropFirst("Error: ".count) : text[...]
            Terminal.note("\(Style(descriptor: STDERR_FILENO).red("error:")) \(SafeText.lines(start))")
        }
        return code.rawValue
    }

    /// `--json` users get their errors as JSON on stdout, whatever the command.
    private static func report(_ failure: any UserFacingFailure) -> Int32 {
        if answersInJSON {
            Terminal.print(DiagnosticView.json(failure).canonical)
        } else {
            Terminal.note(DiagnosticView.text(failure, Style(descriptor: STDERR_FILENO)))
        }
        return ExitStatus(for: failure).rawValue
    }

    private static var answersInJSON: Bool { CommandLine.arguments.prefix { $0 != "--" }.contains("--json") }
}
