package import ResealCore
internal import ResealEngines
package import ResealHTTP
internal import ResealSealing

/// A signed request with the message as JSON.
package struct WebhookChannel: NotificationChannel {
    private let address: WebAddress
    private let settings: WebSettings
    private let signature: WebhookSignature
    private let clock: WallClock

    package init(
        _ address: WebAddress, _ settings: WebSettings, signature: WebhookSignature, clock: WallClock
    ) {
        self.address = address
        self.settings = settings
        self.signature = signature
        self.clock = clock
    }

    package func send(_ message: NotificationMessage) async throws {
        let body = SecretBytes(message.json.canonicalBytes)
        let headers = try signature.headers(id: message.id, at: clock.now(), body: body)
        try await WebDelivery.post(
            WebRequest("POST", address, headers: headers + [("content-type", "application/json")], body: .secret(body)),
            settings)
    }
}

/// A message to a channel of Slack, or of a service that understands the same.
package struct SlackChannel: NotificationChannel {
    private let address: WebAddress
    private let settings: WebSettings
    private let template: String

    package init(_ address: WebAddress, _ settings: WebSettings, template: String?) {
        self.address = address
        self.settings = settings
        self.template = template ?? NotificationMessage.defaultTemplate
    }

    package func send(_ message: NotificationMessage) async throws {
        let body: JSON = ["text": .string(Self.escaped(message.filling(template)))]
        try await WebDelivery.post(
            WebRequest(
                "POST", address, headers: [("content-type", "application/json")], body: .bytes(body.canonicalBytes)),
            settings)
    }

    /// Names must not become links or mentions.
    private static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
    }
}

enum WebDelivery {
    static func post(_ request: WebRequest, _ settings: WebSettings) async throws {
        let client = WebClient(settings)
        let response: WebResponse
        do { response = try await client.send(request) } catch {
            await client.shutdown()
            throw error
        }
        await client.shutdown()
        guard !response.head.isSuccess else { return }
        throw NotifyFailure(
            .refused, "\(request.address.place) answered with status \(response.status)",
            hint: "check the endpoint's address and credentials", retry: response.isTemporary ? .later : .afterFix)
    }
}
