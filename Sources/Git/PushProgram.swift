internal import Glibc
internal import ResealCore
internal import ResealHTTP
internal import ResealSealing

/// Pushes by running `git`: with push options, which libgit2 1.5 cannot send, in place of a commit of our own, and to repositories on this machine,
/// whose hooks libgit2 does not run.
///
/// The program sees no configuration but ours and asks nothing. A token goes to it through a pipe, never as an argument
/// or a variable.
struct PushProgram: PushRoute {
    private let session: TransportSession
    private let program: GitProgram

    private var request: TransportRequest { session.request }

    /// The parent ends us, and the program with us, at its own deadline.
    private static let span = TimeSpan(seconds: 86_400)

    init(_ session: TransportSession) throws(GitFailure) {
        self.session = session
        program = try GitProgram("git", hint: "install Git, which makes pushes with push options and on this machine")
        guard request.credentials.sshKeyPassphrase == nil else {
            throw GitFailure(
                .unsupported,
                "a push with push options, or in place of another commit, cannot use an SSH key with a passphrase",
                hint: "add the key to an agent, or push without options")
        }
    }

    func head(of push: GitPush) throws(GitFailure) -> ObjectID? {
        let result = try run(["ls-remote", "--", request.location, push.reference])
        guard result.status == 0 else { throw failure(result) }
        for line in result.text.split(whereSeparator: \.isNewline) {
            let parts = line.split(separator: "\t")
            if parts.count == 2, parts[1] == push.reference { return ObjectID(hex: String(parts[0])) }
        }
        return nil
    }

    func send(_ push: GitPush) throws(GitFailure) -> String? {
        var options = push.options.flatMap { ["--push-option", $0] }
        if let own = push.replaces { options.append("--force-with-lease=\(push.reference):\(own)") }
        let result = try run(
            ["push", "--porcelain", "--no-verify"] + options
                + ["--", request.location, "\(push.commit):\(push.reference)"])
        for line in result.text.split(whereSeparator: \.isNewline) {
            let parts = line.split(separator: "\t", omittingEmptySubsequences: false)
            guard parts.count == 3, parts[1].hasSuffix(":\(push.reference)") else { continue }
            guard parts[0] == "!" else { return nil }
            // What hooks say stands on standard error, marked as the server's.
            session.remarks = Array(Self.remarks(result).utf8.prefix(4096))
            return session.refusal(String(parts[2]))
        }
        throw failure(result)
    }

    private static func remarks(_ result: GitProgram.Result) -> String {
        String(decoding: result.error, as: UTF8.self).split(whereSeparator: \.isNewline)
            .filter { $0.hasPrefix("remote: ") }.map { $0.dropFirst("remote: ".count) }.joined(separator: "\n")
    }

    // MARK: Running

    private func run(_ arguments: [String]) throws(GitFailure) -> GitProgram.Result {
        let credentials = request.credentials
        var settings = [
            "core.hooksPath=/dev/null", "http.followRedirects=false", "credential.helper=", "protocol.allow=never",
        ]
        settings += ["file", "ssh", "https", "http", "git"].map { "protocol.\($0).allow=always" }
        // Asked for its login only after a first attempt, some proxies end the connection.
        if credentials.proxy != nil { settings.append("http.proxyAuthMethod=basic") }
        if let file = credentials.caFile { settings.append("http.sslCAInfo=\(file)") }
        if let files = credentials.clientCertificate {
            settings += ["http.sslCert=\(files.certificate)", "http.sslKey=\(files.key)"]
        }
        var token = TokenPipe.none
        if let secret = credentials.token, request.isPrivate, request.location.lowercased().hasPrefix("https:") {
            token = try TokenPipe(secret, user: credentials.username ?? "x-access-token")
            settings.append("credential.helper=!f() { test \"$1\" = get && cat <&3; }; f")
        }
        return try program.run(
            settings.flatMap { ["-c", $0] } + ["--git-dir", request.repository] + arguments, variables: variables(),
            within: Self.span, extra: token.reading, inOwnGroup: false)
    }

    private func variables() -> [String] {
        var variables = [
            "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_TERMINAL_PROMPT=0", "GIT_ASKPASS=/bin/false",
            "GIT_SSH_VARIANT=ssh", "GIT_SSH_COMMAND=\(sshCommand())",
        ]
        if request.credentials.useAgent { variables += GitProgram.inherited(["SSH_AUTH_SOCK"]) }
        return variables + proxies()
    }

    /// As variables, which unlike arguments nobody else can read: a proxy may have a password.
    private func proxies() -> [String] {
        guard let proxy = request.credentials.proxy else {
            let isThisMachine = (try? GitLocation(parsing: request.location))?.isThisMachine ?? false
            return isThisMachine ? [] : GitProgram.inherited(TransportRunner.proxyVariables)
        }
        return proxy == "none" ? [] : ["https_proxy=\(proxy)", "http_proxy=\(proxy)"]
    }

    private func sshCommand() -> String {
        (["ssh"] + SSHCommand.options(request.credentials)).map(SSHCommand.shellQuoted).joined(separator: " ")
    }

    private func failure(_ result: GitProgram.Result) -> GitFailure {
        let said = result.complaint
        let signs: [(GitFailure.Kind, [String], String)] = [
            (.unsupported, ["does not support push options"], "push without options, or allow them at the server"),
            (
                .hostKey, ["Host key verification failed", "host key is known for"],
                "add the server's key to known_hosts"
            ),
            (.tls, ["SSL", "certificate"], "if the server has a certificate of your own authority, give its file"),
            (
                .authentication,
                ["Authentication failed", "Permission denied", "could not read Username", "error: 403", "error: 401"],
                "check that the credentials are valid and may write to this repository"
            ),
            (
                .remoteNotFound, ["not found", "does not appear to be a git repository", "does not exist"],
                "check the address"
            ),
            (
                .unreachable,
                [
                    "unable to access", "Could not resolve", "Connection", "Could not read from remote", "hung up",
                    "timed out",
                ],
                "check the address and the network"
            ),
        ]
        for (kind, words, hint) in signs where words.contains(where: { said.contains($0) }) {
            return GitFailure(kind, "git cannot reach \(session.display): \(said)", hint: hint)
        }
        return GitFailure(.native, "git cannot push to \(session.display): \(said) (status \(result.status))")
    }
}

/// The reading end of a pipe that holds a login in the form that Git's credential helpers answer in.
private struct TokenPipe: ~Copyable {
    let reading: Int32

    static var none: TokenPipe { TokenPipe(reading: -1) }

    private init(reading: Int32) { self.reading = reading }

    init(_ token: SecretBytes, user: String) throws(GitFailure) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else {
            throw GitFailure(.native, "no pipe for the token: \(String(cString: strerror(errno)))")
        }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        let writing = Descriptor(adopting: ends[1])
        // What does not fit into an empty pipe would block; no token is so long.
        _ = fcntl(writing.number, F_SETFL, O_NONBLOCK)
        var isWritten = Self.write(Array("username=\(user)\npassword=".utf8), to: writing)
        isWritten = isWritten && token.withUnsafeBytes { Self.write($0, to: writing) }
        guard isWritten, Self.write([0x0a], to: writing) else {
            close(ends[0])
            throw GitFailure(.authentication, "the token is too long to be used")
        }
        reading = ends[0]
    }

    private static func write(_ bytes: [UInt8], to pipe: borrowing Descriptor) -> Bool {
        bytes.withUnsafeBytes { write($0, to: pipe) }
    }

    private static func write(_ bytes: UnsafeRawBufferPointer, to pipe: borrowing Descriptor) -> Bool {
        Glibc.write(pipe.number, bytes.baseAddress, bytes.count) == bytes.count
    }

    deinit { if reading >= 0 { close(reading) } }
}
