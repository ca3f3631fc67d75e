internal import ResealCore
internal import ResealHTTP
internal import ResealSealing

/// Asks a running controller about one of its sources.
struct ControllerClient {
    private let base: WebAddress
    private let token: SecretBytes
    private let client: WebClient

    /// A plan of a large repository takes its time, and there may be one in front of it.
    private static let patience = TimeSpan(seconds: 600)
    private static let largestAnswer = 256 << 20
    private static let pause = Duration.seconds(3)

    /// Throws ``UsageFailure`` for an address that the token would be sent to in the clear.
    init(_ server: String, source: String, tokenFile: String?, caFile: String?) throws {
        let address = try WebAddress(server)
        guard address.scheme == .https || address.isLoopback else {
            throw UsageFailure(
                "the token would be sent to \(address.place) in the clear", hint: "use the https:// address")
        }
        guard let tokenFile else {
            throw UsageFailure(
                "a controller answers only whom it knows", hint: "name the file with the plan token with --token-file")
        }
        base = try address.appending("v1/sources/\(source)")
        token = try ValueInput.firstLine(ofFile: tokenFile)
        var settings = WebSettings()
        settings.authorityFile = caFile
        settings.timeout = Self.patience
        settings.readTimeout = Self.patience
        settings.bodyLimit = Self.largestAnswer
        client = WebClient(settings)
    }

    /// The plan of what the controller's remote has under this name, as docs/plan-format.md describes it.
    func plan(of ref: String, allowsMassDeletion: Bool) async throws -> JSON {
        let order: JSON = ["ref": .string(ref), "allow_mass_deletion": .bool(allowsMassDeletion)]
        let end = ContinuousClock.now + .seconds(Self.patience.seconds)
        while true {
            do {
                return try await send("POST", base.appending("plan"), .bytes(order.canonicalBytes))
            } catch let failure as ControllerFailure where failure.isBusy && ContinuousClock.now < end {
                try await Task.sleep(for: Self.pause)
            }
        }
    }

    /// What became of a commit.
    func applied(_ commit: ObjectID) async throws -> JSON {
        try await send("GET", base.appending("applied?commit=\(commit)"), .none)
    }

    private func send(_ method: String, _ address: WebAddress, _ body: WebRequest.Body) async throws -> JSON {
        let request = WebRequest(
            method, address,
            headers: [
                ("authorization", "Bearer \(token.revealText() ?? "")"), ("content-type", "application/json"),
                ("accept", "application/json"),
            ], body: body)
        let response = try await client.send(request)
        let json = try? JSON(parsing: response.body.revealBytes())
        guard response.status == 200, let json else {
            throw ControllerFailure.read(json, status: response.status, at: address.place)
        }
        return json
    }
}

/// What a controller refuses, in its own words.
struct ControllerFailure: UserFacingFailure {
    let code: String
    let message: String
    let hint: String?
    let retry: RetryAdvice
    /// Another plan is being made.
    let isBusy: Bool

    init(code: String, _ message: String, hint: String? = nil, status: Int = 200) {
        self.code = code
        self.message = message
        self.hint = hint
        retry = status == 429 || status >= 500 ? .later : .afterFix
        isBusy = status == 429
    }

    /// With everything that was wrong with the manifests, where that was it.
    static func read(_ json: JSON?, status: Int, at place: String) -> any UserFacingFailure {
        let findings = (json?["diagnostics"]?.arrayValue ?? []).compactMap(DiagnosticView.diagnostic)
        if findings.count > 1 || findings.first?.span != nil { return DiagnosticsFailure(findings) }
        guard let error = json?["error"], let code = error["code"]?.stringValue,
            let message = error["message"]?.stringValue
        else {
            return ControllerFailure(
                code: "server.answer", "\(place) answers with status \(status), which is no answer of a controller",
                hint: "check the address", status: status)
        }
        let advice = status == 401 ? "check --source and --token-file against `plan-token-file`" : nil
        return ControllerFailure(
            code: code, message, hint: error["hint"]?.stringValue ?? advice, status: status)
    }
}
