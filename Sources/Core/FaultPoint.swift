#if RESEAL_FAULT_POINTS
    internal import Glibc
    internal import Synchronization
#endif

/// Places where a test can kill the process, to show that a death there leaves the old state or the new one.
///
/// `RESEAL_FAULT=NAME` kills at the first hit of that name, `RESEAL_FAULT=NAME:3` at the third, `RESEAL_FAULT=list`
/// writes each name to stderr as it is passed. Release builds contain none of this.
package enum FaultPoint {
    @inline(__always)
    package static func pass(_ name: StaticString) {
        #if RESEAL_FAULT_POINTS
            Trigger.shared.pass("\(name)")
        #endif
    }
}

#if RESEAL_FAULT_POINTS
    private struct Trigger: ~Copyable {
        static let shared = Trigger()
        private let name: String
        private let remaining: Mutex<Int>

        private init() {
            let parts = (getenv("RESEAL_FAULT").map { String(cString: $0) } ?? "").split(separator: ":")
            name = parts.first.map(String.init) ?? ""
            remaining = Mutex(parts.count > 1 ? Int(parts[1]) ?? 1 : 1)
        }

        func pass(_ point: String) {
            if name == "list" {
                let line = Array("fault-point \(point)\n".utf8)
                _ = write(2, line, line.count)
            }
            guard name == point else { return }
            let isLast = remaining.withLock { count in
                count -= 1
                return count == 0
            }
            if isLast { kill(getpid(), SIGKILL) }
        }
    }
#endif
