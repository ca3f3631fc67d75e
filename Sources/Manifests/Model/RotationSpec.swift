package import ResealCore

/// How a secret's value is renewed.
package struct RotationSpec: Sendable, Hashable {
    /// Age at which the value is rotated; `nil`: only when asked.
    package var every: TimeSpan?
    package var window: RotationWindow?
    package var splay: TimeSpan?
    package var generate: GeneratorSpec?
    package var handler: HandlerSpec?
    /// Names of Notifiers.
    package var notify: [String] = []
    package var span: SourceSpan
}

/// Times at which a rotation may begin.
package struct RotationWindow: Sendable, Hashable {
    package let opens: CronExpression
    package let duration: TimeSpan
}

/// How a new value is made.
package struct GeneratorSpec: Sendable, Hashable {
    package enum KeyKind: String, Sendable { case rsa, ec, ed25519 }

    package enum Kind: Sendable, Hashable {
        /// `symbols` come on top of letters and digits, `exclude` is taken away.
        case password(length: Int, symbols: String, exclude: String)
        case bytes(length: Int, encoding: String)
        case uuid
        case passphrase(words: Int, separator: String)
        case ssh(algorithm: String, bits: Int, comment: String)
        case key(KeyKind, bits: Int, curve: String)
        case x509(CertificateRequest)
    }

    package struct CertificateRequest: Sendable, Hashable {
        package let commonName: String
        package let dnsNames: [String]
        package let ipAddresses: [String]
        package let validity: TimeSpan
        package let key: KeyKind
        package let bits: Int
        package let curve: String
        /// Secret of the issuing CA; self-signed without one.
        package let issuer: String?
    }

    package let kind: Kind
    /// The word of the manifest, such as `password`.
    package let name: String
    /// Field that receives the new value; `nil`: the only one.
    package let field: FieldPath?
    package let publicField: FieldPath?
    package let certificateField: FieldPath?
    /// Field for a certification request that another authority signs.
    package let csrField: FieldPath?

    /// Fields that receive what is public of the new value.
    package var publicFields: [FieldPath] { [publicField, certificateField, csrField].compactMap { $0 } }

    /// True for an X.509 key whose certificate, or request for one, would go nowhere.
    package var lacksCertificateField: Bool {
        if case .x509 = kind { certificateField == nil && csrField == nil } else { false }
    }
}

/// Where a new value takes effect before it becomes current.
package enum HandlerSpec: Sendable, Hashable {
    case postgresql(connection: String, role: String, alternateRole: String?)
    case exec(command: String, timeout: TimeSpan)
    case http(connection: String, path: String, method: String, timeout: TimeSpan)
    case oauth(connection: String, scopes: [String])
}
