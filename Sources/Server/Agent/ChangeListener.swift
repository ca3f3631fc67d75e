internal import ResealCore
internal import ResealHTTP
internal import ResealSealing

/// Hears from the server what changed, so that no old version is given while a new one is there.
struct ChangeListener: Sendable {
    /// Below what the server takes, and below what idle connections live.
    private static let wait = 30
    private static let pauseAfterLoss = Duration.seconds(1)
    private static let pauseOfBusy = Duration.seconds(10)
    private static let pauseAfterRefusal = Duration.seconds(30)

    let upstream: Upstream
    let reads: AgentReads
    let report: @Sendable (AgentEvent) -> Void

    /// Until the task is cancelled.
    func run() async {
        var cursor: Int64?
        var isRefused = false
        while !Task.isCancelled {
            let outcome = await upstream.ask(question(cursor, isServerLost: await reads.isServerLost))
            guard !Task.isCancelled else { return }
            await reads.note(outcome)
            switch outcome {
            case .answer(let body, _, _):
                isRefused = false
                guard let changes = Changes(body) else {
                    await reads.doubtAll()
                    cursor = nil
                    try? await Task.sleep(for: Self.pauseAfterLoss)
                    continue
                }
                // Without a cursor, nothing is known of the time before.
                if cursor == nil { await reads.doubtAll() } else { await reads.drop(names: changes.names) }
                cursor = changes.cursor
            case .refused(let reply):
                if reply.status == 401 { await reads.dropAll() } else { await reads.doubtAll() }
                cursor = nil
                // A cursor that is too old: the next question gives a new one.
                guard reply.status != 410 else { continue }
                // Of a token that is refused, others tell.
                if !isRefused, reply.status != 401 { report(.changesRefused) }
                isRefused = true
                try? await Task.sleep(for: Self.pauseAfterRefusal)
            case .unavailable(.busy):
                try? await Task.sleep(for: Self.pauseOfBusy)
            case .unchanged, .other, .unavailable: try? await Task.sleep(for: Self.pauseAfterLoss)
            }
        }
    }

    /// A server that was lost is not asked to wait: its answer is the sign that it is back.
    private func question(_ cursor: Int64?, isServerLost: Bool) -> AgentRequest {
        let wait = isServerLost ? "" : "&wait=\(Self.wait)s"
        return AgentRequest(
            method: "GET", path: "reseal/changes\(cursor.map { "?since=\($0)\(wait)" } ?? "")", dialect: .native)
    }

    private struct Changes {
        let names: Set<String>
        let cursor: Int64

        init?(_ body: SecretBytes) {
            guard let json = body.withUnsafeBytes({ try? JSON(parsing: $0) }),
                let names = json["changed"]?.arrayValue, let cursor = json["cursor"]?.integerValue
            else { return nil }
            self.names = Set(names.compactMap(\.stringValue))
            self.cursor = cursor
        }
    }
}
