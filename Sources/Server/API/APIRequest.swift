internal import ResealCore
internal import ResealSealing
internal import ResealVault

/// One request to the API, apart from how it came.
struct APIRequest: Sendable {
    /// What is asked, whichever of its several HTTP verbs said so.
    enum Verb: Sendable { case read, write, patch, delete, list, scan }

    var verb: Verb
    /// Below `/v1/`, decoded, without a slash at its end.
    var path: String
    var query: [String: String]
    /// By lower-case name.
    var header: @Sendable (String) -> String?
    var body: [UInt8]
    var caller: Caller

    /// `X-Vault-Token`, or a bearer token.
    var token: SecretBytes? {
        if let token = header("x-vault-token") { return SecretBytes(utf8: token) }
        guard let value = header("authorization"), value.lowercased().hasPrefix("bearer ") else { return nil }
        return SecretBytes(utf8: String(value.dropFirst("bearer ".count)))
    }

    /// The members of the body. An empty body has none.
    func members() throws(ServiceFailure) -> [String: JSON] {
        guard !body.isEmpty else { return [:] }
        guard let document = try? JSON(parsing: body), case .object(let members) = document else {
            throw ServiceFailure(.badRequest, "the body is no JSON object")
        }
        return members
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

    init(_ status: Int, body: SecretBytes? = nil, headers: [String: String] = [:]) {
        self.status = status
        self.body = body
        self.headers = headers
    }

    static let empty = APIReply(204)

    static func document(_ status: Int, _ document: JSON) -> APIReply {
        APIReply(status, body: SecretBytes(document.canonicalBytes))
    }

    static func errors(_ status: Int, _ messages: String...) -> APIReply {
        document(status, ["errors": .array(messages.map(JSON.string))])
    }
}
