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

    package init(_ token: TokenRecord, _ caller: Caller) {
        self.token = token
        context = ActionContext(
            principal: token.principal, source: caller.address, userAgent: caller.userAgent,
            requestID: caller.requestID, credential: AuditCredential(token).text)
    }

    /// Judges one action: the token's scope first, then what the manifests or the settings say.
    func mayDo(_ action: AccessAction, _ rules: AccessRules) -> Bool {
        guard token.organization == rules.key.organization, token.scope.permits(action, rules.key.name) else {
            return false
        }
        return token.isBreakGlass || AccessJudge.allows(token.asker, action, rules)
    }
}
