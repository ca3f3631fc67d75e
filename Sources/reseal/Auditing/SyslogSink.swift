internal import Glibc
internal import ResealCore
internal import ResealVault

/// Messages of RFC 5424 to a daemon of this machine, over a datagram socket or TCP (RFC 6587, with counted octets).
actor SyslogSink: AuditSink {
    enum Address: Sendable, Equatable {
        case unix(String)
        case tcp(port: UInt16)
    }

    /// "log audit"; of its severities 6 (informational) and 4 (warning) are used.
    private static let facility = 13
    private static let patience = timeval(tv_sec: 10, tv_usec: 0)
    private let address: Address
    private let format: AuditFormat
    private let host: String
    private var socket: Int32 = -1
    /// Sockets block here.
    private let executor = QueueExecutor(label: "reseal.audit-syslog")

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    init(_ address: Address, _ format: AuditFormat) {
        self.address = address
        self.format = format
        var name = [CChar](repeating: 0, count: 256)
        gethostname(&name, name.count - 1)
        let text = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        host = text.isEmpty ? "-" : text
    }

    deinit { if socket >= 0 { close(socket) } }

    func send(_ records: [AuditRecord]) throws {
        do {
            let socket = try connected()
            for record in records {
                let message = Array(text(record).utf8)
                switch address {
                case .unix: try send(message, over: socket)
                case .tcp: try send(Array("\(message.count) ".utf8) + message, over: socket)
                }
            }
        } catch {
            if socket >= 0 { close(socket) }
            socket = -1
            throw error
        }
    }

    private func text(_ record: AuditRecord) -> String {
        let priority = Self.facility * 8 + (record.result == .ok ? 6 : 4)
        // The body is JSON, in which no line break can stand and everything else is escaped.
        return "<\(priority)>1 \(record.at) \(host) reseal \(getpid()) \(record.action.rawValue) - "
            + format.document(record).canonical
    }

    private func send(_ bytes: [UInt8], over socket: Int32) throws(AuditSinkFailure) {
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(socket, $0.baseAddress?.advanced(by: done), $0.count - done, Int32(MSG_NOSIGNAL))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw failure("cannot send to") }
            done += count
        }
    }

    private func connected() throws(AuditSinkFailure) -> Int32 {
        if socket >= 0 {
            guard isOver else { return socket }
            close(socket)
            socket = -1
        }
        switch address {
        case .unix(let path):
            socket = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
            var name = sockaddr_un()
            name.sun_family = sa_family_t(AF_UNIX)
            let bytes = Array(path.utf8) + [0]
            guard bytes.count <= MemoryLayout.size(ofValue: name.sun_path) else { throw failure("too long a path:") }
            withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: bytes) }
            try connect(&name)
        case .tcp(let port):
            socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
            var name = sockaddr_in()
            name.sin_family = sa_family_t(AF_INET)
            name.sin_port = port.bigEndian
            name.sin_addr = in_addr(s_addr: in_addr_t(0x7f00_0001).bigEndian)
            try connect(&name)
        }
        return socket
    }

    /// True when a daemon has closed its end, as one that starts anew does. What was sent to it now would be lost.
    private var isOver: Bool {
        guard case .tcp = address else { return false }
        var byte: UInt8 = 0
        let count = recv(socket, &byte, 1, Int32(MSG_PEEK | MSG_DONTWAIT))
        return count == 0 || count < 0 && errno != EAGAIN && errno != EINTR
    }

    private func connect<Name>(_ name: inout Name) throws(AuditSinkFailure) {
        var patience = Self.patience
        setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        let status = withUnsafeBytes(of: &name) { bytes in
            bytes.withMemoryRebound(to: sockaddr.self) { address in
                address.baseAddress.map { Glibc.connect(socket, $0, socklen_t(MemoryLayout<Name>.size)) } ?? -1
            }
        }
        guard status == 0 else { throw failure("cannot reach") }
    }

    private func failure(_ what: String) -> AuditSinkFailure {
        let code = errno
        let place =
            switch address {
            case .unix(let path): path
            case .tcp(let port): "127.0.0.1:\(port)"
            }
        return AuditSinkFailure(.unreachable, "\(what) \(place): \(String(cString: strerror(code)))")
    }
}
