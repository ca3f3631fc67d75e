internal import ResealCore
internal import ResealSealing
internal import ResealVault

/// One request to the API, apart from how it came.
struct APIRequest: Sendable {
    /// What is asked, whichever of its several HTTP verbs said so.
    enum Verb: Sendable { case read, write, patch, delete, list, scan }

    var verb: Verb
    /// As HTTP has it, where verbs that Vault takes for the same are told apart.
    var method: String
    /// Below `/v1/`, decoded, without a slash at its end.
    var path: String
    var query: [String: String]
    /// By lower-case name.
    var header: @Sendable (String) -> String?
    var body: [UInt8]
    var caller: Caller
    /// True when the server wants to end, so that nobody is to wait for long.
    var isEnding: @Sendable () -> Bool = { false }
    /// The certificate that the connection was made with, verified, in DER; `nil` for none.
    var clientCertificate: @Sendable () async -> [UInt8]?

    var dialect: APIDialect { APIDialect(path: path) }

    /// `X-Vault-Token`, or a bearer token.
    var token: SecretBytes? {
        if let token = header("x-vault-token") { return SecretBytes(utf8: token) }
        guard let value = header("authorization"), value.lowercased().hasPrefix("bearer ") else { return nil }
        return SecretBytes(utf8: String(value.dropFirst("bearer ".count)))
    }

    /// `X-Vault-Namespace` without slashes around it; `nil` for none.
    var namespace: String? {
        let text = header("x-vault-namespace")?.split(separator: "/").joined(separator: "/") ?? ""
        return text.isEmpty ? nil : text
    }

    /// The members of the body. An empty body has none, and neither has `null`, which the command sends for nothing.
    func members() throws(ServiceFailure) -> [String: JSON] {
        guard !body.isEmpty else { return [:] }
        switch try? JSON(parsing: body) {
        case .null?: return [:]
        case .object(let members)?: return members
        default: throw ServiceFailure(.badRequest, "the body is no JSON object")
        }
    }

    func number(_ name: String) throws(ServiceFailure) -> Int64? {
        guard let text = query[name], !text.isEmpty else { return nil }
        guard let number = Int64(text), number >= 0 else {
            throw ServiceFailure(.badRequest, "`\(name)` is no number")
        }
        return number
    }
}

/// What is sent back.
struct APIReply: Sendable {
    var status: Int
    /// `nil` for a reply without a body.
    var body: SecretBytes?
    var headers: [String: String] = [:]
    /// Of a body that comes in parts: gives the next one, and `nil` at the end.
    var parts: (@Sendable () async -> [UInt8]?)?
    /// Of the token that the body holds.
    var accessor: String?

    init(_ status: Int, body: SecretBytes? = nil, headers: [String: String] = [:], accessor: String? = nil) {
        self.status = status
        self.body = body
        self.headers = headers
        self.accessor = accessor
    }

    static let empty = APIReply(204)

    /// Server-sent events.
    static func events(_ next: @escaping @Sendable () async -> [UInt8]?) -> APIReply {
        var reply = APIReply(200, headers: ["content-type": "text/event-stream"])
        reply.parts = next
        return reply
    }

    static func document(_ status: Int, _ document: JSON) -> APIReply {
        APIReply(status, body: SecretBytes(document.canonicalBytes))
    }

    static func errors(_ status: Int, _ messages: String...) -> APIReply {
        document(status, ["errors": .array(messages.map(JSON.string))])
    }
}
