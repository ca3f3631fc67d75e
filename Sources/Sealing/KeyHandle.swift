internal import COpenSSL

/// Sole owner of one `EVP_PKEY`. OpenSSL's keys are immutable once made, and safe to use from many threads.
final class KeyHandle: Sendable {
    // Never changed between `init` and `deinit`; see above.
    nonisolated(unsafe) let raw: OpaquePointer

    init(adopting raw: OpaquePointer?, _ what: String) throws(SealingFailure) {
        guard let raw else { throw .native(what) }
        self.raw = raw
    }

    deinit { EVP_PKEY_free(raw) }
}

/// Keys that are 32 raw bytes.
extension KeyHandle {
    static func generated(_ type: Int32) throws(SealingFailure) -> KeyHandle {
        guard let context = EVP_PKEY_CTX_new_id(type, nil) else { throw .native("cannot generate a key") }
        defer { EVP_PKEY_CTX_free(context) }
        var raw: OpaquePointer?
        guard EVP_PKEY_keygen_init(context) == 1, EVP_PKEY_keygen(context, &raw) == 1 else {
            throw .native("cannot generate a key")
        }
        return try KeyHandle(adopting: raw, "cannot generate a key")
    }

    static func privateKey(_ type: Int32, _ bytes: SecretBytes) throws(SealingFailure) -> KeyHandle {
        guard bytes.count == 32 else { throw SealingFailure(.invalidKey, "a private key has 32 bytes") }
        let raw = bytes.withUnsafeBytes {
            EVP_PKEY_new_raw_private_key(type, nil, $0.bindMemory(to: UInt8.self).baseAddress, $0.count)
        }
        return try KeyHandle(adopting: raw, "cannot read the private key")
    }

    static func publicKey(_ type: Int32, _ bytes: UnsafeRawBufferPointer) throws(SealingFailure) -> KeyHandle {
        guard bytes.count == 32 else { throw SealingFailure(.invalidKey, "a public key has 32 bytes") }
        let bytes = bytes.bindMemory(to: UInt8.self)
        return try KeyHandle(
            adopting: EVP_PKEY_new_raw_public_key(type, nil, bytes.baseAddress, bytes.count),
            "cannot read the public key")
    }

    func publicBytes() throws(SealingFailure) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 32)
        var count = bytes.count
        try openSSL("cannot read the public key", EVP_PKEY_get_raw_public_key(raw, &bytes, &count))
        return bytes
    }

    func privateBytes() throws(SealingFailure) -> SecretBytes {
        try SecretBytes(count: 32) { (out) throws(SealingFailure) in
            var count = out.count
            let status = EVP_PKEY_get_raw_private_key(raw, out.bindMemory(to: UInt8.self).baseAddress, &count)
            try openSSL("cannot read the private key", status)
        }
    }
}
