internal import Dispatch

/// Runs asynchronous work on threads of its own. Other tests block those of Swift's pool, for minutes, while the time
/// limits of what is tested run.
package final class OwnThreads: TaskExecutor {
    package static let shared = OwnThreads()
    private let queue = DispatchQueue(label: "tests.own-threads", attributes: .concurrent)

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
