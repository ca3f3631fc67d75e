import Foundation
import ResealCore
import ResealGit
import ResealSealing
import TestSupport
import Testing

@Suite struct SSHTests {
    let origin: GitFixture
    let folder: TemporaryFolder
    let server: SSHServer
    let mirror: GitMirror

    init() throws {
        origin = try GitFixture()
        try origin.write("a", "1")
        try origin.commit()
        folder = try TemporaryFolder()
        let keys = [
            try SSHKey.create("\(folder.path)/right"),
            try SSHKey.create("\(folder.path)/locked", passphrase: "open sesame"),
            try SSHKey.create("\(folder.path)/ecdsa", type: "ecdsa"),
            try SSHKey.create("\(folder.path)/rsa", type: "rsa"),
        ]
        try SSHKey.create("\(folder.path)/wrong")
        server = try SSHServer(authorizing: keys, hostKeyTypes: ["ed25519", "ecdsa"])
        mirror = GitMirror(of: try GitSource(server.location(of: origin.path)), under: folder.path)
    }

    private func knownHosts(_ text: String) throws -> String {
        let path = "\(folder.path)/known_hosts"
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        return path
    }

    private func credentials(_ key: String = "right", knownHosts text: String? = nil) throws -> GitCredentials {
        GitCredentials(
            sshKeyFile: "\(folder.path)/\(key)",
            knownHostsFile: try knownHosts(try text ?? server.knownHostsLine()))
    }

    @Test(arguments: ["right", "ecdsa", "rsa"]) func aRegisteredKeyIsLetIn(key: String) throws {
        #expect(try mirror.fetch(credentials(key)).resolve("main") == origin.id("main"))
        try origin.write("a", "2")
        try origin.commit()
        #expect(try mirror.fetch(credentials(key)).resolve("main") == origin.id("main"))
    }

    @Test func theShortFormWorks() throws {
        // Without a port, the short form cannot name our server; the form with brackets can.
        let location = "[\(server.user)@127.0.0.1:\(server.port)]:\(origin.path)"
        #expect(throws: GitFailure(.invalidLocation, "")) { try GitSource(location) }
    }

    @Test func aPassphraseIsUsed() throws {
        var credentials = try credentials("locked")
        credentials.sshKeyPassphrase = SecretBytes(utf8: "open sesame")
        #expect(try mirror.fetch(credentials).resolve("main") == origin.id("main"))
        for wrong in [nil, SecretBytes(utf8: "canary-guess"), SecretBytes(utf8: "")] {
            credentials.sshKeyPassphrase = wrong
            let failure = #expect(throws: GitFailure(.authentication, "")) { try mirror.fetch(credentials) }
            #expect(failure.map { "\($0)".contains("canary-guess") } == false)
        }
    }

    @Test func otherKeysAreRefused() throws {
        let refused = #expect(throws: GitFailure(.authentication, "")) { try mirror.fetch(credentials("wrong")) }
        #expect(refused?.message.contains("refused the SSH key") == true)
        #expect(throws: GitFailure(.authentication, "")) { try mirror.fetch(credentials("missing")) }
        var none = try credentials()
        none.sshKeyFile = nil
        let failure = #expect(throws: GitFailure(.authentication, "")) { try mirror.fetch(none) }
        #expect(failure?.message.contains("none is configured") == true)
        chmod("\(folder.path)/right", 0o644)
        let open = #expect(throws: GitFailure(.authentication, "")) { try mirror.fetch(credentials()) }
        #expect(open?.hint?.contains("chmod 600") == true)
        try Data("not a key".utf8).write(to: URL(fileURLWithPath: "\(folder.path)/wrong"))
        #expect(throws: GitFailure(.authentication, "")) { try mirror.fetch(credentials("wrong")) }
    }

    @Test func theAgentIsAskedOnlyIfAllowed() throws {
        let socket = "\(folder.path)/agent"
        let agent = try RunningProcess(try Command.find("ssh-agent"), ["-D", "-a", socket], streams: folder.path)
        defer { agent.kill() }
        for _ in 0..<200 where access(socket, F_OK) != 0 { usleep(10_000) }
        let environment = ["SSH_AUTH_SOCK": socket, "PATH": "/usr/bin:/bin"]
        try Command.check("ssh-add", ["-q", "\(folder.path)/right"], environment: environment)
        let wrapper = try runner(after: "export SSH_AUTH_SOCK=\(socket)", in: folder)
        var credentials = try credentials()
        credentials.sshKeyFile = nil
        credentials.useAgent = true
        let repository = try mirror.fetch(
            credentials: credentials, deadline: TimeSpan(seconds: 30), transport: wrapper)
        #expect(try repository.resolve("main") == origin.id("main"))
        credentials.useAgent = false
        #expect(throws: GitFailure(.authentication, "")) {
            try mirror.fetch(credentials: credentials, deadline: TimeSpan(seconds: 30), transport: wrapper)
        }
    }

    @Test func anUnknownHostIsRefusedWithItsFingerprint() throws {
        for text in ["", "other.example \(try server.hostKey())\n", "127.0.0.2 \(try server.hostKey())\n"] {
            let failure = #expect(throws: GitFailure(.hostKey, "")) { try mirror.fetch(credentials(knownHosts: text)) }
            #expect(failure?.message.contains("SHA256:") == true && failure?.hint?.contains("ssh-keyscan") == true)
        }
        let missing = GitCredentials(sshKeyFile: "\(folder.path)/right", knownHostsFile: "\(folder.path)/none")
        #expect(throws: GitFailure(.hostKey, "")) { try mirror.fetch(missing) }
        // Nobody was asked for a key before the host had proved itself.
        #expect(!server.log.contains("Accepted"))
    }

    @Test func aChangedHostKeyIsRefused() throws {
        let other = try SSHServer(authorizing: [])
        let line = "[127.0.0.1]:\(server.port) \(try other.hostKey())\n"
        let failure = #expect(throws: GitFailure(.hostKey, "")) { try mirror.fetch(credentials(knownHosts: line)) }
        #expect(failure?.message.contains("differs") == true)
        let revoked = try server.knownHostsLine() + "@revoked * \(try server.hostKey())\n"
        #expect(throws: GitFailure(.hostKey, "")) { try mirror.fetch(credentials(knownHosts: revoked)) }
    }

    @Test func theListedTypeOfHostKeyIsNegotiated() throws {
        for type in ["ed25519", "ecdsa"] {
            let line = try server.knownHostsLine(type)
            #expect(try mirror.fetch(credentials(knownHosts: line)).resolve("main") == origin.id("main"), "\(type)")
        }
        // Listed types that the server does not have come first; then the one that it has.
        let other = try SSHServer(authorizing: [], hostKeyTypes: ["ed25519"])
        let only = try SSHServer(
            authorizing: [try String(contentsOfFile: "\(folder.path)/right.pub", encoding: .utf8)],
            hostKeyTypes: ["ecdsa"])
        let lines = "[127.0.0.1]:\(only.port) \(try other.hostKey())\n" + (try only.knownHostsLine("ecdsa"))
        let mirror = GitMirror(of: try GitSource(only.location(of: origin.path)), under: folder.path)
        #expect(try mirror.fetch(credentials(knownHosts: lines)).resolve("main") == origin.id("main"))
        // A server that has lost all its listed keys shows what it has.
        let failure = #expect(throws: GitFailure(.hostKey, "")) {
            try mirror.fetch(credentials(knownHosts: "[127.0.0.1]:\(only.port) \(try other.hostKey())\n"))
        }
        #expect(failure?.message.contains("ecdsa-sha2-nistp256 key SHA256:") == true)
    }

    @Test func hashedAndWildcardNamesWork() throws {
        let path = try knownHosts(server.knownHostsLine())
        try Command.check("ssh-keygen", ["-q", "-H", "-f", path])
        let hashed = try String(contentsOfFile: path, encoding: .utf8)
        #expect(hashed.hasPrefix("|1|"))
        #expect(try mirror.fetch(credentials(knownHosts: hashed)).resolve("main") == origin.id("main"))
        let wildcard = "[127.0.0.?]:\(server.port) \(try server.hostKey())\n"
        #expect(try mirror.fetch(credentials(knownHosts: wildcard)).resolve("main") == origin.id("main"))
    }

    @Test func aMissingRepositoryIsSaidSo() throws {
        let mirror = GitMirror(of: try GitSource(server.location(of: "/nonexistent.git")), under: folder.path)
        #expect(throws: GitFailure(.remoteNotFound, "")) { try mirror.fetch(credentials()) }
    }

    @Test(arguments: ["it's a $HOME!.git", "a b%c.git", "-x.git", "~x.git"])
    func anyPathIsQuoted(name: String) throws {
        let path = "\(folder.path)/\(name)"
        try Command.check("cp", ["-a", "\(origin.path)/.git", path])
        let escaped = path.replacing("%", with: "%25").replacing(" ", with: "%20")
        let mirror = GitMirror(of: try GitSource(server.location(of: escaped)), under: folder.path)
        #expect(try mirror.fetch(credentials()).resolve("main") == origin.id("main"))
    }

    @Test func theUsersConfigurationCounts() throws {
        let config = try folder.write(
            """
            Host vault
                HostName 127.0.0.1
                Port \(server.port)
                User \(server.user)
                IdentityFile "\(folder.path)/right"
                IdentitiesOnly yes
                UserKnownHostsFile "\(try knownHosts(server.knownHostsLine()))"

            """, to: "config")
        let wrapper = try runner(after: "export GIT_SSH_COMMAND='ssh -F \(config)'", in: folder)
        let mirror = GitMirror(of: try GitSource("\(server.user)@vault:\(origin.path)"), under: folder.path)
        let repository = try mirror.fetch(
            credentials: GitCredentials(useAgent: true), deadline: TimeSpan(seconds: 30), transport: wrapper)
        #expect(try repository.resolve("main") == origin.id("main"))
    }

    /// Keys and hosts that are vouched for by an authority.
    @Test func certificatesWork() throws {
        let authority = try SSHKey.create("\(folder.path)/authority")
        let line = "cert-authority,principals=\"deploy\" \(authority)"
        let server = try SSHServer(authorizing: [line])
        let sign = ["-q", "-s", "\(folder.path)/authority", "-I", "test", "-n", "deploy"]
        try Command.check("ssh-keygen", sign + ["\(folder.path)/wrong.pub"])
        let mirror = GitMirror(of: try GitSource(server.location(of: origin.path)), under: folder.path)
        let credentials = try credentials("wrong", knownHosts: server.knownHostsLine())
        #expect(try mirror.fetch(credentials).resolve("main") == origin.id("main"))
    }

    @Test func aMissingProgramIsSaidSo() throws {
        let wrapper = try runner(after: "PATH=/nonexistent", in: folder)
        let failure = #expect(throws: GitFailure(.toolMissing, "")) {
            try mirror.fetch(credentials: credentials(), deadline: TimeSpan(seconds: 30), transport: wrapper)
        }
        #expect(failure?.message.contains("`ssh`") == true)
    }
}
