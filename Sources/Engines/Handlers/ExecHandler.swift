package import ResealCore
package import ResealManifests
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
            Self.request(operation, job), until: .now + .seconds(max(1, timeout.seconds)))
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

    /// Both the exit status and the answer have to say that it went well. Nothing of the answer but a code is shown: a
    /// command that prints what it was given must not bring it into a log.
    private static func judge(_ answer: SecretBytes, status: Int32, _ what: String) throws {
        let json = answer.withUnsafeBytes { bytes in try? JSON(parsing: Array(bytes)) }
        if status == 0, json?["ok"]?.boolValue == true { return }
        let advice: RetryAdvice = json?["retry"]?.boolValue == true ? .later : .afterFix
        guard let json, json["ok"]?.boolValue == false else {
            throw HandlerFailure(
                .commandFailed,
                status == 0 ? "\(what) gave no answer that can be read" : "\(what) ended with status \(status)",
                hint: "it answers {\"ok\": true} with status 0; docs/rotation.md has the protocol", retry: advice)
        }
        let code = json["code"]?.stringValue.flatMap { knownCodes.contains($0) ? $0 : nil }
        throw HandlerFailure(
            .commandFailed, "\(what) says that it failed" + (code.map { " (\($0))" } ?? ""), retry: advice)
    }

    /// A closed list: free text could carry the value.
    private static let knownCodes: Set<String> = [
        "unreachable", "login-refused", "not-permitted", "not-found", "conflict", "limit", "invalid",
    ]

    private static func request(_ operation: String, _ job: RotationJob) -> SecretBytes {
        let head: JSON = [
            "apiVersion": "reseal.dev/rotation/v1", "operation": .string(operation), "secret": .string(job.id.name),
            "organization": .string(job.id.organization), "version": .integer(job.version),
            "field": .string(job.field.description),
        ]
        let value = job.value.revealJSON(), previous = job.previous?.revealJSON()
        var text: [UInt8] = []
        let opening = head.canonicalBytes
        // Growing would leave a copy behind.
        text.reserveCapacity(opening.count + value.count + (previous?.count ?? 4) + 32)
        text += opening.dropLast()
        text += ",\"value\":".utf8
        value.withUnsafeBytes { text += $0 }
        text += ",\"previous\":".utf8
        if let previous { previous.withUnsafeBytes { text += $0 } } else { text += "null".utf8 }
        text += "}\n".utf8
        return SecretBytes(consuming: &text)
    }
}
