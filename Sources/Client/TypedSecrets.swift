public import ResealCore
public import ResealSealing
public import ResealWire

/// A secret with fields of known names. Conform types of your own to read them with
/// ``SecretClient/get(_:as:version:cache:)``.
public protocol TypedSecret: Sendable {
    /// Throws ``ClientFailure`` of the code `client.field` where a field is missing or is of another kind.
    init(_ value: SecretValue) throws
}

extension SecretValue {
    /// A field that must be there.
    public func required(_ name: String) throws -> SecretBytes {
        guard let bytes = optional(name) else {
            throw ClientFailure(
                "client.field", "the value has no field `\(name)`", hint: "read it without a type to see what it has")
        }
        return bytes
    }

    /// A field that may be missing.
    public func optional(_ name: String) -> SecretBytes? { leaf(named: name)?.bytes }

    /// A field that is no secret, as text.
    public func requiredText(_ name: String) throws -> String {
        guard let text = try required(name).revealText() else {
            throw ClientFailure("client.field", "the field `\(name)` is no text")
        }
        return text
    }
}

/// A key for somebody's API: the scalar itself, or the field `key`.
public struct APIKey: TypedSecret {
    /// The key.
    public let key: SecretBytes

    /// From a scalar, or a value with the field `key`.
    public init(_ value: SecretValue) throws {
        key = value.isScalar ? value.leaves[0].bytes : try value.required("key")
    }
}

/// A login at a database: `username` and `password`, and where it is: `host`, `port`, `database`.
public struct DatabaseCredential: TypedSecret {
    /// The name to log in with.
    public let username: String
    /// The password.
    public let password: SecretBytes
    /// The server's name or address.
    public let host: String?
    /// The server's port.
    public let port: Int?
    /// The name of the database.
    public let database: String?

    /// From a value with at least `username` and `password`.
    public init(_ value: SecretValue) throws {
        username = try value.requiredText("username")
        password = try value.required("password")
        host = value.optional("host")?.revealText()
        port = value.optional("port")?.revealText().flatMap { Int($0) }
        database = value.optional("database")?.revealText()
    }
}

/// A certificate with its private key, both in PEM, whatever their fields are called.
public struct Certificate: TypedSecret {
    /// The certificate, and what stands behind it in the same field.
    public let certificate: String
    /// The private key.
    public let privateKey: SecretBytes

    /// From a value with one field that begins like a certificate, and one that holds a private key.
    public init(_ value: SecretValue) throws {
        let leaves = value.leaves.map(\.bytes)
        let certificates = leaves.filter { $0.begins(with: "-----BEGIN CERTIFICATE-----") }
        let keys = leaves.filter { bytes in
            ["", "RSA ", "EC "].contains { bytes.begins(with: "-----BEGIN \($0)PRIVATE KEY-----") }
        }
        guard certificates.count == 1, keys.count == 1, let text = certificates[0].revealText() else {
            throw ClientFailure(
                "client.field", "the value does not hold one certificate and one private key in PEM",
                hint: "each stands in a field of its own")
        }
        certificate = text
        privateKey = keys[0]
    }
}

/// A token of OAuth 2: `access_token`, and what `reseal` keeps beside it.
public struct OAuthToken: TypedSecret {
    /// What requests carry.
    public let accessToken: SecretBytes
    /// What gets the next one.
    public let refreshToken: SecretBytes?
    /// When it ends, where that is known.
    public let expiresAt: Timestamp?

    /// From a value with at least `access_token`.
    public init(_ value: SecretValue) throws {
        accessToken = try value.required("access_token")
        refreshToken = value.optional("refresh_token")
        expiresAt = value.optional("expires_at")?.revealText().flatMap { Timestamp($0) }
    }
}

extension SecretBytes {
    fileprivate func begins(with text: String) -> Bool { withUnsafeBytes { $0.starts(with: text.utf8) } }
}
