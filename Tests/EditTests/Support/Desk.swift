import Foundation
import Glibc
import TestSupport
import Testing

/// A user with the sample repository and a place in memory of his own, who edits with scripts.
final class Desk: Sendable {
    let user: Installation
    /// A folder on a tmpfs, where editing sessions put their text.
    let memory: String

    init() throws {
        user = try Installation.sealed()
        memory = "/dev/shm/reseal-test-\(UUID().uuidString)"
        try FileManager.default.createDirectory(
            atPath: memory, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    }

    deinit { try? FileManager.default.removeItem(atPath: memory) }

    static let path = "manifests/all.yaml"
    var manifest: String { "\(user.repository.path)/\(Self.path)" }

    func text(_ path: String = Desk.path) throws -> String {
        try String(contentsOfFile: "\(user.repository.path)/\(path)", encoding: .utf8)
    }

    /// Writes an editor, a shell script that finds the text in `$1`, and answers the words that start it.
    ///
    /// The script is read by a shell and not executed itself: a process that another test starts while the script is
    /// being written inherits the open file for a moment, and a file that is open for writing cannot be executed.
    func editor(_ script: String) throws -> String {
        "sh \(try user.folder.write("set -e\n\(script)\n", to: "editor-\(UUID().uuidString)"))"
    }

    func variables(_ script: String, _ more: [String: String?] = [:]) throws -> [String: String?] {
        ["EDITOR": try editor(script), "XDG_RUNTIME_DIR": memory].merging(more) { $1 }
    }

    /// The words of `reseal edit` in the sample repository, with the identity.
    func line(_ target: String, _ options: [String] = []) -> [String] {
        ["edit", target, "--repo", user.repository.path, "--identity", user.identity] + options
    }

    /// Edits with a script and no terminal.
    @discardableResult
    func edit(
        _ target: String, _ script: String, options: [String] = [], variables: [String: String?] = [:],
        exits status: Int32 = 0, sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> Command.Result {
        let result = try user.reseal(
            line(target, options), variables: try self.variables(script, variables),
            wrapper: [try Command.find("setsid"), "--wait"])
        #expect(result.status == status, "\(result.text) \(result.errorText)", sourceLocation: sourceLocation)
        try expectNothingLeft(sourceLocation: sourceLocation)
        return result
    }

    /// Edits with a script, and answers what the program asks.
    func editAtTerminal(
        _ target: String, _ script: String, options: [String] = [], dialogue: [PseudoTerminal.Step],
        variables: [String: String?] = [:], sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> PseudoTerminal.Result {
        let result = try user.atTerminal(
            line(target, options), dialogue: dialogue,
            variables: try self.variables(script, variables.merging(["NO_COLOR": "1"]) { $1 }))
        try expectNothingLeft(sourceLocation: sourceLocation)
        return result
    }

    /// What `age` finds in the sealed leaf whose key is given.
    func opened(_ key: String, in text: String) throws -> [UInt8] {
        let start = try #require(text.range(of: "\(key): |"))
        let lines = text[start.upperBound...].split(separator: "\n", omittingEmptySubsequences: false).dropFirst()
        let end = try #require(lines.firstIndex { $0.contains("-----END AGE") })
        let armor = lines[...end].map { $0.drop { $0 == " " } }.joined(separator: "\n") + "\n"
        return try Command.check("age", ["-d", "-i", user.identity], stdin: Array(armor.utf8)).stdout
    }

    /// The folder in memory is as empty as before.
    func expectNothingLeft(sourceLocation: SourceLocation = #_sourceLocation) throws {
        let left = try FileManager.default.contentsOfDirectory(atPath: memory)
        #expect(left == [], sourceLocation: sourceLocation)
    }

    /// Waits for what another process does.
    func wait(until isDone: () -> Bool, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let deadline = ContinuousClock.now + .seconds(20)
        while !isDone() {
            guard ContinuousClock.now < deadline else { throw Unexpected("it did not happen in time") }
            usleep(5000)
        }
    }
}
