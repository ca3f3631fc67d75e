import Foundation
import ResealCore
import ResealGit
import TestSupport
import Testing

@Suite struct KnownHostsTests {
    let folder: TemporaryFolder
    init() throws { folder = try TemporaryFolder() }

    private func key(_ name: String, type: String = "ed25519") throws -> (text: String, key: HostKey) {
        let line = try SSHKey.create("\(folder.path)/\(name)", type: type)
        let fields = line.split(separator: " ")
        let blob = try #require(Base64.decode(fields[1].utf8, padded: true))
        return (fields.prefix(2).joined(separator: " "), try #require(HostKey(blob)))
    }

    @Test func fingerprintsAgreeWithSSH() throws {
        let (_, key) = try key("a")
        let shown = try Command.check("ssh-keygen", ["-l", "-f", "\(folder.path)/a.pub"]).text
        #expect(shown.contains(key.fingerprint))
        #expect(key.type == "ssh-ed25519")
    }

    @Test func namesAreMatchedAsSSHDoes() throws {
        let (text, key) = try key("a")
        let cases: [(String, String, Int, KnownHosts.Verdict)] = [
            ("host", "host", 22, .trusted), ("HOST", "Host", 22, .trusted), ("other,host", "host", 22, .trusted),
            ("host", "host2", 22, .unknown), ("*.example.org", "a.b.example.org", 22, .trusted),
            ("*.example.org", "example.org", 22, .unknown), ("h?st", "host", 22, .trusted),
            ("*,!host", "host", 22, .unknown), ("!host,*", "other", 22, .trusted), ("!other", "host", 22, .unknown),
            ("[host]:2222", "host", 2222, .trusted), ("[host]:2222", "host", 22, .unknown),
            ("[host]:2222", "host", 2223, .unknown), ("host", "host", 2222, .trusted),
            ("[*]:2222", "x", 2222, .trusted),
            ("::1", "::1", 22, .trusted), ("**********b", String(repeating: "a", count: 200), 22, .unknown),
            ("", "host", 22, .unknown), ("|1|bad|bad", "host", 22, .unknown), ("|2|aaaa|aaaa", "host", 22, .unknown),
        ]
        for (names, host, port, verdict) in cases {
            let hosts = KnownHosts(parsing: "# comment\n\n\(names) \(text) someone@somewhere\n")
            #expect(hosts.verdict(on: key, of: host, port: port) == verdict, "\(names) for \(host):\(port)")
        }
    }

    @Test func hashedNamesAreFound() throws {
        let (text, key) = try key("a")
        let file = "\(folder.path)/known_hosts"
        try Data("host.example \(text)\n[host.example]:2222 \(text)\n".utf8).write(to: URL(fileURLWithPath: file))
        try Command.check("ssh-keygen", ["-q", "-H", "-f", file])
        let hashed = try String(contentsOfFile: file, encoding: .utf8)
        #expect(hashed.contains("|1|") && !hashed.contains("host.example"))
        let hosts = KnownHosts(parsing: hashed)
        #expect(hosts.verdict(on: key, of: "host.example", port: 22) == .trusted)
        #expect(hosts.verdict(on: key, of: "host.example", port: 2222) == .trusted)
        #expect(hosts.verdict(on: key, of: "other.example", port: 22) == .unknown)
    }

    @Test func changedUnknownAndRevokedAreToldApart() throws {
        let (old, oldKey) = try key("old")
        let (_, newKey) = try key("new")
        let (_, ecdsa) = try key("ecdsa", type: "ecdsa")
        let hosts = KnownHosts(parsing: "host \(old)\n")
        #expect(hosts.verdict(on: newKey, of: "host", port: 22) == .changed)
        #expect(hosts.verdict(on: ecdsa, of: "host", port: 22) == .unknown)
        #expect(hosts.keys(of: "host", port: 22) == [oldKey])
        let revoked = KnownHosts(parsing: "host \(old)\n@revoked * \(old)\n")
        #expect(revoked.verdict(on: oldKey, of: "host", port: 22) == .revoked)
        #expect(revoked.keys(of: "host", port: 22).isEmpty)
        let authority = KnownHosts(parsing: "@cert-authority * \(old)\n")
        #expect(authority.verdict(on: oldKey, of: "host", port: 22) == .unknown)
    }

    @Test func badLinesAreLeftOut() throws {
        let (text, key) = try key("a")
        let hosts = KnownHosts(
            parsing: "host\nhost ssh-ed25519\nhost ssh-ed25519 !!!\nhost ssh-rsa \(text.split(separator: " ")[1])\n"
                + "host ssh-ed25519 AAAA\n@odd host \(text)\nhost\t\(text)\r\n")
        #expect(hosts.keys(of: "host", port: 22) == [key])
    }
}
