import Foundation
import ResealCore
import ResealGit
import ResealSealing
import TestSupport
import Testing

@Suite struct HTTPSTests {
    static let token = "canary-token-71f3"
    let origin: GitFixture
    let folder: TemporaryFolder
    let server: HTTPSGitServer

    init() throws {
        origin = try GitFixture(named: "config")
        try origin.write("a", "1")
        try origin.commit()
        folder = try TemporaryFolder()
        server = try HTTPSGitServer(serving: origin.folder.path, token: Self.token)
    }

    private func mirror(_ path: String = "config/.git") throws -> GitMirror {
        GitMirror(of: try GitSource(server.location(path)), under: folder.path)
    }

    private func credentials(_ token: String? = token) -> GitCredentials {
        GitCredentials(token: token.map { SecretBytes(utf8: $0) }, caFile: server.caFile)
    }

    @Test func theTokenLetsIn() throws {
        #expect(try mirror().fetch(credentials()).resolve("main") == origin.id("main"))
        try origin.write("a", "2")
        try origin.commit()
        #expect(try mirror().fetch(credentials()).resolve("main") == origin.id("main"))
        for file in FileManager.default.subpaths(atPath: folder.path) ?? [] {
            let content = FileManager.default.contents(atPath: "\(folder.path)/\(file)") ?? Data()
            #expect(content.range(of: Data(Self.token.utf8)) == nil, "\(file)")
        }
    }

    @Test func aUserInTheLocationGoesWithTheToken() throws {
        let location = server.location("config/.git").replacingOccurrences(
            of: "https://", with: "https://x-access-token@")
        let mirror = GitMirror(of: try GitSource(location), under: folder.path)
        #expect(try mirror.fetch(credentials()).resolve("main") == origin.id("main"))
        var other = credentials()
        other.username = "someone"
        #expect(throws: GitFailure(.authentication, "")) { try self.mirror().fetch(other) }
    }

    @Test func aBadTokenIsTriedOnce() throws {
        let failure = #expect(throws: GitFailure(.authentication, "")) {
            try mirror().fetch(credentials("canary-bad-token"))
        }
        #expect(failure?.message.contains("refused the token") == true)
        #expect(failure.map { "\($0)".contains("canary") } == false)
        let tries = server.log.split(separator: "\n").filter { $0.contains("Basic") }
        #expect(tries.count == 1)
        let none = #expect(throws: GitFailure(.authentication, "")) { try mirror().fetch(credentials(nil)) }
        #expect(none?.message.contains("asks for a login") == true)
    }

    @Test func anUntrustedCertificateIsRefusedBeforeTheToken() throws {
        var credentials = credentials()
        credentials.caFile = nil
        #expect(throws: GitFailure(.tls, "")) { try mirror().fetch(credentials) }
        try TestCertificates.create(in: folder.path)
        credentials.caFile = "\(folder.path)/ca.pem"
        #expect(throws: GitFailure(.tls, "")) { try mirror().fetch(credentials) }
        credentials.caFile = "\(folder.path)/none.pem"
        #expect(throws: GitFailure(.tls, "")) { try mirror().fetch(credentials) }
        // The certificate is for localhost.
        let location = server.location("config/.git").replacingOccurrences(of: "localhost", with: "127.0.0.1")
        let byAddress = GitMirror(of: try GitSource(location), under: folder.path)
        #expect(throws: GitFailure(.tls, "")) { try byAddress.fetch(self.credentials()) }
        #expect(!server.log.contains("Basic"))
    }

    @Test func redirectsStayOnTheHost() throws {
        #expect(try mirror("moved/config/.git").fetch(credentials()).resolve("main") == origin.id("main"))
        let other = try HTTPSGitServer(serving: origin.folder.path, token: nil)
        let failure = #expect(throws: GitFailure(.unreachable, "")) {
            try mirror("redirect/\(other.port)/config/.git").fetch(credentials())
        }
        #expect(failure?.hint?.contains("redirects") == true)
        #expect(!other.log.contains("GET"))
    }

    @Test(arguments: [
        (404, GitFailure.Kind.remoteNotFound), (403, .authentication), (500, .unreachable), (503, .unreachable),
    ])
    func statusesAreUnderstood(status: Int, kind: GitFailure.Kind) throws {
        #expect(throws: GitFailure(kind, "")) { try mirror("status/\(status)/x").fetch(credentials()) }
    }

    @Test func aMissingRepositoryIsSaidSo() throws {
        #expect(throws: GitFailure(.remoteNotFound, "")) { try mirror("none.git").fetch(credentials()) }
    }
}
