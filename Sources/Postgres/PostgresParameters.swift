package import ResealSealing

/// Where a server is, and as whom to log in. Nothing of it is taken from `PG…` variables, service files or `.pgpass`.
package struct PostgresParameters: Sendable {
    /// How the connection is protected, by libpq's names.
    package enum TLS: String, Sendable, CaseIterable {
        /// Certificate and host name are checked.
        case verifyFull = "verify-full"
        /// The certificate is checked, not the name in it.
        case verifyCA = "verify-ca"
        /// Encrypted, with whoever answers.
        case require
        case disable
    }

    /// A name or address, or a folder with the server's socket.
    package var host: String
    package var port: Int
    package var database: String
    package var user: String
    package var password: SecretBytes
    package var tls: TLS
    /// Certificates of authorities, PEM; the system's by default.
    package var authorityFile: String?

    package init(
        host: String, port: Int = 5432, database: String, user: String, password: SecretBytes,
        tls: TLS = .verifyFull, authorityFile: String? = nil
    ) {
        self.host = host
        self.port = port
        self.database = database
        self.user = user
        self.password = password
        self.tls = tls
        self.authorityFile = authorityFile
    }

    /// Where Debian, and most systems, keep the authorities.
    static let systemAuthorities = "/etc/ssl/certs/ca-certificates.crt"

    /// For libpq, without the password.
    var keywords: [(String, String)] {
        [
            ("host", host), ("port", String(port)), ("dbname", database), ("user", user),
            ("sslmode", host.hasPrefix("/") ? "disable" : tls.rawValue),
            ("sslrootcert", authorityFile ?? Self.systemAuthorities), ("gssencmode", "disable"),
            // A server that answers, but is a standby, could not alter anything.
            ("target_session_attrs", "any"), ("passfile", "/dev/null"), ("client_encoding", "UTF8"),
            ("application_name", "reseal"),
        ]
    }
}
