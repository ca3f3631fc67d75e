import Foundation
import ResealCore
import TestSupport

/// A repository with manifests, and a vault that applies it.
struct Project {
    let tool: SOPSTool
    let git: GitFixture
    private let home: TemporaryFolder

    init(requireBinding: Bool = false, rules: String = "rules: []") throws {
        tool = try SOPSTool()
        git = try GitFixture()
        home = try TemporaryFolder()
        try git.write(
            "manifests/repository.yaml",
            """
            apiVersion: reseal/v1
            kind: Repository
            metadata: {name: repository}
            spec:
              id: 0123456789abcdef0123
              requireBinding: \(requireBinding)

            """)
        try writeRecipients(rules)
        try reseal("init", "--repo", git.path, "--identity", tool.folder.file("key.txt"))
    }

    func writeRecipients(_ rules: String) throws {
        try git.write(
            "manifests/recipients.yaml",
            """
            apiVersion: reseal/v1
            kind: Recipients
            metadata: {name: recipients}
            spec:
              controller: \(tool.recipient)
              \(rules.replacing("\n", with: "\n  "))

            """)
    }

    /// A Secret whose value is this YAML.
    func writeSecret(_ name: String, value: String, file: String? = nil) throws {
        try git.write(
            file ?? "manifests/\(name).yaml",
            """
            apiVersion: reseal/v1
            kind: Secret
            metadata:
              name: \(name)
            spec:
              value: \(value)

            """)
    }

    func write(_ bytes: [UInt8], to file: String) throws {
        try git.write(file, "")
        try AtomicFile.write(bytes, to: "\(git.path)/\(file)", mode: 0o644)
    }

    func read(_ file: String) throws -> [UInt8] { try AtomicFile.read("\(git.path)/\(file)", limit: 64 << 20) }

    @discardableResult
    func run(_ arguments: [String], fault: String? = nil) throws -> Command.Result {
        var environment = GitFixture.environment
        environment["RESEAL_HOME"] = home.file("vault")
        environment["SWIFT_BACKTRACE"] = "enable=no"
        environment["RESEAL_FAULT"] = fault
        return try Command.run(
            BuiltProduct.reseal(), arguments, environment: environment, directory: git.path, timeout: .seconds(120))
    }

    /// Throws unless the command ends well.
    @discardableResult
    func reseal(_ arguments: String...) throws -> String {
        let result = try run(arguments)
        guard result.status == 0 else {
            throw Command.Failure(
                description: "reseal \(arguments) ended with \(result.status): \(result.errorText)\n\(result.text)")
        }
        return result.text
    }

    @discardableResult
    func apply(_ message: String = "change") throws -> String {
        try git.commit(message)
        return try reseal("apply", "--yes")
    }

    func get(_ name: String) throws -> JSON { try JSON(parsing: try run(["get", name]).stdout) }

    /// The bytes of every file below the vault's folder and of every Git object, unpacked as far as that goes.
    func holds(_ canary: String) throws -> Bool {
        for root in [home.path, git.path] {
            for case let path as String in FileManager.default.enumerator(atPath: root) ?? .init() {
                guard let data = FileManager.default.contents(atPath: "\(root)/\(path)") else { continue }
                if data.range(of: Data(canary.utf8)) != nil { return true }
            }
        }
        let objects = try git.git("cat-file", "--batch-all-objects", "--batch")
        return objects.contains(canary)
    }
}
