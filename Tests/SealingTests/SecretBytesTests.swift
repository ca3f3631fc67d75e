import Foundation
import ResealCore
import TestSupport
import Testing

@testable import ResealSealing

@Suite struct SecretBytesTests {
    static let canary = "canary-7c1f"
    private let secret = SecretBytes(utf8: canary)

    private struct Holder {
        let name = "db", secret: SecretBytes, others: [SecretBytes?], byName: [String: SecretBytes]
    }
    private enum Carrier: Error { case failed(SecretBytes) }
    private struct Failure: Error { let secret: SecretBytes }

    private var containers: [Any] {
        [
            secret, secret as SecretBytes? as Any, [secret], ["k": secret], (1, secret),
            Holder(secret: secret, others: [secret, nil], byName: ["k": secret]), Carrier.failed(secret),
            Failure(secret: secret), Result<SecretBytes, any Error>.success(secret), [secret][...], { secret } as Any,
        ] as [Any]
    }

    @Test func noRenderingShowsTheBytes() throws {
        for container in containers {
            var dumped = ""
            dump(container, to: &dumped)
            var printed = ""
            print(container, to: &printed)
            debugPrint(container, to: &printed)
            let texts = ["\(container)", String(describing: container), String(reflecting: container), dumped, printed]
            for text in texts { #expect(!text.contains(Self.canary), "in \(type(of: container))") }
        }
        #expect("\(secret)" == "[REDACTED]" && secret.debugDescription == "[REDACTED]")
        #expect("\([secret])" == "[[REDACTED]]")
        #expect("\(Failure(secret: secret))".contains("[REDACTED]"))
        #expect("\(Failure(secret: secret).localizedDescription)".contains(Self.canary) == false)
    }

    @Test func mirrorsAreEmpty() {
        #expect(Mirror(reflecting: secret).children.isEmpty)
        #expect(Mirror(reflecting: secret).superclassMirror == nil)
        #expect(Mirror(reflecting: secret).descendant("storage") == nil)
    }

    @Test func encodersWriteTheWord() throws {
        struct Document: Encodable { let secret: SecretBytes, list: [SecretBytes], map: [String: SecretBytes] }
        let document = Document(secret: secret, list: [secret], map: ["k": secret])
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        #expect(
            String(decoding: try encoder.encode(document), as: UTF8.self)
                == #"{"list":["[REDACTED]"],"map":{"k":"[REDACTED]"},"secret":"[REDACTED]"}"#)
        let plist = try PropertyListEncoder().encode(document)
        #expect(!String(decoding: plist, as: UTF8.self).contains(Self.canary))
    }

    @Test func revealsOnlyWhereAsked() throws {
        #expect(secret.revealText() == Self.canary)
        #expect(secret.revealBytes() == Array(Self.canary.utf8))
        #expect(secret.withUnsafeBytes { Array($0) } == Array(Self.canary.utf8))
        #expect(secret.slice(0..<6).revealText() == "canary")
        #expect(secret.slice(3..<3).isEmpty)
        #expect(SecretBytes([0xff]).revealText() == nil)
    }

    @Test func comparesContents() {
        #expect(secret.isEqual(to: SecretBytes(utf8: Self.canary)))
        #expect(!secret.isEqual(to: SecretBytes(utf8: Self.canary + "x")))
        #expect(!secret.isEqual(to: SecretBytes(utf8: "canary-7c1e")))
        #expect(SecretBytes([]).isEqual(to: SecretBytes([])))
    }

    @Test(
        arguments: [
            ([], true), ([0x61, 0, 0x62], true), (Array("aä€😀".utf8), true), ([0xff], false), ([0xc3], false),
            ([0xc0, 0x80], false), ([0xed, 0xa0, 0x80], false), ([0xf4, 0x90, 0x80, 0x80], false),
            ([0x61, 0x80], false),
        ] as [([UInt8], Bool)])
    func knowsUTF8(bytes: [UInt8], isText: Bool) {
        #expect(SecretBytes(bytes).isUTF8 == isText)
        #expect((SecretBytes(bytes).revealText() != nil) == isText)
    }

    @Test func consumingEmptiesTheArray() {
        var bytes = Array(Self.canary.utf8)
        let secret = SecretBytes(consuming: &bytes)
        #expect(bytes.isEmpty)
        #expect(secret.revealText() == Self.canary)
    }

    @Test func anErrorWhileFillingPasses() {
        #expect(throws: SealingFailure(.invalidInput, "")) {
            try SecretBytes(count: 10) { (out) throws(SealingFailure) in
                out.copyBytes(from: [1, 2, 3])
                throw SealingFailure(.invalidInput, "no")
            }
        }
    }

    @Test func freshMemoryIsZero() throws {
        for count in [1, 32, 4096, 128 << 10, (128 << 10) + 1, 1 << 20] {
            // What was there before is dirt.
            _ = SecretBytes([UInt8](repeating: 0xaa, count: count))
            let secret = SecretBytes(count: count) { _ in }
            #expect(secret.count == count)
            #expect(secret.withUnsafeBytes { $0.allSatisfy { $0 == 0 } })
        }
    }

    /// The secure heap's largest block is its half; beyond 128 KiB, a secret has pages of its own.
    @Test(arguments: [1, 31, 32, 4095, 4096, (128 << 10) - 1, 128 << 10, (128 << 10) + 1, 300_000, 16 << 20])
    func holdsSecretsOfAnySize(count: Int) throws {
        let secret = try SystemRandom.secret(count)
        let key = try SystemRandom.secret(32)
        let nonce = try SystemRandom.bytes(12)
        let sealed = try AEAD.aes256GCM.seal(secret, key: key, nonce: nonce)
        #expect(try AEAD.aes256GCM.open(sealed, key: key, nonce: nonce).isEqual(to: secret))
    }

    @Test func explicitZeroZeroes() {
        var bytes = [UInt8](repeating: 0xaa, count: 1000)
        bytes.withUnsafeMutableBytes { explicitZero(UnsafeMutableRawBufferPointer(rebasing: $0[1..<999])) }
        #expect(bytes == [0xaa] + [UInt8](repeating: 0, count: 998) + [0xaa])
        explicitZero(UnsafeMutableRawBufferPointer(start: nil, count: 0))
    }

    /// OpenSSL's own reasons stand in the text of a failure; what was worked on never does.
    @Test func failuresHoldNoSecret() throws {
        let key = SecretBytes([UInt8](repeating: 0x41, count: 32))
        #expect {
            try AEAD.aes256GCM.open(
                Array(Self.canary.utf8) + key.revealBytes(), key: key, nonce: [UInt8](repeating: 0, count: 12))
        } throws: {
            let text = "\($0)"
            return !text.contains(Self.canary) && !text.contains("AAAA") && text.hasSuffix("[crypto.not-authentic]")
        }
    }
}
