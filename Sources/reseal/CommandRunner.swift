internal import ArgumentParser
internal import ResealCore

/// Parses, runs, and turns whatever is thrown into one message and one exit code.
enum CommandRunner {
    static func run() async -> Int32 {
        do {
            var command = try Reseal.parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
            return ExitStatus.ok.rawValue
        } catch let failure as any UserFacingFailure {
            report(failure)
            return ExitStatus(for: failure).rawValue
        } catch let code as ExitCode {
            return code.rawValue
        } catch {
            let code = Reseal.exitCode(for: error)
            let message = Reseal.fullMessage(for: error)
            if code.isSuccess { Terminal.print(message) } else { Terminal.note(message) }
            return code.rawValue
        }
    }

    /// `--json` users get their errors as JSON on stdout, whatever the command.
    private static func report(_ failure: any UserFacingFailure) {
        if CommandLine.arguments.contains("--json") {
            Terminal.print(DiagnosticView.json(failure).canonical)
        } else {
            Terminal.note(DiagnosticView.text(failure, Style(descriptor: 2)))
        }
    }
}
