internal import CLibGit2
internal import Glibc
internal import ResealCore

/// What carries the bytes of Git's protocol to one repository and back. libgit2 speaks the protocol over it.
protocol Carrier: AnyObject {
    /// True where each request stands alone, as over HTTP; false for one conversation.
    var isStateless: Bool { get }
    /// Begins what libgit2 asks for next. On one conversation, all but the first are a continuation.
    func begin(_ service: GitService) throws(GitFailure)
    func write(_ bytes: UnsafeRawBufferPointer) throws(GitFailure)
    /// 0 where the peer has nothing more to say.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(GitFailure) -> Int
    /// Ends what was begun. May be called without, and again.
    func close()
}

/// A step of Git's protocol.
enum GitService {
    case listForFetch, fetch, listForPush, push

    init?(_ raw: git_smart_service_t) {
        switch raw {
        case GIT_SERVICE_UPLOADPACK_LS: self = .listForFetch
        case GIT_SERVICE_UPLOADPACK: self = .fetch
        case GIT_SERVICE_RECEIVEPACK_LS: self = .listForPush
        case GIT_SERVICE_RECEIVEPACK: self = .push
        default: return nil
        }
    }

    /// The program that serves it.
    var program: String {
        switch self {
        case .listForFetch, .fetch: "git-upload-pack"
        case .listForPush, .push: "git-receive-pack"
        }
    }

    var isList: Bool { self == .listForFetch || self == .listForPush }
}

/// Makes a ``Carrier`` known to libgit2. The session keeps it for as long as the remote that it belongs to; libgit2 has
/// borrowed pointers to it, and what it frees is freed here, with this object.
final class Subtransport {
    private unowned let session: TransportSession
    private let carrier: any Carrier
    private let shell: UnsafeMutablePointer<reseal_git_subtransport>
    private let stream: UnsafeMutablePointer<reseal_git_stream>
    private var receivedBytes = 0

    /// What a server shows of its references, and what it says to a push, has no other limit.
    private static let minimumLimitBytes = 256 << 20

    init(_ carrier: any Carrier, of session: TransportSession) {
        self.session = session
        self.carrier = carrier
        shell = .allocate(capacity: 1)
        stream = .allocate(capacity: 1)
        shell.initialize(to: reseal_git_subtransport())
        stream.initialize(to: reseal_git_stream())
        let owner = Unmanaged.passUnretained(self).toOpaque()
        shell.pointee.owner = owner
        stream.pointee.owner = owner
        fillShell()
        fillStream()
    }

    deinit {
        carrier.close()
        shell.deinitialize(count: 1)
        shell.deallocate()
        stream.deinitialize(count: 1)
        stream.deallocate()
    }

    /// Gives libgit2 a smart transport over this.
    func open(_ out: UnsafeMutablePointer<UnsafeMutablePointer<git_transport>?>?, for remote: OpaquePointer?) -> Int32 {
        var definition = git_smart_subtransport_definition()
        definition.rpc = carrier.isStateless ? 1 : 0
        definition.param = Unmanaged.passUnretained(self).toOpaque()
        definition.callback = { out, _, param in
            guard let param, let out else { return GIT_EUSER.rawValue }
            let own = Unmanaged<Subtransport>.fromOpaque(param).takeUnretainedValue()
            out.pointee = UnsafeMutableRawPointer(own.shell).assumingMemoryBound(to: git_smart_subtransport.self)
            return 0
        }
        return git_transport_smart(out, remote, &definition)
    }

    private func fillShell() {
        shell.pointee.parent.action = { out, shell, _, action in
            guard let own = Subtransport.behind(shell), let out, let service = GitService(action) else {
                return GIT_EUSER.rawValue
            }
            return own.attempt { () throws(GitFailure) in
                try own.carrier.begin(service)
                out.pointee = UnsafeMutableRawPointer(own.stream).assumingMemoryBound(
                    to: git_smart_subtransport_stream.self)
            }
        }
        shell.pointee.parent.close = { shell in
            Subtransport.behind(shell)?.carrier.close()
            return 0
        }
        shell.pointee.parent.free = { shell in Subtransport.behind(shell)?.carrier.close() }
    }

    private func fillStream() {
        stream.pointee.parent.subtransport = UnsafeMutableRawPointer(shell).assumingMemoryBound(
            to: git_smart_subtransport.self)
        stream.pointee.parent.read = { stream, buffer, size, count in
            guard let own = Subtransport.behind(stream), let buffer, let count else { return GIT_EUSER.rawValue }
            return own.attempt { () throws(GitFailure) in
                count.pointee = try own.read(UnsafeMutableRawBufferPointer(start: buffer, count: size))
            }
        }
        stream.pointee.parent.write = { stream, bytes, size in
            guard let own = Subtransport.behind(stream) else { return GIT_EUSER.rawValue }
            return own.attempt { () throws(GitFailure) in
                try own.carrier.write(UnsafeRawBufferPointer(start: bytes, count: size))
            }
        }
        // It belongs to the subtransport; a conversation goes on with the same one.
        stream.pointee.parent.free = { _ in }
    }

    private func read(_ buffer: UnsafeMutableRawBufferPointer) throws(GitFailure) -> Int {
        let count = try carrier.read(into: buffer)
        receivedBytes += count
        let limit = max(session.request.maximumBytes, Self.minimumLimitBytes)
        guard receivedBytes <= limit else {
            throw GitFailure(.tooLarge, "\(session.display) sends more than the limit of \(limit) bytes")
        }
        return count
    }

    /// The failure says more than the error that libgit2 makes of the status, so the session keeps the first one.
    private func attempt(_ body: () throws(GitFailure) -> Void) -> Int32 {
        do throws(GitFailure) {
            try body()
            return 0
        } catch {
            session.found = session.found ?? error
            return GIT_EUSER.rawValue
        }
    }

    private static func behind(_ shell: UnsafeMutablePointer<git_smart_subtransport>?) -> Subtransport? {
        guard let shell else { return nil }
        return owner(
            UnsafeMutableRawPointer(shell).assumingMemoryBound(to: reseal_git_subtransport.self).pointee.owner)
    }

    private static func behind(_ stream: UnsafeMutablePointer<git_smart_subtransport_stream>?) -> Subtransport? {
        guard let stream else { return nil }
        return owner(UnsafeMutableRawPointer(stream).assumingMemoryBound(to: reseal_git_stream.self).pointee.owner)
    }

    private static func owner(_ pointer: UnsafeMutableRawPointer?) -> Subtransport? {
        pointer.map { Unmanaged<Subtransport>.fromOpaque($0).takeUnretainedValue() }
    }
}
