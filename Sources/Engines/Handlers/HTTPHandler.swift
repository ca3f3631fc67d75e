package import ResealCore
package import ResealHTTP
internal import ResealManifests
internal import ResealSealing
package import ResealVault

/// A server of the controller's configuration, and how requests to it are made.
package struct HTTPTarget: Sendable {
    package var address: WebAddress
    package var settings: WebSettings
    package var signature: WebhookSignature
    /// For the header `Authorization`; `nil` for none.
    package var login: WebLogin?

    package init(address: WebAddress, settings: WebSettings, signature: WebhookSignature, login: WebLogin?) {
        self.address = address
        self.settings = settings
        self.signature = signature
        self.login = login
    }
}

/// Hands values over by signed HTTP requests, one for each step.
package struct HTTPHandler: RotationHandler {
    private let target: HTTPTarget
    private let method: String
    private let clock: WallClock
    private let client: WebClient

    package init(_ target: HTTPTarget, method: String, clock: WallClock = .system) {
        self.target = target
        self.method = method
        self.clock = clock
        client = WebClient(target.settings)
    }

    package var retires: Bool { true }
    package func companions(of field: FieldPath, in previous: SecretValue?) throws -> [SecretValue.Leaf] { [] }
    package func handOver(_ job: RotationJob) throws { try run("handOver", job) }
    package func verify(_ job: RotationJob) throws { try run("verify", job) }
    package func rollBack(_ job: RotationJob) throws { try run("rollBack", job) }
    package func retire(_ job: RotationJob) throws { try run("retire", job) }

    private func run(_ operation: String, _ job: RotationJob) throws {
        let body = RotationMessage.request(operation, job)
        let id = Self.id(operation, job)
        var headers: [(name: String, value: String)] = [
            ("content-type", "application/json"), ("accept", "application/json"), ("idempotency-key", id),
        ]
        headers += try target.signature.headers(id: id, at: clock.now(), body: body)
        if let login = target.login { headers.append(("authorization", login.basic)) }
        let answer = try client.sendAndWait(
            WebRequest(method, target.address, headers: headers, body: .secret(body)))
        try judge(answer, operation, job)
    }

    /// The same for every attempt of one step, so that a receiver knows what it has done already.
    private static func id(_ operation: String, _ job: RotationJob) -> String {
        let text = "\(job.id.organization)/\(job.id.name)\0\(job.version)\0\(operation)"
        return "rot_" + Digest256(hashing: Array(text.utf8)).description.prefix(32)
    }

    /// Only an answer that is about the value itself says that the value does not work; a proxy or a wrong path says
    /// other things.
    private func judge(_ response: WebResponse, _ operation: String, _ job: RotationJob) throws {
        let answer = RotationMessage.Answer(response.body)
        if response.head.isSuccess, answer.isGood != false { return }
        let what = "the endpoint \(target.address.place) (\(operation) of \(job.id))"
        let isRefusal = response.head.isSuccess || response.status == 422
        if operation == "verify", isRefusal, !answer.isWorthRetrying {
            throw HandlerFailure(.notVerified, "\(what) says that the new value does not work" + answer.note)
        }
        if isRefusal {
            throw HandlerFailure(
                .requestFailed, "\(what) says that it failed" + answer.note,
                retry: answer.isWorthRetrying ? .later : .afterFix)
        }
        throw HandlerFailure(
            .requestFailed, "\(what) answered with status \(response.status)" + answer.note,
            hint: "it answers with 2xx; docs/rotation.md has the protocol",
            retry: response.isTemporary ? .later : .afterFix)
    }
}

extension WebResponse {
    /// The same request may be answered otherwise in a while.
    package var isTemporary: Bool { status >= 500 || [408, 425, 429].contains(status) }
}
