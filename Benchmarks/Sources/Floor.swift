internal import Dispatch
internal import Foundation
internal import GRDB
internal import ResealSealing

/// The time that the work itself needs, without any of our code around it: the primitives of one age file for each
/// secret on all cores, and one plain insert of a version row for each.
struct Floor {
    let count: Int

    func report() throws {
        let crypto = try cryptoSeconds()
        let sqlite = try sqliteSeconds()
        print(String(format: "crypto %.4f\nsqlite %.4f\nsum %.4f", crypto, sqlite, crypto + sqlite))
    }

    /// One X25519 agreement, three HKDF, one HMAC and two ChaCha20-Poly1305 openings for each secret.
    private func cryptoSeconds() throws -> Double {
        let ours = try X25519PrivateKey()
        let theirs = try X25519PrivateKey()
        let key = try SystemRandom.secret(32)
        let nonce = [UInt8](repeating: 0, count: 12)
        let fileKey = try AEAD.chaCha20Poly1305.seal(
            SecretBytes([UInt8](repeating: 1, count: 16)), key: key, nonce: nonce)
        let payload = try AEAD.chaCha20Poly1305.seal(
            SecretBytes([UInt8](repeating: 2, count: 24)), key: key, nonce: nonce)
        let header = [UInt8](repeating: 3, count: 400)
        let cores = ProcessInfo.processInfo.activeProcessorCount
        return measure {
            DispatchQueue.concurrentPerform(iterations: cores) { core in
                for _ in stride(from: core, to: count, by: cores) {
                    let opened = try? {
                        let shared = try ours.sharedSecret(with: theirs.publicKey)
                        _ = try KDF.hkdf(
                            shared, salt: ours.publicKey + theirs.publicKey, info: "age-encryption.org/v1/X25519")
                        _ = try AEAD.chaCha20Poly1305.open(fileKey, key: key, nonce: nonce)
                        let mac = try KDF.hkdf(shared, info: "header")
                        _ = try HMAC.code(header, key: mac)
                        _ = try KDF.hkdf(shared, salt: nonce, info: "payload")
                        return try AEAD.chaCha20Poly1305.open(payload, key: key, nonce: nonce)
                    }()
                    precondition(opened?.count == 24)
                }
            }
        }
    }

    private func sqliteSeconds() throws -> Double {
        let path = NSTemporaryDirectory() + "reseal-floor-\(getpid()).db"
        defer { for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + suffix) } }
        let pool = try DatabasePool(path: path)
        try pool.write { db in
            try db.execute(
                sql: "CREATE TABLE versions (id INTEGER PRIMARY KEY, name TEXT UNIQUE, spec BLOB, dek BLOB, value BLOB)"
            )
        }
        let spec = Data(repeating: 1, count: 400)
        let dek = Data(repeating: 2, count: 60)
        let value = Data(repeating: 3, count: 140)
        return try measure {
            try pool.write { db in
                let statement = try db.makeStatement(
                    sql: "INSERT INTO versions (name, spec, dek, value) VALUES (?, ?, ?, ?)")
                for index in 0..<count { try statement.execute(arguments: ["secret-\(index)", spec, dek, value]) }
            }
        }
    }

    private func measure(_ body: () throws -> Void) rethrows -> Double {
        let start = DispatchTime.now().uptimeNanoseconds
        try body()
        return Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9
    }
}
