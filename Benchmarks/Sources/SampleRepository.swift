internal import Foundation
internal import ResealAge
internal import ResealCore
internal import ResealManifests
internal import ResealSealing

/// A repository of many secrets in folders of a hundred, as a team's would be: structured values with one sealed field.
struct SampleRepository {
    static let repositoryID = "benchmark-repository-0001"
    let count: Int
    let folder: String

    /// Writes `repo` (one commit, packed), `key.txt` and nothing else.
    func write() throws {
        let identity = try X25519Identity()
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let key = try identity.revealText()
        try AtomicFile.write(key.revealBytes() + [0x0a], to: "\(folder)/key.txt")
        let importer = try FastImport(repository: "\(folder)/repo")
        for (path, text) in rules(identity.recipient) { importer.add(path, Array(text.utf8)) }
        let chunk = 2000
        for start in stride(from: 0, to: count, by: chunk) {
            let range = start..<min(start + chunk, count)
            for (path, bytes) in try manifests(range, identity.recipient) { importer.add(path, bytes) }
        }
        try importer.finish()
    }

    static func path(_ index: Int) -> String { "manifests/team-\(index / 100)/secret-\(index).yaml" }
    static func name(_ index: Int) -> String { "team-\(index / 100)/secret-\(index)" }

    static func binding(_ index: Int, _ recipient: X25519Recipient) -> Binding {
        Binding(
            repository: repositoryID, organization: SecretID.defaultOrganization, secret: name(index),
            field: FieldPath(["password"]), counter: 1, sealedAt: Timestamp(seconds: 1_790_000_000),
            recipients: [recipient])
    }

    private func rules(_ recipient: X25519Recipient) -> [(String, String)] {
        [
            (
                "manifests/repository.yaml",
                "apiVersion: reseal/v1\nkind: Repository\nmetadata: {name: repository}\nspec:\n"
                    + "  id: \(Self.repositoryID)\n  requireBinding: true\n"
            ),
            (
                "manifests/recipients.yaml",
                "apiVersion: reseal/v1\nkind: Recipients\nmetadata: {name: recipients}\nspec:\n"
                    + "  controller: \(recipient)\n"
            ),
            (
                "manifests/roles.yaml",
                "apiVersion: reseal/v1\nkind: Role\nmetadata: {name: backend}\nspec:\n"
                    + "  members: [user:alice, service:orders]\n"
            ),
        ]
    }

    private func manifests(_ range: Range<Int>, _ recipient: X25519Recipient) throws -> [(String, [UInt8])] {
        try range.map { index in
            let binding = Self.binding(index, recipient)
            let value = SecretBytes(try SystemRandom.bytes(24).map { UInt8(ascii: "a") + $0 % 26 })
            let armor = String(decoding: try FieldSealer.seal(value, binding: binding, to: [recipient]), as: UTF8.self)
            let sealed = armor.split(separator: "\n").map { "      \($0)" }.joined(separator: "\n")
            let text = """
                apiVersion: reseal/v1
                kind: Secret
                metadata:
                  name: \(Self.name(index))
                spec:
                  type: database
                  description: Database of service \(index)
                  value:
                    host: db-\(index).internal
                    port: 5432
                    username: service-\(index)
                    password: |
                \(sealed)
                  permissions:
                    read: [role:backend]
                    write: [user:alice]
                  rotation:
                    every: 30d
                    keepPrevious: 7d

                """
            return (Self.path(index), Array(text.utf8))
        }
    }
}

/// Makes one commit of many files with `git fast-import`, without a work tree's cost.
final class FastImport {
    private let process = Process()
    private let pipe = Pipe()
    private let repository: String
    private var files: [(mark: Int, path: String)] = []

    init(repository: String) throws {
        self.repository = repository
        try Self.git(["init", "-q", "-b", "main", repository])
        process.executableURL = URL(fileURLWithPath: "/usr/bin/git")
        process.arguments = ["-C", repository, "fast-import", "--quiet"]
        process.standardInput = pipe
        try process.run()
    }

    func add(_ path: String, _ bytes: [UInt8]) {
        files.append((files.count + 1, path))
        send("blob\nmark :\(files.count)\ndata \(bytes.count)\n")
        pipe.fileHandleForWriting.write(Data(bytes))
        send("\n")
    }

    func finish() throws {
        send("commit refs/heads/main\ncommitter Benchmark <benchmark@example.org> 1790000000 +0000\ndata 7\nsecrets\n")
        for file in files { send("M 100644 :\(file.mark) \(file.path)\n") }
        send("done\n")
        try pipe.fileHandleForWriting.close()
        process.waitUntilExit()
        try Self.git(["-C", repository, "repack", "-adq"])
    }

    private func send(_ text: String) { pipe.fileHandleForWriting.write(Data(text.utf8)) }

    private static func git(_ arguments: [String]) throws {
        let git = Process()
        git.executableURL = URL(fileURLWithPath: "/usr/bin/git")
        git.arguments = arguments
        try git.run()
        git.waitUntilExit()
    }
}
