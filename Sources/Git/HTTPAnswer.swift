internal import Dispatch
internal import ResealCore
internal import ResealHTTP
internal import Synchronization

/// One request and its answer, read by a thread that waits for it. libgit2 knows no other way.
final class HTTPAnswer: Sendable {
    private struct State {
        var head: WebHead?
        var parts: [[UInt8]] = []
        var waitingBytes = 0
        var end: Result<Void, any Error>?
        var isDropped = false
        var task: Task<Void, Never>?
        var sender: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())
    /// Signalled at each change; whoever waits looks again.
    private let changed = DispatchSemaphore(value: 0)

    /// More than this is left with the server until it is read.
    private static let maximumWaitingBytes = 1 << 20
    /// Of a body that nobody wants; more ends the connection.
    private static let maximumUnwantedBytes = 1 << 16

    init(to request: WebRequest, over client: WebClient) {
        let task = Task.detached {
            do {
                let stream = try await client.stream(request)
                self.change { $0.head = stream.head }
                for try await part in stream.body { await self.take(part) }
                self.change { $0.end = .success(()) }
            } catch {
                self.change { $0.end = .failure(error) }
            }
        }
        state.withLock { $0.task = task }
    }

    private func change(_ body: (inout State) -> Void) {
        state.withLock { body(&$0) }
        changed.signal()
    }

    private func take(_ part: [UInt8]) async {
        // An empty part would look like the end.
        guard !part.isEmpty else { return }
        change {
            $0.parts.append(part)
            $0.waitingBytes += part.count
        }
        await withCheckedContinuation { continuation in
            let goesOn = state.withLock { state in
                guard state.waitingBytes > Self.maximumWaitingBytes, !state.isDropped else { return true }
                state.sender = continuation
                return false
            }
            if goesOn { continuation.resume() }
        }
    }

    /// Waits until `find` has something.
    private func wait<T: Sendable>(_ find: (inout State) throws -> T?) throws -> T {
        while true {
            if let found = try state.withLock({ try find(&$0) }) { return found }
            changed.wait()
        }
    }

    func head() throws -> WebHead {
        try wait { state in
            if case .failure(let error)? = state.end { throw error }
            return state.head
        }
    }

    /// 0 at the end.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        let part: [UInt8] = try wait { state in
            if var part = state.parts.first {
                let rest = part.count > buffer.count ? Array(part[buffer.count...]) : nil
                if let rest {
                    part.removeLast(rest.count)
                    state.parts[0] = rest
                } else {
                    state.parts.removeFirst()
                }
                state.waitingBytes -= part.count
                return part
            }
            if case .failure(let error)? = state.end { throw error }
            return state.end == nil ? nil : []
        }
        buffer.copyBytes(from: part)
        letSenderGoOn()
        return part.count
    }

    private func letSenderGoOn() {
        let sender = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard state.isDropped || state.waitingBytes <= Self.maximumWaitingBytes else { return nil }
            defer { state.sender = nil }
            return state.sender
        }
        sender?.resume()
    }

    /// Reads what is left of a short body, so that the connection can be used again, and drops it of a long one.
    func finish() {
        var count = 0
        let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 1)
        defer { scratch.deallocate() }
        while count < Self.maximumUnwantedBytes, let more = try? read(into: scratch), more > 0 { count += more }
        drop()
    }

    /// Ends the request, whatever has come of its answer.
    func drop() {
        let task = state.withLock { state in
            state.isDropped = true
            return state.task
        }
        task?.cancel()
        letSenderGoOn()
    }
}
