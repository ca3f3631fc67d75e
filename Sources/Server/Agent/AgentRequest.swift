internal import ResealCore
internal import ResealHTTP
internal import ResealVault

/// What an agent asks its server for a program of its machine. Equal ones have the same answer.
struct AgentRequest: Hashable, Sendable {
    let method: String
    /// Below `v1/`, encoded, with its query.
    let path: String
    /// Canonical JSON; empty for none.
    var body: [UInt8] = []
    /// In which namespace of Vault's; `nil` for the token's own.
    var namespace: String?
    /// Whose values the answer holds.
    var names: Set<String> = []
    let dialect: APIDialect
}

/// What becomes of a request of a program.
enum AgentRoute {
    /// Answered by the agent, in the server's place.
    case answer(APIReply)
    /// Asked, and the answer is kept.
    case kept(AgentRequest)
    /// Asked each time.
    case passed(AgentRequest)
    /// As ``kept(_:)``, once the body is read.
    case batch

    /// - Parameter version: of the program.
    /// - Throws: ``ServiceFailure`` or ``NameFailure`` for what the server would not understand either.
    init(_ request: APIRequest, version: String, now: Timestamp) throws {
        // Whoever asks for a wrapped answer must not get it in the clear.
        guard request.header("x-vault-wrap-ttl") == nil else {
            throw ServiceFailure(.badRequest, "the agent wraps no answers: ask the server")
        }
        guard request.namespace.map({ ResourceName.organizationProblem($0) == nil }) ?? true else {
            throw ServiceFailure(.badRequest, "there is no such namespace")
        }
        if let own = SystemRoutes.open(request, version: version, now: now) {
            self = .answer(own)
        } else if let route = try Self.reading(request) {
            self = route
        } else {
            self = .answer(Self.refusal(request))
        }
    }

    /// `nil` for what is no read.
    private static func reading(_ request: APIRequest) throws -> AgentRoute? {
        let path = request.path
        switch request.verb {
        case .read:
            if let name = path.below("reseal/secrets") {
                return .kept(try value(request, "reseal/secrets", name, parameters: ["version", "field"]))
            }
            if let name = path.below("secret/data") {
                return .kept(try value(request, "secret/data", name, parameters: ["version"]))
            }
            // What stands behind the mount makes no difference to the answer.
            if let mount = path.below("sys/internal/ui/mounts"), mount == "secret" || mount.hasPrefix("secret/") {
                return .kept(plain(request, "sys/internal/ui/mounts/secret"))
            }
            guard isPassed(path) else { return nil }
            return .passed(plain(request, try encoded(path, request.query)))
        case .write where request.method == "POST" && path == "reseal/read": return .batch
        case .list, .scan:
            guard path.below("secret/metadata") != nil || path == "secret/metadata" else { return nil }
            var query = request.query
            query[request.verb == .list ? "list" : "scan"] = "true"
            return .passed(plain(request, try encoded(path, query)))
        default: return nil
        }
    }

    private static func isPassed(_ path: String) -> Bool {
        ["reseal/secrets", "reseal/whoami", "reseal/status"].contains(path)
            || ["reseal/versions", "secret/metadata", "secret/subkeys", "sys/internal/ui/mounts"].contains {
                path.below($0) != nil
            }
    }

    private static func plain(_ request: APIRequest, _ path: String) -> AgentRequest {
        AgentRequest(method: "GET", path: path, namespace: request.namespace, dialect: request.dialect)
    }

    private static func value(
        _ request: APIRequest, _ folder: String, _ name: String, parameters: Set<String>
    ) throws -> AgentRequest {
        let id = try SecretID(validating: name)
        if let stranger = request.query.keys.sorted().first(where: { !parameters.contains($0) }) {
            throw ServiceFailure(.badRequest, "there is no parameter `\(stranger.prefix(80))` here")
        }
        var asked = plain(request, try encoded("\(folder)/\(id.name)", request.query))
        asked.names = [id.name]
        return asked
    }

    /// A path that leads where it says, and nowhere else.
    private static func encoded(_ path: String, _ query: [String: String]) throws -> String {
        let segments = path.split(separator: "/", omittingEmptySubsequences: false)
        guard !segments.contains(where: { $0 == "." || $0 == ".." }) else {
            throw ServiceFailure(.badRequest, "there is no such path")
        }
        let text = segments.map { PercentEncoding.encode(String($0)) }.joined(separator: "/")
        let pairs = query.sorted { $0.key < $1.key }.map {
            "\(PercentEncoding.encode($0.key))=\(PercentEncoding.encode($0.value))"
        }
        return pairs.isEmpty ? text : "\(text)?\(pairs.joined(separator: "&"))"
    }

    /// Several secrets at once, kept as the one answer that they are.
    static func batch(_ request: APIRequest) throws -> AgentRequest {
        let members = try request.members()
        let wanted = try BatchRequest(members, organization: SecretID.defaultOrganization)
        return AgentRequest(
            method: "POST", path: "reseal/read", body: JSON.object(members).canonicalBytes,
            namespace: request.namespace, names: Set(wanted.references.map(\.id.name)), dialect: request.dialect)
    }

    private static func refusal(_ request: APIRequest) -> APIReply {
        request.dialect.refusal(
            405, "agent.read-only", "the agent only answers reads of secrets: ask the server for everything else",
            hint: "write for example with `reseal set --server https://…`")
    }
}
