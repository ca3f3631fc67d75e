import Foundation
import ResealCore
import ResealSealing
import TestSupport
import Testing

@testable import ResealEngines
@testable import ResealManifests

@Suite struct GeneratorTests {
    private let now = Timestamp(seconds: 1_790_000_000)
    private func text(_ kind: GeneratorSpec.Kind) throws -> String {
        try #require(try SecretGenerator.generate(kind, now: now).secret.revealText())
    }

    @Test func passwordsFollowTheirRules() throws {
        for _ in 0..<500 {
            let password = try text(.password(length: 12, symbols: "!#", exclude: "0Ol1I"))
            #expect(password.utf8.count == 12)
            #expect(password.contains(where: \.isLowercase) && password.contains(where: \.isUppercase))
            #expect(password.contains(where: \.isNumber) && password.contains(where: "!#".contains))
            #expect(!password.contains(where: "0Ol1I".contains))
        }
    }

    /// A chi-squared test with a bound that a fair choice misses once in some billion runs.
    @Test func everyCharacterIsEquallyLikely() throws {
        let alphabet = Array("abcdefghijklmnopqrstuvwxyz0123456789-".utf8)
        let drawn = try RandomText.uniform(alphabet, count: 100_000).revealBytes()
        let expected = Double(drawn.count) / Double(alphabet.count)
        let chiSquared = alphabet.reduce(0.0) { sum, letter in
            let difference = Double(drawn.count { $0 == letter }) - expected
            return sum + difference * difference / expected
        }
        #expect(chiSquared < 110)
    }

    @Test func impossibleRulesAreRefused() throws {
        let letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
        #expect(throws: EngineFailure(.impossible, "")) {
            try text(.password(length: 12, symbols: "", exclude: letters))
        }
        #expect(throws: EngineFailure(.impossible, "")) {
            try text(.password(length: 12, symbols: "é", exclude: ""))
        }
        #expect(try text(.password(length: 9, symbols: "", exclude: String(letters.dropFirst(2)))).utf8.count == 9)
    }

    @Test func bytesAreWrittenAsAsked() throws {
        #expect(try SecretGenerator.generate(.bytes(length: 33, encoding: "raw"), now: now).secret.count == 33)
        #expect(try Hex.decode(text(.bytes(length: 33, encoding: "hex")))?.count == 33)
        #expect(try Data(base64Encoded: text(.bytes(length: 33, encoding: "base64")))?.count == 33)
        let urlSafe = try text(.bytes(length: 3000, encoding: "base64url"))
        #expect(urlSafe.utf8.count == 4000 && !urlSafe.contains(where: "+/=".contains))
    }

    @Test func uuidsAreOfVersionFour() throws {
        for _ in 0..<100 {
            let uuid = try #require(UUID(uuidString: try text(.uuid)))
            #expect(uuid.uuid.6 >> 4 == 4 && uuid.uuid.8 >> 6 == 2)
        }
    }

    @Test func passphrasesHaveTheirWords() throws {
        let words = try text(.passphrase(words: 6, separator: "-")).split(separator: "-")
        #expect(words.count == 6 && words.allSatisfy { $0.utf8.count == 5 })
    }

    @Test(arguments: [("ed25519", 0), ("ecdsa", 0), ("rsa", 2048)])
    func sshKeysAreTakenBySSH(algorithm: String, bits: Int) throws {
        let folder = try TemporaryFolder()
        let made = try SecretGenerator.generate(
            .ssh(algorithm: algorithm, bits: bits, comment: "made here"), now: now)
        let file = try folder.write(made.secret.revealBytes(), to: "key")
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file)
        let derived = try Command.check("ssh-keygen", ["-y", "-f", file]).text
        #expect(made.publicText == derived)
        #expect(derived.hasSuffix(" made here"))
        // The private half fits: what it signs, the public half verifies.
        try folder.write("someone \(derived)\n", to: "signers")
        try folder.write("a message", to: "message")
        try Command.check("ssh-keygen", ["-Y", "sign", "-n", "test", "-f", file, folder.file("message")])
        try Command.check(
            "ssh-keygen",
            [
                "-Y", "verify", "-n", "test", "-I", "someone", "-f", folder.file("signers"), "-s",
                folder.file("message.sig"),
            ],
            stdin: Array("a message".utf8))
    }

    @Test(arguments: [
        (GeneratorSpec.KeyKind.rsa, "p256"), (.ec, "p256"), (.ec, "p384"), (.ec, "p521"), (.ed25519, "p256"),
    ])
    func keyPairsAreTakenByOpenSSL(kind: GeneratorSpec.KeyKind, curve: String) throws {
        let folder = try TemporaryFolder()
        let made = try SecretGenerator.generate(.key(kind, bits: 2048, curve: curve), now: now)
        let file = try folder.write(made.secret.revealBytes(), to: "key.pem")
        #expect(String(decoding: made.secret.revealBytes(), as: UTF8.self).hasPrefix("-----BEGIN PRIVATE KEY-----"))
        let derived = try Command.check("openssl", ["pkey", "-in", file, "-pubout"])
        #expect(made.publicText == String(decoding: derived.stdout, as: UTF8.self))
    }

    @Test(arguments: [GeneratorSpec.KeyKind.rsa, .ec, .ed25519])
    func certificatesAreTakenByOpenSSL(kind: GeneratorSpec.KeyKind) throws {
        let folder = try TemporaryFolder()
        let request = GeneratorSpec.CertificateRequest(
            commonName: "www.example.org", dnsNames: ["www.example.org", "*.example.org"],
            ipAddresses: ["192.0.2.1", "2001:db8::1"], validity: try #require(TimeSpan("90d")), key: kind, bits: 2048,
            curve: "p256", issuer: nil)
        let made = try SecretGenerator.generate(.x509(request), now: WallClock.testNow)
        let key = try folder.write(made.secret.revealBytes(), to: "key.pem")
        let certificate = try folder.write(try #require(made.certificate), to: "certificate.pem")
        let shown = try Command.check("openssl", ["x509", "-in", certificate, "-noout", "-text"]).text
        for part in [
            "DNS:www.example.org, DNS:*.example.org", "IP Address:192.0.2.1", "CN = www.example.org", "CA:FALSE",
        ] {
            #expect(shown.contains(part))
        }
        let certified = try Command.check("openssl", ["x509", "-in", certificate, "-noout", "-pubkey"]).text
        #expect(try Command.check("openssl", ["pkey", "-in", key, "-pubout"]).text == certified)
        try Command.check("openssl", ["verify", "-CAfile", certificate, "-partial_chain", certificate])

        let csr = try folder.write(try #require(made.certificateRequest), to: "request.pem")
        let asked = try Command.check("openssl", ["req", "-in", csr, "-noout", "-verify", "-text", "-pubkey"]).text
        for part in [
            "DNS:www.example.org, DNS:*.example.org", "IP Address:2001:DB8:0:0:0:0:0:1", "CN = www.example.org",
        ] {
            #expect(asked.contains(part))
        }
        #expect(asked.contains(certified))
    }

    @Test func aCASignsForAnotherKey() throws {
        let folder = try TemporaryFolder()
        try TestCertificates.create(in: folder.path)
        let issuer = try CertificateIssuer(
            certificatePEM: folder.read("ca.pem"), privateKeyPEM: SecretBytes(folder.read("ca.key")))
        let key = try KeyPair(.ec(.p384))
        let subject = CertificateSubject(
            commonName: "leaf", dnsNames: ["leaf.example.org"], ipAddresses: [], from: WallClock.testNow,
            until: WallClock.testNow.adding(try #require(TimeSpan("1d"))))
        let leaf = try folder.write(key.certificate(subject, issuer: issuer), to: "leaf.pem")
        try Command.check("openssl", ["verify", "-CAfile", folder.file("ca.pem"), leaf])
        #expect(throws: SealingFailure(.invalidKey, "")) {
            try CertificateIssuer(
                certificatePEM: folder.read("ca.pem"), privateKeyPEM: SecretBytes(folder.read("server.key")))
        }
    }

    @Test func aCASignedCertificateNeedsTheController() throws {
        let request = GeneratorSpec.CertificateRequest(
            commonName: "a", dnsNames: [], ipAddresses: [], validity: try #require(TimeSpan("1d")), key: .ec,
            bits: 2048,
            curve: "p256", issuer: "prod/ca")
        #expect(throws: EngineFailure(.needsController, "")) { try text(.x509(request)) }
    }
}

extension WallClock {
    fileprivate static var testNow: Timestamp {
        Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000))
    }
}
