internal import ResealCore
internal import ResealHTTP
internal import ResealSealing

/// Git's protocol over HTTP, version 0: the list of references by GET, each step of a fetch and each push by a POST.
final class HTTPCarrier: Carrier {
    private let request: TransportRequest
    private let user: String
    private let display: String
    private let client: WebClient
    /// Moves with a redirect of the first request.
    private var repository: WebAddress
    private var authorization: String?
    private var service = GitService.listForFetch
    private var outgoing: [UInt8] = []
    private var answer: HTTPAnswer?

    let isStateless = true

    /// What is sent at once is kept until the server has taken it.
    private static let maximumOutgoingBytes = 1 << 30
    private static let maximumRedirects = 3
    /// While a hook runs, Git's servers give a sign of life every five seconds.
    private static let longestSilence = TimeSpan(seconds: 60)
    /// The parent ends us at its own deadline.
    private static let span = TimeSpan(seconds: 86_400)

    init(_ place: GitLocation, _ request: TransportRequest) throws(GitFailure) {
        self.request = request
        display = place.display
        user = place.user ?? request.credentials.username ?? "x-access-token"
        client = WebClient(try Self.settings(request.credentials))
        do throws(HTTPFailure) {
            repository = try WebAddress(place.webAddress)
        } catch {
            throw GitFailure(.invalidLocation, "\(display) cannot be used: \(error.message)", hint: error.hint)
        }
    }

    private static func settings(_ credentials: GitCredentials) throws(GitFailure) -> WebSettings {
        var settings = WebSettings()
        settings.authorityFile = credentials.caFile
        settings.clientCertificate = credentials.clientCertificate
        settings.proxy = try credentials.webProxy()
        settings.connectTimeout = TimeSpan(seconds: 20)
        settings.readTimeout = longestSilence
        settings.timeout = span
        // The reader has a limit of its own.
        settings.bodyLimit = nil
        return settings
    }

    // MARK: What libgit2 asks for

    func begin(_ service: GitService) throws(GitFailure) {
        // libgit2 stops at the last word of an answer; its end is read so that the connection serves the next request.
        answer?.finish()
        close()
        self.service = service
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws(GitFailure) {
        guard outgoing.count + bytes.count <= Self.maximumOutgoingBytes else {
            throw GitFailure(
                .tooLarge, "more than \(Self.maximumOutgoingBytes) bytes would go to \(display) at once",
                hint: "push over SSH")
        }
        outgoing += bytes
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(GitFailure) -> Int {
        let answer: HTTPAnswer
        if let begun = self.answer { answer = begun } else { answer = try ask() }
        self.answer = answer
        do { return try answer.read(into: buffer) } catch { throw HTTPRefusal.judging(error, display) }
    }

    func close() {
        answer?.drop()
        answer = nil
        outgoing = []
    }

    // MARK: One exchange

    /// Asks until there is an answer that Git understands: once more with a login, and again after each redirect.
    private func ask() throws(GitFailure) -> HTTPAnswer {
        for _ in 0...(Self.maximumRedirects + 1) {
            let answer = HTTPAnswer(to: try webRequest(), over: client)
            let head = try head(of: answer)
            if head.status == 200, HTTPRefusal.isGit(head, contentType(ofAnswer: true)) { return answer }
            answer.finish()
            switch head.status {
            case 200: throw HTTPRefusal.noGit(head, display)
            case 401 where service.isList && authorization == nil: try logIn(head)
            case 300...399 where service.isList: try follow(head)
            default: throw HTTPRefusal.judging(head, request, display, hasLogin: authorization != nil)
            }
        }
        throw GitFailure(.unreachable, "\(display) redirects again and again", hint: "check the address")
    }

    private func head(of answer: HTTPAnswer) throws(GitFailure) -> WebHead {
        do { return try answer.head() } catch { throw HTTPRefusal.judging(error, display) }
    }

    private func webRequest() throws(GitFailure) -> WebRequest {
        // Some servers have pages for everyone whose name does not begin with `git/`.
        var headers = [
            (name: "user-agent", value: "git/2.0 (reseal)"), (name: "accept", value: contentType(ofAnswer: true)),
            (name: "cache-control", value: "no-cache"),
        ]
        if let authorization { headers.append((name: "authorization", value: authorization)) }
        do throws(HTTPFailure) {
            if service.isList {
                return WebRequest("GET", try repository.appending(Self.list(service)), headers: headers)
            }
            headers.append((name: "content-type", value: contentType(ofAnswer: false)))
            return WebRequest(
                "POST", try repository.appending(service.program), headers: headers, body: .bytes(outgoing))
        } catch {
            throw HTTPRefusal.judging(error, display)
        }
    }

    private static func list(_ service: GitService) -> String { "info/refs?service=\(service.program)" }

    private func contentType(ofAnswer isAnswer: Bool) -> String {
        let part = service.isList ? "advertisement" : isAnswer ? "result" : "request"
        return "application/x-\(service.program)-\(part)"
    }

    // MARK: Logging in

    /// Chooses what the server asks for. The token goes nowhere before it was asked for, and never in the clear.
    private func logIn(_ head: WebHead) throws(GitFailure) {
        guard let token = request.credentials.token else {
            throw GitFailure(
                .authentication, "\(display) asks for a login", hint: "give a token that may \(request.right) it")
        }
        guard request.isPrivate else {
            throw GitFailure(
                .authentication, "\(display) asks for a login over a connection that anyone can read",
                hint: "use https://; a token is never sent in the clear")
        }
        let schemes = head.headers.filter { $0.name.lowercased() == "www-authenticate" }.map {
            $0.value.prefix { $0 != " " }.lowercased()
        }
        if schemes.contains("basic") {
            authorization = WebLogin(user: user, password: token).basic
        } else if schemes.contains("bearer") {
            authorization = token.withUnsafeBytes { "Bearer " + String(decoding: $0, as: UTF8.self) }
        } else {
            throw GitFailure(
                .authentication, "\(display) asks for a kind of login that is not supported",
                hint: "a token goes as Basic or Bearer; use SSH, or a client certificate")
        }
    }

    // MARK: Redirects

    /// Follows within the host only: the token, or a whole desired state, would go to or come from elsewhere.
    private func follow(_ head: WebHead) throws(GitFailure) {
        let target = head.header("location") ?? ""
        let isPath = target.hasPrefix("/") && !target.hasPrefix("//")
        let text = isPath ? "\(repository.scheme.rawValue)://\(repository.place)\(target)" : target
        let suffix = "/" + Self.list(service)
        guard text.hasSuffix(suffix), let moved = try? WebAddress(String(text.dropLast(suffix.count))) else {
            throw GitFailure(
                .remoteNotFound, "\(display) redirects to something that is no repository", hint: "check the address")
        }
        guard moved.scheme == repository.scheme, moved.host == repository.host, moved.port == repository.port else {
            throw GitFailure(
                .unreachable, "\(display) redirects to another host: \(GitText.cleaned(moved.place))",
                hint: "give the address that it redirects to; redirects to other hosts are not followed")
        }
        repository = moved
    }
}

extension GitCredentials {
    /// Throws for a proxy that is none.
    func webProxy() throws(GitFailure) -> WebProxy {
        guard let proxy else { return .environment }
        guard let found = WebProxy(setting: proxy) else {
            throw GitFailure(
                .unreachable, "the proxy in the settings cannot be used", hint: "write http://HOST:PORT, or none")
        }
        return found
    }
}
