package import ResealCore
internal import ResealManifests
internal import ResealPostgres
package import ResealSealing
package import ResealVault

/// A database server of the controller's configuration, and who logs in there to alter roles.
package struct PostgreSQLTarget: Sendable {
    package var host: String
    package var port: Int
    package var tls: String
    package var authorityFile: String?
    package var database: String
    package var timeout: TimeSpan
    /// Tried one after the other: where the login that alters roles is rotated itself, either value may be the valid one.
    package var logins: [(user: String, password: SecretBytes)]

    package init(
        host: String, port: Int, tls: String, authorityFile: String?, database: String, timeout: TimeSpan,
        logins: [(user: String, password: SecretBytes)]
    ) {
        self.host = host
        self.port = port
        self.tls = tls
        self.authorityFile = authorityFile
        self.database = database
        self.timeout = timeout
        self.logins = logins
    }

    /// Words of `tls` in an endpoint.
    package static let tlsModes = PostgresParameters.TLS.allCases.map(\.rawValue)
}

/// Changes the password of a role in PostgreSQL.
///
/// With one role, the password before stops being valid when the new one is handed over. With two, rotations alternate:
/// the new value is a login of the other role, and the login before stays valid for `keepPrevious`.
package struct PostgreSQLHandler: RotationHandler {
    private let target: PostgreSQLTarget
    private let role: String
    private let alternate: String?

    package init(_ target: PostgreSQLTarget, role: String, alternate: String?) {
        self.target = target
        self.role = role
        self.alternate = alternate
    }

    package var retires: Bool { alternate != nil }

    private static let userFields = ["username", "user"]

    package func companions(of field: FieldPath, in previous: SecretValue?) throws -> [SecretValue.Leaf] {
        guard let alternate else { return [] }
        guard let user = Self.user(beside: field, in: previous) else {
            throw HandlerFailure(
                .unsuitable, "with two roles the value needs a field `username` beside `\(field)`",
                hint: "add it to the value, with the name of the role that is in use")
        }
        let next = user.bytes.isEqual(to: SecretBytes(utf8: role)) ? alternate : role
        return [SecretValue.Leaf(path: user.path, bytes: SecretBytes(utf8: next))]
    }

    private static func user(beside field: FieldPath, in value: SecretValue?) -> SecretValue.Leaf? {
        let folder = field.segments.dropLast()
        return userFields.lazy.compactMap { name in value?.leaves.first { $0.path == folder + [name] } }.first
    }

    /// The role that a value logs in as. Only the two of the manifest are ever altered.
    private func role(of value: SecretValue, _ job: RotationJob) throws -> String {
        guard let alternate else { return role }
        let name = Self.user(beside: job.field, in: value)?.bytes.revealText()
        guard let name, name == role || name == alternate else {
            throw HandlerFailure(
                .unsuitable, "the login in the value of \(job.id) is neither `\(role)` nor `\(alternate)`",
                hint: "correct the value's `username`, or the roles of the handler")
        }
        return name
    }

    // MARK: Steps

    package func handOver(_ job: RotationJob) throws {
        let role = try role(of: job.value, job)
        try administrator().setPassword(try job.fresh(), of: role)
    }

    package func verify(_ job: RotationJob) throws {
        let role = try role(of: job.value, job)
        do {
            let connection = try connect(as: role, try job.fresh())
            guard connection.usedPassword else {
                throw HandlerFailure(
                    .notVerified, "the database server does not ask `\(role)` for a password, so none can be verified",
                    hint: "let pg_hba.conf ask for scram-sha-256 from where Reseal connects")
            }
        } catch let failure as PostgresFailure where failure.kind == .loginRefused {
            throw HandlerFailure(
                .notVerified, "the new password of `\(role)` was set, but does not log in: \(failure.message)",
                hint: "the role needs LOGIN, the right to connect to `\(target.database)`, and a rule of pg_hba.conf")
        }
    }

    package func rollBack(_ job: RotationJob) throws {
        // The other role was not in use; its login before was already over.
        guard alternate == nil else { return try administrator().removePassword(of: try role(of: job.value, job)) }
        guard let former = job.former() else { return }
        try administrator().setPassword(former, of: role)
    }

    package func retire(_ job: RotationJob) throws {
        guard let alternate else { return }
        let present = try role(of: job.value, job)
        try administrator().removePassword(of: present == role ? alternate : role)
    }

    private func administrator() throws -> PostgresConnection {
        for login in target.logins.dropLast() {
            do { return try connect(as: login.user, login.password) } catch let failure as PostgresFailure
                where failure.kind == .loginRefused
            {}
        }
        guard let login = target.logins.last else {
            throw HandlerFailure(.notConfigured, "the connection has no login")
        }
        return try connect(as: login.user, login.password)
    }

    private func connect(as user: String, _ password: SecretBytes) throws -> PostgresConnection {
        try PostgresConnection(
            PostgresParameters(
                host: target.host, port: target.port, database: target.database, user: user, password: password,
                tls: PostgresParameters.TLS(rawValue: target.tls) ?? .verifyFull, authorityFile: target.authorityFile),
            until: .now + .seconds(target.timeout.seconds))
    }
}
