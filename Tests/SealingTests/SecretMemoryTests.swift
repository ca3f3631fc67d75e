import Foundation
import Glibc
import ResealCore
import TestSupport
import Testing

@testable import ResealSealing

/// What happens to the memory itself. Each test has a process of its own, whose memory nobody else uses meanwhile.
@Suite struct SecretMemoryTests {
    /// A word that stands nowhere in the program: it is computed where it is needed.
    static func mark(_ seed: UInt64) -> UInt64 { (seed &* 0x9e37_79b9_7f4a_7c15) ^ 0x5bd1_e995_7b93_2c4d }

    static func marked(_ count: Int, _ seed: UInt64) -> SecretBytes {
        SecretBytes(count: count) { out in
            for offset in stride(from: 0, to: count, by: 8) {
                out.storeBytes(of: mark(seed), toByteOffset: offset, as: UInt64.self)
            }
        }
    }

    static func occurrences(of seed: UInt64) throws -> Int { try ProcessMemory.count { $0 == mark(seed) } }

    static func expectNone(of seed: UInt64) throws {
        let found = try occurrences(of: seed)
        #expect(found == 0, "found \(found)")
    }

    static func address(of secret: SecretBytes) -> UInt { secret.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) } }

    static func isLockable(_ bytes: UInt) -> Bool {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(8), &limit)  // RLIMIT_MEMLOCK
        return limit.rlim_cur >= bytes || geteuid() == 0
    }

    @Test func aReleasedSecretIsNowhereInMemory() async {
        await #expect(processExitsWith: .success) {
            for count in [32, 4096, 128 << 10, 1 << 20] {
                let seed = UInt64(count)
                var secret: SecretBytes? = SecretMemoryTests.marked(count, seed)
                // The comparison itself may leave the word on the stack for a while.
                let found = try SecretMemoryTests.occurrences(of: seed)
                #expect((count / 8...count / 8 + 2).contains(found))
                #expect(secret?.count == count)
                secret = nil
                try SecretMemoryTests.expectNone(of: seed)
            }
        }
    }

    @Test func aFailedFillLeavesNothingBehind() async {
        await #expect(processExitsWith: .success) {
            #expect(throws: SealingFailure(.invalidInput, "")) {
                try SecretBytes(count: 64) { (out) throws(SealingFailure) in
                    for offset in stride(from: 0, to: 64, by: 8) {
                        out.storeBytes(of: SecretMemoryTests.mark(1), toByteOffset: offset, as: UInt64.self)
                    }
                    throw SealingFailure(.invalidInput, "no")
                }
            }
            try SecretMemoryTests.expectNone(of: 1)
        }
    }

    /// Sealing, opening and deriving keep their own copies in secure memory or zero them.
    @Test func primitivesLeaveNoCopiesBehind() async {
        await #expect(processExitsWith: .success) {
            var text: SecretBytes? = SecretMemoryTests.marked(4096, 2)
            var key: SecretBytes? = SecretMemoryTests.marked(32, 3)
            var longKey: SecretBytes? = SecretMemoryTests.marked(160, 3)
            var derived: [SecretBytes] = []
            if let text, let key, let longKey {
                for aead in [AEAD.aes256GCM, .chaCha20Poly1305] {
                    let sealed = try aead.seal(text, key: key, nonce: [UInt8](repeating: 1, count: 12))
                    derived.append(try aead.open(sealed, key: key, nonce: [UInt8](repeating: 1, count: 12)))
                }
                derived.append(try KDF.hkdf(key, info: "x"))
                derived.append(try KDF.scrypt(key, salt: [1], logN: 4))
                _ = try HMAC.code([1, 2, 3], key: key)
                _ = try HMAC.code([1, 2, 3], key: longKey)
                derived.append(try X25519PrivateKey(key).sharedSecret(with: X25519PrivateKey().publicKey))
                _ = try Ed25519PrivateKey(key).sign([1, 2, 3])
            }
            #expect(derived.count == 5)
            (text, key, longKey, derived) = (nil, nil, nil, [])
            try SecretMemoryTests.expectNone(of: 2)
            try SecretMemoryTests.expectNone(of: 3)
        }
    }

    @Test func memoryIsLockedAndLeftOutOfCoreDumps() async {
        await #expect(processExitsWith: .success) {
            for count in [32, 1 << 20] {
                let secret = SecretBytes([UInt8](repeating: 1, count: count))
                let flags = try ProcessMemory.flags(at: SecretMemoryTests.address(of: secret))
                #expect(flags.contains("dd"))
                #expect(flags.contains("lo") || !SecretMemoryTests.isLockable(8 << 20))
            }
        }
    }

    @Test func pagesOfALargeSecretAreGivenBack() async {
        await #expect(processExitsWith: .success) {
            var secret: SecretBytes? = SecretBytes([UInt8](repeating: 1, count: 1 << 20))
            let address = try SecretMemoryTests.address(of: #require(secret))
            let before = try ProcessMemory.flags(at: address)
            #expect(before.contains("dd"))
            secret = nil
            // Something else may have got the place by now, but nothing that is left out of core dumps.
            let after = try ProcessMemory.flags(at: address)
            #expect(!after.contains("dd"))
        }
    }

    /// More than the secure heap holds: what does not fit has pages of its own, and nothing is lost or mixed up.
    @Test func anExhaustedHeapStillHoldsEverySecret() async {
        await #expect(processExitsWith: .success) {
            func content(_ i: Int) -> UInt64 { UInt64(i) &* 0x9e37_79b9_7f4a_7c15 }
            let first = SecretMemoryTests.address(of: SecretBytes([1]))
            var secrets = (0..<20_000).map { i in
                SecretBytes(count: 1024) { $0.storeBytes(of: content(i), toByteOffset: 512, as: UInt64.self) }
            }
            for (i, secret) in secrets.enumerated() {
                let stored = secret.withUnsafeBytes { $0.load(fromByteOffset: 512, as: UInt64.self) }
                try #require(stored == content(i))
            }
            // OpenSSL's own keys need room there too.
            let (mine, theirs) = (
                try X25519PrivateKey(), try X25519PrivateKey(SecretBytes([UInt8](repeating: 5, count: 32)))
            )
            let shared = try mine.sharedSecret(with: theirs.publicKey)
            #expect(try theirs.sharedSecret(with: mine.publicKey).isEqual(to: shared))
            _ = try Ed25519PrivateKey().sign([1])
            secrets.removeAll { $0.withUnsafeBytes { $0.load(fromByteOffset: 512, as: UInt64.self) % 2 == 0 } }
            for secret in secrets {
                try #require(secret.withUnsafeBytes { $0.load(fromByteOffset: 512, as: UInt64.self) % 2 == 1 })
            }
            secrets = []
            // The heap is in use again.
            let last = SecretMemoryTests.address(of: SecretBytes([1]))
            #expect(max(first, last) - min(first, last) < 4 << 20)
        }
    }

    /// A limit of locked memory below the heap's size: secrets work, are zeroed and stay out of core dumps.
    @Test func worksWhereMemoryCannotBeLocked() async {
        await #expect(processExitsWith: .success) {
            var limit = rlimit(rlim_cur: 0, rlim_max: 0)
            setrlimit(__rlimit_resource_t(8), &limit)
            for count in [32, 1 << 20] {
                var secret: SecretBytes? = SecretMemoryTests.marked(count, 7)
                let flags = try ProcessMemory.flags(at: SecretMemoryTests.address(of: #require(secret)))
                #expect(flags.contains("dd"))
                #expect(!flags.contains("lo") || geteuid() == 0)
                secret = nil
                try SecretMemoryTests.expectNone(of: 7)
            }
        }
    }
}

@Suite struct ConcurrencyTests {
    /// Shared keys and secrets, from many tasks at once.
    @Test func everythingIsSafeFromManyTasks() async throws {
        let key = try SystemRandom.secret(32)
        let agreement = try X25519PrivateKey()
        let signing = try Ed25519PrivateKey()
        let shared = try SystemRandom.secret(1000)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for i in 0..<16 {
                group.addTask {
                    for round in 0..<20 {
                        let aead = (i + round).isMultiple(of: 2) ? AEAD.aes256GCM : .chaCha20Poly1305
                        let nonce = try SystemRandom.bytes(12)
                        let sealed = try aead.seal(shared, key: key, nonce: nonce)
                        #expect(try aead.open(sealed, key: key, nonce: nonce).isEqual(to: shared))
                        let other = try X25519PrivateKey()
                        #expect(
                            try other.sharedSecret(with: agreement.publicKey)
                                .isEqual(to: agreement.sharedSecret(with: other.publicKey)))
                        #expect(signing.publicKey.isValid(try signing.sign(sealed), for: sealed))
                        #expect(try HMAC.code(sealed, key: key) == HMAC.code(sealed, key: key))
                        #expect(try KDF.hkdf(key, info: "x").isEqual(to: KDF.hkdf(key, info: "x")))
                        #expect(
                            shared.slice(0..<500).isEqual(to: shared.slice(0..<500))
                                && "\(shared)" == SecretBytes.redacted)
                    }
                }
            }
            try await group.waitForAll()
        }
    }
}
