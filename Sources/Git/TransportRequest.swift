internal import Glibc
internal import ResealCore
internal import ResealHTTP
internal import ResealSealing

/// What the child that talks to the network is told, on its standard input: one line of JSON, then the secrets as raw
/// bytes in the order of ``secretNames``. So they are never in an argument, in the environment or in a string.
struct TransportRequest {
    /// The parent's process id; a child that has another parent by now ends itself.
    var parent: Int
    var location: String
    /// The bare repository to fetch into, or to push from.
    var repository: String
    var host: String?
    /// True where the peer proves who it is and nobody on the way can listen.
    var isPrivate: Bool
    var credentials: GitCredentials
    /// More received bytes end the fetch.
    var maximumBytes: Int
    /// `nil` for a fetch.
    var push: GitPush?
    /// A reference to fetch besides branches and tags, such as the head of a pull request.
    var reference: String?

    /// What the credentials have to allow.
    var right: String { push == nil ? "read" : "write to" }

    static let maximumLineBytes = 1 << 20
    private static let maximumSecretBytes: Int64 = 1 << 16

    var line: [UInt8] {
        var members: [String: JSON] = [
            "parent": .integer(Int64(parent)), "location": .string(location), "repository": .string(repository),
            "private": .bool(isPrivate), "agent": .bool(credentials.useAgent),
            "maximumBytes": .integer(Int64(maximumBytes)),
            "secrets": .array(
                secrets.map { secret in secret.map { .integer(Int64($0.count)) } ?? .null }),
        ]
        members["push"] = push?.json
        members["reference"] = reference.map { .string($0) }
        members["host"] = host.map { .string($0) }
        members["username"] = credentials.username.map { .string($0) }
        members["sshKeyFile"] = credentials.sshKeyFile.map { .string($0) }
        members["knownHostsFile"] = credentials.knownHostsFile.map { .string($0) }
        members["caFile"] = credentials.caFile.map { .string($0) }
        members["clientCertificate"] = credentials.clientCertificate.map { [.string($0.certificate), .string($0.key)] }
        members["proxy"] = credentials.proxy.map { .string($0) }
        return JSON.object(members).canonicalBytes + [0x0a]
    }

    var secrets: [SecretBytes?] { [credentials.token, credentials.sshKeyPassphrase] }

    /// Reads a request; `nil` if it is not one.
    init?(reading input: Int32) {
        guard let line = Self.readLine(input), let json = try? JSON(parsing: line),
            let parent = json["parent"]?.integerValue, let location = json["location"]?.stringValue,
            let repository = json["repository"]?.stringValue, let isPrivate = json["private"]?.boolValue,
            let agent = json["agent"]?.boolValue, let maximumBytes = json["maximumBytes"]?.integerValue,
            let sizes = json["secrets"]?.arrayValue, sizes.count == 2
        else { return nil }
        var secrets: [SecretBytes?] = []
        for size in sizes {
            guard let count = size.integerValue else {
                secrets.append(nil)
                continue
            }
            guard (0...Self.maximumSecretBytes).contains(count),
                let secret = Self.readSecret(input, count: Int(count))
            else { return nil }
            secrets.append(secret)
        }
        self.parent = Int(parent)
        self.location = location
        self.repository = repository
        self.isPrivate = isPrivate
        self.maximumBytes = Int(maximumBytes)
        if let order = json["push"] {
            guard let push = GitPush(json: order) else { return nil }
            self.push = push
        }
        reference = json["reference"]?.stringValue
        host = json["host"]?.stringValue
        credentials = GitCredentials(
            username: json["username"]?.stringValue, sshKeyFile: json["sshKeyFile"]?.stringValue,
            sshKeyPassphrase: secrets[1], useAgent: agent, knownHostsFile: json["knownHostsFile"]?.stringValue,
            token: secrets[0], caFile: json["caFile"]?.stringValue, proxy: json["proxy"]?.stringValue)
        if let files = json["clientCertificate"]?.arrayValue?.compactMap(\.stringValue), files.count == 2 {
            credentials.clientCertificate = GitCredentials.ClientCertificate(certificate: files[0], key: files[1])
        }
    }

    init(
        _ source: GitSource, into repository: String, credentials: GitCredentials, maximumBytes: Int = 0,
        push: GitPush? = nil, reference: String? = nil
    ) {
        self.push = push
        self.reference = reference
        parent = Int(getpid())
        location = source.location
        self.repository = repository
        host = source.host
        isPrivate = source.transport == .https || source.transport == .ssh
        self.credentials = credentials
        if credentials.username == nil { self.credentials.username = source.user }
        self.maximumBytes = maximumBytes
    }

    /// Byte by byte, so that none of the secrets behind the line is taken with it.
    private static func readLine(_ input: Int32) -> [UInt8]? {
        var line: [UInt8] = []
        var byte: UInt8 = 0
        while line.count < maximumLineBytes {
            let count = read(input, &byte, 1)
            if count < 0, errno == EINTR { continue }
            guard count == 1 else { return nil }
            if byte == 0x0a { return line }
            line.append(byte)
        }
        return nil
    }

    private static func readSecret(_ input: Int32, count: Int) -> SecretBytes? {
        var isComplete = false
        let secret = SecretBytes(count: count) { buffer in
            var done = 0
            while done < count, let base = buffer.baseAddress {
                let part = read(input, base + done, count - done)
                if part < 0, errno == EINTR { continue }
                guard part > 0 else { return }
                done += part
            }
            isComplete = true
        }
        return isComplete ? secret : nil
    }
}

/// What the child says, one line of JSON each, on its standard output.
enum TransportReport {
    case progress(TransportProgress)
    case failure(GitFailure)
    /// A commit is on its way: from now on, a lost connection leaves its arrival unknown.
    case sending
    case pushed(PushOutcome)
    case done

    var line: [UInt8] {
        let json: JSON =
            switch self {
            case .progress(let progress):
                [
                    "progress": [
                        .integer(Int64(progress.receivedObjects)), .integer(Int64(progress.totalObjects)),
                        .integer(Int64(progress.receivedBytes)),
                    ]
                ]
            case .failure(let failure):
                [
                    "failure": .string(failure.code), "message": .string(failure.message),
                    "hint": failure.hint.map { .string($0) } ?? .null,
                ]
            case .sending: ["sending": true]
            case .pushed(let outcome): ["pushed": outcome.json]
            case .done: ["done": true]
            }
        return json.canonicalBytes + [0x0a]
    }

    init?(parsing line: some Collection<UInt8>) {
        guard let json = try? JSON(parsing: line) else { return nil }
        if let counts = json["progress"]?.arrayValue?.compactMap(\.integerValue), counts.count == 3 {
            self = .progress(
                TransportProgress(
                    receivedObjects: Int(counts[0]), totalObjects: Int(counts[1]), receivedBytes: Int(counts[2])))
        } else if let code = json["failure"]?.stringValue, let message = json["message"]?.stringValue {
            let kind = GitFailure.Kind(rawValue: code) ?? .native
            self = .failure(GitFailure(kind, message, hint: json["hint"]?.stringValue))
        } else if json["sending"]?.boolValue == true {
            self = .sending
        } else if let outcome = json["pushed"].flatMap(PushOutcome.init(json:)) {
            self = .pushed(outcome)
        } else if json["done"]?.boolValue == true {
            self = .done
        } else {
            return nil
        }
    }
}

/// How far a fetch is.
package struct TransportProgress: Sendable, Hashable {
    package let receivedObjects: Int
    package let totalObjects: Int
    package let receivedBytes: Int
}
