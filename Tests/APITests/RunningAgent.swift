import Foundation
import Glibc
import ResealCore
import TestSupport
import Testing

/// `reseal agent` in front of a server, at a socket of its own.
final class RunningAgent: Sendable {
    let api: RunningAPI
    /// Private, with the socket, the token and what the agent says.
    let folder: TemporaryFolder
    let process: RunningProcess

    /// - Parameter folder: of an agent that was there before.
    init(
        _ api: RunningAPI, token: String, options: [String] = [], in folder: TemporaryFolder? = nil
    ) throws {
        self.api = api
        self.folder = try folder ?? TemporaryFolder()
        try self.folder.write("\(token)\n", to: "token")
        process = try Self.start(api, in: self.folder, options)
        try line("agent listening")
    }

    static func start(_ api: RunningAPI, in folder: TemporaryFolder, _ options: [String]) throws -> RunningProcess {
        try api.user.start(
            [
                "agent", "--socket", folder.file("agent.sock"), "--server", api.base, "--token-file",
                folder.file("token"), "--log-format", "json",
            ] + options, streams: folder.path)
    }

    var socket: String { folder.file("agent.sock") }
    var address: String { "unix://\(socket)" }
    var log: String { (try? folder.read("2")).map { String(decoding: $0, as: UTF8.self) } ?? "" }

    /// Waits for a line of the log, for a minute: machines that run tests are slow.
    func line(_ message: String) throws {
        try eventually("a line `\(message)`") { log.contains(#""message":"\#(message)""#) }
    }

    func eventually(_ what: String, _ isSo: () throws -> Bool) throws {
        let end = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < end {
            if try isSo() { return }
            usleep(50_000)
        }
        throw Command.Failure(description: "there never was \(what); the agent says: \(log)")
    }

    struct Answer {
        let status: Int
        /// By lower-case name.
        let headers: [String: String]
        let text: String

        var document: JSON? { try? JSON(parsing: Array(text.utf8)) }
        var isStale: Bool { headers["x-reseal-stale"] == "true" }
        var code: String? { document?[path: "error", "code"]?.stringValue }
    }

    /// One request by `curl`, without any token.
    func ask(_ verb: String, _ path: String, _ body: String? = nil, headers: [String] = []) throws -> Answer {
        var line = [
            "--silent", "--show-error", "--include", "--path-as-is", "--max-time", "60", "--unix-socket", socket,
            "--request", verb,
        ]
        for header in headers { line += ["--header", header] }
        if body != nil { line += ["--header", "Expect:", "--data-binary", "@-"] }
        let text = try Command.check("curl", line + ["http://agent/v1/\(path)"], stdin: Array((body ?? "").utf8)).text
        return Self.parse(text)
    }

    private static func parse(_ text: String) -> Answer {
        let end = text.range(of: "\r\n\r\n")
        let lines = text[..<(end?.lowerBound ?? text.endIndex)].components(separatedBy: "\r\n")
        let headers = lines.dropFirst().compactMap { line -> (String, String)? in
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2 else { return nil }
            return (parts[0].lowercased(), parts[1].trimmingCharacters(in: .whitespaces))
        }
        return Answer(
            status: Int(lines[0].split(separator: " ").dropFirst().first ?? "") ?? 0,
            headers: Dictionary(headers, uniquingKeysWith: { $1 }),
            text: end.map { String(text[$0.upperBound...]) } ?? "")
    }

    func value(_ name: String) throws -> String? {
        try ask("GET", "reseal/secrets/\(name)").document?["value"]?.stringValue
    }

    /// Many requests for one thing at the same time.
    func askTogether(_ count: Int, _ path: String) throws -> RunningProcess {
        // What stands behind `#` is not sent; it makes many requests of one.
        try RunningProcess(
            try Command.find("curl"),
            [
                "--silent", "--parallel", "--parallel-immediate", "--parallel-max", "\(count)", "--max-time", "60",
                "--unix-socket", socket, "--output", folder.file("together-#1"), "http://agent/v1/\(path)#[1-\(count)]",
            ], environment: api.user.environment, streams: api.user.work)
    }

    /// How often the server gave this value to somebody.
    func reads(_ name: String) throws -> Int {
        try api.user.check("audit", "list", "--type", "vault.secret.read", "--secret", name, "--json").text
            .split(separator: "\n").count
    }

    /// Commands of a user who has neither a vault nor a token.
    func reseal(_ words: [String], stdin: String = "") throws -> Command.Result {
        try api.user.reseal(
            words, stdin: Array(stdin.utf8), variables: ["RESEAL_HOME": nil, "RESEAL_ADDR": address])
    }

    func stop() throws {
        kill(process.id, SIGTERM)
        #expect(process.wait() == 0)
        #expect(!FileManager.default.fileExists(atPath: socket))
    }
}
