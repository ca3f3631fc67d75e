package import ResealCore
package import ResealSealing

/// Where the root key comes from. The vault file alone is worthless without it.
package protocol RootKeyProvider: Sendable {
    /// How to find the key again; stored in the vault in clear, so it holds nothing secret.
    var descriptor: RootKeyDescriptor { get }
    /// The 32 bytes that wrap the keyring.
    func rootKey() throws -> SecretBytes
}

/// The stored note on how the root key of a vault is made.
package enum RootKeyDescriptor: Sendable, Equatable {
    case keyFile
    case passphrase(salt: [UInt8], logN: Int)

    package var json: JSON {
        switch self {
        case .keyFile: ["provider": "key-file"]
        case .passphrase(let salt, let logN):
            ["provider": "passphrase", "salt": .string(Hex.encode(salt)), "logN": .integer(Int64(logN))]
        }
    }

    package init?(json: JSON) {
        switch json["provider"]?.stringValue {
        case "key-file": self = .keyFile
        case "passphrase":
            guard let salt = json["salt"]?.stringValue.flatMap(Hex.decode), let logN = json["logN"]?.integerValue else {
                return nil
            }
            self = .passphrase(salt: salt, logN: Int(logN))
        default: return nil
        }
    }
}

/// A root key in a file that only its owner can read: one line, `RESEAL-ROOT-KEY-1:` and 43 characters of base64.
package struct KeyFileProvider: RootKeyProvider {
    private static let prefix = "RESEAL-ROOT-KEY-1:"
    private let path: String

    package var descriptor: RootKeyDescriptor { .keyFile }

    package init(path: String) { self.path = path }

    /// Makes a fresh key file; an existing one is never touched and makes this throw.
    package static func create(at path: String) throws -> KeyFileProvider {
        let key = try SystemRandom.secret(32)
        var line = key.withUnsafeBytes { Array(prefix.utf8) + Base64.encode($0, padded: false) + [UInt8(ascii: "\n")] }
        defer { line.withUnsafeMutableBytes { explicitZero($0) } }
        try AtomicFile.write(line, to: path, mode: 0o600, replacing: false)
        return KeyFileProvider(path: path)
    }

    package func rootKey() throws -> SecretBytes {
        var line = try AtomicFile.readPrivate(path, limit: 4096)
        defer { line.withUnsafeMutableBytes { explicitZero($0) } }
        let text = line.prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
        guard text.starts(with: Self.prefix.utf8),
            var key = Base64.decode(text.dropFirst(Self.prefix.utf8.count), padded: false), key.count == 32
        else {
            throw VaultFailure(
                .wrongRootKey, "\(path) is not a root key file", hint: "restore the file that `reseal init` wrote")
        }
        return SecretBytes(consuming: &key)
    }
}

/// A root key derived from a passphrase by scrypt.
package struct PassphraseProvider: RootKeyProvider {
    /// 128 MiB and about half a second.
    package static let defaultLogN = 17
    package let descriptor: RootKeyDescriptor
    private let passphrase: SecretBytes
    private let salt: [UInt8]
    private let logN: Int

    /// For a new vault: a fresh salt. `logN` is scrypt's work factor, at least 14 outside tests.
    package init(new passphrase: SecretBytes, logN: Int = defaultLogN) throws {
        self.init(passphrase, salt: try SystemRandom.bytes(16), logN: logN)
    }

    /// For an existing vault, with what its descriptor says.
    package init(_ passphrase: SecretBytes, salt: [UInt8], logN: Int) {
        self.passphrase = passphrase
        self.salt = salt
        self.logN = logN
        descriptor = .passphrase(salt: salt, logN: logN)
    }

    package func rootKey() throws -> SecretBytes {
        try KDF.scrypt(passphrase, salt: Array("reseal/v1/root".utf8) + salt, logN: logN)
    }
}
