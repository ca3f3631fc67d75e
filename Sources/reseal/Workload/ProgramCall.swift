internal import CSupervisor
internal import Foundation
internal import Glibc
internal import ResealCore
internal import ResealSealing

/// A program that is started for the caller: as he would have started it, but for what its environment has more and less.
struct ProgramCall: Sendable {
    /// The path of what is executed.
    let program: String
    let words: [String]

    /// Finds the program as `execvp` does. Throws ``WorkloadFailure/Kind/command`` where there is none.
    init(_ words: [String]) throws {
        guard let name = words.first, !name.isEmpty else {
            throw UsageFailure("no command is given", hint: "write it behind `--`")
        }
        self.words = words
        program = try Self.find(name)
    }

    private static func find(_ name: String) throws -> String {
        if name.contains("/") {
            if access(name, X_OK) == 0, FileProbe.isFile(name) { return name }
            throw failure(name, errno == 0 ? ENOENT : errno)
        }
        let path = Terminal.environment()["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
        for folder in path.split(separator: ":", omittingEmptySubsequences: false) {
            let candidate = folder.isEmpty ? name : "\(folder)/\(name)"
            if access(candidate, X_OK) == 0, FileProbe.isFile(candidate) { return candidate }
        }
        throw failure(name, ENOENT)
    }

    private static func failure(_ name: String, _ code: Int32) -> WorkloadFailure {
        WorkloadFailure(
            .command, "cannot start \(SafeText.line(name)): \(String(cString: strerror(code)))",
            hint: code == ENOENT ? "check the name, or give the program's path" : "check the program's permissions")
    }

    /// Puts the program in the place of this process. Returns only by throwing.
    func replaceThisProcess(_ values: [EnvironmentValue]) throws -> Never {
        let code = withArguments(values) { arguments, variables in
            InheritedState.caller.restore()
            execve(program, arguments, variables)
            return errno
        }
        throw Self.failure(words[0], code)
    }

    /// Starts it as a child, which ends when the calling thread does.
    func start(_ values: [EnvironmentValue]) throws -> pid_t {
        let (child, code) = withArguments(values) { arguments, variables in
            var blocked = InheritedState.caller.blocked
            let child = reseal_start_child(
                program, arguments, variables, InheritedState.caller.umask, &blocked)
            return (child, errno)
        }
        guard child > 0 else { throw Self.failure(words[0], code) }
        return child
    }

    /// Lends both in the form that the kernel takes, and zeroes the values after.
    private func withArguments<R>(
        _ values: [EnvironmentValue],
        _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>, UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>)
            -> R
    ) -> R {
        let names = Set(values.map(\.name))
        let kept = Terminal.environment().filter { !EnvironmentName.isOwn($0.key) && !names.contains($0.key) }
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        var plain: [UnsafeMutablePointer<CChar>?] = kept.map { strdup("\($0.key)=\($0.value)") }
        let secret = values.map(Self.assignment)
        defer {
            for text in arguments + plain { free(text) }
            for text in secret {
                explicitZero(UnsafeMutableRawBufferPointer(text))
                text.deallocate()
            }
        }
        plain += secret.map(\.baseAddress) + [nil]
        defer { plain.removeLast(secret.count + 1) }
        return arguments.withUnsafeMutableBufferPointer { arguments in
            plain.withUnsafeMutableBufferPointer { variables in
                // Neither is empty: both end with a null.
                guard let first = arguments.baseAddress, let second = variables.baseAddress else {
                    preconditionFailure("a list without an end")
                }
                return body(first, second)
            }
        }
    }

    /// `NAME=value` with the NUL that ends it.
    private static func assignment(_ value: EnvironmentValue) -> UnsafeMutableBufferPointer<CChar> {
        let name = Array("\(value.name)=".utf8)
        let text = UnsafeMutableBufferPointer<CChar>.allocate(capacity: name.count + value.bytes.count + 1)
        text.initialize(repeating: 0)
        let raw = UnsafeMutableRawBufferPointer(text)
        raw.copyBytes(from: name)
        value.bytes.withUnsafeBytes { UnsafeMutableRawBufferPointer(rebasing: raw[name.count...]).copyMemory(from: $0) }
        return text
    }
}

extension ProgramCall {
    /// Starts it with nothing secret, and waits for its end. Throws ``WorkloadFailure/Kind/hook`` unless that is good and
    /// comes in time.
    func run(within time: Duration) async throws {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread { continuation.resume(with: Result { try self.runHere(within: time) }) }
        }
    }

    private func runHere(within time: Duration) throws {
        let child = try start([])
        let name = SafeText.line(words[0])
        let deadline = ContinuousClock.now + time
        var status: Int32 = 0
        while true {
            let ended = waitpid(child, &status, WNOHANG)
            if ended == child { break }
            guard ended == 0 || errno == EINTR else {
                throw WorkloadFailure(.hook, "the end of the hook \(name) was missed")
            }
            guard .now < deadline else {
                kill(child, SIGKILL)
                while waitpid(child, &status, 0) < 0, errno == EINTR {}
                throw WorkloadFailure(
                    .hook, "the hook \(name) took longer than \(time.components.seconds)s",
                    hint: "have it start what takes long in the background; it runs again at the next call")
            }
            usleep(10_000)
        }
        guard status != 0 else { return }
        let end = status & 0x7f == 0 ? "status \(status >> 8 & 0xff)" : "signal \(status & 0x7f)"
        throw WorkloadFailure(
            .hook, "the hook \(name) ended with \(end)",
            hint: "the file is written; the hook runs again at the next call")
    }
}
