public import ResealCore

/// Who asks, from where, for one action.
public struct ActionContext: Sendable {
    /// Who the action is attributed to.
    public let principal: Principal
    /// `local`, or the address of a remote caller.
    public let source: String
    /// The calling program.
    public let userAgent: String
    /// Names one request in all records that it leaves.
    public let requestID: String
    /// What stands in the detail of each record besides: the accessor of the token that was shown. Empty for none.
    package let credential: String

    /// A context; `requestID` is random unless given.
    public init(
        principal: Principal, source: String = "local", userAgent: String = "", requestID: String? = nil
    ) {
        self.init(
            principal: principal, source: source, userAgent: userAgent,
            requestID: requestID ?? String(UInt64.random(in: 0 ... .max), radix: 36), credential: "")
    }

    package init(
        principal: Principal, source: String, userAgent: String, requestID: String, credential: String
    ) {
        self.principal = principal
        self.source = source
        self.userAgent = userAgent
        self.requestID = requestID
        self.credential = credential
    }
}
