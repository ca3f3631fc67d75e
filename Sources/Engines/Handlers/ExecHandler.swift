package import ResealCore
internal import ResealManifests
internal import ResealSealing
package import ResealVault

/// Hands values over by a command of the controller's configuration: one run for each step, with a request as JSON on
/// its standard input and an answer as JSON on its standard output. docs/rotation.md has the protocol.
package struct ExecHandler: RotationHandler {
    private let name: String
    private let program: String
    private let arguments: [String]
    private let timeout: TimeSpan

    package init(name: String, program: String, arguments: [String], timeout: TimeSpan) {
        self.name = name
        self.program = program
        self.arguments = arguments
        self.timeout = timeout
    }

    package var retires: Bool { true }
    package func companions(of field: FieldPath, in previous: SecretValue?) throws -> [SecretValue.Leaf] { [] }
    package func handOver(_ job: RotationJob) throws { try run("handOver", job) }
    package func rollBack(_ job: RotationJob) throws { try run("rollBack", job) }
    package func retire(_ job: RotationJob) throws { try run("retire", job) }

    package func verify(_ job: RotationJob) throws {
        do { try run("verify", job) } catch let failure as HandlerFailure
            where failure.kind == .commandFailed && failure.retry == .afterFix
        {
            throw HandlerFailure(.notVerified, failure.message, hint: failure.hint)
        }
    }

    private func run(_ operation: String, _ job: RotationJob) throws {
        let process = try CommandProcess(program: program, arguments: arguments)
        let (ending, answer) = process.run(
            RotationMessage.request(operation, job), until: .now + .seconds(max(1, timeout.seconds)))
        let what = "the command `\(name)` (\(operation) of \(job.id))"
        switch ending {
        case .timedOut:
            throw HandlerFailure(
                .commandTimeout, "\(what) did not end within \(timeout); it was killed",
                hint: "raise `timeout` of the handler if it needs longer", retry: .later)
        case .flooded:
            throw HandlerFailure(
                .commandFailed, "\(what) wrote more than an answer may have; it was killed",
                hint: "an answer is one JSON object of 64 KiB at most")
        case .killed(let signal):
            throw HandlerFailure(.commandFailed, "\(what) was ended by signal \(signal)", retry: .later)
        case .exited(let status): try Self.judge(answer, status: status, what)
        }
    }

    /// Both the exit status and the answer have to say that it went well.
    private static func judge(_ text: SecretBytes, status: Int32, _ what: String) throws {
        let answer = RotationMessage.Answer(text)
        if status == 0, answer.isGood == true { return }
        let advice: RetryAdvice = answer.isWorthRetrying ? .later : .afterFix
        guard answer.isGood == false else {
            throw HandlerFailure(
                .commandFailed,
                status == 0 ? "\(what) gave no answer that can be read" : "\(what) ended with status \(status)",
                hint: "it answers {\"ok\": true} with status 0; docs/rotation.md has the protocol", retry: advice)
        }
        throw HandlerFailure(.commandFailed, "\(what) says that it failed" + answer.note, retry: advice)
    }
}
