import Glibc
import Testing

/// Runs `body` and expects it to take at most so many seconds of processor time, which does not depend on what else the
/// machine does. Bounds are ten times what a debug build needs or more: they tell linear from quadratic.
@discardableResult
func costing<R>(atMost seconds: Double, _ body: () throws -> R) rethrows -> R {
    let start = processorSeconds()
    defer {
        let used = processorSeconds() - start
        #expect(used < seconds, "took \(used) s")
    }
    return try body()
}

private func processorSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}
