internal import AsyncHTTPClient
internal import Dispatch
internal import NIOCore
internal import ResealCore
internal import ResealSealing
internal import Synchronization

/// Sole owner of the HTTP clients for one kind of settings: one without a proxy and one for each proxy, made when they
/// are first needed. No redirect is followed, and nothing is sent twice.
package final class WebClient: Sendable {
    private struct State {
        var clients: [WebProxy.Server?: HTTPClient] = [:]
        var isOver = false
    }

    package let settings: WebSettings
    private let state = Mutex(State())

    package init(_ settings: WebSettings = WebSettings()) { self.settings = settings }

    /// Whoever forgot ``shutdown()`` leaves no connection behind either. The callback keeps each client until it is done.
    deinit {
        for client in Self.end(state) { client.shutdown { _ in withExtendedLifetime(client) {} } }
    }

    /// Ends connections; requests under way fail, later ones too.
    package func shutdown() async {
        // It fails only where it was called before.
        for client in Self.end(state) { try? await client.shutdown() }
    }

    private static func end(_ state: borrowing Mutex<State>) -> [HTTPClient] {
        state.withLock { state in
            defer { state.clients = [:] }
            state.isOver = true
            return Array(state.clients.values)
        }
    }

    private func client(for address: WebAddress) throws -> HTTPClient {
        let server = try settings.proxy.server(for: address)
        return try state.withLock { state in
            guard !state.isOver else { throw HTTPClientError.alreadyShutdown }
            if let client = state.clients[server] { return client }
            let client = HTTPClient(
                eventLoopGroupProvider: .singleton, configuration: try settings.configuration(proxy: server))
            state.clients[server] = client
            return client
        }
    }

    // MARK: Requests

    /// Sends a request and collects its answer, whatever its status. Throws ``HTTPFailure``, or what the settings' files
    /// throw.
    package func send(_ request: WebRequest) async throws -> WebResponse {
        try await withTimeLimit(at: request.address.place) {
            let stream = try await self.stream(request)
            return WebResponse(head: stream.head, body: try await stream.body.collected())
        }
    }

    /// Sends a request and answers when the head of the answer is there; its body comes while it is read.
    package func stream(_ request: WebRequest) async throws -> WebStream {
        let place = request.address.place
        do {
            let response = try await client(for: request.address).execute(
                request.prepared(), timeout: .seconds(max(1, settings.timeout.seconds)))
            return WebStream(
                head: WebHead(response),
                body: WebBody(parts: response.body, place: place, limit: settings.bodyLimit))
        } catch { throw HTTPFailure.judging(error, at: place) }
    }

    /// The client's own limit ends with the head of the answer.
    private func withTimeLimit(
        at place: String, _ body: @escaping @Sendable () async throws -> WebResponse
    ) async throws -> WebResponse {
        let limit = Duration.seconds(max(1, settings.timeout.seconds))
        return try await withThrowingTaskGroup(of: WebResponse.self) { group in
            group.addTask { try await body() }
            group.addTask {
                try await Task.sleep(for: limit)
                throw HTTPFailure.late(place)
            }
            defer { group.cancelAll() }
            do {
                guard let response = try await group.next() else { throw HTTPFailure.late(place) }
                return response
            } catch { throw HTTPFailure.judging(error, at: place) }
        }
    }

    // MARK: For callers that block

    /// As ``send(_:)``, for a thread outside of Swift's pool, which waits. On a thread of the pool it may wait for ever.
    package func sendAndWait(_ request: WebRequest) throws -> WebResponse {
        let outcome = Outcome()
        Task.detached {
            do { outcome.set(.success(try await self.send(request))) } catch { outcome.set(.failure(error)) }
        }
        return try outcome.wait()
    }
}

/// One result that one thread waits for.
private final class Outcome: Sendable {
    private let result = Mutex<Result<WebResponse, any Error>?>(nil)
    private let isDone = DispatchSemaphore(value: 0)

    func set(_ result: Result<WebResponse, any Error>) {
        self.result.withLock { $0 = result }
        isDone.signal()
    }

    func wait() throws -> WebResponse {
        isDone.wait()
        guard let result = result.withLock({ $0 }) else { preconditionFailure("signalled before there was a result") }
        return try result.get()
    }
}

extension WebBody {
    /// All of it, in secret memory.
    fileprivate func collected() async throws -> SecretBytes {
        var bytes: [UInt8] = []
        for try await part in self { bytes += part }
        return SecretBytes(consuming: &bytes)
    }
}
