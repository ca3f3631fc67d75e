internal import Foundation

/// A real sshd on a random port of the loopback, with host keys of its own. It lets the current user in with the keys
/// that it is given. Stopped with the object.
package final class SSHServer: Sendable {
    package let port: Int
    package let user: String
    private let folder: TemporaryFolder
    private let process: RunningProcess

    package init(authorizing publicKeys: [String], hostKeyTypes: [String] = ["ed25519"]) throws {
        let folder = try TemporaryFolder()
        self.folder = folder
        port = try LoopbackPort.unused()
        user = try Command.check("id", ["-un"]).text
        for type in hostKeyTypes { try SSHKey.create("\(folder.path)/host_\(type)", type: type) }
        try Data((publicKeys.joined(separator: "\n") + "\n").utf8)
            .write(to: URL(fileURLWithPath: "\(folder.path)/authorized_keys"))
        let keys = hostKeyTypes.map { "HostKey \(folder.path)/host_\($0)" }.joined(separator: "\n")
        let configuration = """
            ListenAddress 127.0.0.1
            Port \(port)
            \(keys)
            AuthorizedKeysFile \(folder.path)/authorized_keys
            PidFile none
            UsePAM no
            StrictModes no
            PasswordAuthentication no
            KbdInteractiveAuthentication no
            PermitRootLogin yes
            """
        try Data((configuration + "\n").utf8).write(to: URL(fileURLWithPath: "\(folder.path)/sshd_config"))
        // sshd insists on this folder when it runs as root.
        if getuid() == 0 { mkdir("/run/sshd", 0o755) }
        process = try RunningProcess(
            try Command.find("sshd"), ["-D", "-e", "-f", "\(folder.path)/sshd_config"], streams: folder.path)
        try LoopbackPort.waitUntilOpen(port)
    }

    deinit { process.kill() }

    /// Leaves new connections without an answer, or goes on.
    package func pause(_ isPaused: Bool) { process.pause(isPaused) }

    /// Cuts every connection.
    package func dropConnections() throws { try process.killChildren() }

    /// The address of a repository on this machine.
    package func location(of path: String) -> String { "ssh://\(user)@127.0.0.1:\(port)\(path)" }

    /// The public half of a host key: type and base64.
    package func hostKey(_ type: String = "ed25519") throws -> String {
        let text = try String(contentsOfFile: "\(folder.path)/host_\(type).pub", encoding: .utf8)
        return text.split(separator: " ").prefix(2).joined(separator: " ")
    }

    /// A line for known_hosts.
    package func knownHostsLine(_ type: String = "ed25519") throws -> String {
        "[127.0.0.1]:\(port) \(try hostKey(type))\n"
    }

    /// What the server has said so far.
    package var log: String {
        (try? String(contentsOfFile: "\(folder.path)/2", encoding: .utf8)) ?? ""
    }
}

/// Keys made by ssh-keygen.
package enum SSHKey {
    /// Writes `path` and `path.pub`, and answers the line for authorized_keys.
    @discardableResult
    package static func create(_ path: String, type: String = "ed25519", passphrase: String = "") throws -> String {
        try Command.check("ssh-keygen", ["-q", "-t", type, "-N", passphrase, "-C", "test", "-f", path])
        return try String(contentsOfFile: "\(path).pub", encoding: .utf8).trimmingCharacters(in: .newlines)
    }
}

/// Ports of 127.0.0.1.
package enum LoopbackPort {
    /// A port that nobody listens on at the moment.
    package static func unused() throws -> Int {
        let (descriptor, port) = try listening()
        close(descriptor)
        return port
    }

    /// A listening socket, and its port.
    package static func listening() throws -> (descriptor: Int32, port: Int) {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) + getsockname(descriptor, $0, &length)
            }
        }
        guard status == 0, listen(descriptor, 16) == 0 else {
            throw Command.Failure(description: "no port: \(String(cString: strerror(errno)))")
        }
        return (descriptor, Int(UInt16(bigEndian: address.sin_port)))
    }

    /// Waits ten seconds at most.
    package static func waitUntilOpen(_ port: Int) throws {
        for _ in 0..<500 {
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
            defer { close(descriptor) }
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
            address.sin_port = UInt16(port).bigEndian
            let status = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            if status == 0 { return }
            usleep(20_000)
        }
        throw Command.Failure(description: "nobody listens on port \(port)")
    }
}
