package import ResealCore

/// Where a request came from.
package struct Caller: Sendable {
    package let address: String
    package let userAgent: String
    package let requestID: String

    package init(address: String, userAgent: String, requestID: String) {
        self.address = address
        self.userAgent = userAgent
        self.requestID = requestID
    }

    /// Of someone who showed no valid token.
    package func context() -> ActionContext? {
        Principal("service:unauthenticated").map(context(as:))
    }

    /// Of someone who has no token yet.
    package func context(as principal: Principal) -> ActionContext {
        ActionContext(
            principal: principal, source: address, userAgent: userAgent, requestID: requestID, credential: "")
    }
}

/// A caller whose token is valid.
package struct Session: Sendable {
    package let token: TokenRecord
    package let context: ActionContext
    /// The serial of the tokens for which it is remembered that the token is valid; `nil` where that was looked up.
    let tokenSerial: Int64?

    package init(_ token: TokenRecord, _ caller: Caller) { self.init(token, caller, tokenSerial: nil) }

    init(_ token: TokenRecord, _ caller: Caller, tokenSerial: Int64?) {
        self.token = token
        self.tokenSerial = tokenSerial
        context = ActionContext(
            principal: token.principal, source: caller.address, userAgent: caller.userAgent,
            requestID: caller.requestID, credential: AuditCredential(token).text)
    }

    /// Judges one action: the token's scope first, then what the manifests or the settings say.
    func mayDo(_ action: AccessAction, _ rules: AccessRules) -> Bool {
        guard token.organization == rules.key.organization, token.scope.permits(action, rules.key.name) else {
            return false
        }
        return token.isBreakGlass || AccessJudge.judge(token.asker, action, rules).isAllowed
    }
}

extension StoreReader {
    /// Throws ``TokenFailure/Kind/invalid`` where a token was remembered that has ended since.
    func confirm(_ session: Session, at now: Timestamp) throws {
        guard let serial = session.tokenSerial, try integer(.tokenSerial) != serial else { return }
        guard try validToken(session.token.digest, at: now) != nil else {
            throw TokenFailure(.invalid, "permission denied")
        }
    }
}
