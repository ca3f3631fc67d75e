import Foundation
import ResealCore
import ResealManifests
import ResealNotify
import Synchronization
import TestSupport
import Testing

/// What becomes of messages between those who have something to say and those who hear it.
@Suite(.ownThreads) struct QueueTests {
    private let folder: TemporaryFolder
    private let heard = Heard()

    init() throws { folder = try TemporaryFolder() }

    /// Takes messages, and fails as it is told.
    private final class Heard: NotificationChannel {
        struct State {
            var ids: [String] = []
            var failures: [NotifyFailure] = []
            var results: [String] = []
        }
        let state = Mutex(State())

        func send(_ message: NotificationMessage) throws {
            try state.withLock { state in
                if let failure = state.failures.popLast() { throw failure }
                state.ids.append(message.id)
            }
        }
    }

    private func message(_ id: String, _ kind: NotificationEvent.Kind = .failed) -> NotificationMessage {
        NotificationMessage(
            NotificationEvent(kind, .source("prod"), at: Timestamp(seconds: 1_700_000_000)), id: id)
    }

    private static let system = WallClock {
        Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000))
    }

    private func queue(waits: [Int64] = [0, 0], clock: WallClock = system) -> MessageQueue {
        MessageQueue(SentLog(folder.file("sent.json")), clock: clock, waits: waits) { target, result in
            heard.state.withLock { $0.results.append("\(target) \(result.label)") }
        }
    }

    private func submit(_ queue: MessageQueue, _ id: String, to target: String = "a", window: TimeSpan? = nil) {
        queue.submit(Delivery(message(id), to: target, window: window) { heard })
    }

    private func finish(_ queue: MessageQueue) async {
        queue.finish()
        await queue.run()
    }

    private var ids: [String] { heard.state.withLock { $0.ids } }
    private var results: [String] { heard.state.withLock { $0.results } }

    @Test func equalMessagesAreSentOnceAlsoAfterARestart() async throws {
        let first = queue()
        submit(first, "1")
        submit(first, "2")
        submit(first, "3", to: "b")
        await finish(first)
        #expect(ids.sorted() == ["1", "3"] && results.filter { $0 == "a suppressed" }.count == 1)
        let second = queue()
        submit(second, "4")
        await finish(second)
        #expect(ids.count == 2)
    }

    @Test func aWindowPasses() async throws {
        let window = TimeSpan(seconds: 60)
        let start = Timestamp(seconds: 1_700_000_000)
        for (id, seconds) in [("1", 0), ("2", 59), ("3", 61)] as [(String, Int64)] {
            let queue = queue(clock: WallClock { start.adding(TimeSpan(seconds: seconds)) })
            submit(queue, id, window: window)
            await finish(queue)
        }
        #expect(ids == ["1", "3"])
    }

    @Test func triesAgainWhereThatMayHelp() async throws {
        let busy = NotifyFailure(.refused, "busy", retry: .later)
        heard.state.withLock { $0.failures = [busy, busy] }
        let queue = queue()
        submit(queue, "1")
        await finish(queue)
        #expect(ids == ["1"] && results == ["a retried", "a retried", "a delivered"])
    }

    @Test(arguments: [RetryAdvice.later, .afterFix]) func givesUp(_ advice: RetryAdvice) async throws {
        heard.state.withLock { $0.failures = Array(repeating: NotifyFailure(.refused, "no", retry: advice), count: 9) }
        let queue = queue()
        submit(queue, "1")
        await finish(queue)
        #expect(ids.isEmpty && results.last == "a failed" && results.count == (advice == .later ? 3 : 1))
        // What did not arrive may be told again.
        heard.state.withLock { $0.failures = [] }
        let next = self.queue()
        submit(next, "2")
        await finish(next)
        #expect(ids == ["2"])
    }

    @Test func aFullQueueDropsAndSaysSo() async throws {
        let queue = queue()
        for n in 0..<1500 {
            queue.submit(Delivery(to: "a") { heard.state.withLock { $0.ids.append("\(n)") } })
        }
        await finish(queue)
        let dropped = results.count { $0 == "a dropped" }
        #expect(dropped >= 500 && ids.count + dropped == 1500)
    }

    @Test func oneThatHangsDelaysNobodyElse() async throws {
        let queue = queue()
        queue.submit(Delivery(to: "hangs") { try await Task.sleep(for: .seconds(3600)) })
        submit(queue, "1", to: "b")
        let running = Task(executorPreference: OwnThreads.shared) { await queue.run() }
        let end = ContinuousClock.now + .seconds(30)
        while ids.isEmpty, ContinuousClock.now < end { try await Task.sleep(for: .milliseconds(20)) }
        #expect(ids == ["1"])
        running.cancel()
        await running.value
    }

    @Test func aDamagedLogIsNoObstacle() async throws {
        try folder.write("{\"sent\": [", to: "sent.json")
        let queue = queue()
        submit(queue, "1")
        await finish(queue)
        #expect(ids == ["1"])
        #expect(try JSON(parsing: folder.read("sent.json"))["version"] == 1)
    }
}

/// Which events there are, and what is said of them.
@Suite struct EventTests {
    private static let now = Timestamp(seconds: 1_700_000_000)

    @Test func stagesOfAnExpiry() {
        func stage(_ days: Int64) -> ExpiryStage? {
            ExpiryStage.reached(Self.now.adding(TimeSpan(seconds: days * 86_400)), at: Self.now)
        }
        #expect(stage(31) == nil && stage(30) == .month && stage(8) == .month && stage(7) == .week)
        #expect(stage(1) == .day && stage(0) == .past)
        #expect(ExpiryStage.past < .day && ExpiryStage.week < .month)
    }

    @Test func everyPlaceholderIsFilledIn() {
        var event = NotificationEvent(.failed, .source("prod"), at: Self.now)
        event.code = "git.timeout"
        let message = NotificationMessage(event, id: "1")
        for name in NotifierSpec.placeholders {
            #expect(message.filling("{{\(name)}}") != "{{\(name)}}", "\(name)")
        }
        #expect(message.filling("a {{event}} {b} {{name}}{{code}}") == "a reconcile.failed {b} prodgit.timeout")
        #expect(message.filling("{{unknown}} {{") == "{{unknown}} {{")
    }

    @Test func patternsOfEvents() {
        func wants(_ patterns: String..., event: String = "rotation.failed") -> Bool {
            NotifierSpec(channel: .exec(command: "x"), events: patterns).wants(event)
        }
        #expect(wants() && wants("rotation.failed") && wants("rotation.*") && wants("*") && wants("*.failed"))
        #expect(wants("drift.*", "rotation.*") && !wants("rotation") && !wants("rotation.done") && !wants("*.fail"))
    }

    @Test func equalEventsHaveOneIdentity() {
        var a = NotificationEvent(.expiring, .secret(SecretID("x")), at: Self.now)
        var b = NotificationEvent(.expiring, .secret(SecretID("x")), at: Self.now.adding(TimeSpan(seconds: 9)))
        (a.stage, b.stage) = (.week, .week)
        #expect(a.identity == b.identity)
        b.stage = .day
        #expect(a.identity != b.identity && a.severity == .warning && b.severity == .critical)
    }
}
