internal import ResealCore
internal import ResealHTTP
internal import ResealSealing

/// The server that an agent asks for others.
struct Upstream: Sendable {
    /// What became of a question.
    enum Outcome: Sendable {
        case answer(SecretBytes, tag: String?, generation: Int)
        /// There is nothing newer than what the question's tag names.
        case unchanged(generation: Int)
        /// There is nothing, or nothing for this token. What was kept of it is wrong now.
        case refused(APIReply)
        /// Another answer, which says nothing of what is kept.
        case other(APIReply)
        /// The server could not be asked, or cannot answer.
        case unavailable(Unavailable)
    }

    enum Unavailable: Sendable {
        /// There was no answer; the code says what happened on the way.
        case lost(code: String)
        /// It answered that it cannot, and did so fast.
        case busy(retryAfter: String?)
    }

    let base: WebAddress
    let client: WebClient
    let token: AgentToken

    /// - Parameter tag: of the answer that is known already.
    func ask(_ request: AgentRequest, knowing tag: String? = nil) async -> Outcome {
        let used = token.current
        let outcome = await send(request, used, tag)
        // Somebody may have put another token into its place just now.
        guard case .refused(let reply) = outcome, reply.status == 401 || reply.status == 403 else { return outcome }
        let isOther = await token.reload() || token.current.generation != used.generation
        return isOther ? await send(request, token.current, nil) : outcome
    }

    private func send(_ request: AgentRequest, _ token: AgentToken.Current, _ tag: String?) async -> Outcome {
        do {
            let response: WebResponse
            do {
                response = try await once(request, token, tag)
            } catch let failure as HTTPFailure where failure.kind == .connectionLost {
                // Most likely one that the server ended while nobody used it. Reading twice does no harm.
                response = try await once(request, token, tag)
            }
            return judge(response, of: request, token.generation)
        } catch {
            return .unavailable(.lost(code: UnexpectedFailure.wrapping(error).code))
        }
    }

    private func once(
        _ request: AgentRequest, _ token: AgentToken.Current, _ tag: String?
    ) async throws -> WebResponse {
        var headers = [
            (name: "authorization", value: "Bearer \(token.text.revealText() ?? "")"), ("accept", "application/json"),
            ("user-agent", "reseal-agent"),
        ]
        if !request.body.isEmpty { headers.append(("content-type", "application/json")) }
        if let namespace = request.namespace { headers.append(("x-vault-namespace", namespace)) }
        if let tag { headers.append(("if-none-match", tag)) }
        return try await client.send(
            WebRequest(
                request.method, try base.appending("v1/\(request.path)"), headers: headers,
                body: request.body.isEmpty ? .none : .bytes(request.body)))
    }

    private func judge(_ response: WebResponse, of request: AgentRequest, _ generation: Int) -> Outcome {
        let busy = Unavailable.busy(retryAfter: response.head.header("retry-after"))
        func reply() -> APIReply { APIReply(response.status, body: response.body.isEmpty ? nil : response.body) }
        switch response.status {
        case 200: return .answer(response.body, tag: response.head.header("etag"), generation: generation)
        case 304: return .unchanged(generation: generation)
        case 401, 403, 404, 410:
            // What stands in front of a server that is down may say the like.
            return Self.isOurs(response.body) ? .refused(reply()) : .unavailable(busy)
        case 400..<500 where ![408, 425, 429].contains(response.status): return .other(reply())
        default: return .unavailable(busy)
        }
    }

    /// True for an answer of a server of secrets, in either of its dialects.
    private static func isOurs(_ body: SecretBytes) -> Bool {
        guard let members = body.withUnsafeBytes({ try? JSON(parsing: $0) })?.objectValue else { return false }
        return members["error"] != nil || members["errors"] != nil || members["data"] != nil
    }
}
