internal import NIOCore
internal import Synchronization

/// Runs tasks and other work on the thread of an event loop. What becomes ready together wakes it once.
final class LoopExecutor: TaskExecutor {
    private enum Work {
        case job(UnownedJob)
        case plain(@Sendable () -> Void)
    }

    private static let all = Mutex<[ObjectIdentifier: LoopExecutor]>([:])
    private let loop: any EventLoop
    private let ready = Mutex<[Work]>([])

    private init(_ loop: any EventLoop) { self.loop = loop }

    /// The one of that loop. It stays for good, as the loops of a server do, for a task does not keep what it runs on.
    static func of(_ loop: any EventLoop) -> LoopExecutor {
        all.withLock { all in
            if let known = all[ObjectIdentifier(loop)] { return known }
            let executor = LoopExecutor(loop)
            all[ObjectIdentifier(loop)] = executor
            return executor
        }
    }

    func enqueue(_ job: consuming ExecutorJob) { add(.job(UnownedJob(job))) }

    func run(_ work: @escaping @Sendable () -> Void) { add(.plain(work)) }

    private func add(_ work: Work) {
        let isFirst = ready.withLock { ready in
            ready.append(work)
            return ready.count == 1
        }
        if isFirst { loop.execute { self.runReady() } }
    }

    private func runReady() {
        let works = ready.withLock { ready in
            defer { ready = [] }
            return ready
        }
        for work in works {
            switch work {
            case .job(let job): job.runSynchronously(on: asUnownedTaskExecutor())
            case .plain(let body): body()
            }
        }
    }
}
