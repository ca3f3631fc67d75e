import Foundation
import ResealCore
import ResealGit
import TestSupport
import Testing

@Suite struct SignatureTests {
    let origin: GitFixture
    let now = Timestamp(seconds: 1_760_000_000)

    init() throws { origin = try GitFixture() }

    private func key(_ name: String, type: String = "ed25519") throws -> (key: SigningKey, line: String, file: String) {
        let file = origin.folder.file(name)
        let line = try SSHKey.create(file, type: type)
        return (.ssh(file), line, file)
    }

    private func verdict(
        _ commit: ObjectID, allowed: String? = nil, revoked: String? = nil, keyring: String? = nil
    ) throws -> SignatureVerdict {
        var trust = SignatureTrust(openPGPKeyring: keyring)
        trust.allowedSigners = try allowed.map { try origin.folder.write($0, to: "allowed") }
        trust.revokedKeys = try revoked.map { try origin.folder.write($0, to: "revoked") }
        return try SignatureChecker(trust, now: now).verdict(
            on: commit, in: try GitRepository(opening: origin.path))
    }

    private func principal(_ verdict: SignatureVerdict) -> String? {
        if case .good(let signer) = verdict { signer.principal } else { nil }
    }

    // MARK: SSH

    @Test(arguments: ["ed25519", "ecdsa", "rsa"]) func anAllowedKeyIsGood(type: String) throws {
        let key = try key("key", type: type)
        let commit = try origin.commit(signedBy: key.key)
        let fingerprint = String(
            try Command.check("ssh-keygen", ["-l", "-f", key.file]).text.split(separator: " ")[1])
        let signer = CommitSigner(principal: "ben@example.org", key: fingerprint)
        #expect(try verdict(commit, allowed: "ben@example.org \(key.line)\n") == .good(signer))
        #expect(
            try verdict(commit, allowed: "# who\n\nx@y,b*@example.org namespaces=\"git\" \(key.line)\n")
                == .good(signer))
        // Another principal of the key than the committer's address.
        #expect(try principal(verdict(commit, allowed: "release-bot \(key.line)\n")) == "release-bot")
        #expect(try principal(verdict(commit, allowed: "*@other.org,b2 \(key.line)\n")) == "b2")
    }

    @Test func everythingElseIsNot() throws {
        let (key, other) = (try key("key"), try key("other"))
        let commit = try origin.commit(signedBy: key.key)
        #expect(try verdict(try origin.commit(), allowed: "ben@example.org \(key.line)\n") == .unsigned)
        let lists = [
            nil, "", "ben@example.org \(other.line)\n", "ben@example.org namespaces=\"file\" \(key.line)\n",
            "*@other.org \(key.line)\n", "ben@example.org not-a-key\n",
        ]
        for list in lists {
            guard case .unknownSigner(let name) = try verdict(commit, allowed: list) else {
                Issue.record("\(list ?? "none"): \(try verdict(commit, allowed: list))")
                continue
            }
            #expect(name.hasPrefix("SHA256:"))
        }
    }

    @Test func aChangedCommitIsBad() throws {
        let key = try key("key")
        try origin.commit("honest", signedBy: key.key)
        let text = try origin.git("cat-file", "commit", "HEAD") + "\n"
        let changes = [
            text.replacing("honest", with: "forged"), text.replacing("author Ada", with: "author Eve"),
            text.replacing("-----BEGIN SSH SIGNATURE-----\n U1NIU0lH", with: "-----BEGIN SSH SIGNATURE-----\n AAAA"),
            text.replacing("SSH SIGNATURE", with: "SIGNED MESSAGE"),
        ]
        for change in changes {
            #expect(change != text)
            let id = try origin.git("hash-object", "-t", "commit", "-w", "--stdin", stdin: Array(change.utf8))
            let commit = try #require(ObjectID(hex: id))
            guard case .bad = try verdict(commit, allowed: "ben@example.org \(key.line)\n") else {
                Issue.record("\(change)")
                continue
            }
        }
    }

    @Test func aSignatureForAnotherPurposeIsBad() throws {
        let key = try key("key")
        try origin.commit("x")
        let text = try origin.git("cat-file", "commit", "HEAD") + "\n"
        let signature = try Command.check(
            "ssh-keygen", ["-Y", "sign", "-n", "file", "-f", key.file], stdin: Array(text.utf8)
        ).text.replacing("\n", with: "\n ")
        let signed = text.replacing("\n\n", with: "\ngpgsig \(signature)\n\n", maxReplacements: 1)
        let id = try origin.git("hash-object", "-t", "commit", "-w", "--stdin", stdin: Array(signed.utf8))
        guard case .bad = try verdict(try #require(ObjectID(hex: id)), allowed: "ben@example.org \(key.line)\n") else {
            Issue.record("accepted")
            return
        }
    }

    @Test(arguments: [
        ("valid-after=\"20200101\",valid-before=\"20300101\"", true),
        // Expired by now, whatever time the commit claims.
        ("valid-before=\"20240101\"", false),
        // Not valid at the time that the commit claims.
        ("valid-after=\"20240101\"", false), ("valid-after=\"20990101\"", false),
        ("valid-after=\"20231114221000Z\"", true),
    ])
    func theTimeOfAKeyCounts(options: String, isGood: Bool) throws {
        let key = try key("key")
        let commit = try origin.commit(signedBy: key.key)
        let verdict = try verdict(commit, allowed: "ben@example.org \(options) \(key.line)\n")
        if case .expired = verdict {
            #expect(!isGood)
        } else {
            #expect((principal(verdict) != nil) == isGood, "\(verdict)")
        }
    }

    @Test func revokedKeysDoNotCount() throws {
        let (key, other) = (try key("key"), try key("other"))
        let commit = try origin.commit(signedBy: key.key)
        let allowed = "ben@example.org \(key.line)\n"
        guard case .revoked = try verdict(commit, allowed: allowed, revoked: key.line + "\n") else {
            Issue.record("accepted")
            return
        }
        #expect(try principal(verdict(commit, allowed: allowed, revoked: other.line + "\n")) != nil)
        // A key revocation list, and one that is damaged.
        let list = origin.folder.file("krl")
        try Command.check("ssh-keygen", ["-q", "-k", "-f", list, "\(key.file).pub"])
        var trust = SignatureTrust(allowedSigners: origin.folder.file("allowed"), revokedKeys: list)
        let repository = try GitRepository(opening: origin.path)
        guard case .revoked = try SignatureChecker(trust, now: now).verdict(on: commit, in: repository) else {
            Issue.record("accepted")
            return
        }
        trust.revokedKeys = try origin.folder.write("SSHKRL\n\0nonsense", to: "damaged")
        #expect(try principal(SignatureChecker(trust, now: now).verdict(on: commit, in: repository)) == nil)
        trust.revokedKeys = origin.folder.file("missing")
        #expect(throws: GitFailure(.file, "")) { try SignatureChecker(trust, now: now) }
    }

    @Test func certificatesOfAnAuthorityCount() throws {
        let (authority, key) = (try key("ca"), try key("key"))
        try Command.check(
            "ssh-keygen", ["-q", "-s", authority.file, "-I", "ben", "-n", "ben@example.org", "\(key.file).pub"])
        let commit = try origin.commit(signedBy: .ssh("\(key.file)-cert.pub"))
        #expect(
            try principal(verdict(commit, allowed: "*@example.org cert-authority \(authority.line)\n"))
                == "ben@example.org")
        #expect(try principal(verdict(commit, allowed: "*@other.org cert-authority \(authority.line)\n")) == nil)
        #expect(try principal(verdict(commit, allowed: "*@example.org cert-authority \(key.line)\n")) == nil)
    }

    // MARK: OpenPGP

    @Test func openPGPKeysOfTheKeyringCount() throws {
        let home = try OpenPGPHome()
        let (ada, eve) = (try home.create("Ada <ada@example.org>"), try home.create("Eve <eve@example.org>"))
        let commit = try origin.commit(signedBy: .openPGP(home, ada))
        let other = try origin.commit(signedBy: .openPGP(home, eve))
        let binary = try origin.folder.write(try home.gpg("--export", ada).stdout, to: "binary.gpg")
        let armored = try origin.folder.write(
            "Keys of the team\n" + (try home.gpg("--armor", "--export", ada).text) + "\n", to: "armored.asc")
        let both = try origin.folder.write(
            try home.gpg("--armor", "--export", eve).text + "\n" + (try home.gpg("--armor", "--export", ada).text),
            to: "both.asc")
        for file in [binary, armored, both] {
            #expect(
                try verdict(commit, keyring: file) == .good(CommitSigner(principal: "openpgp:\(ada)", key: ada)),
                "\(file)")
        }
        guard case .unknownSigner = try verdict(other, keyring: binary), case .unknownSigner = try verdict(commit)
        else {
            Issue.record("accepted")
            return
        }
        try origin.commit("honest", signedBy: .openPGP(home, ada))
        let forged = try origin.git("cat-file", "commit", "HEAD").replacing("honest", with: "forged") + "\n"
        let id = try origin.git("hash-object", "-t", "commit", "-w", "--stdin", stdin: Array(forged.utf8))
        guard case .bad = try verdict(try #require(ObjectID(hex: id)), keyring: binary) else {
            Issue.record("accepted")
            return
        }
    }

    @Test func openPGPKeysThatEndedDoNotCount() throws {
        let home = try OpenPGPHome()
        let revoked = try home.create("Ada <ada@example.org>")
        let expired = try home.create("Ben <ben@example.org>", expires: "1y", created: "20200101")
        let program = try origin.folder.write(
            "#!/bin/sh\nexec gpg --faked-system-time 20200201T000000 \"$@\"\n", to: "gpg-then")
        chmod(program, 0o755)
        let first = try origin.commit(signedBy: .openPGP(home, revoked))
        let second = try origin.commit(signedBy: .openPGP(home, expired, program: program))
        try home.revoke(revoked)
        let keyring = try origin.folder.write(try home.gpg("--export").stdout, to: "keys.gpg")
        guard case .revoked = try verdict(first, keyring: keyring),
            case .expired = try verdict(second, keyring: keyring)
        else {
            Issue.record("\(try verdict(first, keyring: keyring)), \(try verdict(second, keyring: keyring))")
            return
        }
    }
}
