internal import Foundation

/// Accepts connections and then says nothing, one byte a second, or nonsense and no more. Stopped with the object.
package final class RudeServer: Sendable {
    package enum Manner: Sendable { case silent, trickling, babbling }
    package let port: Int
    private let listener: Int32

    package init(_ manner: Manner) throws {
        (listener, port) = try LoopbackPort.listening()
        let listener = listener
        Thread.detachNewThread {
            while true {
                let connection = accept(listener, nil, nil)
                guard connection >= 0 else { return }
                Thread.detachNewThread { Self.treat(connection, manner) }
            }
        }
    }

    deinit { shutdown(listener, Int32(SHUT_RDWR)) }

    private static func treat(_ connection: Int32, _ manner: Manner) {
        defer { close(connection) }
        if manner == .babbling {
            let nonsense = [UInt8](repeating: 0x0a, count: 100) + [UInt8](repeating: 0xa5, count: 20_000)
            _ = send(connection, nonsense, nonsense.count, Int32(MSG_NOSIGNAL))
            shutdown(connection, Int32(SHUT_WR))
        }
        let text = Array("SSH-2.0-trickle and so on and on and on and on and on and on".utf8)
        for n in 0..<60 {
            if manner == .trickling, send(connection, [text[n % text.count]], 1, Int32(MSG_NOSIGNAL)) < 1 {
                return
            }
            sleep(1)
        }
    }
}
