internal import Glibc
internal import ResealCore

/// Git's protocol over the system's `ssh`.
final class SSHCarrier: Carrier {
    private let place: GitLocation
    private let request: TransportRequest
    private let display: String
    private var child: ProgramChild?
    private var passphrase: SSHPassphrase?
    private var hasHeardPeer = false

    let isStateless = false

    /// How long `ssh` may take to end once all is said. A hook that runs after a push would be cut off with it.
    private static let patience = TimeSpan(seconds: 5)

    init(_ place: GitLocation, _ request: TransportRequest) {
        self.place = place
        self.request = request
        display = place.display
    }

    private var user: String { place.user ?? request.credentials.username ?? "git" }

    func begin(_ service: GitService) throws(GitFailure) {
        guard service.isList else { return }
        close()
        hasHeardPeer = false
        let credentials = request.credentials
        if let file = credentials.sshKeyFile {
            do {
                try AtomicFile.requirePrivate(file)
            } catch {
                throw GitFailure(
                    .authentication, "the SSH key cannot be used: \(error.message)",
                    hint: error.hint ?? "check the path")
            }
        }
        if let secret = credentials.sshKeyPassphrase { passphrase = try SSHPassphrase(secret) }
        let options = SSHCommand.options(credentials, asksForPassphrase: passphrase != nil)
        child = try Self.start(
            SSHCommand.arguments(place, user: user, service, options: options),
            variables: GitProgram.inherited(["SSH_AUTH_SOCK"]) + (passphrase?.variables ?? []))
    }

    /// `GIT_SSH_COMMAND` is a line of the shell that takes the place of `ssh`.
    private static func start(_ arguments: [String], variables: [String]) throws(GitFailure) -> ProgramChild {
        let (program, words): (GitProgram, [String])
        if let line = getenv("GIT_SSH_COMMAND").map({ String(cString: $0) }), !line.isEmpty {
            program = try GitProgram("sh", hint: "unset GIT_SSH_COMMAND")
            words = ["-c", "\(line) \"$@\"", "ssh"]
        } else {
            program = try GitProgram("ssh", hint: "install the OpenSSH client, or give an https:// address")
            words = []
        }
        // In this process's group, which is ended as a whole.
        return try program.start(words + arguments, variables: variables, inOwnGroup: false)
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws(GitFailure) {
        guard let child else { throw GitFailure(.native, "nothing was begun with \(display)") }
        guard try child.send(bytes) else { throw ended(child) }
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(GitFailure) -> Int {
        guard let child else { return 0 }
        let count = child.receive(into: buffer)
        if count > 0 { hasHeardPeer = true }
        guard count == 0 else { return count }
        throw ended(child)
    }

    /// The protocol tells when it is over, so an end in the middle of it is always a failure.
    private func ended(_ child: ProgramChild) -> GitFailure {
        self.child = nil
        guard let result = child.finish(within: Self.patience) else {
            return GitFailure(.unreachable, "the connection to \(display) broke off", hint: "try again")
        }
        return SSHComplaint(result).failure(place, request, user: user, hasHeardPeer: hasHeardPeer)
    }

    func close() {
        if hasHeardPeer { _ = child?.finish(within: Self.patience) }
        // Killed if it has not ended.
        child = nil
        passphrase = nil
    }
}
