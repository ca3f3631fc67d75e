internal import COpenSSL
internal import ResealCore

// The forms of OpenSSH (PROTOCOL.key of OpenSSH, RFC 4251 section 5, RFC 5656).
extension KeyPair {
    /// One line, as `authorized_keys` takes it.
    package func openSSHPublic(comment: String) throws(SealingFailure) -> String {
        var blob: [UInt8] = []
        SSHWriter.put(Array(sshType.utf8), to: &blob)
        for part in try publicParts() { SSHWriter.put(part, to: &blob) }
        return "\(sshType) \(Base64.encode(blob, padded: true))" + (comment.isEmpty ? "" : " \(comment)")
    }

    /// A private key file, not encrypted.
    package func openSSHPrivate(comment: String) throws(SealingFailure) -> SecretBytes {
        var publicBlob: [UInt8] = []
        SSHWriter.put(Array(sshType.utf8), to: &publicBlob)
        for part in try publicParts() { SSHWriter.put(part, to: &publicBlob) }

        // Both numbers equal: the sign of a right passphrase, of which there is none.
        let check = try SystemRandom.bytes(4)
        var secret: [UInt8] = check + check
        defer { secret.withUnsafeMutableBytes { explicitZero($0) } }
        secret.reserveCapacity(16_384)
        SSHWriter.put(Array(sshType.utf8), to: &secret)
        for part in try privateParts() { part.withUnsafeBytes { SSHWriter.put($0, to: &secret) } }
        SSHWriter.put(Array(comment.utf8), to: &secret)
        let padding = (8 - secret.count % 8) % 8
        for i in 0..<padding { secret.append(UInt8(i + 1)) }

        var file = Array("openssh-key-v1\0".utf8)
        file.reserveCapacity(32_768)
        defer { file.withUnsafeMutableBytes { explicitZero($0) } }
        for word in ["none", "none", ""] { SSHWriter.put(Array(word.utf8), to: &file) }
        SSHWriter.put(UInt32(1), to: &file)
        SSHWriter.put(publicBlob, to: &file)
        secret.withUnsafeBytes { SSHWriter.put($0, to: &file) }
        return Self.armor(file)
    }

    private var sshType: String {
        switch algorithm {
        case .rsa: "ssh-rsa"
        case .ec(let curve): "ecdsa-sha2-nistp\(curve.rawValue.dropFirst())"
        case .ed25519: "ssh-ed25519"
        }
    }

    private func publicParts() throws(SealingFailure) -> [[UInt8]] {
        switch algorithm {
        case .rsa: return [try integer(OSSL_PKEY_PARAM_RSA_E), try integer(OSSL_PKEY_PARAM_RSA_N)]
        case .ec(let curve): return [Array("nistp\(curve.rawValue.dropFirst())".utf8), try point()]
        case .ed25519: return [try handle.publicBytes()]
        }
    }

    private func privateParts() throws(SealingFailure) -> [SecretBytes] {
        switch algorithm {
        case .rsa:
            // The last three names are pasted together by macros, which Swift does not import.
            let names = [
                OSSL_PKEY_PARAM_RSA_N, OSSL_PKEY_PARAM_RSA_E, OSSL_PKEY_PARAM_RSA_D, "rsa-coefficient1", "rsa-factor1",
                "rsa-factor2",
            ]
            var parts: [SecretBytes] = []
            for name in names { parts.append(try secretInteger(name)) }
            return parts
        case .ec:
            return try publicParts().map { SecretBytes($0) } + [try secretInteger(OSSL_PKEY_PARAM_PRIV_KEY)]
        case .ed25519:
            let publicKey = SecretBytes(try handle.publicBytes())
            let seed = try handle.privateBytes()
            return [publicKey, SecretBytes.joined(seed, publicKey)]
        }
    }

    /// A number in SSH's form: big-endian, with a zero byte in front where the highest bit is set.
    private func secretInteger(_ name: String) throws(SealingFailure) -> SecretBytes {
        var number: OpaquePointer?
        try openSSL("cannot read the key", EVP_PKEY_get_bn_param(handle.raw, name, &number))
        defer { BN_clear_free(number) }
        let bits = Int(BN_num_bits(number))
        return SecretBytes(count: bits / 8 + 1) { out in
            _ = BN_bn2binpad(number, out.bindMemory(to: UInt8.self).baseAddress, Int32(out.count))
        }
    }

    private func integer(_ name: String) throws(SealingFailure) -> [UInt8] { try secretInteger(name).revealBytes() }

    private func point() throws(SealingFailure) -> [UInt8] {
        var point = [UInt8](repeating: 0, count: 133)
        var count = 0
        let status = EVP_PKEY_get_octet_string_param(
            handle.raw, OSSL_PKEY_PARAM_PUB_KEY, &point, point.count, &count)
        try openSSL("cannot read the key", status)
        return Array(point[..<count])
    }

    private static func armor(_ file: [UInt8]) -> SecretBytes {
        var text = Array("-----BEGIN OPENSSH PRIVATE KEY-----\n".utf8)
        text.reserveCapacity(file.count * 2)
        var letters = file.withUnsafeBytes { Base64.encode($0, padded: true) }
        defer { letters.withUnsafeMutableBytes { explicitZero($0) } }
        for start in stride(from: 0, to: letters.count, by: 70) {
            text.append(contentsOf: letters[start..<min(start + 70, letters.count)])
            text.append(UInt8(ascii: "\n"))
        }
        text.append(contentsOf: "-----END OPENSSH PRIVATE KEY-----\n".utf8)
        return SecretBytes(consuming: &text)
    }
}

/// RFC 4251, section 5.
private enum SSHWriter {
    static func put(_ number: UInt32, to out: inout [UInt8]) {
        withUnsafeBytes(of: number.bigEndian) { out.append(contentsOf: $0) }
    }

    static func put(_ text: [UInt8], to out: inout [UInt8]) { text.withUnsafeBytes { put($0, to: &out) } }

    static func put(_ text: UnsafeRawBufferPointer, to out: inout [UInt8]) {
        put(UInt32(text.count), to: &out)
        out.append(contentsOf: text)
    }
}

extension SecretBytes {
    fileprivate static func joined(_ a: SecretBytes, _ b: SecretBytes) -> SecretBytes {
        SecretBytes(count: a.count + b.count) { out in
            a.withUnsafeBytes { out.copyMemory(from: $0) }
            b.withUnsafeBytes { UnsafeMutableRawBufferPointer(rebasing: out[a.count...]).copyMemory(from: $0) }
        }
    }
}
