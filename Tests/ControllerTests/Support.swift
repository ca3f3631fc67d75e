import Foundation
import Glibc
import ResealCore
import TestSupport
import Testing

/// A controller that runs for an installation, with the lines that it logs.
final class RunningController: Sendable {
    let user: Installation
    let process: RunningProcess

    /// - Parameter arguments: besides those for short waits and JSON.
    init(_ user: Installation, _ arguments: String..., wrapper: [String] = []) throws {
        self.user = user
        process = try user.start(["run", "--log-format", "json"] + arguments, wrapper: wrapper)
    }

    var lines: [JSON] {
        let text = (try? user.folder.read("2")).map { String(decoding: $0, as: UTF8.self) } ?? ""
        return text.split(separator: "\n").compactMap { try? JSON(parsing: Array($0.utf8)) }
    }

    var text: String { (try? user.folder.read("2")).map { String(decoding: $0, as: UTF8.self) } ?? "" }

    /// Waits until a line fits. Throws when none comes, with what there is.
    @discardableResult
    func line(
        _ message: String, count: Int = 1, _ fits: (JSON) -> Bool = { _ in true }
    ) throws -> JSON {
        try eventually("a line `\(message)` among \(text)") {
            let found = lines.filter { $0["message"]?.stringValue == message && fits($0) }
            return found.count >= count ? found.last : nil
        }
    }

    /// The port that `--listen 127.0.0.1:0` got.
    func port() throws -> Int { Int(try line("listening")["port"]?.integerValue ?? 0) }

    /// Asks it to end, and waits for it.
    func stop() throws {
        kill(process.id, SIGTERM)
        try line("stopped")
        process.wait()
    }
}

/// Tries again until there is an answer, for a minute: machines that run tests are slow.
@discardableResult
func eventually<R>(_ what: @autoclosure () -> String, _ body: () throws -> R?) throws -> R {
    let end = ContinuousClock.now + .seconds(60)
    while ContinuousClock.now < end {
        if let answer = try body() { return answer }
        usleep(50_000)
    }
    throw Command.Failure(description: "there never was \(what())")
}

/// What `curl` got: the status and the body.
func request(
    _ url: String, post body: String? = nil, headers: [String: String] = [:], caFile: String? = nil
) throws -> (status: Int, text: String) {
    var line = ["--silent", "--show-error", "--max-time", "30", "--write-out", "\n%{http_code}"]
    for (name, value) in headers { line += ["--header", "\(name): \(value)"] }
    if let body { line += ["--data-binary", body] }
    if let caFile { line += ["--cacert", caFile] }
    let lines = try Command.check("curl", line + [url]).text.split(separator: "\n", omittingEmptySubsequences: false)
    return (Int(lines.last ?? "") ?? 0, lines.dropLast().joined(separator: "\n"))
}
