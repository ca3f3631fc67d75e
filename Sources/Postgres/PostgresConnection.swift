internal import CLibPQ
internal import Glibc
internal import ResealCore
package import ResealSealing

/// One connection to a PostgreSQL server, for one thread. Calls block until the deadline, never longer, except while the
/// system looks a host name up.
package final class PostgresConnection {
    private let raw: OpaquePointer
    private let deadline: ContinuousClock.Instant

    /// Connects and logs in.
    ///
    /// - Parameter deadline: for this and everything that is done with the connection.
    package init(_ parameters: PostgresParameters, until deadline: ContinuousClock.Instant) throws {
        // libpq takes C strings and copies them; ours are zeroed at once.
        guard let raw = Self.start(parameters) else {
            throw PostgresFailure(.unreachable, "no memory for a connection")
        }
        self.raw = raw
        self.deadline = deadline
        reseal_silence(raw)
        // Codes instead of texts, which may be in any language and hold anything.
        PQsetErrorVerbosity(raw, PQERRORS_SQLSTATE)
        try logIn(parameters)
    }

    deinit { PQfinish(raw) }

    private static func start(_ parameters: PostgresParameters) -> OpaquePointer? {
        let pairs = parameters.keywords
        let secret = parameters.password.withUnsafeBytes { bytes in
            let text = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count + 1)
            for (i, byte) in bytes.enumerated() { text[i] = CChar(bitPattern: byte) }
            text[bytes.count] = 0
            return text
        }
        defer {
            explicit_bzero(secret, parameters.password.count + 1)
            secret.deallocate()
        }
        let names = (pairs.map(\.0) + ["password"]).map { strdup($0) }
        let texts = pairs.map { strdup($0.1) }
        defer { for text in names + texts { free(text) } }
        let keywords: [UnsafePointer<CChar>?] = names.map { UnsafePointer($0) } + [nil]
        let values: [UnsafePointer<CChar>?] = texts.map { UnsafePointer($0) } + [UnsafePointer(secret), nil]
        return PQconnectStartParams(keywords, values, 0)
    }

    private func logIn(_ parameters: PostgresParameters) throws {
        let place = parameters.host.hasPrefix("/") ? parameters.host : "\(parameters.host):\(parameters.port)"
        var state = PGRES_POLLING_WRITING
        while PQstatus(raw) != CONNECTION_BAD, state != PGRES_POLLING_OK, state != PGRES_POLLING_FAILED {
            guard wait(for: state == PGRES_POLLING_READING ? POLLIN : POLLOUT) else {
                throw PostgresFailure(
                    .timeout, "the database server at \(place) did not let us in within the time limit",
                    hint: "check the endpoint's host and port, and the network between")
            }
            state = PQconnectPoll(raw)
        }
        guard state == PGRES_POLLING_OK else { throw loginFailure(parameters, place) }
    }

    private func loginFailure(_ parameters: PostgresParameters, _ place: String) -> PostgresFailure {
        let sqlState = Self.sqlState(atEndOf: PQerrorMessage(raw).map { String(cString: $0) } ?? "")
        guard let sqlState else {
            return PostgresFailure(
                .unreachable, "cannot connect to the database server at \(place)",
                hint: "check the endpoint's host, port and TLS (\(parameters.tls.rawValue)), and that the server runs")
        }
        let isRefusal = sqlState.hasPrefix("28") || sqlState == "3D000" || sqlState == "42501"
        return PostgresFailure(
            isRefusal ? .loginRefused : .unreachable,
            "the database server at \(place) does not let `\(parameters.user)` in "
                + "(SQLSTATE \(sqlState): \(PostgresFailure.meaning(of: sqlState)))", sqlState: sqlState)
    }

    /// With `PQERRORS_SQLSTATE`, what the server says ends in its code: `FATAL:  28P01`.
    private static func sqlState(atEndOf message: String) -> String? {
        guard let last = message.split(whereSeparator: { $0.isWhitespace }).last, last.utf8.count == 5,
            last.utf8.allSatisfy({ (48...57).contains($0) || (65...90).contains($0) }),
            last.utf8.contains(where: { (48...57).contains($0) })
        else { return nil }
        return String(last)
    }

    /// True when the server asked for the password. One that does not would let any password in.
    package var usedPassword: Bool { PQconnectionUsedPassword(raw) == 1 }

    // MARK: Roles

    /// Sets a role's password. What travels, and what the server could log, is a SCRAM verifier, from which the password
    /// cannot be computed.
    package func setPassword(_ password: SecretBytes, of role: String) throws {
        let verifier = try verifier(of: password, for: role)
        defer { explicit_bzero(verifier, strlen(verifier)); PQfreemem(verifier) }
        try alter(role, password: String(cString: verifier))
    }

    /// Takes the password away, so that nobody logs in with one.
    package func removePassword(of role: String) throws { try alter(role, password: nil) }

    private func verifier(of password: SecretBytes, for role: String) throws -> UnsafeMutablePointer<CChar> {
        let made = password.withUnsafeBytes { bytes -> UnsafeMutablePointer<CChar>? in
            withUnsafeTemporaryAllocation(of: CChar.self, capacity: bytes.count + 1) { text in
                for (i, byte) in bytes.enumerated() { text[i] = CChar(bitPattern: byte) }
                text[bytes.count] = 0
                defer { if let base = text.baseAddress { explicit_bzero(base, text.count) } }
                return PQencryptPasswordConn(raw, text.baseAddress, role, "scram-sha-256")
            }
        }
        guard let made else { throw PostgresFailure(.refused, "cannot compute a SCRAM verifier") }
        return made
    }

    /// No parameters are allowed in this statement, so both parts are quoted by libpq.
    private func alter(_ role: String, password: String?) throws {
        guard let name = PQescapeIdentifier(raw, role, role.utf8.count) else {
            throw PostgresFailure(.refused, "the role's name cannot be quoted")
        }
        defer { PQfreemem(name) }
        let new: String
        if let password {
            guard let literal = PQescapeLiteral(raw, password, password.utf8.count) else {
                throw PostgresFailure(.refused, "the verifier cannot be quoted")
            }
            defer { PQfreemem(literal) }
            new = String(cString: literal)
        } else {
            new = "NULL"
        }
        try run("ALTER ROLE \(String(cString: name)) PASSWORD \(new)", for: "alter the role `\(role)`")
    }

    /// - Parameter purpose: completes "the server refuses to".
    private func run(_ statement: String, for purpose: String) throws {
        guard PQsendQuery(raw, statement) == 1 else {
            throw PostgresFailure(.unreachable, "the connection to the database server broke")
        }
        while PQisBusy(raw) == 1 {
            guard wait(for: POLLIN) else {
                throw PostgresFailure(.timeout, "the database server did not answer within the time limit")
            }
            guard PQconsumeInput(raw) == 1 else {
                throw PostgresFailure(.unreachable, "the connection to the database server broke")
            }
        }
        var failure: PostgresFailure?
        while let result = PQgetResult(raw) {
            defer { PQclear(result) }
            if PQresultStatus(result) == PGRES_COMMAND_OK { continue }
            let sqlState = reseal_sqlstate(result).map { String(cString: $0) } ?? "unknown"
            failure = PostgresFailure(
                .refused,
                "the database server refuses to \(purpose) (SQLSTATE \(sqlState): "
                    + "\(PostgresFailure.meaning(of: sqlState)))", sqlState: sqlState)
        }
        if let failure { throw failure }
    }

    /// False when the deadline passes first.
    private func wait(for event: Int32) -> Bool {
        while true {
            let left = max(.zero, deadline - .now) / .milliseconds(1)
            var item = pollfd(fd: PQsocket(raw), events: Int16(event), revents: 0)
            let count = poll(&item, 1, Int32(min(left.rounded(.up), 1e9)))
            if count > 0 { return true }
            if ContinuousClock.now >= deadline { return false }
            if count < 0, errno != EINTR { return false }
        }
    }
}
