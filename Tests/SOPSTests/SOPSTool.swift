import Foundation
import ResealAge
import ResealCore
import ResealSealing
import TestSupport

@testable import ResealManifests

/// The real `sops`, with a key of its own and cut off from the settings of the machine.
struct SOPSTool {
    let folder: TemporaryFolder
    let identity: X25519Identity
    private let environment: [String: String]

    var recipient: String { identity.recipient.description }

    init() throws {
        folder = try TemporaryFolder()
        identity = try X25519Identity()
        let keyFile = try folder.write(identity.revealText().revealBytes() + [0x0a], to: "key.txt")
        environment = [
            "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin", "HOME": folder.path,
            "SOPS_AGE_KEY_FILE": keyFile, "LC_ALL": "C.UTF-8",
        ]
    }

    @discardableResult
    func run(_ arguments: [String], directory: String? = nil) throws -> Command.Result {
        try Command.run("sops", arguments, environment: environment, directory: directory ?? folder.path)
    }

    private func check(_ arguments: [String]) throws -> [UInt8] {
        let result = try run(arguments)
        guard result.status == 0 else {
            throw Command.Failure(description: "sops \(arguments) ended with \(result.status): \(result.errorText)")
        }
        return result.stdout
    }

    /// Encrypts `plain` as a file of this name, for its own key unless `options` name others. `rule` has more keys of
    /// the creation rule, as YAML.
    func encrypt(_ plain: [UInt8], name: String, _ options: [String] = [], rule: String = "") throws -> [UInt8] {
        let path = try folder.write(plain, to: name)
        var keys = options.contains("--age") ? [] : ["--age", recipient]
        if !rule.isEmpty {
            let more = rule.hasPrefix("{") ? String(rule.dropFirst().dropLast()) : rule
            let lines = ["age: \(recipient)"] + more.split(separator: ", ")
            keys = [
                "--config",
                try folder.write(
                    "creation_rules:\n  - " + lines.joined(separator: "\n    ") + "\n", to: "rule.yaml"),
            ]
        }
        return try check(
            keys.prefix(rule.isEmpty ? 0 : 2) + ["encrypt"] + (rule.isEmpty ? keys : []) + options + [path])
    }

    func decrypt(_ sealed: [UInt8], name: String, _ options: [String] = []) throws -> [UInt8] {
        let path = try folder.write(sealed, to: name)
        return try check(["decrypt"] + options + [path])
    }

    func read(_ bytes: [UInt8], name: String) throws -> SOPSFile {
        try SOPSFile(ManifestFile(path: name, bytes: bytes))
    }

    /// What Reseal finds in a sealed file, leaf by leaf.
    func open(_ sealed: [UInt8], name: String) throws -> [Leaf] {
        try read(sealed, name: name).open(with: [identity]).flatMap(Leaf.leaves)
    }
}

/// A leaf in a form that tests can compare and print.
struct Leaf: Equatable, CustomStringConvertible {
    let path: [String]
    let kind: SOPSValue.Kind
    let bytes: [UInt8]

    init(_ path: [String], _ kind: SOPSValue.Kind, _ bytes: [UInt8]) {
        self.path = path
        self.kind = kind
        self.bytes = bytes
    }

    init(_ path: [String], _ kind: SOPSValue.Kind, _ text: String) { self.init(path, kind, Array(text.utf8)) }

    static func leaves(_ node: SOPSNode<SOPSValue>) -> [Leaf] {
        node.leaves().map { Leaf($0.path, $0.leaf.kind, $0.leaf.bytes.revealBytes()) }
    }

    var description: String {
        "\(path.joined(separator: "/")): \(kind) \(String(decoding: bytes.prefix(100), as: UTF8.self).debugDescription)"
    }
}
