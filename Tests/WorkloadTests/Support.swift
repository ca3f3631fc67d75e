import Foundation
import Glibc
import TestSupport
import Testing

/// A vault with some secrets for programs.
struct Workplace {
    let user: Installation

    init() throws {
        user = try Installation()
        try user.check("init")
        try user.check("set", "app/token", stdin: "first-token")
        try user.check("set", "app/db", "--field", "user", stdin: "orders")
        try user.check("set", "app/db", "--field", "tls.private-key", stdin: "key of \"orders\" & co")
    }

    /// The path of a file in the folder where programs start.
    func file(_ name: String) -> String { "\(user.work)/\(name)" }

    func text(_ name: String) -> String { (try? String(contentsOfFile: file(name), encoding: .utf8)) ?? "" }

    func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: file(name)) }

    @discardableResult
    func write(_ name: String, _ text: String) throws -> String {
        try Data(text.utf8).write(to: URL(fileURLWithPath: file(name)))
        return file(name)
    }

    /// Waits for a file to hold something, for a minute: machines that run tests are slow.
    func wait(_ name: String, sourceLocation: SourceLocation = #_sourceLocation, until isDone: (String) -> Bool) throws
    {
        let end = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < end {
            if isDone(text(name)) { return }
            usleep(20_000)
        }
        Issue.record("\(name) never was as expected: \(text(name))", sourceLocation: sourceLocation)
        throw Command.Failure(description: "\(name) never was as expected")
    }

    /// Starts `reseal` in the folder of programs, and leaves it running.
    func start(_ arguments: String..., variables: [String: String?] = [:]) throws -> RunningProcess {
        try user.start(arguments, variables: variables, wrapper: ["env", "-C", user.work])
    }

    func refused(
        _ arguments: [String], _ status: Int32, _ words: String..., sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let result = try user.reseal(arguments)
        #expect(result.status == status, "\(arguments): \(result.errorText)", sourceLocation: sourceLocation)
        for word in words {
            #expect(
                result.errorText.contains(word), "\(arguments): \(result.errorText)", sourceLocation: sourceLocation)
        }
    }
}
