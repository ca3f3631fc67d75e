import ResealCore
import ResealReconciler
import Testing

/// How long a loop waits.
@Suite struct LoopTimingTests {
    private let timing = LoopTiming(
        interval: TimeSpan(seconds: 60), jitter: 0.1, firstRetry: TimeSpan(seconds: 5),
        longestRetry: TimeSpan(seconds: 600))

    @Test(arguments: [(0.0, 54_000), (0.5, 60_000), (1.0, 66_000), (-3.0, 54_000), (7.0, 66_000)])
    func aSuccessWaitsTheIntervalWithinTheJitter(chance: Double, milliseconds: Int) {
        #expect(timing.waitMilliseconds(failures: 0, chance: chance) == Int64(milliseconds))
    }

    @Test(arguments: [(1, 5), (2, 10), (3, 20), (7, 320), (8, 600), (9, 600), (64, 600), (Int.max, 600)])
    func eachFailureDoublesTheWaitUpToTheLongest(failures: Int, seconds: Int) {
        #expect(timing.waitMilliseconds(failures: failures, chance: 0.5) == Int64(seconds) * 1000)
    }
}

/// A sleep that can be ended.
@Suite struct WakeupTests {
    private static let long: Int64 = 3_600_000

    @Test func aCallBeforeTheSleepIsKeptOnce() async {
        let wakeup = Wakeup()
        for _ in 0..<3 { wakeup.wake() }
        #expect(await wakeup.sleep(milliseconds: Self.long))
        #expect(await wakeup.sleep(milliseconds: 1) == false)
    }

    @Test func aCallDuringTheSleepEndsIt() async {
        let wakeup = Wakeup()
        let sleeper = Task { await wakeup.sleep(milliseconds: Self.long) }
        let caller = Task {
            try await Task.sleep(for: .milliseconds(20))
            wakeup.wake()
        }
        #expect(await sleeper.value)
        try? await caller.value
    }

    @Test func aCancelledTaskWakesUp() async {
        let wakeup = Wakeup()
        let sleeper = Task { await wakeup.sleep(milliseconds: Self.long) }
        try? await Task.sleep(for: .milliseconds(20))
        sleeper.cancel()
        #expect(await sleeper.value == false)
        // Nothing of the cancellation is left behind.
        #expect(await wakeup.sleep(milliseconds: 1) == false)
    }

    /// However calls and timers meet, no call is lost.
    @Test func noCallIsLost() async {
        let wakeup = Wakeup()
        for _ in 0..<500 {
            let caller = Task { wakeup.wake() }
            var wasWoken = await wakeup.sleep(milliseconds: 1)
            await caller.value
            if !wasWoken { wasWoken = await wakeup.sleep(milliseconds: Self.long) }
            #expect(wasWoken)
        }
    }
}
