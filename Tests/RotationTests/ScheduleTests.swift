import ResealCore
import TestSupport
import Testing

@testable import ResealManifests
@testable import ResealReconciler

/// When a value is due, in words and by chance.
@Suite struct ScheduleTests {
    private func spec(
        every: String? = "30d", cron: String? = nil, duration: String = "2h", splay: String? = "0s",
        expires: Timestamp? = nil
    ) throws -> SecretSpec {
        var spec = SecretSpec()
        var rotation = RotationSpec(span: SourceSpan(file: "x"))
        rotation.every = every.map(TimeSpan.of)
        rotation.splay = splay.map(TimeSpan.of)
        if let cron {
            rotation.window = RotationWindow(
                opens: try #require(CronExpression(cron)), duration: TimeSpan.of(duration))
        }
        spec.rotation = rotation
        spec.expiresAt = expires
        spec.autoRenew = expires != nil
        return spec
    }

    private func start(
        _ spec: SecretSpec, made: String, retry: String? = nil, now: String, name: String = "a"
    ) throws -> String? {
        let schedule = try #require(RotationSchedule(spec, of: SecretID(name)))
        return schedule.start(
            madeAt: .at(made), retry: retry.map(Timestamp.at), now: .at(now))?.description
    }

    @Test func byAge() throws {
        let start = try start(spec(), made: "2026-01-01T10:00:00Z", now: "2026-01-02")
        #expect(start == "2026-01-31T10:00:00.000Z")
    }

    @Test func onlyWhenAsked() throws {
        #expect(RotationSchedule(try spec(every: nil), of: SecretID("a")) == nil)
        #expect(RotationSchedule(SecretSpec(), of: SecretID("a")) == nil)
    }

    @Test func waitsForTheWindow() throws {
        // 31 January 2026 is a Saturday, so Monday's window is the next.
        let weekdays = try spec(cron: "0 3 * * 1-5")
        #expect(
            try start(weekdays, made: "2026-01-01T10:00:00Z", now: "2026-01-02") == "2026-02-02T03:00:00.000Z")
        // Inside a window it begins at once.
        #expect(
            try start(weekdays, made: "2026-01-01T03:30:00Z", now: "2026-01-02") == "2026-02-02T03:00:00.000Z")
        #expect(
            try start(spec(every: "1d", cron: "0 3 * * *"), made: "2026-01-01T04:30:00Z", now: "2026-01-01")
                == "2026-01-02T04:30:00.000Z")
    }

    @Test func aMissedWindowGivesWayToTheNext() throws {
        let daily = try spec(every: "1d", cron: "0 3 * * *")
        #expect(
            try start(daily, made: "2026-01-01T03:00:00Z", now: "2026-01-09T12:00:00Z") == "2026-01-10T03:00:00.000Z")
        #expect(
            try start(daily, made: "2026-01-01T03:00:00Z", now: "2026-01-09T04:00:00Z") == "2026-01-09T03:00:00.000Z")
    }

    @Test func aFailureWaits() throws {
        #expect(
            try start(spec(every: "1d"), made: "2026-01-01", retry: "2026-01-05T00:10:00Z", now: "2026-01-05")
                == "2026-01-05T00:10:00.000Z")
        let daily = try spec(every: "1d", cron: "0 3 * * *")
        #expect(
            try start(daily, made: "2026-01-01", retry: "2026-01-05T04:59:00Z", now: "2026-01-05T04:00:00Z")
                == "2026-01-05T04:59:00.000Z")
        #expect(
            try start(daily, made: "2026-01-01", retry: "2026-01-05T05:30:00Z", now: "2026-01-05T04:59:00Z")
                == "2026-01-06T03:00:00.000Z")
    }

    @Test func beforeItExpires() throws {
        let expires = Timestamp.at("2026-06-30")
        #expect(
            try start(spec(every: nil, expires: expires), made: "2026-01-01", now: "2026-01-02")
                == "2026-06-23T00:00:00.000Z")
        // Whichever comes first.
        #expect(
            try start(spec(every: "30d", expires: expires), made: "2026-01-01", now: "2026-01-02")
                == "2026-01-31T00:00:00.000Z")
        // Renewed within the lead, it waits for a new date.
        #expect(try start(spec(every: nil, expires: expires), made: "2026-06-24", now: "2026-06-25") == nil)
    }

    @Test func leapDays() throws {
        let leap = try spec(every: "1d", cron: "0 0 29 2 *")
        #expect(try start(leap, made: "2096-03-01", now: "2096-03-02") == "2104-02-29T00:00:00.000Z")
    }

    @Test func namesAreSpread() throws {
        let spec = try spec(every: "30d", splay: "10h")
        let starts = try (0..<1000).map { number in
            try #require(RotationSchedule(spec, of: SecretID("secret-\(number)")))
                .start(madeAt: .at("2026-01-01"), now: .at("2026-01-02"))
        }
        let due = Timestamp.at("2026-01-31")
        let hours = starts.compactMap { $0 }.map { ($0.milliseconds - due.milliseconds) / 3_600_000 }
        #expect(hours.count == 1000 && hours.allSatisfy { (0..<10).contains($0) })
        for hour in 0..<10 { #expect(hours.count { $0 == hour } > 50, "hour \(hour)") }
    }

    /// For any schedule: never before the value is due, never before the retry, inside a window, and the same again.
    @Test(arguments: 0..<20) func properties(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<200 {
            let cron =
                Bool.random(using: &random)
                ? "\(Int.random(in: 0..<60, using: &random)) \(Int.random(in: 0..<24, using: &random)) * * "
                    + "\(Int.random(in: 0..<7, using: &random))" : nil
            let duration = "\(Int.random(in: 1..<2000, using: &random))m"
            let spec = try spec(
                every: "\(Int.random(in: 1..<2000, using: &random))h", cron: cron, duration: duration,
                splay: Bool.random(using: &random) ? nil : "\(Int.random(in: 0..<90_000, using: &random))s")
            let schedule = try #require(
                RotationSchedule(spec, of: SecretID("s\(Int.random(in: 0..<50, using: &random))")))
            let made = Timestamp(seconds: Int64.random(in: 1_700_000_000..<1_900_000_000, using: &random))
            let now = made.adding(TimeSpan(seconds: Int64.random(in: 0..<20_000_000, using: &random)))
            let retry =
                Bool.random(using: &random)
                ? now.adding(TimeSpan(seconds: Int64.random(in: -90_000..<90_000, using: &random))) : nil
            let due = try #require(schedule.due(madeAt: made))
            let start = try #require(schedule.start(madeAt: made, retry: retry, now: now))
            #expect(start >= due)
            #expect(retry.map { start >= $0 || start <= now && due <= now } ?? true)
            #expect(schedule.start(madeAt: made, retry: retry, now: now) == start)
            guard let window = spec.rotation?.window else { continue }
            let opening = try #require(window.opening(endingAfter: start))
            #expect(opening <= start && start < opening.adding(window.duration))
            // A moment later the answer is the same, until that window is over.
            let later = now.adding(TimeSpan(seconds: 1))
            if later < opening.adding(window.duration) {
                #expect(schedule.start(madeAt: made, retry: retry, now: later) == start)
            }
        }
    }

    @Test func failuresWaitLongerAndLonger() {
        let now = Timestamp.at("2026-01-01")
        let waits = (1...20).map {
            (RotationBackoff.next(after: $0, of: SecretID("a"), at: now).milliseconds - now.milliseconds) / 1000
        }
        #expect(waits[0] >= 60 && waits[0] <= 66)
        #expect(zip(waits, waits.dropFirst()).allSatisfy { $0 <= $1 })
        #expect(waits.last.map { $0 >= 21_600 && $0 <= 23_760 } == true)
    }

    /// Against a clock that goes minute by minute.
    @Test(arguments: ["*/7 3 * * *", "0 0 31 * *", "15 10 1 1 1", "0 22 * 2 SUN", "5 4 29 2 *"])
    func theNextOpening(_ text: String) throws {
        let cron = try #require(CronExpression(text))
        var at = Timestamp.at("2027-12-25T23:59:30Z")
        for _ in 0..<2 {
            let next = try #require(cron.next(from: at))
            var step = Timestamp(milliseconds: at.milliseconds - at.milliseconds % 60_000 + 60_000)
            func fits(_ time: Timestamp) -> Bool {
                let date = time.calendar
                return cron.matches(
                    minute: date.minute, hour: date.hour, day: date.day, month: date.month, weekday: date.weekday)
            }
            while !fits(step) { step = step.adding(TimeSpan(seconds: 60)) }
            #expect(next == step)
            at = Timestamp(milliseconds: next.milliseconds + 1)
        }
    }
}
