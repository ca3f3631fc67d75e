import Foundation
import ResealCore
import ResealReconciler
import ResealVault
import Synchronization
import TestSupport
import Testing

/// The part of a controller that looks for what is due.
@Suite struct RotationLoopTests {
    private static func manifest(every period: String) -> String {
        """
        apiVersion: reseal/v1
        kind: Secret
        metadata: {name: api}
        spec:
          value:
            token: ""
          rotation:
            every: \(period)
            splay: 0s
            keepPrevious: 2h
            generate: {kind: bytes, length: 24, encoding: hex, field: token}
        ---
        apiVersion: reseal/v1
        kind: Secret
        metadata: {name: plain}
        spec:
          value: {user: someone}

        """
    }

    /// A clock that only tests move, and what the loop told.
    private final class Record: Sendable {
        private let start = WallClock.system.now()
        private let ahead = Mutex(TimeSpan.of("0s"))
        let events = Mutex<[RotationEvent]>([])

        var clock: WallClock { WallClock { self.start.adding(self.ahead.withLock { $0 }) } }
        func move(to span: TimeSpan) { ahead.withLock { $0 = span } }

        /// What was told since the last call.
        func take() -> [String] {
            let taken = events.withLock { events in
                defer { events = [] }
                return events
            }
            return taken.map { event in
                switch event {
                case .rotated(let report): "rotated \(report.id.name)"
                case .retired(let id): "retired \(id.name)"
                case .failed(let id, let diagnostic): "failed \(id.name) \(diagnostic.code)"
                case .stopped(let diagnostic): "stopped \(diagnostic.code)"
                }
            }
        }
    }

    private let desk: Desk
    private let record: Record
    private let loop: RotationLoop

    init() throws {
        desk = try Desk(Self.manifest(every: "1d"), sealing: [("api", "token", "first-token")])
        record = Record()
        let desk = desk, record = record
        loop = RotationLoop(
            VaultHome(path: desk.user.home), by: .test, wakeup: Wakeup(), open: { try desk.core(at: record.clock) }
        ) { event in record.events.withLock { $0.append(event) } }
    }

    @Test func rotatesAndRetiresWhenItsTimeComes() async throws {
        #expect(await loop.round() == 600_000)
        record.move(to: .of("23h59m"))
        let rest = await loop.round()
        #expect((1...60_000).contains(rest) && record.take().isEmpty)
        record.move(to: .of("25h"))
        _ = await loop.round()
        #expect(record.take() == ["rotated api"])
        #expect(try desk.get("api", "token") != "first-token")
        _ = await loop.round()
        #expect(record.take().isEmpty)
        record.move(to: .of("28h"))
        _ = await loop.round()
        #expect(try desk.json("rotation", "list").arrayValue?.first?["retire_at"] == .null)
        _ = record.take()
    }

    @Test func seesWhatAnApplyChanged() async throws {
        _ = await loop.round()
        record.move(to: .of("2h"))
        #expect(await loop.round() == 600_000)
        let path = "manifests/secrets.yaml"
        let text = try String(contentsOfFile: "\(desk.user.repository.path)/\(path)", encoding: .utf8)
        try desk.user.repository.write(path, text.replacing("every: 1d", with: "every: 1h"))
        try desk.user.repository.commit("rotate each hour")
        try desk.user.check("apply", "--yes")
        _ = await loop.round()
        #expect(record.take() == ["rotated api"])
    }

    @Test func seesWhatWasRotatedByHand() async throws {
        _ = await loop.round()
        record.move(to: .of("23h59m"))
        try desk.user.check("rotate", "api")
        // Due a day after the value that was current at the first look, not after the one that is now.
        _ = await loop.round()
        record.move(to: .of("24h"))
        _ = await loop.round()
        #expect(!record.take().contains("rotated api"))
    }

    @Test func waitsForWhoeverRotates() async throws {
        record.move(to: .of("25h"))
        do {
            let lock = try VaultLock(VaultHome(path: desk.user.home), for: .rotating)
            defer { withExtendedLifetime(lock) {} }
            #expect(await loop.round() == 1000)
            #expect(record.take().isEmpty)
        }
        _ = await loop.round()
        #expect(record.take() == ["rotated api"])
    }

    /// The loop rotates for moments; a person need not try again because of it.
    @Test func aPersonWaitsForTheLoop() async throws {
        let held = Mutex<VaultLock?>(try VaultLock(VaultHome(path: desk.user.home), for: .rotating))
        let began = ContinuousClock.now
        let release = Thread {
            Thread.sleep(forTimeInterval: 1.5)
            held.withLock { $0 = nil }
        }
        release.start()
        #expect(try desk.run("rotate", "api").status == 0)
        #expect(ContinuousClock.now - began > .seconds(1.4))
    }
}
