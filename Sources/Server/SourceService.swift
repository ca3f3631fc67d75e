internal import HTTPTypes
internal import Hummingbird
internal import NIOCore
package import ResealCore
package import ResealSealing

/// What CI may ask of a source: the plan of a commit, and whether one was applied. No answer holds a value.
package struct SourceService: Sendable {
    package struct Answer: Sendable {
        package var status: Int
        package var document: JSON

        package init(_ status: Int, _ document: JSON) {
            self.status = status
            self.document = document
        }
    }

    /// By the name of the source, what proves that somebody may ask.
    package var tokens: [String: SecretBytes]
    /// Given a source, the body of the request, and the address that it came from.
    package var plan: @Sendable (String, JSON, String) async -> Answer
    /// Given a source and a commit.
    package var applied: @Sendable (String, String) async -> Answer

    package init(
        tokens: [String: SecretBytes], plan: @escaping @Sendable (String, JSON, String) async -> Answer,
        applied: @escaping @Sendable (String, String) async -> Answer
    ) {
        self.tokens = tokens
        self.plan = plan
        self.applied = applied
    }

    private static let longestBody = 1 << 16

    // MARK: Routes

    func addRoutes(to router: Router<ControllerContext>) {
        router.post("v1/sources/{source}/plan") { request, context -> Response in
            let source = context.parameters.get("source") ?? ""
            guard isAllowed(request, source) else { return Self.refused }
            guard let body = try? await BodyReader.read(request.body, upTo: Self.longestBody),
                let json = try? JSON(parsing: body), json.objectValue != nil
            else { return Self.response(Self.failure(400, "request.invalid", "the body is no JSON object")) }
            return Self.response(await plan(source, json, context.address))
        }
        router.get("v1/sources/{source}/applied") { request, context -> Response in
            let source = context.parameters.get("source") ?? ""
            guard isAllowed(request, source) else { return Self.refused }
            guard let commit = request.uri.queryParameters.get("commit") else {
                return Self.response(Self.failure(400, "request.invalid", "the query has no `commit`"))
            }
            return Self.response(await applied(source, commit))
        }
    }

    /// A source that there is not, and one without a token, are answered like a wrong token.
    private func isAllowed(_ request: Request, _ source: String) -> Bool {
        guard let token = tokens[source], let header = request.headers[.authorization],
            header.prefix(7).lowercased() == "bearer "
        else { return false }
        return SecretBytes(utf8: String(header.dropFirst(7))).isEqual(to: token)
    }

    /// The form that failures of commands have with `--json`.
    package static func failure(_ status: Int, _ code: String, _ message: String) -> Answer {
        Answer(status, ["error": ["code": .string(code), "message": .string(message), "hint": .null]])
    }

    private static var refused: Response {
        var response = response(failure(401, "request.unauthorized", "the token is not the one of this source"))
        response.headers[.wwwAuthenticate] = "Bearer"
        return response
    }

    private static func response(_ answer: Answer) -> Response {
        var headers: HTTPFields = [.contentType: "application/json"]
        if answer.status == 429 { headers[.retryAfter] = "5" }
        return Response(
            status: .init(code: answer.status), headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(string: answer.document.canonical + "\n")))
    }
}
