internal import HummingbirdCore
internal import NIOCore

/// Reads bodies of requests, of which nothing but their senders decides how long they take.
enum BodyReader {
    enum Failure: Error { case tooLarge, tooSlow }

    private static let longestWait = Duration.seconds(30)

    static func read(_ body: RequestBody, upTo limit: Int) async throws(Failure) -> [UInt8] {
        do {
            return try await within(body, limit)
        } catch let failure as Failure {
            throw failure
        } catch {
            throw .tooLarge
        }
    }

    private static func within(_ body: RequestBody, _ limit: Int) async throws -> [UInt8] {
        try await withThrowingTaskGroup(of: ByteBuffer.self) { group in
            group.addTask { try await body.collect(upTo: limit) }
            group.addTask {
                try await Task.sleep(for: longestWait)
                throw Failure.tooSlow
            }
            defer { group.cancelAll() }
            return try await group.next().map { Array($0.readableBytesView) } ?? []
        }
    }
}
