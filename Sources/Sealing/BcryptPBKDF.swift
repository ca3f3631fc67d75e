internal import COpenSSL
internal import ResealCore

extension KDF {
    /// bcrypt_pbkdf (OpenBSD), with which OpenSSH derives the keys of encrypted private key files. A round costs about
    /// 5 ms for each 32 bytes of key.
    package static func bcryptPBKDF(
        _ passphrase: SecretBytes, salt: [UInt8], rounds: Int, count: Int
    ) throws(SealingFailure) -> SecretBytes {
        guard !passphrase.isEmpty, !salt.isEmpty, rounds > 0, (1...1024).contains(count) else {
            throw SealingFailure(.invalidInput, "bcrypt_pbkdf needs a passphrase, a salt, and at least one round")
        }
        guard let pi = BlowfishState.digitsOfPi else { throw .native("cannot derive a key from the passphrase") }
        let password = SHA512.hash(passphrase)
        let blocks = (count + BlowfishState.hashBytes - 1) / BlowfishState.hashBytes
        return SecretBytes(count: count) { key in
            for block in 0..<blocks {
                let bytes = hashBlock(UInt32(block + 1), password, salt, rounds, pi)
                // The blocks are dealt out byte by byte, so that none of the key is known without all of them.
                bytes.withUnsafeBytes {
                    for (i, place) in stride(from: block, to: count, by: blocks).enumerated() { key[place] = $0[i] }
                }
            }
        }
    }

    /// One block: the first hash is of the salt, each further one of the hash before, and all are added up.
    private static func hashBlock(
        _ number: UInt32, _ password: SecretBytes, _ salt: [UInt8], _ rounds: Int, _ pi: [UInt32]
    ) -> SecretBytes {
        let counted = SecretBytes(salt + (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * $0)) })
        var last = BlowfishState.hash(password: password, salt: SHA512.hash(counted), pi)
        return SecretBytes(count: BlowfishState.hashBytes) { sum in
            last.withUnsafeBytes { sum.copyMemory(from: $0) }
            for _ in 1..<rounds {
                last = BlowfishState.hash(password: password, salt: SHA512.hash(last), pi)
                last.withUnsafeBytes { for i in 0..<sum.count { sum[i] ^= $0[i] } }
            }
        }
    }
}

/// The key schedule of Blowfish as bcrypt fills it. OpenSSL does the block cipher, but it lends no schedule that could
/// be filled with a salt; hence this part.
///
/// Time and memory accesses depend on the passphrase, as they do in every bcrypt: its tables are its strength.
private struct BlowfishState: ~Copyable {
    static let hashBytes = 32
    /// 18 subkeys and four boxes of 256 words, in OpenSSL's order.
    private static let count = 18 + 4 * 256
    private let words: UnsafeMutablePointer<UInt32>

    private init(_ pi: [UInt32]) {
        words = .allocate(capacity: Self.count)
        words.initialize(from: pi, count: Self.count)
    }

    deinit {
        explicitZero(UnsafeMutableRawBufferPointer(start: words, count: Self.count * MemoryLayout<UInt32>.size))
        words.deallocate()
    }

    /// The hash that bcrypt_pbkdf is made of, 32 bytes of two times 64.
    static func hash(password: SecretBytes, salt: SecretBytes, _ pi: [UInt32]) -> SecretBytes {
        let state = BlowfishState(pi)
        withWords(of: password) { password in
            withWords(of: salt) { salt in
                state.expand(key: password, salt: salt)
                for _ in 0..<64 {
                    state.expand(key: salt, salt: nil)
                    state.expand(key: password, salt: nil)
                }
            }
        }
        return SecretBytes(count: hashBytes) { out in
            let text = out.bindMemory(to: UInt32.self)
            for (i, word) in "OxychromaticBlowfishSwatDynamite".utf8.enumerated() {
                text[i / 4] = text[i / 4] << 8 | UInt32(word)
            }
            for i in stride(from: 0, to: text.count, by: 2) {
                for _ in 0..<64 { state.encrypt(text.baseAddress?.advanced(by: i)) }
            }
            for i in text.indices { text[i] = text[i].littleEndian }
        }
    }

    /// Mixes `key` into the subkeys and replaces the whole schedule by ciphertexts, of `salt` if there is one.
    private func expand(key: UnsafeBufferPointer<UInt32>, salt: UnsafeBufferPointer<UInt32>?) {
        for i in 0..<18 { words[i] ^= key[i & 15] }
        withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 2) { pair in
            pair.initialize(repeating: 0)
            for i in stride(from: 0, to: Self.count, by: 2) {
                if let salt {
                    pair[0] ^= salt[i & 15]
                    pair[1] ^= salt[(i + 1) & 15]
                }
                encrypt(pair.baseAddress)
                words[i] = pair[0]
                words[i + 1] = pair[1]
            }
            explicitZero(UnsafeMutableRawBufferPointer(pair))
        }
    }

    private func encrypt(_ pair: UnsafeMutablePointer<UInt32>?) {
        BF_encrypt(pair, UnsafeRawPointer(words).assumingMemoryBound(to: BF_KEY.self))
    }

    /// Lends 64 bytes as 16 big-endian words.
    private static func withWords(of bytes: SecretBytes, _ body: (UnsafeBufferPointer<UInt32>) -> Void) {
        SecretBytes(count: bytes.count) { out in
            let words = out.bindMemory(to: UInt32.self)
            bytes.withUnsafeBytes {
                for i in words.indices {
                    words[i] = UInt32(bigEndian: $0.loadUnaligned(fromByteOffset: 4 * i, as: UInt32.self))
                }
            }
        }.withUnsafeBytes { body($0.bindMemory(to: UInt32.self)) }
    }

    /// What the schedule begins with: the binary digits of pi behind the point, computed by Machin's formula
    /// 16 arctan(1/5) - 4 arctan(1/239). `nil` without memory. Takes some 50 ms, once.
    static let digitsOfPi: [UInt32]? = {
        // Every term may be off by one in the last digit.
        let (digits, spare) = (Int32(32 * count), Int32(64))
        guard let pi = arctangent(5, digits + spare + 4), let rest = arctangent(239, digits + spare + 2) else {
            return nil
        }
        defer { for number in [pi, rest] { BN_free(number) } }
        var bytes = [UInt8](repeating: 0, count: 4 * count)
        guard BN_sub(pi, pi, rest) == 1, BN_rshift(pi, pi, spare) == 1, BN_mask_bits(pi, digits) == 1,
            BN_bn2binpad(pi, &bytes, Int32(bytes.count)) == Int32(bytes.count)
        else { return nil }
        return bytes.withUnsafeBytes { bytes in
            (0..<count).map { UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self)) }
        }
    }()

    /// arctan(1/x) times 2^`bits`, by its series.
    private static func arctangent(_ x: UInt, _ bits: Int32) -> OpaquePointer? {
        guard let power = BN_new(), let term = BN_new(), let sum = BN_new() else { return nil }
        defer { for number in [power, term] { BN_free(number) } }
        BN_set_bit(power, bits)
        BN_div_word(power, x)
        BN_copy(sum, power)
        var divisor: UInt = 1
        while BN_is_zero(power) == 0 {
            divisor += 2
            BN_div_word(power, x * x)
            BN_copy(term, power)
            BN_div_word(term, divisor)
            if divisor & 2 != 0 { BN_sub(sum, sum, term) } else { BN_add(sum, sum, term) }
        }
        return sum
    }
}
