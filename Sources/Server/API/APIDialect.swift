internal import ResealCore
internal import ResealVault

/// Whose way of saying no a caller understands.
enum APIDialect: Sendable {
    /// `{"errors": […]}`.
    case vault
    /// `{"error": {"code", "message", "hint"?}}`.
    case native

    /// - Parameter path: below `/v1/`.
    init(path: some StringProtocol) {
        self = path == NativeRoutes.root || path.hasPrefix("\(NativeRoutes.root)/") ? .native : .vault
    }

    func refusal(_ status: Int, _ code: String, _ message: String, hint: String? = nil) -> APIReply {
        switch self {
        case .vault: .errors(status, message)
        case .native: .document(status, ["error": Self.error(code, message, hint: hint)])
        }
    }

    static func error(_ code: String, _ message: String, hint: String? = nil) -> JSON {
        var members: [String: JSON] = ["code": .string(code), "message": .string(message)]
        if let hint { members["hint"] = .string(hint) }
        return .object(members)
    }
}

/// Failures as the native API tells of them.
enum NativeFailure {
    static func reply(to failure: any UserFacingFailure) -> APIReply {
        let status = status(of: failure)
        guard status != 500, status != 503 else {
            let words = status == 503 ? "the vault cannot answer now" : "internal error"
            return APIDialect.native.refusal(status, failure.code, words)
        }
        var reply = APIDialect.native.refusal(status, failure.code, failure.message, hint: failure.hint)
        if status == 401 { reply.headers["www-authenticate"] = "Bearer" }
        return reply
    }

    /// Within an answer about several secrets.
    static func error(_ failure: any UserFacingFailure) -> JSON {
        let isOurs = status(of: failure) >= 500
        return APIDialect.error(
            failure.code, isOurs ? "internal error" : failure.message, hint: isOurs ? nil : failure.hint)
    }

    private static func status(of failure: any UserFacingFailure) -> Int {
        switch failure {
        case let failure as ServiceFailure:
            switch failure.kind {
            case .denied, .managedByGit, .protected: 403
            case .notFound: 404
            case .badRequest: 400
            case .versionMismatch: 412
            case .changesGone: 410
            }
        case let failure as TokenFailure: failure.kind == .invalid ? 401 : 400
        case is NameFailure: 400
        case let failure as VaultFailure: status(of: failure.kind)
        default: 500
        }
    }

    private static func status(of kind: VaultFailure.Kind) -> Int {
        switch kind {
        case .invalidValue: 400
        case .protected: 403
        case .fieldNotFound, .versionNotFound, .noValue, .secretNotFound: 404
        case .versionPending: 409
        case .deleted, .versionDestroyed: 410
        case .locked, .serialMoved, .diskFull, .readOnly: 503
        default: 500
        }
    }
}
