internal import Dispatch
internal import Glibc

/// The signals that a service gets, one after the other.
struct Signals {
    enum Signal: Sendable { case reload, stop }

    private let sources: [any DispatchSourceSignal]
    let stream: AsyncStream<Signal>

    init() {
        let (stream, continuation) = AsyncStream<Signal>.makeStream()
        let queue = DispatchQueue(label: "reseal.signals")
        sources = [(SIGHUP, Signal.reload), (SIGTERM, .stop), (SIGINT, .stop)].map { number, meaning in
            // Dispatch only hears of what the process does not die of.
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler { continuation.yield(meaning) }
            source.resume()
            return source
        }
        self.stream = stream
    }

    func cancel() { for source in sources { source.cancel() } }
}
