package import ResealCore

/// When a source is looked at next.
package struct LoopTiming: Sendable, Hashable {
    /// Between two looks at a source whose last one went well.
    package var interval: TimeSpan
    /// The share of a wait by which it may be shorter or longer, so that many sources do not meet: 0.1 for ±10 %.
    package var jitter: Double
    /// After the first failure; each further one doubles it.
    package var firstRetry: TimeSpan
    /// However many failures there were.
    package var longestRetry: TimeSpan

    package init(
        interval: TimeSpan = TimeSpan(seconds: 60), jitter: Double = 0.1,
        firstRetry: TimeSpan = TimeSpan(seconds: 5), longestRetry: TimeSpan = TimeSpan(seconds: 600)
    ) {
        self.interval = interval
        self.jitter = jitter
        self.firstRetry = firstRetry
        self.longestRetry = longestRetry
    }

    /// Milliseconds to wait after `failures` failures in a row; 0 for a success.
    ///
    /// - Parameter chance: from 0 to 1, spreads the wait within the jitter.
    package func waitMilliseconds(failures: Int, chance: Double) -> Int64 {
        let base: Double
        if failures == 0 {
            base = Double(interval.seconds)
        } else {
            // Beyond 30 doublings any first wait is longer than any longest one.
            let doubled = Double(firstRetry.seconds) * Double(UInt64(1) << UInt64(min(failures - 1, 30)))
            base = min(doubled, Double(longestRetry.seconds))
        }
        return Int64(base * (1 + jitter * (2 * min(max(chance, 0), 1) - 1)) * 1000)
    }
}
