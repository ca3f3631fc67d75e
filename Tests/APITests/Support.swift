import Foundation
import Glibc
import ResealCore
import TestSupport
import Testing

/// `reseal serve` for an installation, at a port of its own.
final class RunningAPI: Sendable {
    let user: Installation
    let process: RunningProcess
    let base: String
    /// The certificate that it made; `nil` without TLS.
    let certificate: String?

    /// `service:app` may write below `app/`, and read below `seen/`.
    static let writerSettings = """
        access:
          - names: [app/*]
            principals: [service:app]
            actions: [read, write, delete]
          - names: [seen/*]
            principals: [service:app]
            actions: [read]
        """

    /// A server with ``writerSettings``, a token of that service, and one of somebody whom manifests name.
    static func withWriter(_ options: [String] = []) throws -> (api: RunningAPI, token: String, ada: String) {
        let api = try RunningAPI(try Installation.applied(), settings: writerSettings, options: options)
        return (api, try api.token("service:app"), try api.token("user:ada"))
    }

    /// - Parameters:
    ///   - settings: appended to the vault's settings.
    ///   - port: one that was used before; 0 for any.
    ///   - options: of the command, besides.
    init(
        _ user: Installation, plain: Bool = true, settings: String = "", port: Int = 0, options: [String] = []
    ) throws {
        self.user = user
        let path = "\(user.home)/config.yaml"
        let old = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        try Data("\(old)\n\(settings)\n".utf8).write(to: URL(fileURLWithPath: path))
        process = try user.start(
            ["serve", "--listen", "127.0.0.1:\(port)", "--log-format", "json"] + (plain ? ["--plain-http"] : [])
                + options)
        let line = try Self.line("api listening", in: user)
        base = "\(plain ? "http" : "https")://127.0.0.1:\(line["port"]?.integerValue ?? 0)"
        certificate = line["certificate"]?.stringValue
    }

    static func lines(of user: Installation) -> [JSON] {
        let text = (try? user.folder.read("2")).map { String(decoding: $0, as: UTF8.self) } ?? ""
        return text.split(separator: "\n").compactMap { try? JSON(parsing: Array($0.utf8)) }
    }

    /// Waits for a line of the log, for a minute: machines that run tests are slow.
    @discardableResult
    static func line(_ message: String, count: Int = 1, in user: Installation) throws -> JSON {
        let end = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < end {
            let found = lines(of: user).filter { $0["message"]?.stringValue == message }
            if found.count >= count, let last = found.last { return last }
            usleep(30_000)
        }
        let text = (try? user.folder.read("2")).map { String(decoding: $0, as: UTF8.self) } ?? ""
        throw Command.Failure(description: "there never was a line `\(message)` among \(text)")
    }

    func token(_ principal: String, _ options: String...) throws -> String {
        let made = try user.reseal(["token", "create", principal] + options)
        #expect(made.status == 0, "\(made.errorText)")
        return made.text.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Status and document of one request by `curl`.
    func ask(
        _ verb: String, _ path: String, _ body: String? = nil, token: String?, headers: [String] = []
    ) throws -> (status: Int, document: JSON?) {
        var line = [
            "--silent", "--show-error", "--max-time", "30", "--write-out", "\n%{http_code}", "--request", verb,
        ]
        if let token { line += ["--header", "X-Vault-Token: \(token)"] }
        for header in headers { line += ["--header", header] }
        if body != nil { line += ["--data-binary", "@-"] }
        if let certificate { line += ["--cacert", certificate] }
        let text = try Command.check("curl", line + ["\(base)/v1/\(path)"], stdin: Array((body ?? "").utf8)).text
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let answer = lines.dropLast().joined(separator: "\n")
        return (Int(lines.last ?? "") ?? 0, answer.isEmpty ? nil : try JSON(parsing: Array(answer.utf8)))
    }

    func stop() throws {
        kill(process.id, SIGTERM)
        try Self.line("stopped", in: user)
        process.wait()
    }
}

extension JSON {
    /// The member at a path.
    subscript(path first: String, _ rest: String...) -> JSON? {
        rest.reduce(self[first]) { $0?[$1] }
    }
}
