internal import HummingbirdCore
internal import NIOCore

/// Reads bodies of requests, of which nothing but their senders decides how long they take.
enum BodyReader {
    enum Failure: Error { case tooLarge, tooSlow }

    static func read(
        _ body: RequestBody, upTo limit: Int, within time: Duration = .seconds(30)
    ) async throws(Failure) -> [UInt8] {
        do {
            return try await collect(body, limit, time)
        } catch let failure as Failure {
            throw failure
        } catch {
            throw .tooLarge
        }
    }

    private static func collect(_ body: RequestBody, _ limit: Int, _ time: Duration) async throws -> [UInt8] {
        try await withThrowingTaskGroup(of: ByteBuffer.self) { group in
            group.addTask { try await body.collect(upTo: limit) }
            group.addTask {
                try await Task.sleep(for: time)
                throw Failure.tooSlow
            }
            defer { group.cancelAll() }
            return try await group.next().map { Array($0.readableBytesView) } ?? []
        }
    }
}

extension BodyReader.Failure {
    func reply(in dialect: APIDialect) -> APIReply {
        switch self {
        case .tooSlow: dialect.refusal(408, "api.body-late", "the body took too long")
        case .tooLarge: dialect.refusal(413, "api.body-size", "the body is too large")
        }
    }
}
