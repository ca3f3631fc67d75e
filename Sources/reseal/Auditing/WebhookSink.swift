internal import ResealCore
internal import ResealHTTP
internal import ResealSealing
internal import ResealVault

/// Posts batches of records as one JSON array to a server.
struct WebhookSink: AuditSink {
    private let address: WebAddress
    private let client: WebClient
    private let files = BlockingPool(label: "reseal.audit-webhook", width: 1)
    private let format: AuditFormat
    private let tokenFile: String?
    private let signingKeyFile: String?

    init(
        _ address: WebAddress, _ settings: WebSettings, _ format: AuditFormat, tokenFile: String?,
        signingKeyFile: String?
    ) {
        self.address = address
        client = WebClient(settings)
        self.format = format
        self.tokenFile = tokenFile
        self.signingKeyFile = signingKeyFile
    }

    func send(_ records: [AuditRecord]) async throws {
        guard let first = records.first, let last = records.last else { return }
        let body = SecretBytes(JSON.array(records.map(format.document)).canonicalBytes)
        // The same for every attempt at these records.
        let id = "audit_\(first.sequence)_\(last.sequence)_\(last.hash.description.prefix(16))"
        let fields = try await files.run { [self] in try headers(id, body) }
        let response = try await client.send(WebRequest("POST", address, headers: fields, body: .secret(body)))
        guard response.head.isSuccess else {
            throw AuditSinkFailure(
                .refused, "\(address.place) answered with status \(response.status)",
                hint: "check address and credentials of the sink")
        }
    }

    /// Reads its files each time, since such are renewed while the program runs.
    private func headers(_ id: String, _ body: SecretBytes) throws -> [(name: String, value: String)] {
        var headers: [(name: String, value: String)] = [("content-type", "application/json")]
        if let tokenFile { headers.append(("authorization", "Bearer \(try Self.token(tokenFile))")) }
        if let signingKeyFile {
            let signature = try WebhookSignature(key: ValueInput.firstLine(ofFile: signingKeyFile))
            headers += try signature.headers(id: id, at: WallClock.system.now(), body: body)
        }
        return headers
    }

    static func token(_ path: String) throws -> String {
        guard let token = try ValueInput.firstLine(ofFile: path).revealText(), !token.isEmpty,
            token.utf8.allSatisfy({ (0x21...0x7e).contains($0) })
        else {
            throw AuditSinkFailure(.refused, "there is no token in \(path)", hint: "one line of letters and digits")
        }
        return token
    }
}
