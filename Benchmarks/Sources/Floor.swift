internal import Dispatch
internal import Foundation
internal import ResealAge
internal import ResealCore
internal import ResealManifests
internal import ResealSealing

/// The time that the work itself needs: one age decryption for each secret on all cores, and the inserts of the rows
/// that an apply leaves behind. Nothing is read from Git, parsed, planned, encrypted or hashed.
struct Floor {
    /// Holds `home/vault.db`, to which the repository in the same folder was applied.
    let folder: String

    func report() throws {
        let rows = try AppliedRows(vault: "\(folder)/home/vault.db")
        let crypto = try cryptoSeconds(rows.secrets)
        let sqlite = try rows.insertSeconds(folder)
        print(String(format: "crypto %.4f\nsqlite %.4f\nsum %.4f", crypto, sqlite, crypto + sqlite))
    }

    /// Opens `count` age files, each another one. They are binary, for one recipient, with a password's length of
    /// plaintext and a binding, as the sample repository's are.
    private func cryptoSeconds(_ count: Int) throws -> Double {
        let identity = try X25519Identity()
        let cores = ProcessInfo.processInfo.activeProcessorCount
        let files = try (0..<count).map { index in
            let binding = SampleRepository.binding(index, identity.recipient)
            return try Age.encrypt(
                SecretBytes(try SystemRandom.bytes(24)), to: [identity.recipient], extraStanzas: [binding.stanza])
        }
        return measure {
            DispatchQueue.concurrentPerform(iterations: cores) { core in
                for index in stride(from: core, to: count, by: cores) {
                    let opened = try? SealedFile(parsing: files[index]).open(with: [identity])
                    precondition(opened?.count == 24, "a file of the floor does not open")
                }
            }
        }
    }
}

func measure(_ body: () throws -> Void) rethrows -> Double {
    let start = DispatchTime.now().uptimeNanoseconds
    try body()
    return Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9
}
