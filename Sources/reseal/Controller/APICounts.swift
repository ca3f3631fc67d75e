internal import Synchronization

/// Counts what an API answers.
final class APICounts: Sendable {
    private struct Counts {
        var answers: [Int: Int] = [:]
        var durations = Histogram()
    }
    private let counts = Mutex(Counts())

    func observe(_ status: Int, _ duration: Duration) {
        counts.withLock { counts in
            counts.answers[status, default: 0] += 1
            counts.durations.add(duration.inSeconds)
        }
    }

    func add(to page: inout MetricsPage) {
        let counts = counts.withLock { $0 }
        guard !counts.answers.isEmpty else { return }
        page.add(
            "reseal_api_requests_total", .counter, "Requests that the API answered.",
            counts.answers.map { ([("code", "\($0.key)")], Double($0.value)) })
        page.add(
            "reseal_api_request_duration_seconds", "How long answers took, their records on disk included.",
            [([], counts.durations)])
    }
}
