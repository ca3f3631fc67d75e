internal import ResealCore
internal import ResealHTTP
internal import ResealSealing

/// Sends requests to one server, again where that can do no harm.
struct Transport: Sendable {
    private static let firstPause = Duration.milliseconds(200)
    /// A server that asks for more patience is not waited for.
    private static let longestPause = Duration.seconds(30)

    let base: WebAddress
    let token: SecretBytes
    let client: WebClient
    let attempts: Int

    /// - Parameters:
    ///   - path: below `/v1/`.
    ///   - isRepeatable: whether doing it twice is as good as once.
    func send(
        _ method: String, _ path: String, _ body: WebRequest.Body = .none, headers: [(String, String)] = [],
        isRepeatable: Bool
    ) async throws(ClientFailure) -> WebResponse {
        var attempt = 1
        while true {
            let pause: Duration
            do {
                let response = try await once(method, path, body, headers)
                guard !response.head.isSuccess, response.status != 304 else { return response }
                let failure = Self.failure(response, at: base.place)
                guard attempt < attempts, let wait = Self.wait(response, attempt) else { throw failure }
                pause = wait
            } catch let failure as HTTPFailure {
                let isHarmless = failure.kind == .unreachable || isRepeatable
                guard attempt < attempts, isHarmless, failure.retry == .later, failure.kind != .cancelled else {
                    throw ClientFailure(failure)
                }
                pause = Self.growing(attempt)
            } catch {
                throw ClientFailure(UnexpectedFailure.wrapping(error))
            }
            attempt += 1
            do { try await Task.sleep(for: pause) } catch {
                throw ClientFailure("http.cancelled", "the request to \(base.place) was given up")
            }
        }
    }

    private func once(
        _ method: String, _ path: String, _ body: WebRequest.Body, _ headers: [(String, String)]
    ) async throws -> WebResponse {
        var fields = [(name: "accept", value: "application/json")]
        if !token.isEmpty { fields.append(("authorization", "Bearer \(token.revealText() ?? "")")) }
        if case .none = body {} else { fields.append(("content-type", "application/json")) }
        fields += headers.map { (name: $0.0, value: $0.1) }
        return try await client.send(
            WebRequest(method, try base.appending("v1/\(path)"), headers: fields, body: body))
    }

    /// A server that says so has done nothing, whatever was asked; `nil` for every other answer.
    private static func wait(_ response: WebResponse, _ attempt: Int) -> Duration? {
        guard response.status == 429 || response.status == 503 else { return nil }
        guard let text = response.head.header("retry-after"), let seconds = Int64(text) else { return growing(attempt) }
        let wait = Duration.seconds(max(0, seconds))
        return wait <= longestPause ? wait : nil
    }

    /// Twice as long each time, and never at the same moment as other clients.
    private static func growing(_ attempt: Int) -> Duration {
        let longest = min(firstPause * (1 << min(attempt, 10)), longestPause)
        return longest * Double.random(in: 0.5...1)
    }

    private static func failure(_ response: WebResponse, at place: String) -> ClientFailure {
        let json = response.body.withUnsafeBytes { try? JSON(parsing: $0) }
        guard let error = json?["error"], let failure = ClientFailure(error, status: response.status) else {
            return .answer(place)
        }
        return failure
    }
}

extension ClientFailure {
    /// `{"code", "message", "hint"?}`; `nil` for another document, and for a code that could not be one.
    init?(_ json: JSON, status: Int) {
        guard let code = json["code"]?.stringValue, code.utf8.allSatisfy(Self.isOfCode),
            let message = json["message"]?.stringValue
        else { return nil }
        self.init(code, message, hint: json["hint"]?.stringValue, isTemporary: status == 429 || status == 503)
    }
    private static func isOfCode(_ byte: UInt8) -> Bool {
        (97...122).contains(byte) || (48...57).contains(byte) || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-")
    }
}
