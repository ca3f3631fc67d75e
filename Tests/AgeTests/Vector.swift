import Foundation
import TestSupport

@testable import ResealAge
@testable import ResealSealing

/// One file of the C2SP CCTV test suite for age.
struct Vector: CustomStringConvertible, Sendable {
    let name: String
    let expect: String
    /// SHA-256 of what may be released, in hexadecimal.
    let payload: String?
    let identities: [String]
    let passphrases: [String]
    let isArmored: Bool
    let file: [UInt8]

    var description: String { name }

    struct Missing: Error, CustomStringConvertible {
        let description: String
    }

    /// All vectors, from the folder that `AGE_TESTKIT` names.
    static func all() throws -> [Vector] {
        guard let folder = ProcessInfo.processInfo.environment["AGE_TESTKIT"] else {
            throw Missing(
                description: """
                    AGE_TESTKIT is not set. It names a folder with the age test vectors of the C2SP \
                    "Community Cryptography Test Vectors" repository: \
                    git clone https://github.com/C2SP/CCTV && export AGE_TESTKIT=$PWD/CCTV/age/testdata
                    """)
        }
        let vectors = try FileManager.default.contentsOfDirectory(atPath: folder).sorted().map {
            try Vector(name: $0, bytes: Array(Data(contentsOf: URL(fileURLWithPath: "\(folder)/\($0)"))))
        }
        guard !vectors.isEmpty else { throw Missing(description: "there are no vectors in AGE_TESTKIT (\(folder))") }
        return vectors
    }

    init(name: String, bytes: [UInt8]) throws {
        var fields: [String: [String]] = [:]
        var rest = bytes[...]
        while let end = rest.firstIndex(of: 0x0a) {
            let line = String(decoding: rest[..<end], as: UTF8.self)
            rest = rest[(end + 1)...]
            if line.isEmpty { break }
            let parts = line.split(separator: ": ", maxSplits: 1).map(String.init)
            fields[parts[0], default: []].append(parts.count > 1 ? parts[1] : "")
        }
        self.name = name
        expect = fields["expect"]?.first ?? "missing"
        payload = fields["payload"]?.first
        identities = fields["identity"] ?? []
        passphrases = fields["passphrase"] ?? []
        isArmored = fields["armored"] != nil
        file = fields["compressed"] == nil ? Array(rest) : try Self.inflate(Array(rest))
    }

    /// All keys of the vector, in the order identities, passphrases.
    func keys() throws -> [any Identity] {
        try identities.flatMap { try IdentityFile.parse(SecretBytes(utf8: $0), name: name, access: .unattended) }
            + passphrases.map { try ScryptIdentity(SecretBytes(utf8: $0)) }
    }

    private static func inflate(_ bytes: [UInt8]) throws -> [UInt8] {
        let program = "import sys, zlib; sys.stdout.buffer.write(zlib.decompress(sys.stdin.buffer.read()))"
        return try Command.check("python3", ["-c", program], stdin: bytes).stdout
    }
}

extension AgeFailure.Kind {
    /// What the suite calls this kind.
    var expectation: String {
        switch self {
        case .header: "header failure"
        case .hmac: "HMAC failure"
        case .noMatch: "no match"
        case .armor: "armor failure"
        case .payload: "payload failure"
        default: rawValue
        }
    }
}
